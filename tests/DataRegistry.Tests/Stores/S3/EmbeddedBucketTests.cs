using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using ListVersionsRequest = DataRegistry.Stores.S3.ListVersionsRequest;

namespace DataRegistry.Tests.Stores.S3;

/// <summary>The contract on the embedded server, and tests that need it.</summary>
public sealed class EmbeddedBucketTests : BucketContract
{
    BucketServer server = null!;

    private protected override async Task<string> StartAsync() =>
        (server = await BucketServer.StartAsync(new() { AccessKeyId = RadosGatewayFixture.AccessKeyId })).Url;

    private protected override async Task StopAsync() => await server.DisposeAsync();

    [Fact]
    public async Task Every_request_is_counted_by_kind()
    {
        await PutAsync("a");
        server.Requests.Reset();

        await Bucket.HeadAsync("a");
        await Bucket.HeadAsync("b");
        await Bucket.ListAsync(new ListRequest());
        await Bucket.ListVersionsAsync(new ListVersionsRequest());
        await TextAsync(await Bucket.GetAsync("a"));
        await Bucket.ProbeAsync();

        Assert.Equal(
            new Dictionary<string, long> { ["get"] = 1, ["get_versioning"] = 1, ["head"] = 2, ["list"] = 2, ["list_versions"] = 1 },
            server.Requests.Snapshot());
    }

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(0, 1, 0)]
    [InlineData(0, 0, 1)]
    public async Task A_fault_costs_a_retry_and_no_more(double cut, double slowDown, double internalError)
    {
        await PutAsync("a");
        server.Requests.Reset();
        server.Faults = new FaultPlan { Cut = cut, SlowDown = slowDown, InternalError = internalError, Limit = 1 };

        Assert.NotNull(await Bucket.HeadAsync("a"));

        Assert.Equal(2, server.Requests["head"]);
    }

    [Fact]
    public async Task Faults_without_end_are_named()
    {
        server.Faults = new FaultPlan { SlowDown = 1 };
        Assert.Equal(BucketFault.Throttled, await FaultAsync(() => Bucket.ListAsync(new ListRequest())));
        Assert.Equal(BucketFault.Throttled, await FaultAsync(() => Bucket.HeadAsync("a")));
        server.Faults = new FaultPlan { Cut = 1 };
        Assert.Equal(BucketFault.Unreachable, await FaultAsync(() => Bucket.ListAsync(new ListRequest())));
        server.Faults = new FaultPlan { InternalError = 1 };
        Assert.Equal(BucketFault.Unexpected, await FaultAsync(() => Bucket.ListAsync(new ListRequest())));
    }

    [Theory]
    [InlineData("text/html", "<!doctype html><p>Log in<br>")]
    [InlineData("application/xml", "<html><body>Log in</body></html>")]
    [InlineData("application/json", "{}")]
    [InlineData("text/plain", "")]
    public async Task A_server_that_is_no_s3_is_unexpected(string type, string body)
    {
        server.Intercept = async (http, _) =>
        {
            http.Response.ContentType = type;
            if (!HttpMethods.IsHead(http.Request.Method))
                await http.Response.WriteAsync(body);
            return true;
        };

        Assert.Equal(BucketFault.Unexpected, await FaultAsync(() => Bucket.ListAsync(new ListRequest())));
        Assert.Equal(BucketFault.Unexpected, await FaultAsync(() => Bucket.ListVersionsAsync(new ListVersionsRequest())));
        Assert.Equal(BucketFault.Unexpected, await FaultAsync(() => Bucket.HeadAsync("a")));
        Assert.Equal(BucketFault.Unexpected, await FaultAsync(() => Bucket.GetAsync("a")));
        Assert.Equal(BucketFault.Unexpected, (await Bucket.ProbeAsync()).Fault);
    }

    [Theory]
    [InlineData(301, "PermanentRedirect", true, "Please send all requests to the right endpoint.")]
    [InlineData(400, "AuthorizationHeaderMalformed", false, "The region 'us-east-1' is wrong; expecting 'eu-central-1'")]
    public async Task A_wrong_region_names_the_right_one(int status, string code, bool header, string message)
    {
        server.Intercept = async (http, _) =>
        {
            http.Response.StatusCode = status;
            http.Response.ContentType = "application/xml";
            if (header)
                http.Response.Headers["x-amz-bucket-region"] = "eu-central-1";
            if (!HttpMethods.IsHead(http.Request.Method))
                await http.Response.WriteAsync($"<Error><Code>{code}</Code><Message>{message}</Message></Error>");
            return true;
        };

        var probe = await Bucket.ProbeAsync();

        Assert.Equal(BucketFault.WrongRegion, probe.Fault);
        Assert.Contains("'eu-central-1'", probe.Message, StringComparison.Ordinal);
        Assert.Equal(header ? BucketFault.WrongRegion : BucketFault.Unexpected, await FaultAsync(() => Bucket.HeadAsync("a")));
    }

    [Fact]
    public async Task The_sha256_of_a_whole_object_is_taken_and_that_of_parts_is_not()
    {
        var hash = SHA256.HashData("hello"u8);
        server.Buckets[Name].Put("whole", "hello"u8, sha256: Convert.ToBase64String(hash));
        server.Buckets[Name].Put("parts", "hello"u8, sha256: Convert.ToBase64String(hash) + "-2", composite: true);
        server.Buckets[Name].Put("marked", "hello"u8, sha256: Convert.ToBase64String(hash), composite: true);

        Assert.Equal(Convert.ToHexStringLower(hash), (await Bucket.HeadAsync("whole"))?.Sha256);
        Assert.Null((await Bucket.HeadAsync("parts"))?.Sha256);
        Assert.Null((await Bucket.HeadAsync("marked"))?.Sha256);
    }

    [Fact]
    public async Task The_sdks_own_way_to_upload_is_unwrapped_and_checked()
    {
        using var modern = new AmazonS3Client(
            RadosGatewayFixture.AccessKeyId, "any",
            new AmazonS3Config { ServiceURL = Url, ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        var text = new string('x', 200_000);
        await modern.PutObjectAsync(new PutObjectRequest
        {
            BucketName = Name,
            Key = "chunked",
            ContentBody = text,
            ChecksumAlgorithm = ChecksumAlgorithm.SHA256,
        });

        Assert.Equal(text, await TextAsync(await Bucket.GetAsync("chunked")));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))), (await Bucket.HeadAsync("chunked"))?.Sha256);
        await Assert.ThrowsAsync<AmazonS3Exception>(
            () =>
                Writer.PutObjectAsync(new PutObjectRequest
                {
                    BucketName = Name,
                    Key = "bad",
                    ContentBody = "x",
                    MD5Digest = Convert.ToBase64String(new byte[16]),
                }));
        Assert.Null(await Bucket.HeadAsync("bad"));
    }

    [Fact]
    public async Task Synthetic_objects_list_and_download_like_others()
    {
        foreach (var i in Enumerable.Range(0, 3000))
            server.Buckets[Name].AddSynthetic($"s/{i:d4}", i);
        server.Buckets[Name].AddSynthetic("large", 3 << 20);

        Assert.Equal(3001, (await KeysAsync(new ListRequest())).Count);
        var small = await Bucket.HeadAsync("s/0100");
        var bytes = new MemoryStream();
        await using (var content = await Bucket.GetAsync("s/0100"))
            await content!.Body.CopyToAsync(bytes);
#pragma warning disable CA5351 // S3 defines the ETag as an MD5.
        Assert.Equal(small!.Md5, Convert.ToHexStringLower(MD5.HashData(bytes.ToArray())));
#pragma warning restore CA5351
        Assert.Null((await Bucket.HeadAsync("large"))!.Md5);
        await using var large = await Bucket.GetAsync("large", range: new ByteSpan((2 << 20) - 10, (2 << 20) + 9));
        Assert.Equal(20, large!.Length);
    }

    [Fact]
    public async Task Another_process_reads_counts_sets_faults_and_fills()
    {
        using var http = new HttpClient { BaseAddress = new Uri(server.Url) };
        (await http.PutAsync("/_synthetic/filled", new StringContent("10 a b\n20 c"))).EnsureSuccessStatusCode();
        (await http.PutAsync(
            "/_faults",
            new StringContent(
                """{"slowDown": 1, "limit": 1, "kind": "list"}""", Encoding.UTF8, "application/json"))).EnsureSuccessStatusCode();
        (await http.DeleteAsync("/_requests")).EnsureSuccessStatusCode();

        var page = await Open("filled").ListAsync(new ListRequest());

        Assert.Equal([("a b", 10), ("c", 20)], page.Objects.Select(o => (o.Key, o.Size)));
        Assert.Equal("""{"list":2}""", await http.GetStringAsync("/_requests"));
    }

    [Fact]
    public async Task A_folder_holds_odd_keys_and_versions_until_the_next_start()
    {
        var folder = Directory.CreateTempSubdirectory("dataregistry-buckets-").FullName;
        try
        {
            await using (var first = await BucketServer.StartAsync(new() { Folder = folder }))
            {
                var bucket = first.CreateBucket("kept");
                foreach (var key in OddKeys.All)
                    bucket.Put(key, Encoding.UTF8.GetBytes(key));
                bucket.Put("plain", "again"u8);
                bucket.Versioning = EmbeddedVersioning.Enabled;
                bucket.Put("plain", "newest"u8);
                bucket.Delete("lead");
                bucket.Delete("y", "null");
            }
            await using var second = await BucketServer.StartAsync(new() { Folder = folder });
            var reopened = Open("kept", url: second.Url);

            Assert.Equal("newest", await TextAsync(await reopened.GetAsync("plain")));
            Assert.Equal("again", await TextAsync(await reopened.GetAsync("plain", "null")));
            Assert.Equal(
                OddKeys.All.Except(["lead", "y"]).InByteOrder(), (await reopened.ListAsync(new ListRequest())).Objects.Select(o => o.Key));
            Assert.Equal("a/../x", await TextAsync(await reopened.GetAsync("a/../x")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
