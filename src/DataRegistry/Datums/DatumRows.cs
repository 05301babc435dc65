using System.Globalization;
using System.Runtime.Serialization;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

sealed record DatumRow : AdoptedRow, ISelectableDatum
{
    public required Guid Store { get; init; }
    public required string Bucket { get; init; }

    /// <summary>As <see cref="DatumTags.Write"/> writes them; null if nobody edited them, so that those of the adoption count.</summary>
    public string? Tags { get; init; }

    /// <summary>The tags' bytes in JSON, where this copy is without them; null if it has them.</summary>
    [IgnoreDataMember] public int? TagsLeftOut { get; init; }

    /// <summary>When it was purged; null if it was not.</summary>
    public DateTimeOffset? Purged { get; init; }
    public string? PurgedBy { get; init; }

    /// <summary>The job that purged it; null if none did.</summary>
    public Guid? PurgeJob { get; init; }

    /// <summary>The job that last changed its tags; null if none did.</summary>
    public Guid? TagJob { get; init; }

    /// <summary>When the hashes were last tried in vain, or queued; null if neither was.</summary>
    public DateTimeOffset? HashTried { get; init; }

    /// <summary>
    /// Whether a request read it in vain, so that only the queue tries until <see cref="DatumHashing.Again"/> is over. Null, as in rows of
    /// former releases, for not.
    /// </summary>
    public bool? HashMissed { get; init; }

    /// <summary>Why there are no hashes; null or empty if nothing speaks against them.</summary>
    public string? ChecksumError { get; init; }

    /// <summary>What a scan found; null or none if none found anything. See <see cref="DriftMark"/>.</summary>
    public DriftState? Drift { get; init; }

    /// <summary>Since when it is so, as far as scans know.</summary>
    public DateTimeOffset? DriftSince { get; init; }

    /// <summary>The scan that found it, or took it back.</summary>
    public Guid? DriftJob { get; init; }
    public string? DriftETag { get; init; }
    public long? DriftSize { get; init; }
    public string? DriftVersion { get; init; }
    public DateTimeOffset? DriftModified { get; init; }

    /// <summary>What there is at its URL; null for nothing, and for what was adopted.</summary>
    [IgnoreDataMember]
    public DriftFacts? DriftIs =>
        Drift == DriftState.Changed
            ? new(DriftETag ?? "", DriftSize, DriftVersion is { Length: > 0 } version ? version : null, DriftModified)
            : null;

    Guid? IFilteredDatum.Store => Store;

    [IgnoreDataMember]
    public DatumId Id =>
        new(TimedId.FromRowKey(ushort.Parse(PartitionKey, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), RowKey));

    /// <summary>The row that belongs to a location.</summary>
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

/// <summary>What counting needs of a datum; without filters, not even all of it.</summary>
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
    /// <summary>Never null, so that merging it can take tags away.</summary>
    public required string Tags { get; init; }

    /// <inheritdoc cref="DatumRow.TagJob"/>
    public Guid? TagJob { get; init; }
}

/// <summary>What a scan found of a datum; merged into its row. What it says of an object counts only if that has changed.</summary>
sealed record DatumDriftRow : TableRow
{
    public required DriftState Drift { get; init; }
    public required DateTimeOffset DriftSince { get; init; }
    public required Guid DriftJob { get; init; }
    public string? DriftETag { get; init; }
    public long? DriftSize { get; init; }

    /// <summary>Empty for none, so that merging it takes an earlier one away.</summary>
    public string? DriftVersion { get; init; }
    public DateTimeOffset? DriftModified { get; init; }
}

/// <summary>That a datum has drifted: few have, so they are found without reading the others.</summary>
sealed record DriftedRow : TableRow
{
    public required Guid Project { get; init; }
}

/// <summary>Whose a datum is, and whether it is purged.</summary>
sealed record DatumOwnerRow : TableRow
{
    public static readonly string[] Properties = [nameof(RowKey), nameof(Project), nameof(Purged)];

    public required Guid Project { get; init; }
    public DateTimeOffset? Purged { get; init; }
}

/// <summary>That a datum was purged; merged into its row.</summary>
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

    /// <summary>Never null, so that merging it takes an earlier one away.</summary>
    public string ChecksumError { get; init; } = "";
}

/// <summary>That a datum's hashes were tried or queued; merged into its row.</summary>
sealed record DatumHashNoteRow : TableRow
{
    public required DateTimeOffset HashTried { get; init; }

    /// <summary>Never null, so that merging it takes an earlier one away.</summary>
    public required string ChecksumError { get; init; }

    /// <inheritdoc cref="DatumRow.HashMissed"/>
    public required bool HashMissed { get; init; }
}

/// <summary>A datum's properties.</summary>
sealed record MetadataRow : TableRow
{
    public required byte[] Json { get; init; }

    /// <summary>When it was set, and by whom; null in rows of before that was kept.</summary>
    public DateTimeOffset? Time { get; init; }
    public string? User { get; init; }
}

/// <summary>When a datum's properties were last set.</summary>
sealed record MetadataChangeRow : TableRow
{
    public DateTimeOffset? Time { get; init; }
    public string? User { get; init; }
}
