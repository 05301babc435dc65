namespace DataRegistry.Stores;

/// <summary>Settings <c>Stores__…</c>.</summary>
public sealed class StoreOptions
{
    public const string Section = "Stores";

    /// <summary>
    /// The key that encrypts the stores' secrets: 32 bytes in base64 (<c>openssl rand -base64 32</c>). Needed as soon
    /// as a store has a secret.
    /// </summary>
    public string? SecretKey { get; set; }

    /// <summary>
    /// Whether endpoints may be at private, loopback or link-local addresses. Metadata services of clouds are never
    /// allowed.
    /// </summary>
    public bool AllowPrivateEndpoints { get; set; }

    /// <summary>
    /// The audience of the tokens of the app's own identity, as AWS's identity provider names it. If set, stores with a
    /// role and no access key are read by such tokens. If empty, the credentials that the AWS SDK finds on the host
    /// read them.
    /// </summary>
    public string? WebIdentityAudience { get; set; }

    /// <summary>
    /// The one endpoint besides Amazon's that may receive those tokens: an S3 server with a token service of its own.
    /// </summary>
    public string? WebIdentityEndpoint { get; set; }

    /// <summary>
    /// ARNs of roles that a store's manager may name without an access key, separated by spaces. <c>*</c> stands for
    /// any characters and <c>{project}</c> for the id of the store's project. Only a system administrator may name
    /// other roles.
    /// </summary>
    public string? AssumableRoles { get; set; }

    /// <summary>
    /// Names of buckets that a store's manager may name without an access key, a role and an endpoint. The host's own
    /// AWS credentials then read them. The syntax is that of <see cref="AssumableRoles"/>. Only a system administrator
    /// may name other buckets.
    /// </summary>
    public string? HostBuckets { get; set; }

    internal bool IsValid => WebIdentityEndpoint is null or ""
        || (Uri.TryCreate(WebIdentityEndpoint, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            && WebIdentityAudience is { Length: > 0 });
}
