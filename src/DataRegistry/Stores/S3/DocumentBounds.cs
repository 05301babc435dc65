using System.Buffers;

namespace DataRegistry.Stores.S3;

/// <summary>
/// Checks a document's structure before it is parsed. A parser makes many times a document's bytes from short tags, and
/// its time grows with the square of an element's attributes or of the depth.
/// </summary>
static class DocumentBounds
{
    /// <summary>S3's deepest documents have five levels.</summary>
    const int MaxDepth = 16;

    /// <summary>A tag of S3 has a name and, at the root, a namespace.</summary>
    const int MaxTagBytes = 1024;

    static readonly SearchValues<byte> NameEnds = SearchValues.Create(" \t\r\n/>"u8);
    static readonly SearchValues<byte> TagStops = SearchValues.Create(">\"'"u8);

    /// <summary>Whether the document stays within the bounds of S3's documents.</summary>
    /// <param name="maxEntries">Entries that the request asked a listing for; null for any other document.</param>
    public static bool Hold(ReadOnlySpan<byte> document, int? maxEntries)
    {
        int tags = 0, depth = 0, entries = 0;
        while (document.IndexOf((byte)'<') is >= 0 and var at)
        {
            document = document[(at + 1)..];
            if (++tags > S3Document.MaxTags)
                return false;
            if (document.IsEmpty || document[0] is (byte)'!' or (byte)'?')
            {
                document = AfterMarkup(document);
                continue;
            }

            var length = TagLength(document);
            if (length < 0)
                return false;
            var tag = document[..length];
            document = document[length..];
            if (tag.StartsWith("/"u8))
            {
                depth--;
                continue;
            }

            if (depth == 1 && IsEntry(tag) && ++entries > maxEntries)
                return false;
            if (!tag.EndsWith("/"u8) && ++depth > MaxDepth)
                return false;
        }

        return true;
    }

    /// <summary>The bytes of a tag before its end, or up to the document's end; -1 if too many.</summary>
    static int TagLength(ReadOnlySpan<byte> text)
    {
        for (var at = 0; at <= MaxTagBytes;)
        {
            if (text[at..].IndexOfAny(TagStops) is not (>= 0 and var next))
                return text.Length <= MaxTagBytes ? text.Length : -1;
            at += next;
            if (text[at] == (byte)'>')
                return at <= MaxTagBytes ? at : -1;
            // Inside an attribute's value '>' is an ordinary character.
            if (text[(at + 1)..].IndexOf(text[at]) is not (>= 0 and var quoted))
                return -1;
            at += quoted + 2;
        }

        return -1;
    }

    /// <summary>The document after a comment, a section or a declaration.</summary>
    static ReadOnlySpan<byte> AfterMarkup(ReadOnlySpan<byte> text)
    {
        var end = text.StartsWith("!--"u8) ? text.IndexOf("-->"u8)
            : text.StartsWith("![CDATA["u8) ? text.IndexOf("]]>"u8)
            : text.IndexOf((byte)'>');
        return end < 0 ? default : text[end..];
    }

    /// <summary>Whether a tag begins an entry of a listing, with any namespace prefix.</summary>
    static bool IsEntry(ReadOnlySpan<byte> tag)
    {
        var end = tag.IndexOfAny(NameEnds);
        var name = end < 0 ? tag : tag[..end];
        name = name[(name.IndexOf((byte)':') + 1)..];
        return name.SequenceEqual("Contents"u8) || name.SequenceEqual("Version"u8) || name.SequenceEqual("DeleteMarker"u8)
            || name.SequenceEqual("CommonPrefixes"u8);
    }
}
