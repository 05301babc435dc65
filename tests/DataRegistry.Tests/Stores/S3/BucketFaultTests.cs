using System.Diagnostics.Metrics;
using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Moq;
using ListVersionsRequest = DataRegistry.Stores.S3.ListVersionsRequest;

namespace DataRegistry.Tests.Stores.S3;

/// <summary>Answers that neither server gives.</summary>
public sealed class BucketFaultTests
{
    readonly Mock<IAmazonS3> s3 = new();

    Bucket Bucket => new(s3.Object, "demo", "eu-west-1");

    [Theory]
    [InlineData("PermanentRedirect", 301, BucketFault.WrongRegion)]
    [InlineData("AuthorizationHeaderMalformed", 400, BucketFault.WrongRegion)]
    [InlineData("AccessDenied", 403, BucketFault.AccessDenied)]
    [InlineData("ExpiredToken", 400, BucketFault.InvalidCredentials)]
    [InlineData("RequestTimeTooSkewed", 403, BucketFault.InvalidCredentials)]
    [InlineData("RequestLimitExceeded", 503, BucketFault.Throttled)]
    [InlineData("TooManyRequests", 429, BucketFault.Throttled)]
    [InlineData("MethodNotAllowed", 405, BucketFault.Unexpected)]
    public async Task An_error_code_names_the_fault(string code, int status, BucketFault expected)
    {
        s3.Setup(c => c.ListObjectsV2Async(It.IsAny<ListObjectsV2Request>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new AmazonS3Exception("no") { ErrorCode = code, StatusCode = (HttpStatusCode)status });

        var fault = await Assert.ThrowsAsync<BucketException>(() => Bucket.ListAsync(new ListRequest()));

        Assert.Equal(expected, fault.Fault);
        Assert.Contains("'demo'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_denial_says_that_a_missing_key_may_look_the_same()
    {
        s3.Setup(c => c.GetObjectMetadataAsync(It.IsAny<GetObjectMetadataRequest>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new AmazonS3Exception("no") { ErrorCode = "Forbidden", StatusCode = HttpStatusCode.Forbidden });

        var fault = await Assert.ThrowsAsync<BucketException>(() => Bucket.HeadAsync("a"));

        Assert.Equal(BucketFault.AccessDenied, fault.Fault);
        Assert.Contains("missing key", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_time_out_is_unreachable_and_not_a_cancellation()
    {
        s3.Setup(
            c => c.GetObjectMetadataAsync(It.IsAny<GetObjectMetadataRequest>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new TaskCanceledException("30 s"));

        Assert.Equal(BucketFault.Unreachable, (await Assert.ThrowsAsync<BucketException>(() => Bucket.HeadAsync("a"))).Fault);
    }

    [Theory]
    [InlineData("\"5d41402abc4b2a76b9719d911017c592\"", null, "5d41402abc4b2a76b9719d911017c592")]
    [InlineData("\"5D41402ABC4B2A76B9719D911017C592\"", "AES256", "5d41402abc4b2a76b9719d911017c592")]
    [InlineData("\"5d41402abc4b2a76b9719d911017c592\"", "aws:kms", null)]
    [InlineData("\"5d41402abc4b2a76b9719d911017c592\"", "aws:kms:dsse", null)]
    [InlineData("\"5d41402abc4b2a76b9719d911017c592-3\"", null, null)]
    [InlineData("\"abc\"", null, null)]
    public async Task Only_a_plain_etag_is_an_md5(string etag, string? encryption, string? md5)
    {
        var head = new GetObjectMetadataResponse
        {
            ETag = etag,
            ContentLength = 5,
            VersionId = "null",
            ServerSideEncryptionMethod = encryption is null ? null : new ServerSideEncryptionMethod(encryption),
        };
        s3.Setup(c => c.GetObjectMetadataAsync(It.IsAny<GetObjectMetadataRequest>(), It.IsAny<CancellationToken>())).ReturnsAsync(head);

        var found = await Bucket.HeadAsync("a");

        Assert.Equal(md5, found!.Md5);
        Assert.Null(found.VersionId);
    }

    [Theory]
    [InlineData("a%2Bb+c%252F", "url", "a+b c%2F")]
    [InlineData("a%2Bb+c%252F", null, "a%2Bb+c%252F")]
    [InlineData("%E6%97%A5\u65e5", "url", "\u65e5\u65e5")]
    public async Task Listed_keys_are_decoded_once_if_the_server_encoded_them(string listed, string? encoding, string key)
    {
        Lists(listed, encoding);

        Assert.Equal(key, Assert.Single((await Bucket.ListAsync(new ListRequest())).Objects).Key);
    }

    [Theory]
    [InlineData("%")]
    [InlineData("%zz")]
    [InlineData("%ff")]
    public async Task A_badly_encoded_key_is_never_taken_for_another(string listed)
    {
        Lists(listed, "url");

        var page = await Bucket.ListAsync(new ListRequest());

        Assert.Empty(page.Objects);
        Assert.Equal(listed, Assert.Single(page.Damaged).Text);
    }

    [Fact]
    public async Task The_meter_counts_every_request_sent_with_retries()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        var counted = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (i, l) =>
            {
                if (i.Name is "dataregistry.s3.requests"
            && i.Meter.Scope == meters) l.EnableMeasurementEvents(i);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, n, tags, _) => counted.Add($"{n} {tags[0].Value} {tags[1].Value}"));
        listener.Start();
        await using var server = await BucketServer.StartAsync();
        server.CreateBucket("demo").Put("versions", "1"u8);
        using var buckets = new Buckets(meters: meters);
        var bucket = buckets.Open(Store(server.Url));

        server.Faults = new FaultPlan { SlowDown = 1, Limit = 1 };
        await bucket.HeadAsync("versions");
        server.Faults = new FaultPlan { Cut = 1, Limit = 1 };
        await bucket.ListAsync(new ListRequest { Prefix = "versions" });
        await bucket.ListVersionsAsync(new ListVersionsRequest());
        await (await bucket.GetAsync("versions"))!.DisposeAsync();
        await bucket.HeadAsync("absent");
        await bucket.GetVersioningAsync();

        Assert.Equal(
            ["1 head 503", "1 head 200", "1 list none", "1 list 200", "1 list_versions 200", "1 get 200", "1 head 404", "1 get_versioning "
                + "200"], counted);
    }

    [Theory]
    [InlineData(true, BucketFault.Unexpected)]
    [InlineData(false, BucketFault.Unreachable)]
    public async Task A_document_that_has_no_end_or_does_not_come_to_it_is_a_fault(bool goesOn, BucketFault expected)
    {
        await using var server = await BucketServer.StartAsync();
        var part = new byte[1 << 20];
        part.AsSpan().Fill((byte)' ');
        server.Intercept = async (http, kind) =>
        {
            // For an object, only an error is a document.
            http.Response.StatusCode = kind == "get" ? 500 : 200;
            await http.Response.WriteAsync("<?xml version=\"1.0\"?><ListBucketResult>");
            await http.Response.Body.FlushAsync();
            while (goesOn && !http.RequestAborted.IsCancellationRequested)
                await http.Response.Body.WriteAsync(part);
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return true;
        };
        using var buckets = new Buckets(new()
        {
            MaxRetries = 0,
            RequestTimeout = goesOn ? TimeSpan.FromSeconds(30) : TimeSpan.FromMilliseconds(200),
        });
        var bucket = buckets.Open(Store(server.Url));

        foreach (var ask in new Func<Task>[]
        {
            () => bucket.ListAsync(new()), () => bucket.ListVersionsAsync(new()), () => bucket.GetVersioningAsync(),
            () => bucket.GetAsync("a"),
        })
            Assert.Equal(expected, (await Assert.ThrowsAsync<BucketException>(ask)).Fault);
    }

    [Fact]
    public async Task An_object_may_take_longer_than_a_document()
    {
        await using var server = await BucketServer.StartAsync();
        // A busy machine must answer with the headers before it.
        var timeout = TimeSpan.FromSeconds(5);
        server.Intercept = async (http, _) =>
        {
            http.Response.Headers.ETag = "\"187ef4436122d1cc2f40dc2b92f0eba0\"";
            http.Response.ContentLength = 2;
            await http.Response.WriteAsync("a");
            await http.Response.Body.FlushAsync();
            await Task.Delay(1.2 * timeout);
            await http.Response.WriteAsync("b");
            return true;
        };
        using var buckets = new Buckets(new() { MaxRetries = 0, RequestTimeout = timeout });

        await using var content = await buckets.Open(Store(server.Url)).GetAsync("a");

        using var reader = new StreamReader(content!.Body);
        Assert.Equal("ab", await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task A_redirect_is_a_wrong_region_and_is_not_followed()
    {
        await using var server = await BucketServer.StartAsync();
        server.Intercept = (http, _) =>
        {
            http.Response.StatusCode = 307;
            http.Response.Headers.Location = $"{server.Url}{http.Request.Path}{http.Request.QueryString}";
            http.Response.Headers["x-amz-bucket-region"] = "eu-central-1";
            return Task.FromResult(true);
        };
        using var buckets = new Buckets(new() { MaxRetries = 0 });
        var bucket = buckets.Open(Store(server.Url));

        foreach (var ask in new Func<Task>[] { () => bucket.ListAsync(new()), () => bucket.HeadAsync("a"), () => bucket.GetAsync("a") })
        {
            var fault = await Assert.ThrowsAsync<BucketException>(ask);
            Assert.Equal(BucketFault.WrongRegion, fault.Fault);
            Assert.Contains("'eu-central-1'", fault.Message, StringComparison.Ordinal);
        }

        Assert.Equal((1L, 1L, 1L), (server.Requests["list"], server.Requests["head"], server.Requests["get"]));
    }

    [Fact]
    public async Task A_changed_configuration_is_used_at_once_and_the_old_bucket_still_answers()
    {
        await using var one = await BucketServer.StartAsync();
        await using var two = await BucketServer.StartAsync();
        one.CreateBucket("demo").Put("one", "1"u8);
        two.CreateBucket("demo").Put("two", "2"u8);
        using var buckets = new Buckets();
        var store = Store(one.Url);
        var before = buckets.Open(store);

        var after = buckets.Open(store with { Configuration = store.Configuration with { EndpointUrl = two.Url } });

        Assert.NotNull(await after.HeadAsync("two"));
        Assert.NotNull(await before.HeadAsync("one"));
    }

    [Theory]
    [InlineData("ftp://example.com")]
    [InlineData("example.com")]
    [InlineData("")]
    public void An_endpoint_that_is_no_web_url_is_refused(string url)
    {
        using var buckets = new Buckets();

        Assert.Equal(BucketFault.Unexpected, Assert.Throws<BucketException>(() => buckets.Open(Store(url))).Fault);
    }

    static Store Store(string url) =>
        new() { Id = Guid.NewGuid(), Name = "demo", Configuration = new StoreConfiguration("demo", null, url, "key", "secret", null) };

    void Lists(string key, string? encoding) =>
        s3.Setup(
            c => c.ListObjectsV2Async(It.IsAny<ListObjectsV2Request>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(new ListObjectsV2Response
            {
                IsTruncated = false,
                Encoding = encoding is null ? null : new EncodingType(encoding),
                S3Objects = [new Amazon.S3.Model.S3Object { Key = key, ETag = "\"e\"", Size = 1, LastModified = DateTime.UtcNow }],
            });
}
