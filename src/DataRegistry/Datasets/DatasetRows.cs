using System.Runtime.Serialization;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

/// <summary>A dataset, and which of its versions is the newest completed one.</summary>
sealed record DatasetRow : TableRow
{
    public required Guid Id { get; init; }
    public required Guid Project { get; init; }
    public required string Name { get; init; }

    /// <summary>Paths that begin with it leave it out. It ends with a slash; null if none.</summary>
    public string? Root { get; init; }
    public required DateTimeOffset CTime { get; init; }
    public required string CreatedBy { get; init; }

    /// <summary>Null if no version is completed.</summary>
    public Guid? Latest { get; init; }
    public string? LatestName { get; init; }

    [IgnoreDataMember] public DatasetId DatasetId => DatasetId.Of(Id);
}

/// <summary>The place of a dataset's id. It exists as long as the dataset, and never changes.</summary>
sealed record DatasetIdRow : TableRow
{
    public required Guid Project { get; init; }
    public required string Name { get; init; }
}

enum DatasetVersionStatus
{
    /// <summary>Its name is taken.</summary>
    Creating,
    Completed,
}

/// <summary>A version: what it is of, and where its files are.</summary>
sealed record DatasetVersionRow : TableRow
{
    public required Guid Id { get; init; }
    public required Guid Dataset { get; init; }
    public required Guid Project { get; init; }
    public required string DatasetName { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset CTime { get; init; }
    public required string CreatedBy { get; init; }
    public required DatasetVersionStatus Status { get; init; }

    /// <summary>The version that its maker said came before it; null for none.</summary>
    public Guid? Previous { get; init; }

    /// <summary>The job that makes it, or made it; null if the request did.</summary>
    public Guid? Job { get; init; }

    /// <summary>Hashes of the Idempotency-Key that the request had, and of what it asked for; null for none.</summary>
    public string? Request { get; init; }

    /// <summary>0 while it is created, as are the others.</summary>
    public long Count { get; init; }
    public long Bytes { get; init; }

    /// <summary>The manifest's; null while it is created.</summary>
    public string? Blob { get; init; }
    public long BlobLength { get; init; }
    public long IndexAt { get; init; }

    [IgnoreDataMember] public DatasetVersionId VersionId => DatasetVersionId.Of(Id);

    [IgnoreDataMember] public DatasetId DatasetId => DatasetId.Of(Dataset);

    /// <summary>Whether it is shown: once it is completed, and before that if a job makes it.</summary>
    [IgnoreDataMember] public bool IsVisible => Status == DatasetVersionStatus.Completed || Job is not null;

    /// <summary>Null while it is created.</summary>
    [IgnoreDataMember] public Manifest? Manifest => Blob is null ? null : new(Blob, BlobLength, IndexAt, Count, Bytes);

    /// <summary><c>dataset://name/version</c></summary>
    [IgnoreDataMember] public string Uri => DatasetUri.Of(DatasetName, Name);
}

/// <summary>A completed version, where the newest comes first.</summary>
sealed record CompletedVersionRow : TableRow
{
    public required Guid Dataset { get; init; }
    public required Guid Version { get; init; }
    public required string Name { get; init; }
}

/// <summary>The version, or the alias, that has a name in a dataset.</summary>
sealed record VersionNameRow : TableRow
{
    /// <summary>Null if an alias has the name.</summary>
    public Guid? Version { get; init; }
    public Guid? Alias { get; init; }
}

/// <summary>
/// Something that has blobs or rows which nobody counts on: a version that is created or deleted, or a dataset that is deleted.
/// The collector looks at it.
/// </summary>
sealed record LeftoverRow : TableRow
{
    /// <summary>The dataset that is deleted; null for a version.</summary>
    public Guid? Dataset { get; init; }

    /// <summary>The version; null for a dataset.</summary>
    public Guid? Version { get; init; }

    /// <summary>The project of the dataset, or of the version.</summary>
    public required Guid Project { get; init; }

    /// <summary>Nobody writes for it any more after this time.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>The call that deleted it, so that it knows its own after a lost answer. Null if nobody deleted it.</summary>
    public Guid? Change { get; init; }
}
