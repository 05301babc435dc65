using System.Globalization;
using Azure;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

/// <summary>The outcome of pointing an alias at a version.</summary>
abstract record VersionAliasOutcome
{
    public sealed record Created(VersionAliasRow Alias) : VersionAliasOutcome;

    public sealed record Moved(VersionAliasRow Alias, Guid From) : VersionAliasOutcome;

    /// <summary>It named that version already.</summary>
    public sealed record Unchanged(VersionAliasRow Alias) : VersionAliasOutcome;

    /// <summary>A version of the dataset has the name.</summary>
    public sealed record IsVersion : VersionAliasOutcome;

    /// <summary>The version, or its dataset, was deleted meanwhile.</summary>
    public sealed record VersionGone : VersionAliasOutcome;
}

/// <summary>Aliases of versions.</summary>
sealed partial class DatasetTable
{
    /// <summary>The alias by its name; null if there is none.</summary>
    public Task<VersionAliasRow?> FindAliasAsync(Guid project, DatasetId dataset, string name, CancellationToken cancellationToken) =>
        table.FindAsync<VersionAliasRow>(dataset.Partition, AliasKey(project, dataset, name), cancellationToken: cancellationToken);

    /// <summary>The place of an alias's id, even after the alias is deleted; null if no alias ever had it.</summary>
    public Task<VersionAliasIdRow?> FindAliasIdAsync(DatasetVersionId id, CancellationToken cancellationToken) =>
        table.FindAsync<VersionAliasIdRow>(id.Partition, AliasIdKey(id), cancellationToken: cancellationToken);

    /// <summary>The alias that an id's row leads to; null if it was deleted, also if its name is another alias's now.</summary>
    public async Task<VersionAliasRow?> FindAliasAsync(
        DatasetVersionId id, VersionAliasIdRow where, CancellationToken cancellationToken) =>
        await FindAliasAsync(where.Project, DatasetId.Of(where.Dataset), where.Name, cancellationToken) is { } row
        && row.Id == id.ToGuid() ? row : null;

    /// <summary>A page of a project's aliases, by dataset and name, and the cursor after it.</summary>
    /// <param name="dataset">Only those of one; null for all.</param>
    public Task<(IReadOnlyList<VersionAliasRow> Rows, string? Cursor)> ListAliasesAsync(
        Project project, DatasetId? dataset, int limit, string? after, CancellationToken cancellationToken)
    {
        var all = dataset is { } one ? AliasKey(project.Id, one, "") : $"l-{project.Id:N}-";
        var range = Starting(PartitionOf(project.Slot), all);
        if (VersionAliasRow.TryParsePlace(after, out var id, out var name))
            range = range with { From = null, After = AliasKey(project.Id, id, name) };
        return table.ReadAsync<VersionAliasRow>(range, Math.Min(limit + 1, 1000), cancellationToken: cancellationToken)
            .PageAsync(limit, r => r.Place, cancellationToken);
    }

    /// <summary>A page of an alias's changes, the last one first, and the cursor after it.</summary>
    public Task<(IReadOnlyList<VersionAliasChangeRow> Rows, string? Cursor)> HistoryAsync(
        DatasetVersionId alias, int limit, string? after, CancellationToken cancellationToken)
    {
        var prefix = $"h-{alias.Ascending}-";
        var range = Starting(alias.Partition, prefix);
        if (after is not null)
            range = range with { From = null, After = prefix + after };
        return table.ReadAsync<VersionAliasChangeRow>(range, Math.Min(limit + 1, 1000), cancellationToken: cancellationToken)
            .PageAsync(limit, r => r.RowKey[prefix.Length..], cancellationToken);
    }

    /// <summary>
    /// Makes the alias, or points it at another version. Concurrent moves are made one after the other, each from where the one before
    /// led; each is in the history.
    /// </summary>
    public async Task<VersionAliasOutcome> PointAsync(
        DatasetVersionRow version, DatasetName name, string user, CancellationToken cancellationToken)
    {
        var change = Guid.NewGuid();
        Guid? from = null;
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var row = await FindAliasAsync(version.Project, version.DatasetId, name.Value, cancellationToken);
            if (row?.Change == change)
                return Done(row, from);
            if (row?.Version == version.Id)
                return new VersionAliasOutcome.Unchanged(row);
            from = row?.Version;
            var now = clock.GetUtcNow();
            var pointed = row is null
                ? NewAlias(version, name, change, user, now)
                : row with { Version = version.Id, MTime = now, Revision = row.Revision + 1, Change = change, User = user };
            List<TableTransactionAction> actions =
            [
                Exists(version.PartitionKey, version.RowKey),
                Exists(version.PartitionKey, IdKey(version.DatasetId)),
                row is null ? Change.Add(pointed) : Change.Update(pointed, row.ETag),
                Change.Add(ChangeOf(pointed, from, pointed.Version, user, now)),
                Change.Add(OfVersion(pointed)),
                .. row is null
                    ? [Change.Add(NameOf(pointed)), Change.Add(IdOf(pointed))]
                    : new[] { Change.Delete(row.PartitionKey, OfVersion(row).RowKey, ETag.All) },
            ];
            var done = await table.TrySubmitAsync(actions, cancellationToken);
            if (done.IsDone)
                return Done(pointed, from);
            if (done.Outcome == TableOutcome.Missing && done.FailedIndex < 2)
                return new VersionAliasOutcome.VersionGone();
            if (row is null && (await FindNameAsync(version.DatasetId, name.Value, cancellationToken))?.Version is not null)
                return new VersionAliasOutcome.IsVersion();
            // Another one was quicker, or our own answer was lost: look again.
        }

        static VersionAliasOutcome Done(VersionAliasRow row, Guid? from) =>
            from is { } before ? new VersionAliasOutcome.Moved(row, before) : new VersionAliasOutcome.Created(row);
    }

    /// <summary>Deletes the alias as it is now. Its history stays and records that. False if it is gone already.</summary>
    /// <param name="onlyAt">Leaves an alias alone that names another version by now; null to delete it wherever it leads.</param>
    public async Task<bool> DeleteAliasAsync(
        VersionAliasRow alias, Guid? onlyAt, string user, CancellationToken cancellationToken)
    {
        var retry = new WriteRetry(clock, cancellationToken);
        VersionAliasChangeRow? tried = null;
        for (var row = alias; row?.Id == alias.Id && (onlyAt is null || row.Version == onlyAt);)
        {
            tried = ChangeOf(row with { Revision = row.Revision + 1 }, row.Version, null, user, clock.GetUtcNow());
            var deleted = await table.TrySubmitAsync(
                [
                    Change.Delete(row.PartitionKey, row.RowKey, row.ETag),
                    Change.Add(tried),
                    Change.Delete(row.PartitionKey, OfVersion(row).RowKey, ETag.All),
                    Change.Delete(row.PartitionKey, NameOf(row).RowKey, ETag.All),
                ],
                cancellationToken);
            if (deleted.IsDone)
                return true;
            await retry.AgainAsync();
            row = await table.FindAsync<VersionAliasRow>(row.PartitionKey, row.RowKey, cancellationToken: cancellationToken);
        }

        // The answer to the deletion may be lost: then the history has the very change.
        return tried is not null && await table.FindAsync<VersionAliasChangeRow>(
            tried.PartitionKey, tried.RowKey, cancellationToken: cancellationToken) is { } written
            && written.To is null && written.User == tried.User && written.Time == tried.Time;
    }

    /// <summary>The aliases that name a version now.</summary>
    public async Task<IReadOnlyList<VersionAliasRow>> AliasesOfAsync(DatasetVersionRow version, CancellationToken cancellationToken)
    {
        var found = new List<VersionAliasRow>();
        await foreach (var of in table.ReadAsync<AliasOfVersionRow>(
            Starting(version.PartitionKey, $"d-{version.VersionId.Ascending}-"), cancellationToken: cancellationToken))
        {
            if (await FindAliasAsync(version.Project, version.DatasetId, of.Name, cancellationToken) is { } alias
                && alias.Version == version.Id)
                found.Add(alias);
        }

        return found;
    }

    /// <summary>Those of the versions that there are, by id.</summary>
    public async Task<IReadOnlyDictionary<Guid, DatasetVersionRow>> FindVersionsAsync(
        IEnumerable<DatasetVersionId> ids, CancellationToken cancellationToken)
    {
        var rows = await Task.WhenAll(ids.Distinct().GroupBy(id => id.Partition, StringComparer.Ordinal).Select(some =>
            table.FindManyAsync<DatasetVersionRow>(
                some.Key, [.. some.Select(VersionKey).Order(StringComparer.Ordinal)], cancellationToken: cancellationToken)));
        return rows.SelectMany(r => r.Values).ToDictionary(r => r.Id);
    }

    static VersionAliasRow NewAlias(DatasetVersionRow version, DatasetName name, Guid change, string user, DateTimeOffset now) => new()
    {
        PartitionKey = version.PartitionKey,
        RowKey = AliasKey(version.Project, version.DatasetId, name.Value),
        Id = DatasetVersionId.Create(now, version.DatasetId).ToGuid(),
        Dataset = version.Dataset,
        DatasetName = version.DatasetName,
        Project = version.Project,
        Name = name.Value,
        Version = version.Id,
        CTime = now,
        MTime = now,
        Revision = 1,
        Change = change,
        User = user,
    };

    static VersionNameRow NameOf(VersionAliasRow alias) => new()
    {
        PartitionKey = alias.PartitionKey,
        RowKey = VersionNameKey(alias.DatasetId, alias.Name),
        Alias = alias.Id,
    };

    static VersionAliasIdRow IdOf(VersionAliasRow alias) => new()
    {
        PartitionKey = alias.PartitionKey,
        RowKey = AliasIdKey(alias.AliasId),
        Dataset = alias.Dataset,
        Project = alias.Project,
        Name = alias.Name,
    };

    static VersionAliasChangeRow ChangeOf(VersionAliasRow alias, Guid? from, Guid? to, string user, DateTimeOffset time) => new()
    {
        PartitionKey = alias.PartitionKey,
        RowKey = string.Create(CultureInfo.InvariantCulture, $"h-{alias.AliasId.Ascending}-{int.MaxValue - alias.Revision:D10}"),
        Dataset = alias.Dataset,
        Time = time,
        User = user,
        From = from,
        To = to,
    };

    static AliasOfVersionRow OfVersion(VersionAliasRow alias) => new()
    {
        PartitionKey = alias.PartitionKey,
        RowKey = $"d-{DatasetVersionId.Of(alias.Version).Ascending}-{alias.Id:N}",
        Dataset = alias.Dataset,
        Name = alias.Name,
    };

    static string AliasKey(Guid project, DatasetId dataset, string name) =>
        $"l-{project:N}-{dataset.Value.ToGuid():N}-{OrderedKey.Encode(name)}";

    static string AliasIdKey(DatasetVersionId id) => $"a-{id.Ascending}";
}
