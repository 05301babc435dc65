using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;

namespace DataRegistry.Access;

/// <summary>
/// Finds the user of a valid token of the identity provider. The first token of an identity (issuer and <c>sub</c>) binds it to the user
/// that a claim names. A later owner of the same name gets no access.
/// </summary>
sealed class OidcLogIn(SubjectTable subjects, AuditTrail trail, IOptions<OidcOptions> options)
{
    const string EmailClaim = "email";
    const string NoUser = "There is no user for this token.";

    /// <summary>The caller, or the reason why there is none.</summary>
    /// <param name="token">A valid token.</param>
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

    /// <summary>Binds the identity to the user that the claim names, or creates one. Null if neither is possible.</summary>
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
        // A concurrent request may have created it.
        if (made is null)
            return await subjects.FindIdentityAsync(identity, context.RequestAborted);
        await RecordAsync("user.created", made.Id);
        return made.Id;

        Task RecordAsync(string action, Guid user) => trail.RecordAsync(
            new AuditActor(username.Text, user, Token: null, context.TraceIdentifier),
            new(action, user.ToString("D")) { Details = new() { ["issuer"] = token.Issuer, ["sub"] = token.Subject } });
    }

    /// <summary>A claim for people; null if it is missing or unreadable.</summary>
    static string? Text(JsonWebToken token, string claim, int maxLength) =>
        token.TryGetPayloadValue(claim, out string? text) && text is { Length: > 0 } && text.Length <= maxLength
            && !text.Any(char.IsControl) ? text : null;
}
