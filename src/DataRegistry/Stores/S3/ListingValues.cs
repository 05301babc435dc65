using System.Buffers;
using System.Globalization;
using System.Text;

namespace DataRegistry.Stores.S3;

/// <summary>Checks the values of a listing that are not text.</summary>
static class ListingValues
{
    static readonly SearchValues<byte> NameEnds = SearchValues.Create(" \t\r\n/>"u8);

    delegate bool CanRead(ReadOnlySpan<byte> value);

    /// <summary>
    /// The same listing without the values that the SDK cannot read, because each would cost it the whole page. An
    /// absent value is unknown. Null if there are none.
    /// </summary>
    public static byte[]? WithoutUnreadable(ReadOnlySpan<byte> listing)
    {
        ArrayBufferWriter<byte>? kept = null;
        var copied = 0;
        for (var at = 0; listing[at..].IndexOf((byte)'<') is >= 0 and var next;)
        {
            var start = at + next;
            var length = listing[(start + 1)..].IndexOfAny(NameEnds);
            if (length < 0)
                break;
            var name = listing.Slice(start + 1, length);
            at = start + 1 + length;
            if (ReaderOf(name[(name.IndexOf((byte)':') + 1)..]) is not { } canRead)
                continue;
            if (ElementAt(listing[start..], out var value) is not (> 0 and var whole))
                continue;
            at = start + whole;
            if (canRead(value))
                continue;
            kept ??= new(listing.Length);
            kept.Write(listing[copied..start]);
            copied = at;
        }

        kept?.Write(listing[copied..]);
        return kept?.WrittenSpan.ToArray();
    }

    /// <summary>The length of an element that holds only text; 0 for any other.</summary>
    static int ElementAt(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> value)
    {
        value = default;
        var begun = text.IndexOf((byte)'>') + 1;
        if (begun == 0)
            return 0;
        if (text[begun - 2] == (byte)'/')
            return begun;
        var end = text[begun..].IndexOf("</"u8);
        if (end < 0 || text[begun..].IndexOf((byte)'<') != end || text[(begun + end)..].IndexOf((byte)'>') is not (>= 0 and var close))
            return 0;
        value = text.Slice(begun, end);
        return begun + end + close + 1;
    }

    static CanRead? ReaderOf(ReadOnlySpan<byte> element) => element.Length switch
    {
        4 when element.SequenceEqual("Size"u8) => IsSize,
        7 when element.SequenceEqual("MaxKeys"u8) => IsNumber,
        8 when element.SequenceEqual("KeyCount"u8) => IsNumber,
        8 when element.SequenceEqual("IsLatest"u8) => IsTruth,
        11 when element.SequenceEqual("IsTruncated"u8) => IsTruth,
        12 when element.SequenceEqual("LastModified"u8) => IsTime,
        17 when element.SequenceEqual("RestoreExpiryDate"u8) => IsTime,
        19 when element.SequenceEqual("IsRestoreInProgress"u8) => IsTruth,
        _ => null,
    };

    static bool IsSize(ReadOnlySpan<byte> value) => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    static bool IsNumber(ReadOnlySpan<byte> value) => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    static bool IsTruth(ReadOnlySpan<byte> value) => Ascii.EqualsIgnoreCase(value, "true"u8) || Ascii.EqualsIgnoreCase(value, "false"u8);

    static bool IsTime(ReadOnlySpan<byte> value)
    {
        Span<char> text = stackalloc char[40];
        return Ascii.IsValid(value) && Encoding.ASCII.TryGetChars(value, text, out var length)
            && DateTime.TryParse(text[..length], CultureInfo.InvariantCulture, out _);
    }
}
