namespace DataRegistry.Stores;

/// <summary>A bucket (or a prefix of one) that objects may be adopted from, and as whom it is read.</summary>
public sealed record Store
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required StoreConfiguration Configuration { get; init; }

    /// <summary>Only keys that begin with it are inside the store; empty for the whole bucket.</summary>
    public string Prefix { get; init; } = "";

    public DateTimeOffset CTime { get; init; }

    public string UriPrefix => $"s3://{Configuration.Bucket}/{Prefix}";

    public bool Holds(S3Url url) =>
        url.Bucket.Equals(Configuration.Bucket, StringComparison.Ordinal) && url.Key.StartsWith(Prefix, StringComparison.Ordinal);
}

/// <summary>Which bucket, and as whom.</summary>
/// <param name="Region">AWS region; null for <c>us-east-1</c>.</param>
/// <param name="EndpointUrl">An S3-compatible server's URL (path style is used then); null for AWS.</param>
/// <param name="AccessKeyId">Null for the AWS SDK's own chain (environment, profile, instance role).</param>
/// <param name="SecretAccessKey">Belongs to <paramref name="AccessKeyId"/>; kept encrypted, never shown.</param>
public sealed record StoreConfiguration(string Bucket, string? Region, string? EndpointUrl, string? AccessKeyId, string? SecretAccessKey, string? RoleArn)
{
    // The generated one would print the secret.
    public override string ToString() => $"{Bucket} at {EndpointUrl ?? Region ?? "AWS"}";
}
