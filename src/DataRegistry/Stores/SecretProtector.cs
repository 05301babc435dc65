using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace DataRegistry.Stores;

/// <summary>
/// Encrypts secrets for their rows: AES-256-GCM, a fresh nonce each, bound to their owners, as base64 of <c>nonce ‖ tag ‖ text</c>.
/// </summary>
public sealed class SecretProtector
{
    const int NonceBytes = 12;
    const int TagBytes = 16;

    readonly IOptions<StoreOptions> options;
    readonly string? purpose;

    public SecretProtector(IOptions<StoreOptions> options) => this.options = options;

    SecretProtector(SecretProtector protector, string purpose) => (options, this.purpose) = (protector.options, purpose);

    /// <summary>False while the setting holds none: then nothing can be encrypted.</summary>
    public bool HasKey => options.Value.SecretKey is { Length: > 0 };

    /// <summary>Encrypts with a key of its own, which is derived from the setting and from which the setting cannot be told.</summary>
    public SecretProtector For(string name) => new(this, name);

    /// <param name="owner">What the secret belongs to; a row's text copied to another row does not decrypt there.</param>
    public string Protect(string secret, string owner)
    {
        var clear = Encoding.UTF8.GetBytes(secret);
        var sealedBytes = new byte[NonceBytes + TagBytes + clear.Length];
        var nonce = sealedBytes.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(Key(), TagBytes);
        aes.Encrypt(
            nonce, clear, sealedBytes.AsSpan(NonceBytes + TagBytes), sealedBytes.AsSpan(NonceBytes, TagBytes),
            Encoding.UTF8.GetBytes(owner));
        return Convert.ToBase64String(sealedBytes);
    }

    /// <exception cref="InvalidOperationException">The key is not the one that encrypted it.</exception>
    /// <exception cref="FormatException">The text is nothing that was encrypted here.</exception>
    public string Unprotect(string text, string owner)
    {
        var sealedBytes = Convert.FromBase64String(text).AsSpan();
        if (sealedBytes.Length < NonceBytes + TagBytes)
            throw new FormatException("Too short for an encrypted text.");
        var clear = new byte[sealedBytes.Length - NonceBytes - TagBytes];
        try
        {
            using var aes = new AesGcm(Key(), TagBytes);
            aes.Decrypt(
                sealedBytes[..NonceBytes], sealedBytes[(NonceBytes + TagBytes)..], sealedBytes.Slice(NonceBytes, TagBytes), clear,
                Encoding.UTF8.GetBytes(owner));
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new InvalidOperationException(
                "A store's secret was encrypted with another key than the setting Stores__SecretKey holds now, or for another endpoint, "
                    + "access key or role than the store has. Put the old key back, or enter the secret again.", e);
        }

        return Encoding.UTF8.GetString(clear);
    }

    byte[] Key()
    {
        Span<byte> key = stackalloc byte[32];
        if (!Convert.TryFromBase64String(options.Value.SecretKey ?? "", key, out var length) || length != key.Length)
            throw new InvalidOperationException("The setting Stores__SecretKey must hold 32 bytes in base64: openssl rand -base64 32.");
        return purpose is null
            ? key.ToArray()
            : HKDF.DeriveKey(HashAlgorithmName.SHA256, key.ToArray(), key.Length, info: Encoding.UTF8.GetBytes($"data-registry {purpose}"));
    }
}
