using System.Security.Cryptography;

namespace DataRegistry.Access;

/// <summary>Settings <c>Access__…</c>.</summary>
public sealed class AccessOptions
{
    public const string Section = "Access";

    /// <summary>The fewest characters of the token. A password generator gives as many, a memorable password has fewer.</summary>
    public const int MinTokenLength = 20;

    /// <summary>https://www.rfc-editor.org/rfc/rfc7518#section-3.2</summary>
    const int MinSigningKeyBytes = 32;

    /// <summary>
    /// How long a process caches subjects and roles. A change by another process takes effect within this time.
    /// </summary>
    public static readonly TimeSpan CachedFor = TimeSpan.FromSeconds(15);

    /// <summary>The bootstrap administrator's token; without it that administrator cannot sign in. Keep it in a secret store.</summary>
    public string? AdministratorToken { get; set; }

    /// <summary>
    /// The most failed log-ins of a user name in a window; 429 beyond. An address has <see cref="LogInFailuresPerAddress"/>.
    /// </summary>
    public int LogInFailures { get; set; } = 10;

    public int LogInFailuresPerAddress { get; set; } = 100;

    /// <summary>Length of that window.</summary>
    public int LogInWindowSeconds { get; set; } = 900;

    /// <summary>The lifetime of a token that a log-in with a password creates.</summary>
    public int LogInTokenHours { get; set; } = 720;

    /// <summary>
    /// The entry of <c>X-Forwarded-For</c> that is the client, counted from the end, if the request came through a proxy of this machine
    /// (such as the Functions host): 1 on Azure, one more for each proxy before it, 0 to never believe the header.
    /// </summary>
    public int ForwardedHops { get; set; } = 1;

    /// <summary>
    /// Signs the tokens that clients get for their credentials: at least 32 bytes in base64. Every instance has the same key. A new key
    /// ends all of these tokens. An empty key is derived from the key of the stores' secrets.
    /// </summary>
    public string? SigningKey { get; set; }

    /// <summary>The lifetime of such a token.</summary>
    public int ClientTokenMinutes { get; set; } = 60;

    /// <summary>The longest life, in days, of a token that a log-in token or a token of the identity provider makes.</summary>
    public int MaxTokenDays { get; set; } = 366;

    /// <summary>The signing key's bytes; null if there is none or it is too short.</summary>
    internal byte[]? SigningKeyBytes()
    {
        var buffer = new byte[SigningKey?.Length ?? 0];
        return Convert.TryFromBase64String(SigningKey ?? "", buffer, out var length) && length >= MinSigningKeyBytes
            ? buffer[..length]
            : null;
    }

    /// <summary>Derives a key from another secret if none is set. The key does not reveal that secret.</summary>
    internal void DeriveSigningKey(string? secret)
    {
        var bytes = new byte[MinSigningKeyBytes];
        if (string.IsNullOrEmpty(SigningKey) && Convert.TryFromBase64String(secret ?? "", bytes, out var length) && length == bytes.Length)
            SigningKey = Convert.ToBase64String(
                HKDF.DeriveKey(HashAlgorithmName.SHA256, bytes, MinSigningKeyBytes, info: "data-registry client tokens"u8.ToArray()));
    }

    internal bool IsValid =>
        LogInFailures > 0 && LogInFailuresPerAddress > 0 && LogInWindowSeconds > 0 && LogInTokenHours is > 0 and <= 100 * 365 * 24
        && ForwardedHops >= 0
        && ClientTokenMinutes is > 0 and <= 24 * 60 && MaxTokenDays is > 0 and <= 100 * 365
        && (string.IsNullOrEmpty(SigningKey) || SigningKeyBytes() is not null);
}
