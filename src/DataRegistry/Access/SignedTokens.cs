using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace DataRegistry.Access;

/// <summary>
/// The JWTs that clients get for their credentials. Each is a short-lived substitute for the API token that was the secret. It holds the
/// hash of the token, and every request looks that up. So a JWT ends with its token at once, and allows the same.
/// </summary>
sealed class SignedTokens(TimeProvider clock, IOptions<AccessOptions> options)
{
    /// <summary>The issuer and the audience. Only this service reads them.</summary>
    public const string Issuer = "data-registry";

    const string HashClaim = "token";

    static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    readonly SymmetricSecurityKey? key = options.Value.SigningKeyBytes() is { } bytes ? new(bytes) : null;

    /// <summary>False if there is no key, and so no such token.</summary>
    public bool IsPossible => key is not null;

    /// <summary>A JWT for an API token, and its lifetime in seconds. It ends no later than the API token.</summary>
    public (string Text, int ExpiresIn) Create(TokenRow token)
    {
        // Times in a JWT are whole seconds.
        var now = DateTimeOffset.FromUnixTimeSeconds(clock.GetUtcNow().ToUnixTimeSeconds());
        var expires = now.AddMinutes(options.Value.ClientTokenMinutes);
        if (token.Expires < expires)
            expires = token.Expires.Value;
        var text = Handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Issuer,
            IssuedAt = now.UtcDateTime,
            Expires = expires.UtcDateTime,
            Claims = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                [JwtRegisteredClaimNames.Sub] = token.Subject.ToString("D"),
                [HashClaim] = token.RowKey,
            },
            SigningCredentials = new(key ?? throw new InvalidOperationException("There is no signing key."), SecurityAlgorithms.HmacSha256),
        });
        return (text, (int)(expires - now).TotalSeconds);
    }

    /// <summary>The hash of the API token that the JWT stands for; or null, and the reason of its refusal.</summary>
    public async Task<(string? Hash, string? Refusal)> ReadAsync(JsonWebToken token)
    {
        if (key is null)
            return (null, JwtRefusals.Invalid);
        var result = await Handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = Issuer,
            ValidAudience = Issuer,
            IssuerSigningKey = key,
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            LifetimeValidator = (_, expires, _, _) => expires > clock.GetUtcNow().UtcDateTime,
        });
        return result.IsValid && token.TryGetPayloadValue(HashClaim, out string hash)
            ? (hash, null)
            : (null, JwtRefusals.Of(result.Exception));
    }
}

/// <summary>The reason why a JWT is 401.</summary>
static class JwtRefusals
{
    public const string Invalid = "Invalid token.";
    public const string UnknownIssuer = "Issuer is not familiar.";

    public static string Of(Exception? fault) =>
        fault is SecurityTokenInvalidLifetimeException ? "The token has expired, or is not valid yet." : Invalid;
}
