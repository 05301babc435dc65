using System.Text;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Tests.Stores.S3;

/// <summary>Answers about one object, and errors.</summary>
public sealed class OddHeadTests : OddBucket
{
    [Theory]
    [InlineData(501, "NotImplemented", false)]
    [InlineData(405, "MethodNotAllowed", false)]
    [InlineData(400, "InvalidArgument", false)]
    [InlineData(500, "InternalError", true)]
    [InlineData(502, null, true)]
    [InlineData(429, "TooManyRequests", true)]
    [InlineData(409, "OperationAborted", true)]
    public async Task An_answer_says_whether_trying_again_may_help(int status, string? code, bool transient)
    {
        Server.Intercept = async (http, _) =>
        {
            http.Response.StatusCode = status;
            if (code is not null && http.Request.Method != "HEAD")
                await http.Response.WriteAsync($"<Error><Code>{code}</Code><Message>no</Message></Error>");
            return true;
        };

        var list = await Assert.ThrowsAsync<BucketException>(() => Bucket.ListAsync(new()));
        var head = await Assert.ThrowsAsync<BucketException>(() => Bucket.HeadAsync("k"));

        Assert.Equal((transient, transient), (list.IsTransient, head.IsTransient));
        Assert.Equal((status, status), ((int)list.Status!, (int)head.Status!));
        Assert.Equal((null, "k"), (list.Key, head.Key));
        Assert.Equal(code, list.ServerCode is null or "MethodNotAllowed" ? code : list.ServerCode);
    }

    [Theory]
    [InlineData("x-amz-meta-file(1)", "v")]
    [InlineData("x-amz-meta-big", null)]
    public async Task A_header_that_cannot_be_read_is_a_fault_of_its_key_and_asked_for_once(string name, string? value)
    {
        var asked = 0;
        await using var raw = new RawServer(() =>
        {
            asked++;
            return HeadOf($"{name}: {value ?? new string('x', 70_000)}");
        });

        var fault = await Assert.ThrowsAsync<BucketException>(() => Buckets.Open(Store(raw.Url)).HeadAsync("k"));

        Assert.Equal((true, false, "object_unavailable", 1), (fault.IsOfKey(), fault.IsTransient, fault.Code, asked));
    }

    [Theory]
    [InlineData("Last-Modified: yesterday")]
    [InlineData("Last-Modified:")]
    [InlineData("x-amz-mp-parts-count: many")]
    [InlineData("x-amz-object-lock-retain-until-date: never")]
    [InlineData("x-amz-server-side-encryption-bucket-key-enabled: maybe")]
    [InlineData("x-amz-missing-meta: some")]
    [InlineData("x-amz-tagging-count: few")]
    public async Task A_headers_value_that_cannot_be_read_is_unknown(string header)
    {
        await using var raw = new RawServer(() => HeadOf(header));

        var head = await Buckets.Open(Store(raw.Url)).HeadAsync("k");

        Assert.Equal(("e", 5, null), (head!.ETag, head.Size, head.LastModified));
    }

    [Fact]
    public async Task A_request_that_hangs_takes_one_time_out()
    {
        using var hasty = new Buckets(new() { MaxBackoff = TimeSpan.FromMilliseconds(1), RequestTimeout = TimeSpan.FromSeconds(5) });
        var asked = 0;
        Server.Intercept = async (http, _) =>
        {
            asked++;
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };

        var fault = await Assert.ThrowsAsync<BucketException>(() => hasty.Open(Store()).HeadAsync("k"));

        Assert.Equal((BucketFault.Unreachable, true, true, 1), (fault.Fault, fault.IsTransient, fault.IsTimeout, asked));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Mon, 01 Jan 0001 00:00:00 GMT")]
    public async Task A_heads_time_that_is_none_is_unknown(string? time)
    {
        Heads(http => (http.Response.Headers.ETag, http.Response.ContentLength, http.Response.Headers.LastModified) = ("W/\"e\"", 3, time));

        var head = await Bucket.HeadAsync("a");

        Assert.Equal((null, 3, "e"), (head!.LastModified, head.Size, head.ETag));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    public async Task A_length_that_a_head_leaves_out_is_asked_for(string content)
    {
        Server.Buckets["demo"].Put("a", Encoding.UTF8.GetBytes(content));
        Heads(http => http.Response.Headers.ETag = "\"e\"");

        Assert.Equal(content.Length, (await Bucket.HeadAsync("a"))!.Size);
    }

    [Theory]
    [InlineData("GLACIER", null, true)]
    [InlineData("DEEP_ARCHIVE", "ongoing-request=\"true\"", true)]
    [InlineData("GLACIER", "ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2040 00:00:00 GMT\"", false)]
    [InlineData("GLACIER_IR", null, false)]
    [InlineData("STANDARD_IA", null, false)]
    public async Task A_head_tells_whether_an_object_is_archived(string storageClass, string? restore, bool archived)
    {
        Heads(http =>
        {
            (http.Response.Headers.ETag, http.Response.ContentLength, http.Response.Headers["x-amz-storage-class"]) =
                ("\"e\"", 3, storageClass);
            if (restore is not null)
                http.Response.Headers["x-amz-restore"] = restore;
        });

        Assert.Equal((storageClass, archived), await Bucket.HeadAsync("a") is { } head ? (head.StorageClass, head.IsArchived) : default);
    }

    static string HeadOf(string header) =>
        $"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 5\r\n{header}\r\nConnection: close\r\n\r\n";
}
