using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace DataRegistry.Storage;

/// <summary>
/// Any string as a row key. Rows sort like the strings by their UTF-8 bytes, which is the order of S3's lists. Each byte
/// becomes the character U+0100 + byte: row keys may not hold <c>/ \ # ?</c> or controls, and UTF-16 sorts surrogates
/// before U+E000 where UTF-8 sorts them last.
/// </summary>
/// <remarks>
/// A key over <see cref="MaxClearBytes"/> keeps its first 480 bytes, followed by U+0200 and a hash of the whole key. That is at most
/// 511 characters: the emulator refuses row keys over 512, and Azure does not say whether its 1 KiB counts characters or bytes of
/// UTF-16. Such a key sorts directly after its prefix. Keys with the same prefix sort by the hash, so readers sort them by the clear
/// key, which a column holds.
/// </remarks>
public static class OrderedKey
{
    /// <summary>Bytes of UTF-8 up to which the order is exact.</summary>
    public const int MaxClearBytes = 480;

    /// <summary>Characters of the longest encoded key: the prefix, a separator and 15 bytes of SHA-256 in hex.</summary>
    public const int MaxLength = MaxClearBytes + 1 + (2 * HashBytes);

    const char FirstByte = '\u0100';
    const char HashMark = '\u0200';
    const int HashBytes = 15;

    static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="ArgumentException">The key holds half of a surrogate pair, so it is not text.</exception>
    public static string Encode(string key)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(Utf8.GetMaxByteCount(key.Length));
        try
        {
            var length = Utf8.GetBytes(key, bytes);
            return length <= MaxClearBytes
                ? string.Create(length, bytes, static (row, clear) => Widen(clear, row))
                : string.Create(MaxLength, (bytes, length), static (row, clear) => EncodeLong(clear.bytes.AsSpan(0, clear.length), row));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>
    /// Whether the row key stands for a key over <see cref="MaxClearBytes"/>. Readers sort its group by the clear keys. The rows of a
    /// group are neighbours: they share the first <see cref="MaxClearBytes"/> + 1 characters.
    /// </summary>
    public static bool IsHashed(string rowKey) => rowKey.Length == MaxLength && rowKey[MaxClearBytes] == HashMark;

    /// <summary>A bound after the last row of a hashed key's group and before every later row.</summary>
    public static string EndOfGroup(string rowKey) => $"{rowKey.AsSpan(0, MaxClearBytes + 1)}g";

    /// <summary>
    /// The order of clear keys by UTF-8 bytes, without encoding them. Code units compare alike except that surrogates,
    /// which stand for the highest characters, come after U+E000 to U+FFFF.
    /// </summary>
    public static int Compare(string? a, string? b)
    {
        if (a is null || b is null)
        {
            return string.CompareOrdinal(a, b);
        }

        var common = a.AsSpan().CommonPrefixLength(b);
        return common == a.Length || common == b.Length
            ? a.Length.CompareTo(b.Length)
            : Weight(a[common]).CompareTo(Weight(b[common]));
    }

    /// <summary><see cref="Compare"/> for sorting.</summary>
    public static IComparer<string> Comparer { get; } = Comparer<string>.Create(Compare);

    static int Weight(char unit) => char.IsSurrogate(unit) ? unit + 0x10000 : unit;

    static void EncodeLong(ReadOnlySpan<byte> clear, Span<char> row)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(clear, hash);
        Widen(clear, row[..MaxClearBytes]);
        row[MaxClearBytes] = HashMark;
        Convert.TryToHexStringLower(hash[..HashBytes], row[(MaxClearBytes + 1)..], out _);
    }

    static void Widen(ReadOnlySpan<byte> bytes, Span<char> row)
    {
        for (var i = 0; i < row.Length; i++)
        {
            row[i] = (char)(FirstByte + bytes[i]);
        }
    }
}
