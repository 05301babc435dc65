using System.Globalization;
using DataRegistry.Stores.S3;

namespace DataRegistry.Datums;

/// <summary>What scans know of a datum.</summary>
public enum DriftState
{
    /// <summary>The last scan found what was adopted.</summary>
    None,

    /// <summary>Another object, or another version, was at its URL.</summary>
    Changed,

    /// <summary>Nothing was.</summary>
    Missing,

    /// <summary>No scan was completed that began after it was adopted. Never stored.</summary>
    Unknown,
}

/// <summary>What S3 says of an object, as far as scans compare it.</summary>
/// <param name="ETag">Empty if it was not said.</param>
/// <param name="Size">Null if it was not said, as is the time.</param>
public sealed record DriftFacts(string ETag, long? Size, string? VersionId, DateTimeOffset? LastModified)
{
    public static DriftFacts Of(S3Object found) =>
        new(found.ETag, found.SizeIsUnknown ? null : found.Size, found.VersionId, found.LastModified);

    /// <summary>
    /// Whether it is the same. The time counts only if an ETag is missing, and in seconds, since a LIST says milliseconds and a HEAD
    /// does not: the same bytes put
    /// again into a bucket without versions are what was adopted.
    /// </summary>
    /// <param name="versions">Whether both tell their versions; else those do not count.</param>
    public bool IsLike(DriftFacts other, bool versions) =>
        (Size is null || other.Size is null || Size == other.Size)
        && (!versions || VersionId == other.VersionId)
        && (ETag.Length > 0 && other.ETag.Length > 0 ? ETag == other.ETag
            : LastModified is not { } time || other.LastModified is not { } otherTime
                || time.ToUnixTimeSeconds() == otherTime.ToUnixTimeSeconds());

    /// <summary>As a location keeps it, to tell whether something else was found.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ETag} {Size} {VersionId}");
}

/// <summary>That a scan found something else than a datum's object at its URL, or that again.</summary>
/// <param name="Is">What there is; null for nothing, and for what was adopted.</param>
/// <param name="Time">When it was found.</param>
sealed record DriftMark(DatumId Datum, DriftState State, DriftFacts? Is, Guid Job, DateTimeOffset Time);
