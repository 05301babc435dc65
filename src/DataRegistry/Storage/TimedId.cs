using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace DataRegistry.Storage;

/// <summary>
/// A 128-bit id that sorts by time and names the partition of its row. Reading by id is one point read.
/// <code>
///  48 bits  milliseconds since 1970, UTC     (a ULID's time)
///  16 bits  partition
///  64 bits  tail: makes the id unique
/// </code>
/// Written as a UUID, most significant byte first: <c>tttttttt-tttt-pppp-xxxx-xxxxxxxxxxxx</c>.
/// Row keys hold the inverted time: the newest rows of a partition come first.
/// </summary>
public readonly record struct TimedId(ulong High, ulong Low)
{
    const ulong TimeMask = 0xFFFF_FFFF_FFFF;

    public static TimedId Create(DateTimeOffset time, ushort partition, ulong tail) =>
        new(((ulong)time.ToUnixTimeMilliseconds() & TimeMask) << 16 | partition, tail);

    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds((long)(High >> 16));

    public ushort Partition => (ushort)High;

    /// <summary>28 hex digits: the inverted time, then the tail.</summary>
    public string RowKey => string.Create(CultureInfo.InvariantCulture, $"{~(High >> 16) & TimeMask:x12}{Low:x16}");

    /// <summary>The id whose row is <paramref name="rowKey"/> in partition <paramref name="partition"/>.</summary>
    public static TimedId FromRowKey(ushort partition, ReadOnlySpan<char> rowKey)
    {
        var time = ~ulong.Parse(rowKey[..12], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) & TimeMask;
        var tail = ulong.Parse(rowKey[12..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return new(time << 16 | partition, tail);
    }

    public Guid ToGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
        return new Guid(bytes, bigEndian: true);
    }

    public static TimedId FromGuid(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
    }

    /// <summary>Any spelling of a UUID; false for anything else, and for times that no clock can show.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TimedId id)
    {
        id = Guid.TryParse(text, out var guid) ? FromGuid(guid) : default;
        return id != default && id.High >> 16 <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();
    }

    public override string ToString() => ToGuid().ToString("D");
}
