using Azure;
using DataRegistry.Http;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

/// <summary>The outcome of starting a version.</summary>
abstract record VersionStart
{
    /// <summary>Its row is there as <see cref="DatasetVersionStatus.Creating"/>, so it has its name.</summary>
    public sealed record Begun(DatasetVersionRow Version) : VersionStart;

    /// <summary>A version of the dataset has the name: this one, which may be created still.</summary>
    public sealed record NameTaken(DatasetVersionRow Version) : VersionStart;

    /// <summary>An alias of the dataset has the name.</summary>
    public sealed record IsAlias : VersionStart;

    /// <summary>The dataset was deleted meanwhile.</summary>
    public sealed record DatasetGone : VersionStart;
}

/// <summary>The facts of a new version, besides its files.</summary>
/// <param name="Job">The job that makes it; null if the request does.</param>
sealed record NewVersion(DatasetName Name, string CreatedBy, Guid? Previous, Guid? Job)
{
    /// <inheritdoc cref="DatasetVersionRow.Request"/>
    public string? Request { get; init; }
}

/// <summary>The versions of datasets.</summary>
sealed partial class DatasetTable
{
    /// <summary>No delivery lives longer than ten minutes, so after this time nobody writes for a version that is gone.</summary>
    static readonly TimeSpan UnusedAfter = TimeSpan.FromHours(1);

    /// <summary>The version; null if there is none. Its dataset may be deleted already.</summary>
    public Task<DatasetVersionRow?> FindVersionAsync(DatasetVersionId id, CancellationToken cancellationToken) =>
        table.FindAsync<DatasetVersionRow>(id.Partition, VersionKey(id), cancellationToken: cancellationToken);

    /// <summary>The version, if it is shown and its dataset is there; null otherwise.</summary>
    public async Task<DatasetVersionRow?> FindVisibleAsync(DatasetVersionId id, CancellationToken cancellationToken) =>
        await FindVersionAsync(id, cancellationToken) is { IsVisible: true } row
            && await FindIdAsync(row.DatasetId, cancellationToken) is not null ? row : null;

    /// <summary>The version, or the alias, that has a name in a dataset; null if none.</summary>
    public Task<VersionNameRow?> FindNameAsync(DatasetId dataset, string name, CancellationToken cancellationToken) =>
        table.FindAsync<VersionNameRow>(dataset.Partition, VersionNameKey(dataset, name), cancellationToken: cancellationToken);

    /// <summary>The version of a dataset that a name, an alias or <c>latest</c> stands for; null for none.</summary>
    public async Task<DatasetVersionRow?> ResolveAsync(DatasetRow dataset, DatasetUri uri, CancellationToken cancellationToken)
    {
        if (uri.IsLatest)
            return dataset.Latest is { } latest ? await FindVersionAsync(DatasetVersionId.Of(latest), cancellationToken) : null;
        var name = await FindNameAsync(dataset.DatasetId, uri.Version.Value, cancellationToken);
        var id = name?.Alias is null
            ? name?.Version
            : (await FindAliasAsync(dataset.Project, dataset.DatasetId, uri.Version.Value, cancellationToken))?.Version;
        return id is { } version && await FindVersionAsync(DatasetVersionId.Of(version), cancellationToken) is { IsVisible: true } row
            ? row : null;
    }

    /// <summary>A page of a dataset's versions, oldest first, and the cursor after it.</summary>
    public Task<(IReadOnlyList<DatasetVersionRow> Rows, string? Cursor)> ListVersionsAsync(
        DatasetId dataset, int limit, string? after, CancellationToken cancellationToken)
    {
        var range = MarkedBy("v", dataset);
        var prefix = range.From!.Length;
        if (after is not null)
            range = range with { From = null, After = range.From + after };
        return table.ReadAsync<DatasetVersionRow>(range, Math.Min(limit + 1, 1000), cancellationToken: cancellationToken)
            .Where(r => r.DatasetId == dataset && r.IsVisible).PageAsync(limit, r => r.RowKey[prefix..], cancellationToken);
    }

    /// <summary>
    /// Inserts a version as <see cref="DatasetVersionStatus.Creating"/>, which takes its name. It is asserted in the same transaction that
    /// the dataset is there.
    /// </summary>
    /// <param name="dead">A version that is created no more, whose name is taken over; null for none.</param>
    public async Task<VersionStart> BeginAsync(
        DatasetRow dataset, NewVersion version, DatasetVersionRow? dead, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var row = RowOf(dataset, version, clock.GetUtcNow());
            var name = new VersionNameRow
            {
                PartitionKey = row.PartitionKey,
                RowKey = VersionNameKey(dataset.DatasetId, row.Name),
                Version = row.Id,
            };
            List<TableTransactionAction> actions =
            [
                dead is null ? Change.Add(name) : Change.Update(name, ETag.All),
                Change.Add(row),
                Change.Add(LeftoverOf(row, row.CTime + UnusedAfter)),
                Exists(dataset.PartitionKey, IdKey(dataset.DatasetId)),
            ];
            // Its blobs are the collector's: it is a leftover already.
            if (dead is not null)
                actions.Add(Change.Delete(dead.PartitionKey, dead.RowKey, dead.ETag));
            var begun = await table.TrySubmitAsync(actions, cancellationToken);
            if (begun.IsDone)
                return new VersionStart.Begun(row with { ETag = begun.ETags[1] });
            var taken = await FindNameAsync(dataset.DatasetId, row.Name, cancellationToken);
            if (taken?.Alias is not null)
                return new VersionStart.IsAlias();
            if (taken?.Version is { } id && await FindVersionAsync(DatasetVersionId.Of(id), cancellationToken) is { } other)
            {
                // After a lost answer it is ours.
                if (other.Id == row.Id)
                    return new VersionStart.Begun(other);
                return new VersionStart.NameTaken(other);
            }

            if (await FindIdAsync(dataset.DatasetId, cancellationToken) is null)
                return new VersionStart.DatasetGone();
            dead = null;
        }
    }

    /// <summary>
    /// Publishes a version that is created: from now on it is there, as a whole. Repeating it, with this manifest or another one, changes
    /// nothing. Null if the version, or its dataset, was deleted meanwhile.
    /// </summary>
    public async Task<DatasetVersionRow?> PublishAsync(DatasetVersionId id, Manifest manifest, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            if (await FindVersionAsync(id, cancellationToken) is not { } row
                || await FindAsync(row.DatasetId, cancellationToken) is not { } dataset)
                return null;
            if (row.Status == DatasetVersionStatus.Completed)
                return row;
            var published = row with
            {
                Status = DatasetVersionStatus.Completed,
                Count = manifest.Count,
                Bytes = manifest.Bytes,
                Blob = manifest.Blob,
                BlobLength = manifest.Length,
                IndexAt = manifest.IndexAt,
            };
            List<TableTransactionAction> actions =
            [
                Change.Update(published, row.ETag),
                Change.Add(CompletedOf(published)),
                // Write it even if it is unchanged: a concurrent deletion of the newest version looks for the next one.
                Change.Update(WithNewer(dataset, published), dataset.ETag),
                Change.Delete(row.PartitionKey, LeftoverKey(id.ToGuid()), ETag.All),
            ];
            var done = await table.TrySubmitAsync(actions, cancellationToken);
            if (done.IsDone)
                return published with { ETag = done.ETags[0] };
            // Another version was published, or our own answer was lost: look again.
        }
    }

    static DatasetVersionRow RowOf(DatasetRow dataset, NewVersion version, DateTimeOffset now)
    {
        var id = DatasetVersionId.Create(now, dataset.DatasetId);
        return new()
        {
            PartitionKey = id.Partition,
            RowKey = VersionKey(id),
            Id = id.ToGuid(),
            Dataset = dataset.Id,
            Project = dataset.Project,
            DatasetName = dataset.Name,
            Name = version.Name.Value,
            CTime = now,
            CreatedBy = version.CreatedBy,
            Status = DatasetVersionStatus.Creating,
            Previous = version.Previous,
            Job = version.Job,
            Request = version.Request,
        };
    }

    static DatasetRow WithNewer(DatasetRow dataset, DatasetVersionRow version) =>
        dataset.Latest is { } latest
            && string.CompareOrdinal(DatasetVersionId.Of(latest).Descending, version.VersionId.Descending) < 0
            ? dataset
            : dataset with { Latest = version.Id, LatestName = version.Name };

    static CompletedVersionRow CompletedOf(DatasetVersionRow row) => new()
    {
        PartitionKey = row.PartitionKey,
        RowKey = CompletedKey(row.VersionId),
        Dataset = row.Dataset,
        Version = row.Id,
        Name = row.Name,
    };

    static LeftoverRow LeftoverOf(DatasetVersionRow version, DateTimeOffset until) => new()
    {
        PartitionKey = version.PartitionKey,
        RowKey = LeftoverKey(version.Id),
        Version = version.Id,
        Project = version.Project,
        Until = until,
    };

    /// <summary>Asserts that a row is there: its columns stay, its ETag changes: writers who assert the same do not meet.</summary>
    static TableTransactionAction Exists(string partition, string rowKey) =>
        Change.Update(new RowKeyOnly { PartitionKey = partition, RowKey = rowKey }, ETag.All, TableUpdateMode.Merge);

    static string VersionKey(DatasetVersionId id) => $"v-{id.Ascending}";

    static string CompletedKey(DatasetVersionId id) => $"t-{id.Descending}";

    static string VersionNameKey(DatasetId dataset, string name) => $"u-{dataset.Value.ToGuid():N}-{OrderedKey.Encode(name)}";

    static string LeftoverKey(Guid id) => $"g-{id:N}";
}
