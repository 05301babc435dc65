using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace DataRegistry.Stores.S3;

/// <summary>A document of S3 as bytes, before the SDK parses it.</summary>
static class S3Document
{
    /// <summary>A page of 1000 keys of 1024 bytes, all encoded, takes about 4 MB.</summary>
    public const int MaxBytes = 8 << 20;

    /// <summary>
    /// The most tags of a page: an entry of S3 has some 15 elements, each with two tags. More tags would make more
    /// objects than the bytes suggest.
    /// </summary>
    public const int MaxTags = 64 * (ListRequest.PageKeys + 1);

    /// <summary>Replaces characters that XML 1.0 cannot carry. It is a noncharacter of Unicode, but valid in XML.</summary>
    const char Damage = '\uFDD0';

    static readonly SearchValues<byte> Controls = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]);

    static readonly SearchValues<byte> Suspects = SearchValues.Create(
        [.. Enumerable.Range(0, 256).Where(b => b == '&' || b >= 0x80 || (b < ' ' && b is not (9 or 10 or 13))).Select(b => (byte)b)]);

    static readonly SearchValues<byte> NameEnds = SearchValues.Create(" \t\r\n/>"u8);

    /// <summary>Whether a text contains replaced characters. The original is lost.</summary>
    public static bool IsDamaged(string text) => text.Contains(Damage, StringComparison.Ordinal);

    /// <summary>The local name of the first element; empty if there is none.</summary>
    public static string Root(ReadOnlySpan<byte> document)
    {
        while (document.IndexOf((byte)'<') is >= 0 and var at)
        {
            document = document[(at + 1)..];
            if (document.StartsWith("!--"u8))
            {
                if (document.IndexOf("-->"u8) is not (>= 0 and var end))
                    return "";
                document = document[end..];
            }
            else if (document.Length > 0 && document[0] is not ((byte)'?' or (byte)'!'))
            {
                var end = document.IndexOfAny(NameEnds);
                var name = document[..(end < 0 ? 0 : Math.Min(end, 100))];
                return Encoding.UTF8.GetString(name[(name.IndexOf((byte)':') + 1)..]);
            }
        }

        return "";
    }

    /// <summary>
    /// Whether the answer is a listing of version 1, although version 2 was requested. It has a marker, which version 2
    /// does not have, and no count.
    /// </summary>
    public static bool IsVersion1(ReadOnlySpan<byte> listing) =>
        (listing.IndexOf("<Marker"u8) >= 0 || listing.IndexOf("<NextMarker"u8) >= 0) && listing.IndexOf("<KeyCount"u8) < 0
            && listing.IndexOf("ContinuationToken>"u8) < 0;

    /// <summary>
    /// The same document without bytes that XML cannot hold; null if there are none. Characters that XML 1.0 does not
    /// allow (U+FFFE, U+FFFF and controls) become <see cref="IsDamaged"/> texts: Ceph writes markers as they are, even
    /// if it encodes keys. So do bytes that are no UTF-8. In a document with encoded keys, the replacements are encoded
    /// too. An ampersand that begins no reference stands for itself. A reference to such a character (&amp;#x1;) is
    /// read as usual.
    /// </summary>
    public static byte[]? Repaired(ReadOnlySpan<byte> document)
    {
        if (document.IndexOfAny(Controls) < 0 && document.IndexOf("\uFFFF"u8) < 0 && document.IndexOf("\uFFFE"u8) < 0
            && Utf8.IsValid(document) && AreReferences(document))
            return null;
        var encoded = document.IndexOf("<EncodingType>url<"u8) >= 0;
        var repaired = new ArrayBufferWriter<byte>(document.Length + 64);
        while (document.Length > 0)
        {
            var length = DamageAt(document, out var isText);
            if (length == 0)
            {
                var next = document[1..].IndexOfAny(Suspects) is >= 0 and var at ? at + 1 : document.Length;
                repaired.Write(document[..next]);
                document = document[next..];
                continue;
            }

            if (document[0] == (byte)'&')
                repaired.Write("&amp;"u8);
            else if (isText || !encoded)
                repaired.Write("\uFDD0"u8);
            else
                repaired.Write(Encoding.ASCII.GetBytes(string.Concat(document[..length].ToArray().Select(b => $"%{b:X2}"))));
            document = document[length..];
        }

        return repaired.WrittenSpan.ToArray();
    }

    /// <summary>The number of bytes at the beginning to replace; 0 if none.</summary>
    /// <param name="isText">The bytes are a character that XML does not allow.</param>
    static int DamageAt(ReadOnlySpan<byte> text, out bool isText)
    {
        isText = true;
        if (Controls.Contains(text[0]))
            return 1;
        if (text[0] == (byte)'&')
            return IsReference(text) ? 0 : 1;
        if (text.StartsWith("\uFFFF"u8) || text.StartsWith("\uFFFE"u8))
            return 3;
        isText = false;
        return text[0] >= 0x80 && Rune.DecodeFromUtf8(text, out _, out var length) != OperationStatus.Done ? length : 0;
    }

    static bool AreReferences(ReadOnlySpan<byte> document)
    {
        while (document.IndexOf((byte)'&') is >= 0 and var at)
        {
            document = document[at..];
            if (!IsReference(document))
                return false;
            document = document[1..];
        }

        return true;
    }

    /// <summary>One of the five names, or a number.</summary>
    static bool IsReference(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("&quot;"u8) || text.StartsWith("&amp;"u8) || text.StartsWith("&lt;"u8) || text.StartsWith("&gt;"u8)
            || text.StartsWith("&apos;"u8))
            return true;
        if (!text.StartsWith("&#"u8) || text[..Math.Min(12, text.Length)].IndexOf((byte)';') is not (> 2 and var end))
            return false;
        return text[2] is (byte)'x' or (byte)'X'
            ? uint.TryParse(text[3..end], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _)
            : uint.TryParse(text[2..end], NumberStyles.None, CultureInfo.InvariantCulture, out _);
    }
}
