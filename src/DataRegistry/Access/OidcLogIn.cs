using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;

namespace DataRegistry.Access;

/// <summary>
/// Finds the user of a checked token of the identity provider. An identity (issuer and <c>sub</c>) is a user's from the first
/// time on, when a claim names that user: a name that is given to somebody else later on opens nothing.
/// </summary>
sealed class OidcLogIn(SubjectTable subjects, AuditTrail trail, IOptions<OidcOptions> options)
{
    const string EmailClaim = "email";
    const string NoUser = "There is no user for this token.";

    /// <summary>The caller, or why there is none.</summary>
    /// <param name="token">One that has been checked.</param>
    public async Task<(Caller? Caller, string? Refusal)> CallerOfAsync(JsonWebToken token, HttpContext context)
    {
        if (string.IsNullOrEmpty(token.Subject))
            return (null, JwtRefusals.Invalid);
        var identity = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{token.Issuer}\n{token.Subject}")));
        var id = await subjects.FindIdentityAsync(identity, context.RequestAborted) ?? await FirstTimeAsync(token, identity, context);
        if (id is null)
            return (null, NoUser);
        return await subjects.FindRecentAsync(id.Value, context.RequestAborted) is { Disabled: false } subject
            ? (new(subject.Id, subject.Username, subject.Kind, Token: null, Projects: null) { Credential = Credential.IdentityProvider },
                null)
            : (null, ApiTokens.Inactive);
    }

    /// <summary>The user that the claim names takes the identity on; or one is made. Null where neither can be.</summary>
    async Task<Guid?> FirstTimeAsync(JsonWebToken token, string identity, HttpContext context)
    {
        var claim = options.Value.UserClaim;
        if (!token.TryGetPayloadValue(claim, out string? text) || !Username.TryParse(text, out var username)
            || username.Key == Caller.AdministratorName
            || (claim == EmailClaim && !(token.TryGetPayloadValue("email_verified", out bool verified) && verified)))
        {
            return null;
        }

        if (await subjects.LinkAsync(username, identity, context.RequestAborted) is { } linked)
        {
            await RecordAsync("user.linked", linked);
            return linked;
        }

        // Another request with the identity may just have bound it.
        if (!options.Value.CreateUsers)
            return await subjects.FindIdentityAsync(identity, context.RequestAborted);
        var made = await subjects.CreateAsync(
            SubjectKind.User, username, Text(token, "name", AccessJson.MaxNameLength),
            Text(token, EmailClaim, UserEndpoints.MaxEmailLength), passwordHash: null, context.RequestAborted, identity);
        // Of two requests at once one makes it.
        if (made is null)
            return await subjects.FindIdentityAsync(identity, context.RequestAborted);
        await RecordAsync("user.created", made.Id);
        return made.Id;

        Task RecordAsync(string action, Guid user) => trail.RecordAsync(
            new AuditActor(username.Text, user, Token: null, context.TraceIdentifier),
            new(action, user.ToString("D")) { Details = new() { ["issuer"] = token.Issuer, ["sub"] = token.Subject } });
    }

    /// <summary>A claim for people to read; null where it is missing or not fit for that.</summary>
    static string? Text(JsonWebToken token, string claim, int maxLength) =>
        token.TryGetPayloadValue(claim, out string? text) && text is { Length: > 0 } && text.Length <= maxLength
            && !text.Any(char.IsControl) ? text : null;
}
