using System.Buffers;
using System.Text;

namespace DataRegistry.Stores.S3;

/// <summary>A document of S3 as bytes, before the SDK makes objects of it.</summary>
static class S3Document
{
    /// <summary>A page of 1000 keys of 1024 bytes, all encoded, takes about 4 MB.</summary>
    public const int MaxBytes = 8 << 20;

    /// <summary>
    /// Tags of a page: an entry of S3 has some 15 elements, each with two tags. A page of more would make more objects than its bytes tell.
    /// </summary>
    public const int MaxTags = 64 * (ListRequest.PageKeys + 1);

    /// <summary>In place of what XML 1.0 cannot carry: a character that is none (Unicode, "Noncharacters"), and XML all the same.</summary>
    const char Damage = '\uFDD0';

    static readonly SearchValues<byte> Controls = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]);

    static readonly SearchValues<byte> Suspects = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 0xEF]);

    static readonly SearchValues<byte> NameEnds = SearchValues.Create(" \t\r\n/>"u8);

    /// <summary>Whether a text of a document stands for another one, which is lost.</summary>
    public static bool IsDamaged(string text) => text.Contains(Damage, StringComparison.Ordinal);

    /// <summary>The local name of the first element; empty where there is none.</summary>
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
    /// A listing of version 1 in answer to a question for version 2: it tells a marker, which version 2 has not, and no count.
    /// </summary>
    public static bool IsVersion1(ReadOnlySpan<byte> listing) =>
        (listing.IndexOf("<Marker"u8) >= 0 || listing.IndexOf("<NextMarker"u8) >= 0) && listing.IndexOf("<KeyCount"u8) < 0
            && listing.IndexOf("ContinuationToken>"u8) < 0;

    /// <summary>
    /// The same document with <see cref="IsDamaged"/> texts where it has characters that XML 1.0 does not allow (U+FFFE, U+FFFF and
    /// controls): Ceph writes
    /// markers as they are, also where it encodes keys. Such a character written as a reference (&amp;#x1;) is read all the same. Null
    /// where it has none.
    /// </summary>
    public static byte[]? Repaired(ReadOnlySpan<byte> document)
    {
        if (document.IndexOfAny(Controls) < 0 && document.IndexOf("\uFFFF"u8) < 0 && document.IndexOf("\uFFFE"u8) < 0)
            return null;
        var repaired = new ArrayBufferWriter<byte>(document.Length + 64);
        var changed = false;
        while (document.Length > 0)
        {
            var length = DamageAt(document);
            changed |= length > 0;
            if (length > 0)
            {
                repaired.Write("\uFDD0"u8);
                document = document[length..];
            }
            else
            {
                var next = document[1..].IndexOfAny(Suspects) is >= 0 and var at ? at + 1 : document.Length;
                repaired.Write(document[..next]);
                document = document[next..];
            }
        }

        return changed ? repaired.WrittenSpan.ToArray() : null;
    }

    /// <summary>How many bytes at the beginning stand for one character that XML does not allow; 0 for none.</summary>
    static int DamageAt(ReadOnlySpan<byte> text)
    {
        if (Controls.Contains(text[0]))
            return 1;
        return text.StartsWith("\uFFFF"u8) || text.StartsWith("\uFFFE"u8) ? 3 : 0;
    }
}
