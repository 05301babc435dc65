using System.Globalization;
using System.Runtime.Serialization;
using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Datums;

sealed record DatumRow : AdoptedRow, ISelectableDatum
{
    public required Guid Store { get; init; }
    public required string Bucket { get; init; }

    [IgnoreDataMember] public string Uri => new S3Url(Bucket, Key).ToString();

    /// <summary>
    /// As <see cref="DatumTags.Write"/> writes them; null if nobody edited them. Then those of the adoption count.
    /// </summary>
    public string? Tags { get; init; }

    /// <summary>The tags' bytes in JSON, if this copy lacks the tags; null if it has them.</summary>
    [IgnoreDataMember] public int? TagsLeftOut { get; init; }

    /// <summary>When it was purged; null if it was not.</summary>
    public DateTimeOffset? Purged { get; init; }
    public string? PurgedBy { get; init; }

    /// <summary>The job that purged it; null if none did.</summary>
    public Guid? PurgeJob { get; init; }

    /// <summary>The job that last changed its tags; null if none did.</summary>
    public Guid? TagJob { get; init; }

    /// <summary>When the hashes were last tried in vain, or queued; null if neither happened.</summary>
    public DateTimeOffset? HashTried { get; init; }

    /// <summary>
    /// Whether a request read the object in vain. Then only the queue tries until <see cref="DatumHashing.RetryInterval"/> is
    /// over. Null means no; rows of former releases have null.
    /// </summary>
    public bool? HashMissed { get; init; }

    /// <summary>The reason for missing hashes; null or empty if there is none.</summary>
    public string? ChecksumError { get; init; }

    /// <summary>The state that a scan found; null or none if no scan found a change. See <see cref="DriftMark"/>.</summary>
    public DriftState? Drift { get; init; }

    /// <summary>When a scan first found the present state.</summary>
    public DateTimeOffset? DriftSince { get; init; }

    /// <summary>The scan that found it, or withdrew it.</summary>
    public Guid? DriftJob { get; init; }
    public string? DriftETag { get; init; }
    public long? DriftSize { get; init; }
    public string? DriftVersion { get; init; }
    public DateTimeOffset? DriftModified { get; init; }

    /// <summary>The object at its URL now; null if none, or if it is the adopted one.</summary>
    [IgnoreDataMember]
    public DriftFacts? DriftIs =>
        Drift == DriftState.Changed
            ? new(DriftETag ?? "", DriftSize, DriftVersion is { Length: > 0 } version ? version : null, DriftModified)
            : null;

    Guid? IFilteredDatum.Store => Store;

    [IgnoreDataMember]
    public DatumId Id =>
        new(TimedId.FromRowKey(ushort.Parse(PartitionKey, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), RowKey));

    /// <summary>The datum row of a location.</summary>
    public static DatumRow Of(LocationRow location, Guid store, string bucket)
    {
        var id = new DatumId(TimedId.FromGuid(location.Datum));
        return new()
        {
            PartitionKey = DatumTable.PartitionOf(id),
            RowKey = id.Value.RowKey,
            Store = store,
            Bucket = bucket,
            Key = location.Key,
            Project = location.Project,
            Job = location.Job,
            AdoptedBy = location.AdoptedBy,
            AdoptedTags = location.AdoptedTags,
            Previous = location.Previous,
            Size = location.Size,
            ObjectETag = location.ObjectETag,
            LastModified = location.LastModified,
            VersionId = location.VersionId,
            StorageClass = location.StorageClass,
            Md5 = location.Md5,
            Sha1 = location.Sha1,
            Sha256 = location.Sha256,
        };
    }
}

/// <summary>The columns that a count reads; without filters, only some of them.</summary>
sealed record DatumFilterRow : TableRow, IFilteredDatum
{
    public required Guid Project { get; init; }
    public string? Key { get; init; }
    public string? Bucket { get; init; }
    public Guid? Store { get; init; }
    public string? Tags { get; init; }
    public string? AdoptedTags { get; init; }
    public DateTimeOffset? Purged { get; init; }
    public DriftState? Drift { get; init; }
}

/// <summary>A datum's tags; merged into its row.</summary>
sealed record DatumTagsRow : TableRow
{
    /// <summary>Never null, so that a merge can remove tags.</summary>
    public required string Tags { get; init; }

    /// <inheritdoc cref="DatumRow.TagJob"/>
    public Guid? TagJob { get; init; }
}

/// <summary>
/// The drift that a scan found of a datum; merged into its row. The facts about an object count only if it has changed.
/// </summary>
sealed record DatumDriftRow : TableRow
{
    public required DriftState Drift { get; init; }
    public required DateTimeOffset DriftSince { get; init; }
    public required Guid DriftJob { get; init; }
    public string? DriftETag { get; init; }
    public long? DriftSize { get; init; }

    /// <summary>Empty if none, so that a merge removes an earlier one.</summary>
    public string? DriftVersion { get; init; }
    public DateTimeOffset? DriftModified { get; init; }
}

/// <summary>Lists a drifted datum. Few have drifted, so they are found without reading the others.</summary>
sealed record DriftedRow : TableRow
{
    public required Guid Project { get; init; }
}

/// <summary>A datum's project, and whether it is purged.</summary>
sealed record DatumOwnerRow : TableRow
{
    public static readonly string[] Properties = [nameof(RowKey), nameof(Project), nameof(Purged)];

    public required Guid Project { get; init; }
    public DateTimeOffset? Purged { get; init; }
}

/// <summary>The mark of a purged datum; merged into its row.</summary>
sealed record DatumPurgedRow : TableRow
{
    public required DateTimeOffset Purged { get; init; }
    public required string PurgedBy { get; init; }

    /// <inheritdoc cref="DatumRow.PurgeJob"/>
    public Guid? PurgeJob { get; init; }
}

/// <summary>A datum's hashes; merged into its row.</summary>
sealed record DatumHashesRow : TableRow
{
    public string? Md5 { get; init; }
    public string? Sha1 { get; init; }
    public required string Sha256 { get; init; }

    /// <summary>Never null, so that a merge removes an earlier one.</summary>
    public string ChecksumError { get; init; } = "";
}

/// <summary>The note of a try of the hashes, or of a queued message; merged into the datum's row.</summary>
sealed record DatumHashNoteRow : TableRow
{
    public required DateTimeOffset HashTried { get; init; }

    /// <summary>Never null, so that a merge removes an earlier one.</summary>
    public required string ChecksumError { get; init; }

    /// <inheritdoc cref="DatumRow.HashMissed"/>
    public required bool HashMissed { get; init; }
}

/// <summary>A datum's properties.</summary>
sealed record MetadataRow : TableRow
{
    public required byte[] Json { get; init; }

    /// <summary>When it was set, and by whom; null in older rows.</summary>
    public DateTimeOffset? Time { get; init; }
    public string? User { get; init; }
}

/// <summary>When a datum's properties were last set.</summary>
sealed record MetadataChangeRow : TableRow
{
    public DateTimeOffset? Time { get; init; }
    public string? User { get; init; }
}
