namespace DataRegistry.Stores;

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
