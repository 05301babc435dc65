using System.Runtime.Serialization;
using Azure;
using DataRegistry.Http;
using DataRegistry.Storage;
using Microsoft.Extensions.Options;

namespace DataRegistry.DataVolumes;

/// <summary>
/// Data volumes; <see cref="DataVolumeKeys"/> draws their rows. A volume's row decides. Its name, its copies under
/// shared scopes and the agent's work change in one transaction with it, on its ETag.
/// </summary>
sealed class DataVolumeTable(TableServiceClient tables, TimeProvider clock, IOptions<DataVolumeOptions> options) : IStoredTable
{
    /// <summary>
    /// This close to the limit, each new volume is counted twice. Fewer than this are created at the same time.
    /// </summary>
    const int MinMargin = 100;

    /// <summary>
    /// The most scopes that a volume is shared with. The copies, the volume, its name, the agent's work and an
    /// Idempotency-Key then fit into one transaction of 100.
    /// </summary>
    public const int MaxSharedScopes = 90;

    const int RangesAtOnce = 8;

    static readonly string[] Listed =
    [
        .. typeof(DataVolumeRow).GetProperties().Where(
            p => !p.IsDefined(typeof(IgnoreDataMemberAttribute), inherit: false)).Select(p => p.Name)
            .Except([nameof(DataVolumeRow.Scopes), nameof(DataVolumeRow.Repetition), nameof(DataVolumeRow.ETag)], StringComparer.Ordinal),
    ];

    readonly TableClient table = tables.GetTableClient("datavolumes");
    readonly int max = options.Value.MaxPerProject;

    public TableClient Table => table;

    /// <summary>The volume; null if there is none.</summary>
    public Task<DataVolumeRow?> FindAsync(DataVolumeId id, CancellationToken cancellationToken) =>
        table.FindAsync<DataVolumeRow>(DataVolumeKeys.Partition(id), DataVolumeKeys.Volume(id), cancellationToken: cancellationToken);

    /// <summary>Whether a data volume of the cluster has the name, including one that is being deleted.</summary>
    public async Task<bool> IsTakenAsync(Guid cluster, DataVolumeName name, CancellationToken cancellationToken) =>
        await table.FindAsync<DataVolumeNameRow>(
            DataVolumeKeys.Partition(cluster), DataVolumeKeys.Name(cluster, name), cancellationToken: cancellationToken) is not null;

    /// <summary>
    /// Inserts a volume and its name. If the table's answer is lost, it looks for the volume. So a committed volume is
    /// never reported as failed, unless the table cannot be read either.
    /// </summary>
    /// <param name="repetition">The row of the Idempotency-Key; null if none.</param>
    public async Task<DataVolumeCreation> CreateAsync(
        DataVolumeRow row, DataVolumeName name, RepetitionRow? repetition, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var known = repetition is null ? null : await RepetitionAsync(repetition, cancellationToken);
            if (known is not null && clock.GetUtcNow() < known.CreatedAt + IdempotencyKey.Kept)
                return known.Body == repetition!.Body ? new DataVolumeCreation.Repeated(known.Answer) : new DataVolumeCreation.OtherBody();
            var count = await CountAsync(row, cancellationToken);
            if (count >= max)
                return new DataVolumeCreation.TooMany(max);
            if (await TryCreateAsync(row, name, repetition, known, cancellationToken))
                return await IsOneTooManyAsync(row, count) ? new DataVolumeCreation.TooMany(max) : new DataVolumeCreation.Created();
            // Read the name before the key: one transaction writes both, so if the name is there, so is the key.
            var taken = await IsTakenAsync(row.Cluster, name, cancellationToken);
            if (repetition is not null && (await RepetitionAsync(repetition, cancellationToken))?.ETag != known?.ETag)
                continue;
            if (taken)
                return new DataVolumeCreation.NameTaken();
        }
    }

    /// <summary>The number of data volumes that originate in the project, up to the limit. One request per thousand.</summary>
    ValueTask<int> CountAsync(DataVolumeRow row, CancellationToken cancellationToken) =>
        table.ReadAsync<DataVolumeOwnerRow>(
            DataVolumeKeys.OriginatedIn(row.Project, row.Department, row.Cluster), select: [nameof(DataVolumeOwnerRow.Project)],
            cancellationToken: cancellationToken)
            .Where(r => r.Project == row.Project).Take(max + 1).CountAsync(cancellationToken);

    /// <summary>
    /// Near the limit, a new volume is counted again when it exists, so each of several concurrent creates sees the
    /// others. Never more than the limit stay, though fewer may. A surplus volume is removed together with its
    /// Idempotency-Key.
    /// </summary>
    /// <param name="before">The number before it was inserted.</param>
    async Task<bool> IsOneTooManyAsync(DataVolumeRow row, int before)
    {
        if (before < max - Math.Max(MinMargin, max / 10))
            return false;
        try
        {
            // Do not cancel any more, even if the caller has hung up.
            if (await CountAsync(row, CancellationToken.None) <= max)
                return false;
            var retry = new WriteRetry(clock, CancellationToken.None);
            while (await FindAsync(DataVolumeId.Of(row), CancellationToken.None) is { } created
                && !await TryRemoveAsync(created, takeBack: true, CancellationToken.None))
            {
                await retry.AgainAsync();
            }

            return true;
        }
        catch (RequestFailedException)
        {
            // The volume exists. An error would make the caller repeat the create.
            return false;
        }
    }

    async Task<bool> TryCreateAsync(
        DataVolumeRow row, DataVolumeName name, RepetitionRow? repetition, RepetitionRow? over, CancellationToken cancellationToken)
    {
        List<TableTransactionAction> actions =
        [
            Change.Add(new DataVolumeNameRow
            {
                PartitionKey = row.PartitionKey, RowKey = DataVolumeKeys.Name(row.Cluster, name), Volume = row.Id,
            }),
            Change.Add(row),
            Change.Add(PendingOf(row)),
        ];
        if (repetition is not null)
            actions.Add(over is null ? Change.Add(repetition) : Change.Update(repetition, over.ETag));
        try
        {
            if ((await table.TrySubmitAsync(actions, cancellationToken)).IsDone)
                return true;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // It is unknown whether the write was committed. If it was, it is no failure.
            if (await FindAsync(DataVolumeId.Of(row), cancellationToken) is not null)
                return true;
            throw;
        }

        // A retry after a lost answer finds its own rows.
        return await FindAsync(DataVolumeId.Of(row), cancellationToken) is not null;
    }

    /// <summary>
    /// Changes a volume and all rows that depend on it; null if there is none. On a conflict it calls <paramref
    /// name="change"/> again.
    /// </summary>
    /// <param name="change">Receives the present volume. An unchanged result is not written. It may end the
    /// request.</param>
    public async Task<DataVolumeRow?> ChangeAsync(
        DataVolumeId id, Func<DataVolumeRow, DataVolumeRow> change, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            if (await FindAsync(id, cancellationToken) is not { } row)
                return null;
            var changed = change(row);
            if (changed == row)
                return row;
            var (actions, late) = ActionsOf(row, changed);
            // Too many for one transaction: mark those that do not fit as leaving first, and delete them afterwards.
            List<(SharedScope Scope, TableWrite Mark)> marked = [];
            foreach (var leaving in late)
                marked.Add(
                    (leaving, await table.TryUpdateAsync(
                        row.CopyFor(leaving) with { Leaving = true }, ETag.All, cancellationToken: cancellationToken)));
            if (!(await table.TrySubmitAsync(actions, cancellationToken)).IsDone)
            {
                await RemoveStaleAsync(row, changed, cancellationToken);
                continue;
            }

            // Delete only the marked version: by now another caller may share the scope again.
            foreach (var (scope, mark) in marked.Where(m => m.Mark.IsDone))
                await table.TryDeleteAsync(row.PartitionKey, DataVolumeKeys.Share(scope, row.Id), mark.ETag, cancellationToken);
            return changed;
        }
    }

    /// <summary>Removes a volume with all that belongs to it; null if there is none, or if another call came first.</summary>
    /// <param name="check">Receives the present volume, again after each conflict. It may end the request.</param>
    public async Task<DataVolumeRow?> RemoveAsync(DataVolumeId id, Action<DataVolumeRow> check, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            if (await FindAsync(id, cancellationToken) is not { } row)
                return null;
            check(row);
            if (await TryRemoveAsync(row, takeBack: false, cancellationToken))
                return row;
        }
    }

    /// <summary>False if it has changed since it was read, or is gone.</summary>
    /// <param name="takeBack">Whether its create failed after all: then its key is deleted too.</param>
    async Task<bool> TryRemoveAsync(DataVolumeRow row, bool takeBack, CancellationToken cancellationToken)
    {
        List<TableTransactionAction> actions = [Change.Delete(row.PartitionKey, row.RowKey, row.ETag)];
        if (DataVolumeName.TryParse(row.Name, out var name))
            actions.Add(Change.Delete(row.PartitionKey, DataVolumeKeys.Name(row.Cluster, name), ETag.All));
        if (row.IsPending)
            actions.Add(Change.Delete(row.PartitionKey, DataVolumeKeys.Pending(row.Cluster, row.Id), ETag.All));
        // A younger key stays: its create may still be repeated.
        if (row.Repetition is not null && (takeBack || clock.GetUtcNow() >= row.CreatedAt + IdempotencyKey.Kept)
            && await table.FindAsync<RepetitionRow>(
                row.PartitionKey, row.Repetition, cancellationToken: cancellationToken) is { } repetition && repetition.Volume == row.Id)
        {
            actions.Add(Change.Delete(row.PartitionKey, row.Repetition, repetition.ETag));
        }

        actions.AddRange(row.ReadScopes().Select(s => Change.Delete(row.PartitionKey, DataVolumeKeys.Share(s, row.Id), ETag.All)));
        return (await table.TrySubmitAsync(actions, cancellationToken)).IsDone;
    }

    /// <summary>
    /// The matching volumes in the ranges, without duplicates and without their shared scopes. Sends several requests
    /// at a time.
    /// </summary>
    public async Task<IReadOnlyList<DataVolumeRow>> ListAsync(
        IEnumerable<TableRange> ranges, Func<DataVolumeRow, bool> wanted, CancellationToken cancellationToken)
    {
        var found = new System.Collections.Concurrent.ConcurrentDictionary<Guid, DataVolumeRow>();
        await Parallel.ForEachAsync(
            ranges, new ParallelOptions { MaxDegreeOfParallelism = RangesAtOnce, CancellationToken = cancellationToken },
            async (range, token) =>
            {
                await foreach (var row in table.ReadAsync<DataVolumeRow>(range, maxPerPage: 1000, Listed, token))
                {
                    if (wanted(row) && (row.Leaving ? await SharedAsync(row, token) : row) is { } shared)
                        found.TryAdd(row.Id, shared);
                }
            });
        return [.. found.Values];
    }

    /// <summary>The volumes on which the cluster's agent has work, oldest first.</summary>
    public async Task<OffsetPage<DataVolumeRow>> PendingAsync(Guid cluster, OffsetPaging paging, CancellationToken cancellationToken)
    {
        var (offset, limit) = paging;
        var rows = (int)Math.Min((long)offset + limit + 1, 1000);
        var pending = await table.ReadAsync<PendingRow>(DataVolumeKeys.PendingIn(cluster), rows, cancellationToken: cancellationToken)
            .Skip(offset).Take(limit + 1).Select(
                p => DataVolumeKeys.Volume(new(TimedId.FromGuid(p.Volume)))).ToListAsync(cancellationToken);
        var keys = pending.Take(limit).Order(StringComparer.Ordinal).ToList();
        var found = keys.Count == 0
            ? []
            : (await table.FindManyAsync<DataVolumeRow>(
                DataVolumeKeys.Partition(cluster), keys, cancellationToken: cancellationToken)).Values.Where(r => r.IsPending);
        return new([.. found.OrderBy(r => r.Id.ToString("N"), StringComparer.Ordinal)], pending.Count > limit ? offset + limit : null);
    }

    /// <summary>When the cluster's agent was last seen; null if never.</summary>
    public Task<AgentRow?> FindAgentAsync(Guid cluster, CancellationToken cancellationToken) =>
        table.FindAsync<AgentRow>(DataVolumeKeys.Partition(cluster), DataVolumeKeys.Agent(cluster), cancellationToken: cancellationToken);

    /// <summary>Notes that the agent was seen now. Of two concurrent calls one writes, which is enough.</summary>
    public async Task NoteAgentAsync(Guid cluster, CancellationToken cancellationToken)
    {
        var known = await FindAgentAsync(cluster, cancellationToken);
        var row = new AgentRow
        {
            PartitionKey = DataVolumeKeys.Partition(cluster),
            RowKey = DataVolumeKeys.Agent(cluster),
            LastSeen = clock.GetUtcNow(),
        };
        if (known is null)
            await table.TryAddAsync(row, cancellationToken);
        else if (known.LastSeen < row.LastSeen)
            await table.TryUpdateAsync(row, known.ETag, cancellationToken: cancellationToken);
    }

    /// <summary>
    /// The transaction that turns <paramref name="row"/> into <paramref name="changed"/>, and the removed scopes that
    /// do not fit into it.
    /// </summary>
    static (List<TableTransactionAction> Actions, List<SharedScope> Late) ActionsOf(DataVolumeRow row, DataVolumeRow changed)
    {
        List<TableTransactionAction> actions = [Change.Update(changed, row.ETag)];
        if (row.IsPending != changed.IsPending)
        {
            actions.Add(changed.IsPending ? Change.Add(PendingOf(changed))
                : Change.Delete(row.PartitionKey, DataVolumeKeys.Pending(row.Cluster, row.Id), ETag.All));
        }

        var (before, after) = (row.ReadScopes(), changed.ReadScopes());
        foreach (var scope in after)
        {
            var copy = changed.CopyFor(scope);
            if (!before.Any(scope.IsSame))
                actions.Add(Change.Add(copy));
            else if (copy != row.CopyFor(scope))
                actions.Add(Change.Update(copy, ETag.All));
        }

        var removed = before.Where(s => !after.Any(s.IsSame)).ToList();
        var slotsLeft = Tables.MaxTransactionActions - actions.Count;
        actions.AddRange(removed.Take(slotsLeft).Select(s => Change.Delete(row.PartitionKey, DataVolumeKeys.Share(s, row.Id), ETag.All)));
        return (actions, [.. removed.Skip(slotsLeft)]);
    }

    /// <summary>
    /// Removes a copy that an earlier change left behind because its process died: it would block the scope's return.
    /// The volume is read after the copy. If it lacks the scope, the copy cannot count again without a new write.
    /// </summary>
    async Task RemoveStaleAsync(DataVolumeRow row, DataVolumeRow changed, CancellationToken cancellationToken)
    {
        var before = row.ReadScopes();
        foreach (var added in changed.ReadScopes().Where(s => !before.Any(s.IsSame)))
        {
            var key = DataVolumeKeys.Share(added, row.Id);
            if (await table.FindAsync<DataVolumeRow>(row.PartitionKey, key, cancellationToken: cancellationToken) is { Leaving: true } stale
                && await SharedAsync(stale, cancellationToken) is null)
            {
                await table.TryDeleteAsync(row.PartitionKey, key, stale.ETag, cancellationToken);
            }
        }
    }

    /// <summary>The volume of a copy, if it is still shared with the copy's scope.</summary>
    async Task<DataVolumeRow?> SharedAsync(DataVolumeRow copy, CancellationToken cancellationToken) =>
        await FindAsync(DataVolumeId.Of(copy), cancellationToken) is { } row
            && row.ReadScopes().Any(s => DataVolumeKeys.Share(s, row.Id) == copy.RowKey) ? row : null;

    Task<RepetitionRow?> RepetitionAsync(RepetitionRow of, CancellationToken cancellationToken) =>
        table.FindAsync<RepetitionRow>(of.PartitionKey, of.RowKey, cancellationToken: cancellationToken);

    static PendingRow PendingOf(DataVolumeRow row) =>
        new() { PartitionKey = row.PartitionKey, RowKey = DataVolumeKeys.Pending(row.Cluster, row.Id), Volume = row.Id };
}
