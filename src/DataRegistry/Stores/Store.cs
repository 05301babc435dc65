namespace DataRegistry.Stores;

/// <summary>The callers that see a store.</summary>
public enum StoreAccessMode
{
    /// <summary>Every caller with a token.</summary>
    Public,

    /// <summary>Callers who may read stores in its project. Its objects are adopted into that project only.</summary>
    SingleProject,

    /// <summary>Callers who may read stores anywhere in the store's cluster. There are no smaller teams yet.</summary>
    Teams,

    /// <inheritdoc cref="Teams"/>
    OwnerOrganization,
}

/// <summary>The adopted objects that are read for their hashes without a request for them.</summary>
public enum HashAdopted
{
    /// <summary>Small objects that were adopted by a request, not by a job.</summary>
    Small,

    /// <summary>All objects. Those of jobs and large ones are read from the queue, each byte once.</summary>
    All,
    None,
}

/// <summary>A bucket, or a prefix of one, to adopt objects from, and the credentials to read it.</summary>
public sealed record Store
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required StoreConfiguration Configuration { get; init; }

    /// <summary>
    /// The store's keys begin with it; empty for the whole bucket. Prefix and bucket never change, because datums name
    /// both.
    /// </summary>
    public string Prefix { get; init; } = "";

    /// <summary>Null if none: then a manager of the system's stores manages this one.</summary>
    public Guid? Project { get; init; }

    /// <summary>The project's cluster, or the default one.</summary>
    public Guid Cluster { get; init; } = Organization.Cluster.DefaultId;

    public StoreAccessMode AccessMode { get; init; }

    /// <summary>Whether adopted objects may be downloaded.</summary>
    public bool AllowRead { get; init; } = true;

    /// <summary>The value that a client set. The registry never writes to a bucket.</summary>
    public bool AllowWrite { get; init; }

    public bool AllowAdopt { get; init; } = true;

    /// <summary>
    /// The adopted objects whose hashes are computed at adoption, if S3 does not know them. A request for a datum by
    /// its id computes missing ones in any case.
    /// </summary>
    public HashAdopted HashAdopted { get; init; }

    /// <summary>When the store is scanned for changes, and what the scan adopts.</summary>
    public RescanPolicy Rescan { get; init; } = RescanPolicy.Default;

    /// <summary>
    /// A deleted store only gives its datums their store's name. It has no secret, and nothing can be adopted from it.
    /// </summary>
    public bool Deleted { get; init; }

    public DateTimeOffset CTime { get; init; }

    /// <summary>When the store was last changed.</summary>
    public DateTimeOffset MTime { get; init; }

    public string UriPrefix => $"s3://{Configuration.Bucket}/{Prefix}";

    public bool Holds(S3Url url) =>
        url.Bucket.Equals(Configuration.Bucket, StringComparison.Ordinal) && url.Key.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Whether all fields except the times are equal.</summary>
    public bool IsLike(Store other) => this with { CTime = other.CTime, MTime = other.MTime } == other;
}

/// <summary>The bucket, and the credentials to read it with.</summary>
/// <param name="Region">AWS region; null for <c>us-east-1</c>.</param>
/// <param name="EndpointUrl">The URL of an S3-compatible server, used in path style; null for AWS.</param>
/// <param name="AccessKeyId">Null for the AWS SDK's own chain (environment, profile, instance role).</param>
/// <param name="SecretAccessKey">The secret of <paramref name="AccessKeyId"/>; kept encrypted, never shown.</param>
/// <param name="RoleArn">A role to assume with these credentials and to read the bucket as; null if none.</param>
/// <param name="ExternalId">The id that the role's trust policy may require; no secret.</param>
/// <param name="RequesterPays">Requests say that their caller pays for them.</param>
/// <param name="Anonymous">Requests are not signed, not even with the host's credentials at Amazon.</param>
public sealed record StoreConfiguration(
    string Bucket, string? Region, string? EndpointUrl, string? AccessKeyId, string? SecretAccessKey, string? RoleArn,
    string? ExternalId = null, bool RequesterPays = false, bool Anonymous = false)
{
    /// <summary>Whether requests are signed with the credentials that the AWS SDK finds on the registry's host.</summary>
    public bool UsesHostCredentials => this is { AccessKeyId: null, RoleArn: null, EndpointUrl: null, Anonymous: false };

    // The generated method would print the secret.
    public override string ToString() => $"{Bucket} at {EndpointUrl ?? Region ?? "AWS"}";
}
