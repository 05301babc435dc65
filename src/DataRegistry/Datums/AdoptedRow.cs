using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>
/// Columns that a location and its datum share: the adoption's user and project, and S3's facts about the object.
/// </summary>
abstract record AdoptedRow : TableRow
{
    public required string Key { get; init; }
    public required Guid Project { get; init; }
    public required Guid Job { get; init; }
    public required string AdoptedBy { get; init; }

    /// <summary>The adoption's tags, as <see cref="DatumTags.Write"/> writes them; null if none. They never change.</summary>
    public string? AdoptedTags { get; init; }

    /// <summary>The datum that the location stood for before: purged, or superseded by `adopt_changed`. Null if none.</summary>
    public Guid? Previous { get; init; }

    /// <summary>In bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Without its quotes.</summary>
    public required string ObjectETag { get; init; }

    /// <summary>Null if the bucket gave none.</summary>
    public DateTimeOffset? LastModified { get; init; }

    /// <summary>Null if the bucket keeps no versions: then nothing pins the content.</summary>
    public string? VersionId { get; init; }

    /// <summary>Null if the bucket gave none.</summary>
    public string? StorageClass { get; init; }

    /// <summary>Hex; null unless S3 knows it or the object was read.</summary>
    public string? Md5 { get; init; }

    /// <summary>Hex; null unless the object was read.</summary>
    public string? Sha1 { get; init; }

    /// <summary>
    /// Hex, of the whole object; null unless S3 knows it or the object was read. A location has it only if it was known
    /// at adoption.
    /// </summary>
    public string? Sha256 { get; init; }
}
