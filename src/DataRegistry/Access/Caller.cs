using Microsoft.AspNetCore.Http;

namespace DataRegistry.Access;

public enum SubjectKind
{
    User,
    ServiceAccount,
}

/// <summary>The caller of a request.</summary>
/// <param name="Id">The subject's.</param>
/// <param name="Name">The user name, as lists and the audit trail show it.</param>
/// <param name="Token">The token's id; null for the administrator's token of the settings and for tokens of the identity provider.</param>
/// <param name="Projects">The only projects that the token allows; null for all scopes of the subject.</param>
public sealed record Caller(Guid Id, string Name, SubjectKind Kind, Guid? Token, IReadOnlySet<Guid>? Projects)
{
    /// <summary>The kind of token that the caller signed in with.</summary>
    public Credential Credential { get; init; } = Credential.Unlimited;

    /// <summary>The administrator of the settings, a subject without a row.</summary>
    public static readonly Guid AdministratorId = Guid.Parse("0198c0de-0000-7000-8000-0000000000a1");

    public const string AdministratorName = "administrator";

    public static Caller Administrator { get; } = new(AdministratorId, AdministratorName, SubjectKind.User, Token: null, Projects: null);

    /// <summary>The caller of an authenticated request.</summary>
    public static Caller Of(HttpContext context) => ((CallerIdentity)context.User.Identity!).Caller;
}

/// <summary>The properties of the caller's token that decide which tokens the caller may create. See <see cref="TokenIssuer"/>.</summary>
/// <param name="IsLogIn">A log-in's token, or one of the identity provider.</param>
/// <param name="Expires">When it expires; null for never.</param>
/// <param name="Hash">The hash of the API token that it is, or stands for; null for none.</param>
/// <param name="Generation">The number of tokens in the chain that created it.</param>
public sealed record Credential(bool IsLogIn, DateTimeOffset? Expires, string? Hash, int Generation)
{
    /// <summary>A token that never expires. Tokens that it creates do not depend on it.</summary>
    public static Credential Unlimited { get; } = new(IsLogIn: false, Expires: null, Hash: null, Generation: 0);

    /// <summary>Tokens of the identity provider expire within hours. Tokens that they create do not depend on them.</summary>
    public static Credential IdentityProvider { get; } = Unlimited with { IsLogIn = true };

    /// <summary>Whether the tokens that it creates end with it.</summary>
    public bool Binds => !IsLogIn && Expires is not null;
}
