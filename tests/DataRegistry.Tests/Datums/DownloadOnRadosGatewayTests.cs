using System.Net;
using System.Net.Http.Json;
using System.Text;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Datums;

/// <summary>Downloads from a real S3 server, which checks signatures.</summary>
[NeedsRadosGateway]
public sealed class DownloadOnRadosGatewayTests : IAsyncLifetime
{
    readonly string bucket = "download-" + Guid.NewGuid().ToString("n");
    TestService service = null!;
    KeyKeepingS3Client s3 = null!;
    string store = "";

    public async Task InitializeAsync()
    {
        if (RadosGatewayFixture.SkipReason is not null)
            return;
        var url = await RadosGatewayFixture.UrlAsync();
        s3 = new(
            new BasicAWSCredentials(RadosGatewayFixture.AccessKeyId, RadosGatewayFixture.SecretAccessKey),
            new AmazonS3Config
            {
                ServiceURL = url,
                ForcePathStyle = true,
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            });
        await s3.PutBucketAsync(bucket);
        service = await TestService.StartAsync();
        using var made = await service.Http.PostAsJsonAsync(
            "/api/v0/stores/",
            new
            {
                name = "ceph",
                configuration = new
                {
                    bucket,
                    endpoint_url = url,
                    access_key_id = RadosGatewayFixture.AccessKeyId,
                    secret_access_key = RadosGatewayFixture.SecretAccessKey,
                },
            });
        store = TestUsers.Id(await TestUsers.JsonAsync(made, HttpStatusCode.Created)).ToString();
    }

    public async Task DisposeAsync()
    {
        if (RadosGatewayFixture.SkipReason is not null)
            return;
        s3.Dispose();
        await service.DisposeAsync();
    }

    [ContractFact]
    public async Task An_unversioned_object_is_downloaded_until_it_changes()
    {
        await PutAsync("a", "one");
        var id = await AdoptedAsync("a");
        Assert.Equal("one", await BytesAsync(id));
        await PutAsync("a", "two");
        Assert.Contains("datum_changed", await RefusedAsync(id), StringComparison.Ordinal);
        await s3.DeleteObjectAsync(bucket, "a");
        Assert.Contains("datum_missing", await RefusedAsync(id), StringComparison.Ordinal);
    }

    [ContractFact]
    public async Task A_version_is_downloaded_whatever_came_after_it()
    {
        await VersionsAsync(VersionStatus.Enabled);
        var version = await PutAsync("a", "one");
        var id = await AdoptedAsync("a");
        await PutAsync("a", "two");
        await s3.DeleteObjectAsync(bucket, "a");
        Assert.Equal("one", await BytesAsync(id));
        await s3.DeleteObjectAsync(bucket, "a", version);
        Assert.Contains("datum_missing", await RefusedAsync(id), StringComparison.Ordinal);
    }

    [ContractFact]
    public async Task What_was_adopted_before_the_bucket_kept_versions_is_downloaded_until_it_changes()
    {
        await PutAsync("a", "one");
        var id = await AdoptedAsync("a");
        await VersionsAsync(VersionStatus.Enabled);
        Assert.Equal("one", await BytesAsync(id));
        await PutAsync("a", "two");
        Assert.Contains("datum_changed", await RefusedAsync(id), StringComparison.Ordinal);
    }

    [ContractFact]
    public async Task Objects_that_a_list_found_are_downloaded_though_it_says_their_time_in_milliseconds()
    {
        var keys = Enumerable.Range(0, 120).Select(i => $"many/{i:D3}").ToArray();
        await Parallel.ForEachAsync(keys, async (key, _) => await PutAsync(key, key));
        using var job = await service.Http.PostAsJsonAsync(
            $"/api/v0/stores/{store}/adopt/", new { urls = keys.Select(Url), project = service.Project.Id });
        Assert.Equal(HttpStatusCode.Accepted, job.StatusCode);
        await service.DrainAsync();
        var datums = await service.GetDatumsAsync();
        Assert.Equal(120, datums.Count);
        foreach (var datum in datums.Take(5))
            Assert.Equal($"many/{datum.GetProperty("name").GetString()}", await BytesAsync(datum.GetProperty("id").GetString()!));
    }

    [ContractFact]
    public async Task Odd_keys_are_downloaded()
    {
        foreach (var key in new[]
        {
            "with#hash", "with?q=1", "up/../there", "two//slashes", "enc%2Foded", "plus+and space", "größe/数据集/𝒳", "/first", "ends/",
            "quote\"'", "control\u0001", new string('k', 1024),
        })
        {
            await PutAsync(key, key);
            Assert.Equal(key, await BytesAsync(await AdoptedAsync(key)));
        }
    }

    string Url(string key) => $"s3://{bucket}/{key}";

    async Task<string?> PutAsync(string key, string body) =>
        (await s3.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = key, ContentBody = body })).VersionId;

    Task<PutBucketVersioningResponse> VersionsAsync(VersionStatus status) =>
        s3.PutBucketVersioningAsync(new() { BucketName = bucket, VersioningConfig = new() { Status = status } });

    async Task<string> AdoptedAsync(string key)
    {
        using var response = await service.Http.PostAsJsonAsync(
            $"/api/v0/stores/{store}/adopt/", new { url = Url(key), project = service.Project.Id });
        return (await TestUsers.JsonAsync(response)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
    }

    async Task<string> BytesAsync(string id)
    {
        var url = (await service.GetAsync($"/api/v0/data/{id}/download/")).GetProperty("url").GetString()!;
        using var stranger = service.NewClient();
        using var answer = await stranger.GetAsync(new Uri(url));
        var bytes = Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync());
        Assert.True(answer.StatusCode == HttpStatusCode.OK, bytes);
        return bytes;
    }

    async Task<string> RefusedAsync(string id)
    {
        using var answer = await service.Http.SendAsync("GET", $"/api/v0/data/{id}/download/");
        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }
}
