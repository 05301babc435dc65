using System.Net;
using System.Net.Http.Json;
using Amazon.Runtime;
using Amazon.S3;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;
using static DataRegistry.Tests.Rescans.TestScans;

namespace DataRegistry.Tests.Rescans;

/// <summary>Scans of a real S3 server's bucket: its LISTs, versions and HEADs agree about an object.</summary>
[NeedsRadosGateway]
public sealed class RescanOnRadosGatewayTests
{
    [ContractFact]
    public Task What_changed_is_found_in_a_real_bucket() => ScanAsync(versioned: false);

    [ContractFact]
    public Task What_changed_is_found_in_a_real_bucket_that_keeps_versions() => ScanAsync(versioned: true);

    static async Task ScanAsync(bool versioned)
    {
        var bucket = "rescan-" + Guid.NewGuid().ToString("n");
        var url = await RadosGatewayFixture.UrlAsync();
        using var s3 = new KeyKeepingS3Client(
            new BasicAWSCredentials(RadosGatewayFixture.AccessKeyId, RadosGatewayFixture.SecretAccessKey),
            new AmazonS3Config
            {
                ServiceURL = url,
                ForcePathStyle = true,
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            });
        await s3.PutBucketAsync(bucket);
        if (versioned)
            await s3.PutBucketVersioningAsync(new() { BucketName = bucket, VersioningConfig = new() { Status = VersionStatus.Enabled } });
        await using var service = await TestService.StartAsync();
        // Adopts by a list, whose locations have facts of HEADs, and by a job, whose locations have facts of LISTs.
        string[] keys = [.. Keys(130), "größe/数据集/𝒳", "plus+and space", "up/../there"];
        foreach (var key in keys)
            await PutAsync(key, key);
        var store = await service.NewAsync(
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
        foreach (var some in new[] { keys[..20], keys })
        {
            using var response = await service.Http.PostAsJsonAsync(
                $"/api/v0/stores/{store}/adopt/", new { urls = some.Select(k => $"s3://{bucket}/{k}"), project = service.Project.Id });
            Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Accepted, await response.Content.ReadAsStringAsync());
            await service.DrainAsync();
        }

        Assert.Equal("unchanged 133", Counts(await service.ScanAsync(store: store)));
        foreach (var key in new[] { keys[3], keys[100], keys[^1] })
            await PutAsync(key, "other");
        await s3.DeleteObjectAsync(bucket, keys[4]);
        await s3.DeleteObjectAsync(bucket, keys[101]);
        await PutAsync("new", "new");
        Assert.Equal("unchanged 128, changed 3, missing 2, new 1", Counts(await service.ScanAsync(store: store)));
        Assert.Equal([keys[4], keys[101]], await service.DriftedAsync("missing"));
        await PutAsync(keys[4], keys[4]);
        Assert.Equal(
            versioned ? "unchanged 128, changed 4, missing 1, new 1" : "unchanged 128, changed 3, missing 1, returned 1, new 1",
            Counts(await service.ScanAsync(store: store)));

        Task PutAsync(string key, string content) => s3.PutObjectAsync(new() { BucketName = bucket, Key = key, ContentBody = content });
    }
}
