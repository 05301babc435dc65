using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>What a location and its datum both hold: who adopted the object for whom, and what S3 said of it then.</summary>
abstract record AdoptedRow : TableRow
{
    public required string Key { get; init; }
    public required Guid Project { get; init; }
    public required Guid Job { get; init; }
    public required string AdoptedBy { get; init; }

    /// <summary>
    /// The tags of all that the adoption created, as <see cref="DatumTags.Write"/> writes them; null if none. It never changes.
    /// </summary>
    public string? AdoptedTags { get; init; }

    /// <summary>The datum that the location named before, which was purged; null if it named none.</summary>
    public Guid? Previous { get; init; }

    /// <summary>In bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Without its quotes.</summary>
    public required string ObjectETag { get; init; }

    /// <summary>Null if the bucket does not tell it.</summary>
    public DateTimeOffset? LastModified { get; init; }

    /// <summary>Null if the bucket keeps no versions: then nothing pins the content.</summary>
    public string? VersionId { get; init; }

    /// <summary>Null if the bucket did not tell it.</summary>
    public string? StorageClass { get; init; }

    /// <summary>Hex; where S3 says it, or the object was read.</summary>
    public string? Md5 { get; init; }

    /// <summary>Hex; where the object was read.</summary>
    public string? Sha1 { get; init; }

    /// <summary>
    /// Hex of the whole object; where S3 says it, or the object was read. A location has it only if that was before its adoption.
    /// </summary>
    public string? Sha256 { get; init; }
}
