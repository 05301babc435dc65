using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace DataRegistry.Access;

/// <summary>
/// The JWTs that clients get for their credentials: short-lived stand-ins for the API token that was the secret. They hold its hash, and
/// every request looks that up: so they end with it, at once, and allow what it allows.
/// </summary>
sealed class SignedTokens(TimeProvider clock, IOptions<AccessOptions> options)
{
    /// <summary>Issuer and audience: nobody else's business.</summary>
    public const string Issuer = "data-registry";

    const string HashClaim = "token";

    static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    readonly SymmetricSecurityKey? key = options.Value.SigningKeyBytes() is { } bytes ? new(bytes) : null;

    /// <summary>False where there is no key: then there are no such tokens.</summary>
    public bool IsPossible => key is not null;

    /// <summary>A JWT for an API token, and in how many seconds it is over: not later than that one.</summary>
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

    /// <summary>The hash of the API token that it stands for; or null, and why it is not taken.</summary>
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

/// <summary>Why a JWT is 401.</summary>
static class JwtRefusals
{
    public const string Invalid = "Invalid token.";
    public const string UnknownIssuer = "Issuer is not familiar.";

    public static string Of(Exception? fault) =>
        fault is SecurityTokenInvalidLifetimeException ? "The token has expired, or is not valid yet." : Invalid;
}
