using System.Globalization;
using DataRegistry.Stores.S3;

namespace DataRegistry.Datums;

/// <summary>The state of a datum, as far as scans know.</summary>
public enum DriftState
{
    /// <summary>The last scan found the adopted object.</summary>
    None,

    /// <summary>Another object, or another version, was at its URL.</summary>
    Changed,

    /// <summary>There was no object at its URL.</summary>
    Missing,

    /// <summary>No completed scan began after the adoption. Never stored.</summary>
    Unknown,
}

/// <summary>S3's facts about an object, as far as scans compare them.</summary>
/// <param name="ETag">Empty if S3 gave none.</param>
/// <param name="Size">Null if S3 gave none. The same holds for the time.</param>
public sealed record DriftFacts(string ETag, long? Size, string? VersionId, DateTimeOffset? LastModified)
{
    public static DriftFacts Of(S3Object found) =>
        new(found.ETag, found.SizeIsUnknown ? null : found.Size, found.VersionId, found.LastModified);

    /// <summary>
    /// Whether both describe the same object. The time counts only if an ETag is missing, because the same bytes may be
    /// put again into a bucket without versions. It is compared in seconds, because a HEAD gives no milliseconds.
    /// </summary>
    /// <param name="versions">Whether both have their versions; otherwise versions do not count.</param>
    public bool IsLike(DriftFacts other, bool versions) =>
        (Size is null || other.Size is null || Size == other.Size)
        && (!versions || VersionId == other.VersionId)
        && (ETag.Length > 0 && other.ETag.Length > 0 ? ETag == other.ETag
            : LastModified is not { } time || other.LastModified is not { } otherTime
                || time.ToUnixTimeSeconds() == otherTime.ToUnixTimeSeconds());

    /// <summary>The text that a location keeps, to detect a different finding.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ETag} {Size} {VersionId}");
}

/// <summary>A scan's finding that differs from a datum's object, or its withdrawal.</summary>
/// <param name="Is">The object that is there; null if none, or if it is the adopted one.</param>
/// <param name="Time">When the scan found it.</param>
sealed record DriftMark(DatumId Datum, DriftState State, DriftFacts? Is, Guid Job, DateTimeOffset Time);
