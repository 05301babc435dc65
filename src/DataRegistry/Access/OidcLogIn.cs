using System.Security.Cryptography;
using System.Text;
using DataRegistry.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace DataRegistry.Access;

/// <summary>
/// Lets in whoever has a token of the identity provider of the settings. An identity (issuer and <c>sub</c>) is a user's from the first
/// time on, when a claim names that user: a name that is given to somebody else later on opens nothing.
/// </summary>
sealed class OidcLogIn(OidcKeys keys, SubjectTable subjects, AuditTrail trail, TimeProvider clock, IOptions<OidcOptions> options)
{
    const string EmailClaim = "email";
    const string NoUser = "There is no user for this token.";
    static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    public bool IsOf(JsonWebToken token) => options.Value.Issuer is { Length: > 0 } issuer && token.Issuer == issuer;

    /// <summary>The caller, or why there is none. 503 where the provider's keys cannot be had.</summary>
    public async Task<(Caller? Caller, string? Refusal)> CallerOfAsync(JsonWebToken token, HttpContext context)
    {
        var known = await keys.ForAsync(token.Kid, context.RequestAborted) ?? throw new ApiException(new ApiError.Detail(
            StatusCodes.Status503ServiceUnavailable, "The identity provider that issued this token cannot be asked for its keys. Please try again in a few seconds.")
        {
            RetryAfter = OidcKeys.AfterFailure,
        });
        var result = await Handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = options.Value.Issuer,
            ValidAudience = options.Value.Audience,
            IssuerSigningKeys = known,
            ValidAlgorithms = Algorithms,
            LifetimeValidator = IsCurrent,
        });
        if (!result.IsValid || string.IsNullOrEmpty(token.Subject))
            return (null, JwtRefusals.Of(result.Exception));
        var identity = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{token.Issuer}\n{token.Subject}")));
        var id = await subjects.FindIdentityAsync(identity, context.RequestAborted) ?? await FirstTimeAsync(token, identity, context);
        if (id is null)
            return (null, NoUser);
        return await subjects.FindRecentAsync(id.Value, context.RequestAborted) is { Disabled: false } subject
            ? (new(subject.Id, subject.Username, subject.Kind, Token: null, Projects: null), null)
            : (null, "User inactive or deleted.");
    }

    bool IsCurrent(DateTime? from, DateTime? until, SecurityToken token, TokenValidationParameters parameters) =>
        until is { } end && end > clock.GetUtcNow().UtcDateTime - ClockSkew && (from is null || from <= clock.GetUtcNow().UtcDateTime + ClockSkew);

    /// <summary>The user that the claim names takes the identity on; or one is made. Null where neither can be.</summary>
    async Task<Guid?> FirstTimeAsync(JsonWebToken token, string identity, HttpContext context)
    {
        var claim = options.Value.UserClaim;
        if (!token.TryGetPayloadValue(claim, out string? text) || !Username.TryParse(text, out var username) || username.Key == Caller.AdministratorName
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
            SubjectKind.User, username, Text(token, "name", AccessJson.MaxNameLength), Text(token, EmailClaim, UserEndpoints.MaxEmailLength), passwordHash: null, context.RequestAborted, identity);
        // Of two requests at once one makes it.
        if (made is null)
            return await subjects.FindIdentityAsync(identity, context.RequestAborted);
        await RecordAsync("user.created", made.Id);
        return made.Id;

        Task RecordAsync(string action, Guid user) => trail.RecordAsync(
            new AuditActor(username.Text, user, Token: null, context.TraceIdentifier), new(action, user.ToString("D")) { Details = new() { ["issuer"] = token.Issuer, ["sub"] = token.Subject } });
    }

    /// <summary>A claim for people to read; null where it is missing or not fit for that.</summary>
    static string? Text(JsonWebToken token, string claim, int maxLength) =>
        token.TryGetPayloadValue(claim, out string? text) && text is { Length: > 0 } && text.Length <= maxLength && !text.Any(char.IsControl) ? text : null;
}
