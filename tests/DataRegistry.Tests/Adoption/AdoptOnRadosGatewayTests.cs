using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Adoption;

/// <summary>
/// Adoption from end to end on a real S3 server: a store, a list through the queue, and datums with S3's facts.
/// </summary>
[NeedsRadosGateway]
public sealed class AdoptOnRadosGatewayTests : IAsyncLifetime
{
    readonly string bucket = "adopt-" + Guid.NewGuid().ToString("n");
    TestService service = null!;
    KeyKeepingS3Client s3 = null!;
    string url = "";

    public async Task InitializeAsync()
    {
        if (RadosGatewayFixture.SkipReason is not null)
            return;
        url = await RadosGatewayFixture.UrlAsync();
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
        service = await TestService.StartAsync(("Adoption:WindowKeys", "100"));
    }

    public async Task DisposeAsync()
    {
        if (RadosGatewayFixture.SkipReason is not null)
            return;
        s3.Dispose();
        await service.DisposeAsync();
    }

    [ContractFact]
    public Task A_list_is_adopted_from_a_real_bucket() => AdoptListAsync(versioned: false);

    [ContractFact]
    public Task A_list_is_adopted_from_a_real_bucket_that_keeps_versions() => AdoptListAsync(versioned: true);

    [ContractFact]
    public async Task Odd_keys_are_adopted_from_a_real_bucket()
    {
        string[] keys = [
            "with#hash", "with?q=1", "up/../there", "two//slashes", "enc%2Foded", "plus+and space", "größe/数据集/𝒳", "/first",
            "control\u0001", new string('k', 1024)];
        foreach (var key in keys)
            await PutAsync(key);
        var store = await CreateStoreAsync();
        using var response = await service.Http.PostAsJsonAsync(
            $"/api/v0/stores/{store}/adopt/", new { urls = keys.Select(k => $"s3://{bucket}/{k}"), project = service.Project.Id });
        Assert.True(response.StatusCode == HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        Assert.Equal(
            keys.Select(k => $"s3://{bucket}/{k}").Order(StringComparer.Ordinal),
            (await service.GetDatumsAsync()).Select(d => d.GetProperty("uri").GetString()).Order(StringComparer.Ordinal));
    }

    [ContractFact]
    public async Task A_store_with_a_wrong_secret_is_refused_by_name()
    {
        using var response = await PostStoreAsync("wrong");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("\"code\":\"invalid_credentials\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    async Task AdoptListAsync(bool versioned)
    {
        if (versioned)
            await s3.PutBucketVersioningAsync(new() { BucketName = bucket, VersioningConfig = new() { Status = VersionStatus.Enabled } });
        var keys = Enumerable.Range(0, 250).Select(i => $"d{i % 7}/{i:D4}").ToArray();
        var versions = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            await PutAsync(key);
            versions[key] = await PutAsync(key);
        }

        await s3.DeleteObjectAsync(bucket, keys[3]);
        var store = await CreateStoreAsync();
        using var response = await service.Http.PostAsJsonAsync(
            $"/api/v0/stores/{store}/adopt/",
            new { urls = keys.Append("missing").Select(k => $"s3://{bucket}/{k}"), project = service.Project.Id });
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        await service.DrainAsync();
        AdoptionJobTests.AssertCounts(
            await service.GetAsync(response.Headers.Location!.AbsolutePath), created: 249, existing: 0, failed: 2);
        Assert.Equal(249, (await service.GetDatumsAsync()).Count);
        if (versioned)
        {
            foreach (var location in await service.LocationsAsync(Guid.Parse(store)))
                Assert.Equal(versions[location.Key], location.VersionId);
        }
    }

    async Task<string?> PutAsync(string key) =>
        (await s3.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = key, ContentBody = key })).VersionId;

    async Task<string> CreateStoreAsync()
    {
        using var response = await PostStoreAsync(RadosGatewayFixture.SecretAccessKey);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, text);
        return JsonDocument.Parse(text).RootElement.GetProperty("id").GetString()!;
    }

    Task<HttpResponseMessage> PostStoreAsync(string secret) => service.Http.PostAsJsonAsync(
        "/api/v0/stores/",
        new
        {
            name = "ceph",
            configuration = new { bucket, endpoint_url = url, access_key_id = RadosGatewayFixture.AccessKeyId, secret_access_key = secret },
        });
}
