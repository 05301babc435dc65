using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DataRegistry.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace DataRegistry.Access;

/// <summary>
/// Lets requests in by <c>Authorization: Token …</c> or <c>Bearer …</c>, alike, with an API token, a JWT that was got for one, or a JWT of
/// the identity provider of the settings; anything else is 401. A revoked token is of no use at once, and neither is a JWT that was
/// got for it; a disabled subject's within <see cref="AccessOptions.CachedFor"/>.
/// </summary>
sealed class Authentication(TokenTable tokens, SubjectTable subjects, SignedTokens signed, OidcLogIn oidc, RateLimits limits, IOptions<AccessOptions> options) : IEndpointFilter
{
    /// <summary>No token that anybody needs is longer.</summary>
    const int MaxLength = 16 * 1024;

    const int JwtDots = 2;

    const string Inactive = "User inactive or deleted.";

    static readonly string[] Schemes = ["Token ", "Bearer "];

    readonly byte[]? administrator = options.Value.AdministratorToken is { Length: > 0 } token
        ? Hash(token.Length >= AccessOptions.MinTokenLength ? token : throw new InvalidOperationException(
            $"The setting Access__AdministratorToken has fewer than {AccessOptions.MinTokenLength} characters. Generate a longer one."))
        : null;

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var (caller, refusal) = await AuthenticateAsync(context.HttpContext);
        if (caller is null)
        {
            context.HttpContext.Response.Headers.WWWAuthenticate = V1ErrorBody.IsFor(context.HttpContext.Request) ? "Bearer" : "Token";
            throw new ApiException(new ApiError.Detail(StatusCodes.Status401Unauthorized, refusal!));
        }

        await limits.AdmitAsync(context.HttpContext, caller);
        return await next(context);
    }

    /// <summary>The caller, from now on also <see cref="Caller.Of"/> the context, or why there is none.</summary>
    /// <exception cref="ApiException">The address has come too often without a good token.</exception>
    public async Task<(Caller? Caller, string? Refusal)> AuthenticateAsync(HttpContext context)
    {
        limits.RequireStrangersTurn(context);
        var header = context.Request.Headers.Authorization.ToString();
        var scheme = Array.Find(Schemes, s => header.StartsWith(s, StringComparison.OrdinalIgnoreCase));
        var (caller, refusal) = scheme is null ? (null, "Authentication credentials were not provided.") : await CallerOfAsync(header[scheme.Length..].Trim(), context);
        if (caller is null)
            await limits.CountRefusalAsync(context);
        else
            context.Items[typeof(Caller)] = caller;
        return (caller, refusal);
    }

    async Task<(Caller? Caller, string? Refusal)> CallerOfAsync(string text, HttpContext context)
    {
        if (administrator is not null && CryptographicOperations.FixedTimeEquals(Hash(text), administrator))
            return (Caller.Administrator, null);
        if (text.Length <= MaxLength && text.Count(c => c == '.') == JwtDots)
            return await CallerOfJwtAsync(text, context);
        return AccessToken.TryParse(text, out var token) ? await CallerOfTokenAsync(token.Hash, context.RequestAborted) : (null, JwtRefusals.Invalid);
    }

    async Task<(Caller? Caller, string? Refusal)> CallerOfJwtAsync(string text, HttpContext context)
    {
        JsonWebToken jwt;
        try
        {
            jwt = new(text);
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or JsonException or FormatException)
        {
            return (null, JwtRefusals.Invalid);
        }

        if (oidc.IsOf(jwt))
            return await oidc.CallerOfAsync(jwt, context);
        if (jwt.Issuer != SignedTokens.Issuer)
            return (null, JwtRefusals.UnknownIssuer);
        var (hash, refusal) = await signed.ReadAsync(jwt);
        return hash is null ? (null, refusal) : await CallerOfTokenAsync(hash, context.RequestAborted);
    }

    async Task<(Caller? Caller, string? Refusal)> CallerOfTokenAsync(string hash, CancellationToken cancellationToken)
    {
        if (await tokens.FindAsync(hash, cancellationToken) is not { } row)
            return (null, JwtRefusals.Invalid);
        // Tokens that the administrator made for itself go with the setting.
        if (row.Subject == Caller.AdministratorId && administrator is null)
            return (null, Inactive);
        var subject = row.Subject == Caller.AdministratorId ? null : await subjects.FindRecentAsync(row.Subject, cancellationToken);
        if (row.Subject != Caller.AdministratorId && subject is not { Disabled: false })
            return (null, Inactive);
        await tokens.NoteUseAsync(row, cancellationToken);
        return (new(row.Subject, subject?.Username ?? Caller.AdministratorName, subject?.Kind ?? SubjectKind.User, row.Id, row.ProjectIds()), null);
    }

    static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
