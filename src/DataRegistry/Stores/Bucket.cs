namespace DataRegistry.Stores;

/// <summary>An object as S3 describes it.</summary>
/// <param name="ETag">Without its quotes.</param>
/// <param name="VersionId">Null where not asked or where the bucket keeps no versions; S3's literal <c>null</c> version, which is mutable, is null here too.</param>
/// <param name="Md5">Hex; only where a HEAD shows that the ETag is a plain MD5 (not multipart, not KMS). A LIST never shows it.</param>
/// <param name="Sha256">Hex of the whole object; null where S3 knows none or only a composite of parts.</param>
public sealed record S3Object(string Key, long Size, string ETag, DateTimeOffset LastModified, string? VersionId = null, string? Md5 = null, string? Sha256 = null);

public sealed record ListRequest
{
    public string? Prefix { get; init; }
    public string? StartAfter { get; init; }
    public string? Delimiter { get; init; }
    public string? ContinuationToken { get; init; }
    public int MaxKeys { get; init; } = 1000;
}

public sealed record ListPage(IReadOnlyList<S3Object> Objects, IReadOnlyList<string> CommonPrefixes, string? NextContinuationToken);

/// <summary>How a bucket could not be used; each has a sentence that names the remedy.</summary>
public enum BucketFault { NoSuchBucket, AccessDenied, InvalidCredentials, WrongRegion, Throttled, Unreachable, Unexpected }

public sealed class BucketException(BucketFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    public BucketFault Fault { get; } = fault;
}

public sealed class Bucket
{
    public string Name => throw new NotSupportedException();
    public Task<S3Object?> HeadAsync(string key, string? versionId = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    public Task<ListPage> ListAsync(ListRequest request, CancellationToken cancellationToken = default) => throw new NotSupportedException();
}

public sealed class Buckets
{
    public Bucket Open(Store store) => throw new NotSupportedException();
}

public sealed record Store
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required StoreConfiguration Configuration { get; init; }
}

/// <summary>Which bucket, and as whom.</summary>
/// <param name="Region">AWS region; null for <c>us-east-1</c>.</param>
/// <param name="EndpointUrl">An S3-compatible server's URL (path style is used then); null for AWS.</param>
/// <param name="AccessKeyId">Null for the AWS SDK's own chain (environment, profile, instance role).</param>
public sealed record StoreConfiguration(string Bucket, string? Region, string? EndpointUrl, string? AccessKeyId, string? SecretAccessKey, string? RoleArn);
