using Azure;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

/// <summary>How versions and datasets go, and what is left of them for a while.</summary>
sealed partial class DatasetTable
{
    /// <summary>Rows of a version: itself, its name, its place among completed ones, and what is left of it.</summary>
    const int RowsOfVersion = 4;

    const int VersionsAtOnce = Tables.MaxTransactionActions / RowsOfVersion;

    /// <summary>
    /// Deletes a version in its present state, and frees its name. The aliases that name it must be deleted before. The
    /// collection of leftovers deletes its blobs. False if it was changed or deleted meanwhile.
    /// </summary>
    /// <param name="change">The call, so that it recognizes its own leftover after a lost answer.</param>
    public async Task<bool> TryDeleteAsync(DatasetVersionRow version, Guid change, CancellationToken cancellationToken)
    {
        var dataset = await FindAsync(version.DatasetId, cancellationToken);
        var actions = DeletionOf(version, version.ETag, change).ToList();
        if (version.Status == DatasetVersionStatus.Completed && dataset is not null)
            actions.Add(Change.Update(await WithoutAsync(dataset, version, cancellationToken), dataset.ETag));
        return (await table.TrySubmitAsync(actions, cancellationToken)).IsDone;
    }

    /// <summary>
    /// Deletes a dataset: its name is free, and nobody sees it or its versions any more. Those rows, and the blobs, are left to
    /// <see cref="DatasetDeletion"/>. False if it is deleted already.
    /// </summary>
    public async Task<bool> DeleteAsync(DatasetId id, CancellationToken cancellationToken)
    {
        var change = Guid.NewGuid();
        for (var retry = new WriteRetry(clock, cancellationToken);
            await FindAsync(id, cancellationToken) is { } dataset;
            await retry.AgainAsync())
        {
            var leftover = new LeftoverRow
            {
                PartitionKey = id.Partition,
                RowKey = LeftoverKey(dataset.Id),
                Dataset = dataset.Id,
                Project = dataset.Project,
                Until = clock.GetUtcNow(),
                Change = change,
            };
            var deleted = await table.TrySubmitAsync(
                [
                    Change.Delete(dataset.PartitionKey, dataset.RowKey, dataset.ETag),
                    Change.Delete(id.Partition, IdKey(id), ETag.All),
                    Change.Add(leftover),
                ],
                cancellationToken);
            if (deleted.IsDone)
                return true;
            // A version was published meanwhile, or our own answer was lost: look again.
        }

        return (await FindLeftoverAsync(id, cancellationToken))?.Change == change;
    }

    /// <summary>The leftovers of a deleted dataset; null if there are none.</summary>
    public Task<LeftoverRow?> FindLeftoverAsync(DatasetId id, CancellationToken cancellationToken) =>
        table.FindAsync<LeftoverRow>(id.Partition, LeftoverKey(id.Value.ToGuid()), cancellationToken: cancellationToken);

    /// <summary>The leftovers in a slot, of unfinished and deleted datasets and versions.</summary>
    public IAsyncEnumerable<LeftoverRow> LeftoversAsync(int slot, CancellationToken cancellationToken) =>
        table.ReadAsync<LeftoverRow>(
            new TableRange(PartitionOf(slot)) { From = "g-", Before = "g." }, cancellationToken: cancellationToken);

    /// <summary>Deletes the leftover, unless another call has written it again. Repeating it changes nothing.</summary>
    public async Task ForgetAsync(LeftoverRow leftover, CancellationToken cancellationToken) =>
        await table.TryDeleteAsync(leftover.PartitionKey, leftover.RowKey, leftover.ETag, cancellationToken);

    /// <summary>The leftover of a version: its blobs, until no worker writes for it any more.</summary>
    public Task<LeftoverRow?> FindLeftoverAsync(DatasetVersionId id, CancellationToken cancellationToken) =>
        table.FindAsync<LeftoverRow>(id.Partition, LeftoverKey(id.ToGuid()), cancellationToken: cancellationToken);

    /// <summary>
    /// Deletes the rows of some versions of a dataset that is deleted, and returns those; none where there are no more. Repeating it, also
    /// at the same time, changes nothing.
    /// </summary>
    public async Task<IReadOnlyList<DatasetVersionRow>> SweepVersionsAsync(DatasetId dataset, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var rows = await table.ReadAsync<DatasetVersionRow>(
                MarkedBy("v", dataset), VersionsAtOnce, cancellationToken: cancellationToken)
                .Where(r => r.DatasetId == dataset).Take(VersionsAtOnce).ToListAsync(cancellationToken);
            // Nobody publishes a version of it any more, so these stay as they are.
            if (rows.Count == 0
                || (await table.TrySubmitAsync([.. rows.SelectMany(r => DeletionOf(r, ETag.All, change: null))], cancellationToken)).IsDone)
                return rows;
            // Another one sweeps, too.
        }
    }

    /// <summary>
    /// Deletes some of the other rows of a dataset that is deleted: aliases, their history, and names. False if there are no more. A
    /// repeated call continues.
    /// </summary>
    public async Task<bool> SweepNamesAsync(DatasetId dataset, Guid project, CancellationToken cancellationToken)
    {
        TableRange[] ranges =
        [
            Starting(dataset.Partition, AliasKey(project, dataset, "")), Starting(dataset.Partition, VersionNameKey(dataset, "")),
            MarkedBy("d", dataset), MarkedBy("h", dataset), MarkedBy("a", dataset),
        ];
        foreach (var range in ranges)
        {
            for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
            {
                var rows = await table.ReadAsync<OfDatasetRow>(
                    range, Tables.MaxTransactionActions, OfDatasetRow.Properties, cancellationToken)
                    .Where(r => r.Dataset is null || r.Dataset == dataset.Value.ToGuid()).Take(Tables.MaxTransactionActions)
                    .ToListAsync(cancellationToken);
                if (rows.Count == 0)
                    break;
                if ((await table.TrySubmitAsync(
                    [.. rows.Select(r => Change.Delete(r.PartitionKey, r.RowKey, ETag.All))], cancellationToken)).IsDone)
                    return true;
                // Another one sweeps, too.
            }
        }

        return false;
    }

    /// <summary>Nothing is left of these versions any more. Those that another one has forgotten are passed over.</summary>
    public async Task ForgetAsync(IReadOnlyCollection<DatasetVersionRow> versions, CancellationToken cancellationToken)
    {
        if (versions.Count == 0)
            return;
        var all = await table.TrySubmitAsync(
            [.. versions.Select(v => Change.Delete(v.PartitionKey, LeftoverKey(v.Id), ETag.All))], cancellationToken);
        if (all.IsDone)
            return;
        foreach (var version in versions)
            await table.TryDeleteAsync(version.PartitionKey, LeftoverKey(version.Id), ETag.All, cancellationToken);
    }

    IEnumerable<TableTransactionAction> DeletionOf(DatasetVersionRow version, ETag ifMatch, Guid? change)
    {
        yield return Change.Delete(version.PartitionKey, version.RowKey, ifMatch);
        yield return Change.Delete(version.PartitionKey, VersionNameKey(version.DatasetId, version.Name), ETag.All);
        if (version.Status == DatasetVersionStatus.Completed)
            yield return Change.Delete(version.PartitionKey, CompletedKey(version.VersionId), ETag.All);
        // It is there for a version that is being created. After that a late delivery of its job may write a blob again.
        yield return Change.Upsert(LeftoverOf(version, clock.GetUtcNow() + UnusedAfter) with { Change = change });
    }

    /// <summary>The dataset as it is without a version: the newest one of the others is its latest.</summary>
    async Task<DatasetRow> WithoutAsync(DatasetRow dataset, DatasetVersionRow version, CancellationToken cancellationToken)
    {
        if (dataset.Latest != version.Id)
            return dataset;
        var next = await table.ReadAsync<CompletedVersionRow>(MarkedBy("t", dataset.DatasetId), 2, cancellationToken: cancellationToken)
            .FirstOrDefaultAsync(r => r.Dataset == dataset.Id && r.Version != version.Id, cancellationToken);
        return dataset with { Latest = next?.Version, LatestName = next?.Name };
    }

    /// <summary>The rows of a kind whose keys begin with the dataset's mark.</summary>
    static TableRange MarkedBy(string kind, DatasetId dataset) => Starting(dataset.Partition, $"{kind}-{dataset.Mark}-");

    /// <param name="prefix">Ends with a hyphen.</param>
    static TableRange Starting(string partition, string prefix) => new(partition) { From = prefix, Before = $"{prefix.AsSpan(..^1)}." };
}

/// <summary>The dataset of a row; null if its key has it.</summary>
sealed record OfDatasetRow : TableRow
{
    public static readonly string[] Properties = [nameof(RowKey), nameof(Dataset)];

    public Guid? Dataset { get; init; }
}
