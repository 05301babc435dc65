using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using DataRegistry.Organization;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

/// <summary>A dataset's id. Its partition bits are the project's slot (12) and 4 that are 0.</summary>
readonly record struct DatasetId(TimedId Value)
{
    public static DatasetId Create(DateTimeOffset time, Project project) => new(TimedId.Create(
        time, (ushort)(project.Slot << 4), BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8))));

    public static DatasetId Of(Guid id) => new(TimedId.FromGuid(id));

    public static bool TryParse([NotNullWhen(true)] string? text, out DatasetId id)
    {
        var parsed = TimedId.TryParse(text, out var value);
        id = new(value);
        return parsed;
    }

    public string Partition => PartOfDatasetId.PartitionOf(Value);

    /// <summary>The mark that the ids of its versions and aliases have.</summary>
    public string Mark => PartOfDatasetId.MarkOf(Value);

    public override string ToString() => Value.ToString();
}

/// <summary>
/// The id of a version, or of an alias of versions: reading by it is one point read, and it lies with the others of its dataset.
/// <code>
///  48 bits  milliseconds since 1970, UTC
///  16 bits  the project's slot (12), and 4 that are 0
///  40 bits  the dataset's mark: the first 40 of its own random bits. Two datasets may share one, so rows name theirs, too.
///  24 bits  tenths of microseconds (14), and 10 random ones
/// </code>
/// </summary>
readonly record struct DatasetVersionId(TimedId Value)
{
    public static DatasetVersionId Create(DateTimeOffset time, DatasetId dataset) => new(PartOfDatasetId.Create(time, dataset.Value));

    public static DatasetVersionId Of(Guid id) => new(TimedId.FromGuid(id));

    public static bool TryParse([NotNullWhen(true)] string? text, out DatasetVersionId id)
    {
        var parsed = TimedId.TryParse(text, out var value);
        id = new(value);
        return parsed;
    }

    /// <summary>Whether a text may be what follows the mark in <see cref="Ascending"/>, by which lists go on.</summary>
    public static bool IsPlace(string text) => text.Length == PartOfDatasetId.PlaceLength && text.All(char.IsAsciiHexDigitLower);

    public string Partition => PartOfDatasetId.PartitionOf(Value);

    /// <summary>In the order of creation within the dataset's mark.</summary>
    public string Ascending => PartOfDatasetId.AscendingKey(Value);

    /// <summary>In the opposite order.</summary>
    public string Descending => PartOfDatasetId.DescendingKey(Value);

    public Guid ToGuid() => Value.ToGuid();

    public override string ToString() => Value.ToString();
}

static class PartOfDatasetId
{
    /// <summary>Characters of a time and an id's own bits in hex.</summary>
    public const int PlaceLength = 18;

    const int OwnBits = 24;
    const ulong OwnMask = (1ul << OwnBits) - 1;
    const ulong TimeMask = 0xFFFF_FFFF_FFFF;
    const int RandomBits = 10;

    public static TimedId Create(DateTimeOffset time, TimedId dataset)
    {
        var fraction = (ulong)(time.Ticks % TimeSpan.TicksPerMillisecond);
        var own = fraction << RandomBits | (uint)RandomNumberGenerator.GetInt32(1 << RandomBits);
        return TimedId.Create(time, dataset.Partition, (dataset.Low & ~OwnMask) | own);
    }

    public static string PartitionOf(TimedId id) => (id.Partition >> 4).ToString("x3", CultureInfo.InvariantCulture);

    public static string MarkOf(TimedId id) => (id.Low >> OwnBits).ToString("x10", CultureInfo.InvariantCulture);

    public static string AscendingKey(TimedId id) =>
        string.Create(CultureInfo.InvariantCulture, $"{MarkOf(id)}-{id.High >> 16:x12}{id.Low & OwnMask:x6}");

    public static string DescendingKey(TimedId id) =>
        string.Create(CultureInfo.InvariantCulture, $"{MarkOf(id)}-{~(id.High >> 16) & TimeMask:x12}{~id.Low & OwnMask:x6}");
}
