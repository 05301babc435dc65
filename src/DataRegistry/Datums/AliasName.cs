using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace DataRegistry.Datums;

/// <summary>
/// A name that a project gives to a datum, and may give to another one later. Names are compared byte by byte.
/// </summary>
public readonly record struct AliasName
{
    public const int MaxBytes = 200;

    /// <summary>Clients put names into addresses unescaped, where these characters have a meaning.</summary>
    static readonly SearchValues<char> Special = SearchValues.Create("?#&+%:/");

    public const string Requirement = "An alias name is 1 to 200 bytes of UTF-8 without any of ? # & + % : /, control characters and "
        + "spaces at its ends; it is not a UUID, '.' or '..'.";

    static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    AliasName(string value) => Value = value;

    public string Value { get; }

    /// <summary>Whether a new alias may have this name. Aliases of former releases keep their names.</summary>
    public bool IsPlain => Value.AsSpan().IndexOfAny(Special) < 0;

    public static bool TryParse([NotNullWhen(true)] string? text, out AliasName name)
    {
        name = default;
        // A UUID would be read as a datum's id, and dots would lead a path elsewhere.
        if (string.IsNullOrWhiteSpace(text) || text.Length > MaxBytes || text is "." or ".." || text.Contains('/', StringComparison.Ordinal)
            || char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1]) || text.Any(char.IsControl) || Guid.TryParse(text, out _)
            || !Fits(text))
        {
            return false;
        }

        name = new(text);
        return true;
    }

    public override string ToString() => Value;

    // JSON can carry a lone surrogate, which is no text.
    static bool Fits(string text)
    {
        try
        {
            return StrictUtf8.GetByteCount(text) <= MaxBytes;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}
