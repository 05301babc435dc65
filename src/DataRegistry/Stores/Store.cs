namespace DataRegistry.Stores;

/// <summary>Who sees a store.</summary>
public enum StoreAccessMode
{
    /// <summary>Whoever is logged in.</summary>
    Public,

    /// <summary>Who may read stores in its project; and adopted from it is into that project only.</summary>
    SingleProject,

    /// <summary>Who may read stores anywhere in the cluster that it belongs to; there are no teams of another kind yet.</summary>
    Teams,

    /// <inheritdoc cref="Teams"/>
    OwnerOrganization,
}

/// <summary>Which adopted objects are read for their hashes without being asked for.</summary>
public enum HashAdopted
{
    /// <summary>Those that are adopted at once, not by a job, as far as they are small.</summary>
    Small,

    /// <summary>All, jobs' and large ones by the queue: every byte that is adopted is read once.</summary>
    All,
    None,
}

/// <summary>A bucket (or a prefix of one) that objects may be adopted from, and as whom it is read.</summary>
public sealed record Store
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required StoreConfiguration Configuration { get; init; }

    /// <summary>
    /// Only keys that begin with it are inside the store; empty for the whole bucket. It never changes, nor does the bucket: datums name
    /// both.
    /// </summary>
    public string Prefix { get; init; } = "";

    /// <summary>Null if none: such a store is managed by who manages the system's.</summary>
    public Guid? Project { get; init; }

    /// <summary>The project's, or the default one.</summary>
    public Guid Cluster { get; init; } = Organization.Cluster.DefaultId;

    public StoreAccessMode AccessMode { get; init; }

    /// <summary>Whether what was adopted may be downloaded.</summary>
    public bool AllowRead { get; init; } = true;

    /// <summary>Shown as it was given. Nothing is ever written to a bucket.</summary>
    public bool AllowWrite { get; init; }

    public bool AllowAdopt { get; init; } = true;

    /// <summary>
    /// When the hashes of adopted objects are computed that S3 does not know. Missing ones are computed in any case when the datum is asked
    /// for by its id.
    /// </summary>
    public HashAdopted HashAdopted { get; init; }

    /// <summary>When it is scanned for what has changed, and what becomes of that.</summary>
    public RescanPolicy Rescan { get; init; } = RescanPolicy.Default;

    /// <summary>Then it is there for the names of its datums only: nobody can adopt from it, and it has no secret any more.</summary>
    public bool Deleted { get; init; }

    public DateTimeOffset CTime { get; init; }

    /// <summary>When it was changed last.</summary>
    public DateTimeOffset MTime { get; init; }

    public string UriPrefix => $"s3://{Configuration.Bucket}/{Prefix}";

    public bool Holds(S3Url url) =>
        url.Bucket.Equals(Configuration.Bucket, StringComparison.Ordinal) && url.Key.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Whether everything but its times is the same.</summary>
    public bool IsLike(Store other) => this with { CTime = other.CTime, MTime = other.MTime } == other;
}

/// <summary>Which bucket, and as whom.</summary>
/// <param name="Region">AWS region; null for <c>us-east-1</c>.</param>
/// <param name="EndpointUrl">An S3-compatible server's URL (path style is used then); null for AWS.</param>
/// <param name="AccessKeyId">Null for the AWS SDK's own chain (environment, profile, instance role).</param>
/// <param name="SecretAccessKey">Belongs to <paramref name="AccessKeyId"/>; kept encrypted, never shown.</param>
/// <param name="RoleArn">A role that is assumed with these credentials, as which the bucket is then read; null if none.</param>
/// <param name="ExternalId">What the role's trust policy may ask for; no secret.</param>
/// <param name="RequesterPays">Requests say that their caller pays for them.</param>
/// <param name="Anonymous">Requests are not signed, also at Amazon: never with the host's credentials.</param>
public sealed record StoreConfiguration(
    string Bucket, string? Region, string? EndpointUrl, string? AccessKeyId, string? SecretAccessKey, string? RoleArn,
    string? ExternalId = null, bool RequesterPays = false, bool Anonymous = false)
{
    /// <summary>Requests are signed with whatever the AWS SDK finds on the registry's host.</summary>
    public bool UsesHostCredentials => this is { AccessKeyId: null, RoleArn: null, EndpointUrl: null, Anonymous: false };

    // The generated one would print the secret.
    public override string ToString() => $"{Bucket} at {EndpointUrl ?? Region ?? "AWS"}";
}
