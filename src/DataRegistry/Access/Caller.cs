using Microsoft.AspNetCore.Http;

namespace DataRegistry.Access;

public enum SubjectKind
{
    User,
    ServiceAccount,
}

/// <summary>Who makes a request.</summary>
/// <param name="Id">The subject's.</param>
/// <param name="Name">The user name, as lists and the audit trail show it.</param>
/// <param name="Token">The token's id; null for the administrator's from the settings, and for one of the identity provider.</param>
/// <param name="Projects">The only projects that the token is good for; null for all of the subject's scopes.</param>
public sealed record Caller(Guid Id, string Name, SubjectKind Kind, Guid? Token, IReadOnlySet<Guid>? Projects)
{
    /// <summary>The subject that is no row: whoever has the token of the settings.</summary>
    public static readonly Guid AdministratorId = Guid.Parse("0198c0de-0000-7000-8000-0000000000a1");

    public const string AdministratorName = "administrator";

    public static Caller Administrator { get; } = new(AdministratorId, AdministratorName, SubjectKind.User, Token: null, Projects: null);

    /// <summary>The caller of an authenticated request.</summary>
    public static Caller Of(HttpContext context) => ((CallerIdentity)context.User.Identity!).Caller;
}
