using System.Globalization;
using DataRegistry.Stores;
using Microsoft.AspNetCore.WebUtilities;

namespace DataRegistry.Datums;

/// <summary>
/// A token that lets its bearer read one datum's bytes from the registry until it expires. It is its expiry, sealed
/// with a key that seals nothing else. The registry does not store it.
/// </summary>
sealed class ContentTokens(SecretProtector secrets, TimeProvider clock)
{
    readonly SecretProtector protector = secrets.For("content tokens");

    /// <summary>Whether there is a key to seal with.</summary>
    public bool CanCreate => protector.HasKey;

    public string Create(DatumId datum, TimeSpan expiry) => Create(OwnerOf(datum), expiry);

    /// <param name="owner">Identifies the datum that may be read.</param>
    public string Create(string owner, TimeSpan expiry) => WebEncoders.Base64UrlEncode(Convert.FromBase64String(
        protector.Protect((clock.GetUtcNow() + expiry).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), owner)));

    public bool IsGood(DatumId datum, string? token) => IsGood(OwnerOf(datum), token);

    /// <summary>False if the token is of another owner, expired or malformed.</summary>
    public bool IsGood(string owner, string? token)
    {
        // 12 bytes of nonce, 16 of tag, 10 digits; a much longer text is no token of ours.
        if (token is not { Length: > 0 and < 200 } || !CanCreate)
            return false;
        try
        {
            var until = protector.Unprotect(Convert.ToBase64String(WebEncoders.Base64UrlDecode(token)), owner);
            return long.Parse(until, CultureInfo.InvariantCulture) > clock.GetUtcNow().ToUnixTimeSeconds();
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            return false;
        }
    }

    static string OwnerOf(DatumId datum) => $"content of {datum}";
}
