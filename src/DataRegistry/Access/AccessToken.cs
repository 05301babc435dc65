using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace DataRegistry.Access;

/// <summary>
/// A token in its owner's form: 256 random bits after a prefix that secret scanners can find. Only <see cref="Hash"/> is kept. Because the
/// token is random, the hash needs neither salt nor slowness.
/// </summary>
public readonly record struct AccessToken
{
    public const string Prefix = "dr_";

    const int RandomBytes = 32;

    AccessToken(string text) => Text = text;

    /// <summary>Secret: shown once, never logged.</summary>
    public string Text { get; }

    /// <summary>SHA-256, 64 hex digits.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text)));

    public static AccessToken Create() => new(Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes)));

    /// <summary>False if the text cannot be a token of this service.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out AccessToken token)
    {
        var valid = text?.StartsWith(Prefix, StringComparison.Ordinal) == true
            && Base64Url.IsValid(text.AsSpan(Prefix.Length), out var length) && length == RandomBytes;
        token = valid ? new(text!) : default;
        return valid;
    }

    // The generated method would print the secret.
    public override string ToString() => Prefix + "…";
}
