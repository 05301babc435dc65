using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;

namespace DataRegistry.Access;

/// <summary>
/// Finds the caller of a token of this service: the administrator's token of the settings, an API token, or a JWT for an API token. A
/// revoked token and its JWTs stop working at once. Those of a disabled subject stop within <see cref="AccessOptions.CachedFor"/>.
/// </summary>
sealed class ApiTokens(TokenTable tokens, SubjectTable subjects, SignedTokens signed, IOptions<AccessOptions> options)
{
    public const string Inactive = "User inactive or deleted.";

    readonly byte[]? administrator = options.Value.AdministratorToken is { Length: > 0 } token
        ? Hash(token.Length >= AccessOptions.MinTokenLength ? token : throw new InvalidOperationException(
            $"The setting Access__AdministratorToken has fewer than {AccessOptions.MinTokenLength} characters. Generate a longer one."))
        : null;

    /// <summary>The caller, or the reason why there is none.</summary>
    public async Task<(Caller? Caller, string? Refusal)> CallerOfAsync(string text, CancellationToken cancellationToken)
    {
        if (administrator is not null && CryptographicOperations.FixedTimeEquals(Hash(text), administrator))
            return (Caller.Administrator, null);
        if (!RequestToken.IsJwt(text))
            return AccessToken.TryParse(text, out var token)
                ? await CallerOfTokenAsync(token.Hash, jwt: null, cancellationToken)
                : (null, JwtRefusals.Invalid);
        if (RequestToken.ReadJwt(text) is not { } jwt)
            return (null, JwtRefusals.Invalid);
        if (jwt.Issuer != SignedTokens.Issuer)
            return (null, JwtRefusals.UnknownIssuer);
        var (hash, refusal) = await signed.ReadAsync(jwt);
        return hash is null ? (null, refusal) : await CallerOfTokenAsync(hash, jwt, cancellationToken);
    }

    /// <param name="jwt">The JWT for the token; null if the request has the token itself.</param>
    async Task<(Caller? Caller, string? Refusal)> CallerOfTokenAsync(string hash, JsonWebToken? jwt, CancellationToken cancellationToken)
    {
        if (await tokens.FindAsync(hash, cancellationToken) is not { } row)
            return (null, JwtRefusals.Invalid);
        // Tokens of the administrator of the settings end with the setting.
        if (row.Subject == Caller.AdministratorId && administrator is null)
            return (null, Inactive);
        var subject = row.Subject == Caller.AdministratorId ? null : await subjects.FindRecentAsync(row.Subject, cancellationToken);
        if (row.Subject != Caller.AdministratorId && subject is not { Disabled: false })
            return (null, Inactive);
        await tokens.NoteUseAsync(row, cancellationToken);
        return (new(
            row.Subject, subject?.Username ?? Caller.AdministratorName, subject?.Kind ?? SubjectKind.User, row.Id, row.ProjectIds())
        {
            Credential = new(row.LogIn == true && jwt is null,
                jwt is null ? row.Expires : new DateTimeOffset(jwt.ValidTo, TimeSpan.Zero), row.RowKey, row.Generation ?? 0),
        }, null);
    }

    static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
