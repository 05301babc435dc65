using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace DataRegistry.Stores;

/// <summary>
/// Encrypts secrets for table rows with AES-256-GCM. Each has a fresh nonce and is bound to its owner. The text is
/// base64 of <c>nonce ‖ tag ‖ ciphertext</c>.
/// </summary>
public sealed class SecretProtector
{
    const int NonceBytes = 12;
    const int TagBytes = 16;

    readonly IOptions<StoreOptions> options;
    readonly string? purpose;

    public SecretProtector(IOptions<StoreOptions> options) => this.options = options;

    SecretProtector(SecretProtector protector, string purpose) => (options, this.purpose) = (protector.options, purpose);

    /// <summary>False if the setting is empty: then nothing can be encrypted.</summary>
    public bool HasKey => options.Value.SecretKey is { Length: > 0 };

    /// <summary>
    /// A protector with a key of its own, derived from the setting's key. The setting cannot be computed from it.
    /// </summary>
    public SecretProtector For(string name) => new(this, name);

    /// <param name="owner">The row that the secret belongs to. The text does not decrypt for another owner.</param>
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

    /// <exception cref="InvalidOperationException">Another key encrypted it.</exception>
    /// <exception cref="FormatException">The text was not encrypted by this class.</exception>
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
                "A store's secret was encrypted with another key than the present setting Stores__SecretKey, or for another endpoint, "
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
