using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.SecurityToken;

namespace DataRegistry.Stores.S3;

public sealed record BucketsOptions
{
    /// <summary>Retries after the first try, with the SDK's jittered backoff and its budget of retries per client.</summary>
    public int MaxRetries { get; init; } = 3;

    /// <summary>The longest pause between two tries; null for the SDK's own, 20 seconds.</summary>
    public TimeSpan? MaxBackoff { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Per try: until the answer's headers, and until the end of a document. It does not bound an object's bytes.
    /// </summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Opens connections, and may refuse addresses that stores may not name; null to connect to any address.</summary>
    public Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? Connect { get; init; }

    /// <summary>
    /// The identity that assumes roles of stores without an access key; null for the credentials that the AWS SDK
    /// finds.
    /// </summary>
    public WebIdentity? WebIdentity { get; init; }
}

/// <summary>
/// Opens the buckets of stores. Each store has one client, and so one pool of connections. Safe for concurrent use.
/// </summary>
public sealed class Buckets(BucketsOptions? options = null, IMeterFactory? meters = null, TimeProvider? clock = null) : IDisposable
{
    readonly BucketsOptions options = options ?? new();
    readonly BucketRequests requests = new(meters);
    readonly ConcurrentDictionary<Guid, Opened> opened = new();

    /// <summary>
    /// Opens a bucket without a request, so it need not exist. Returns the same client as long as the store's
    /// configuration stays equal.
    /// </summary>
    /// <remarks>
    /// When the configuration changes, the old client is dropped, not disposed: a <see cref="Bucket"/> may be reading a
    /// page with it. Its connections close when idle, and it is collected with the last bucket that uses it.
    /// </remarks>
    /// <exception cref="BucketException">The endpoint is no http(s) URL.</exception>
    public Bucket Open(Store store)
    {
        var configuration = store.Configuration;
        if (!opened.TryGetValue(store.Id, out var found) || found.Configuration != configuration)
            lock (opened)
                if (!opened.TryGetValue(store.Id, out found) || found.Configuration != configuration)
                {
                    var pace = new BucketPace(clock ?? TimeProvider.System);
                    opened[store.Id] = found = new(configuration, Connect(store, pace), pace);
                }

        return new(found.Client, configuration.Bucket, configuration.Region, found.Pace, requesterPays: configuration.RequesterPays);
    }

    /// <summary>
    /// Probes the bucket of a store that is not kept yet, with a client that is dropped afterwards. Throws only if
    /// cancelled.
    /// </summary>
    public async Task<BucketProbe> ProbeAsync(Store store, CancellationToken cancellationToken)
    {
        try
        {
            using var client = Connect(store, pace: null);
            return await new Bucket(
                client, store.Configuration.Bucket, store.Configuration.Region,
                requesterPays: store.Configuration.RequesterPays).ProbeAsync(store.Prefix, cancellationToken);
        }
        catch (BucketException e)
        {
            return new(e.Fault, e.Message, Versioning: null);
        }
    }

    public void Dispose()
    {
        foreach (var id in opened.Keys)
            if (opened.TryRemove(id, out var found))
                found.Client.Dispose();
        requests.Dispose();
    }

    KeyKeepingS3Client Connect(Store owner, BucketPace? pace)
    {
        var store = owner.Configuration;
        var region = string.IsNullOrEmpty(store.Region) ? "us-east-1" : store.Region;
        var config = new AmazonS3Config
        {
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = options.MaxRetries,
            HttpClientFactory = new BucketHttpClients(options, requests, store.Bucket, pace),
            // Use only the credentials of the host's environment, never its endpoints.
            IgnoreConfiguredEndpointUrls = true,
        };
        if (store.EndpointUrl is null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }
        else
        {
            if (!Uri.TryCreate(store.EndpointUrl, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https"))
                throw new BucketException(
                    BucketFault.Unexpected,
                    $"The endpoint of bucket '{store.Bucket}' is not an http or https URL; correct the store's endpoint URL.");
            // With a slash at the end of the path the SDK would write two of them before the bucket.
            config.ServiceURL = store.EndpointUrl.TrimEnd('/');
            config.AuthenticationRegion = region;
            config.ForcePathStyle = true;
            // Some servers do not know the SDK's newer checksums, and refuse or misread requests that carry them.
            config.RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED;
            config.ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED;
        }
        var identity = options.WebIdentity?.Serves(store) is true ? options.WebIdentity : null;
        var credentials = store.RoleArn is null
            ? Credentials(store)
            : new RoleCredentials(owner, () => ConnectToSts(store, region, identity), identity);
        var client = credentials is null ? new KeyKeepingS3Client(config) : new(credentials, config);
        client.Limit(options.MaxBackoff);
        return client;
    }

    /// <summary>
    /// A client for one request. Servers other than Amazon's (Ceph, MinIO) have their security token service at their
    /// S3 endpoint.
    /// </summary>
    AmazonSecurityTokenServiceClient ConnectToSts(StoreConfiguration store, string region, WebIdentity? identity)
    {
        var config = new AmazonSecurityTokenServiceConfig
        {
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = options.MaxRetries,
            HttpClientFactory = new BucketHttpClients(options, requests, store.Bucket, pace: null),
            IgnoreConfiguredEndpointUrls = true,
        };
        if (store.EndpointUrl is null)
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        else
            (config.ServiceURL, config.AuthenticationRegion) = (store.EndpointUrl, region);
        // That request is authenticated by the web identity's token alone: it is not signed.
        return (identity is null ? Credentials(store) : new AnonymousAWSCredentials()) is { } credentials
            ? new(credentials, config)
            : new(config);
    }

    /// <summary>
    /// The key that signs requests, or assumes the role. Null for the SDK's own chain. A custom endpoint without keys
    /// gets anonymous requests. Our host's session token is for Amazon only, and must not go to a server that a user
    /// names.
    /// </summary>
    static AWSCredentials? Credentials(StoreConfiguration store) =>
        store.Anonymous ? new AnonymousAWSCredentials()
        : store.AccessKeyId is { } id ? new BasicAWSCredentials(id, store.SecretAccessKey ?? "")
        : store.EndpointUrl is not null ? new AnonymousAWSCredentials()
        : null;

    sealed record Opened(StoreConfiguration Configuration, KeyKeepingS3Client Client, BucketPace Pace);
}
