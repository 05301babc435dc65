namespace DataRegistry.Stores;

/// <summary>Settings <c>Stores__…</c>.</summary>
public sealed class StoreOptions
{
    public const string Section = "Stores";

    /// <summary>
    /// Key that encrypts the stores' secrets at rest: 32 bytes in base64 (<c>openssl rand -base64 32</c>). Needed as soon as a store has a
    /// secret.
    /// </summary>
    public string? SecretKey { get; set; }

    /// <summary>Whether endpoints may be at private, loopback or link-local addresses; metadata services of clouds never are.</summary>
    public bool AllowPrivateEndpoints { get; set; }

    /// <summary>
    /// Whom the tokens of the app's own identity are for, as the role's account names it as an identity provider's audience. With it,
    /// stores that
    /// name a role and no access key are read by such tokens; while empty, by what the AWS SDK finds on the host.
    /// </summary>
    public string? WebIdentityAudience { get; set; }

    /// <summary>
    /// The one endpoint besides Amazon's own that those tokens may be sent to: an S3 server with a token service of its own.
    /// </summary>
    public string? WebIdentityEndpoint { get; set; }

    /// <summary>
    /// ARNs of roles that whoever manages stores may name without an access key, with spaces between them; <c>*</c> is anything,
    /// <c>{project}</c> the id of the store's project. All others are for system administrators.
    /// </summary>
    public string? AssumableRoles { get; set; }

    /// <summary>
    /// Names of buckets that whoever manages stores may name without an access key, a role and an endpoint, so that the host's own AWS
    /// credentials read them; with spaces between them, <c>*</c> and <c>{project}</c> as in <see cref="AssumableRoles"/>. All others are
    /// for system administrators.
    /// </summary>
    public string? HostBuckets { get; set; }

    internal bool IsValid => WebIdentityEndpoint is null or ""
        || (Uri.TryCreate(WebIdentityEndpoint, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            && WebIdentityAudience is { Length: > 0 });
}
