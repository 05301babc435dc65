namespace DataRegistry.Access;

/// <summary>Settings <c>Oidc__…</c>: the identity provider whose tokens are taken beside our own.</summary>
public sealed class OidcOptions
{
    public const string Section = "Oidc";

    /// <summary>
    /// Exactly as its tokens and its discovery document name it; without it, no others' tokens are taken. By https, but on this machine.
    /// </summary>
    public string? Issuer { get; set; }

    /// <summary>The audience of its tokens for this service.</summary>
    public string? Audience { get; set; }

    /// <summary>
    /// The claim that names a user when its identity comes for the first time; from then on the identity (issuer and <c>sub</c>) counts,
    /// and
    /// no other gets in as this user. <c>email</c> counts only where the provider says that it is verified.
    /// </summary>
    public string UserClaim { get; set; } = "preferred_username";

    /// <summary>Whether a user is made, without roles, for an identity whose name no user has; otherwise it is 401.</summary>
    public bool CreateUsers { get; set; }

    /// <summary>How long the provider may take to tell its keys.</summary>
    public int TimeoutSeconds { get; set; } = 5;

    internal bool IsValid => TimeoutSeconds is > 0 and <= 60 && !string.IsNullOrEmpty(UserClaim)
        && (string.IsNullOrEmpty(Issuer) || (!string.IsNullOrEmpty(Audience) && Uri.TryCreate(Issuer, UriKind.Absolute, out var uri)
            && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))));
}
