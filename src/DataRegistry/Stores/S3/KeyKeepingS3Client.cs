using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.S3;

namespace DataRegistry.Stores.S3;

/// <summary>
/// The SDK's client with one fault repaired. With path style the SDK sends the key <c>/x</c> as <c>/bucket/x</c>,
/// another object, and signs <c>/bucket//x</c>. It joins the endpoint <c>…/bucket</c> and a path with a leading slash
/// without a further slash.
/// </summary>
public sealed class KeyKeepingS3Client : AmazonS3Client
{
    readonly AWSCredentials? credentials;

    public KeyKeepingS3Client(AmazonS3Config config) : base(config)
    {
    }

    public KeyKeepingS3Client(AWSCredentials credentials, AmazonS3Config config) : base(credentials, config) =>
        this.credentials = credentials;

    /// <summary>An anonymous client cannot sign.</summary>
    internal bool IsAnonymous => credentials is AnonymousAWSCredentials;

    /// <summary>When the present session ends, in UTC; null if a key signs, without a session.</summary>
    internal async Task<DateTime?> SessionEndAsync()
    {
        var signing = credentials
            ?? (AWSCredentials)await Config.IdentityResolverConfiguration.GetIdentityResolver<AWSCredentials>()
                .ResolveIdentityAsync(Config, default);
        // Renews the credentials if they are about to end.
        await signing.GetCredentialsAsync();
        return signing.Expiration?.ToUniversalTime();
    }

    /// <summary>Limits the pauses between tries; null leaves them as they are.</summary>
    internal void Limit(TimeSpan? backoff)
    {
        foreach (var retries in RuntimePipeline.Handlers.OfType<RetryHandler>())
        {
            if (backoff is { } longest && retries.RetryPolicy is StandardRetryPolicy policy)
                policy.MaxBackoffInMilliseconds = (int)longest.TotalMilliseconds;
        }
    }

    protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
    {
        base.CustomizeRuntimePipeline(pipeline);
        pipeline.AddHandlerAfter<Signer>(new SlashAfterBucket());
    }

    /// <summary>
    /// Repairs the path after signing, which is right, and before sending. Undone afterwards, because a retry signs
    /// again.
    /// </summary>
    sealed class SlashAfterBucket : PipelineHandler
    {
        public override async Task<T> InvokeAsync<T>(IExecutionContext executionContext)
        {
            var request = executionContext.RequestContext.Request;
            var endpoint = request.Endpoint;
            if (endpoint.AbsolutePath is not "/" && !endpoint.AbsoluteUri.EndsWith('/'))
                request.Endpoint = new Uri(endpoint.AbsoluteUri + "/");
            try
            {
                return await base.InvokeAsync<T>(executionContext);
            }
            finally
            {
                request.Endpoint = endpoint;
            }
        }
    }
}
