using System.Text;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Stores.S3;

/// <summary>
/// The promises of <see cref="Bucket"/>, on a server. Each test has a bucket of its own. Subclasses choose the server.
/// </summary>
public abstract partial class BucketContract : IAsyncLifetime
{
    readonly Buckets buckets = new(new BucketsOptions { MaxRetries = 1 });
    KeyKeepingS3Client? writer;

    private protected string Url { get; private set; } = "";
    private protected string Name { get; } = "contract-" + Guid.NewGuid().ToString("n");
    private protected Bucket Bucket { get; private set; } = null!;
    private protected KeyKeepingS3Client Writer => writer!;

    /// <summary>The server's URL. Its access key is <c>testaccess</c>, its secret <c>testsecret</c>.</summary>
    private protected abstract Task<string> StartAsync();

    private protected virtual Task StopAsync() => Task.CompletedTask;

    public async Task InitializeAsync()
    {
        Url = await StartAsync();
        writer = new(
            new BasicAWSCredentials(RadosGatewayFixture.AccessKeyId, RadosGatewayFixture.SecretAccessKey),
            new AmazonS3Config
            {
                ServiceURL = Url,
                ForcePathStyle = true,
                AuthenticationRegion = "us-east-1",
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            });
        await writer.PutBucketAsync(Name);
        Bucket = Open();
    }

    public async Task DisposeAsync()
    {
        writer?.Dispose();
        buckets.Dispose();
        await StopAsync();
    }

    private protected Bucket Open(
        string? name = null, string? accessKeyId = RadosGatewayFixture.AccessKeyId, string secret = RadosGatewayFixture.SecretAccessKey,
        string? url = null) =>
        buckets.Open(new Store
        {
            Id = Guid.NewGuid(),
            Name = "contract",
            Configuration = new StoreConfiguration(name ?? Name, null, url ?? Url, accessKeyId, secret, null),
        });

    private protected async Task<string?> PutAsync(string key, string? content = null) =>
        (await Writer.PutObjectAsync(new PutObjectRequest
        {
            BucketName = Name,
            Key = key,
            ContentBody = content ?? key,
            ContentType = "text/x-odd",
        })).VersionId;

    private protected Task PutAllAsync(IEnumerable<string> keys) =>
        Parallel.ForEachAsync(keys, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (key, _) => await PutAsync(key));

    private protected Task SetVersioningAsync(VersionStatus status) =>
        Writer.PutBucketVersioningAsync(new PutBucketVersioningRequest
        {
            BucketName = Name,
            VersioningConfig = new S3BucketVersioningConfig { Status = status },
        });

    private protected async Task<IReadOnlyList<string>> KeysAsync(ListRequest request)
    {
        List<string> keys = [];
        for (string? token = null; ;)
        {
            var page = await Bucket.ListAsync(request with { ContinuationToken = token });
            Assert.True(page.Objects.Count + page.CommonPrefixes.Count <= request.MaxKeys);
            keys.AddRange(page.Objects.Select(o => o.Key));
            if ((token = page.NextContinuationToken) is null)
                return keys;
        }
    }

    private protected static async Task<string> TextAsync(S3Content? content)
    {
        Assert.NotNull(content);
        await using (content)
        using (var reader = new StreamReader(content.Body, Encoding.UTF8))
            return await reader.ReadToEndAsync();
    }

    private protected static async Task<BucketFault> FaultAsync(Func<Task> use) => (await Assert.ThrowsAsync<BucketException>(use)).Fault;
}
