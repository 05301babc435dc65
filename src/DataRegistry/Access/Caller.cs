using Microsoft.AspNetCore.Http;

namespace DataRegistry.Access;

public enum SubjectKind
{
    User,
    ServiceAccount,
}

/// <summary>The subject of a request.</summary>
/// <param name="Id">The subject's id.</param>
/// <param name="Name">The user name, as lists and the audit trail show it.</param>
/// <param name="Token">The token's id; null for the administrator's from the settings, and for one of the identity
/// provider.</param>
/// <param name="Projects">The only projects that the token is valid for; null for all of the subject's scopes.</param>
public sealed record Caller(Guid Id, string Name, SubjectKind Kind, Guid? Token, IReadOnlySet<Guid>? Projects)
{
    /// <summary>The credential that the caller signed in with.</summary>
    public Credential Credential { get; init; } = Credential.Unlimited;

    /// <summary>The subject without a row: the bearer of the settings' token.</summary>
    public static readonly Guid AdministratorId = Guid.Parse("0198c0de-0000-7000-8000-0000000000a1");

    public const string AdministratorName = "administrator";

    public static Caller Administrator { get; } = new(AdministratorId, AdministratorName, SubjectKind.User, Token: null, Projects: null);

    /// <summary>The caller of an authenticated request.</summary>
    public static Caller Of(HttpContext context) => ((CallerIdentity)context.User.Identity!).Caller;
}

/// <summary>The facts about a credential that decide which tokens the caller may make. See <see cref="TokenIssuer"/>.</summary>
/// <param name="IsLogIn">A log-in's token, or one of the identity provider.</param>
/// <param name="Expires">When it ends; null for never.</param>
/// <param name="Hash">Of the API token that it is, or stands for; null for none.</param>
/// <param name="Generation">The number of tokens in the chain that made this one.</param>
public sealed record Credential(bool IsLogIn, DateTimeOffset? Expires, string? Hash, int Generation)
{
    /// <summary>It never ends, and no other token goes with it.</summary>
    public static Credential Unlimited { get; } = new(IsLogIn: false, Expires: null, Hash: null, Generation: 0);

    /// <summary>The identity provider's own tokens end within hours; tokens that are made with them do not go with them.</summary>
    public static Credential IdentityProvider { get; } = Unlimited with { IsLogIn = true };

    /// <summary>Whether the tokens that are made with it go with it.</summary>
    public bool Binds => !IsLogIn && Expires is not null;
}
