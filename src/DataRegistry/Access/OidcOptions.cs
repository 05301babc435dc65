namespace DataRegistry.Access;

/// <summary>Settings <c>Oidc__…</c>: the identity provider, whose tokens are accepted beside our own.</summary>
public sealed class OidcOptions
{
    public const string Section = "Oidc";

    /// <summary>
    /// The issuer, exactly as its tokens and its discovery document name it. Without it only our own tokens are accepted. It has https,
    /// except on this machine.
    /// </summary>
    public string? Issuer { get; set; }

    /// <summary>The audience of its tokens for this service.</summary>
    public string? Audience { get; set; }

    /// <summary>
    /// The claim that names the user of a new identity. From then on the identity (issuer and <c>sub</c>) counts, and no other identity
    /// is that user. <c>email</c> counts only if the provider says that it is verified.
    /// </summary>
    public string UserClaim { get; set; } = "preferred_username";

    /// <summary>Whether a new name creates a user without roles. Otherwise it is 401.</summary>
    public bool CreateUsers { get; set; }

    /// <summary>The time within which the provider has to send its keys.</summary>
    public int TimeoutSeconds { get; set; } = 5;

    internal bool IsValid => TimeoutSeconds is > 0 and <= 60 && !string.IsNullOrEmpty(UserClaim)
        && (string.IsNullOrEmpty(Issuer) || (!string.IsNullOrEmpty(Audience) && Uri.TryCreate(Issuer, UriKind.Absolute, out var uri)
            && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))));
}
