using System.Runtime.Serialization;
using Azure;
using DataRegistry.Http;
using DataRegistry.Storage;
using Microsoft.Extensions.Options;

namespace DataRegistry.DataVolumes;

/// <summary>
/// Data volumes; their rows are drawn at <see cref="DataVolumeKeys"/>. A volume's row is the truth; its name, its copies under the scopes
/// that it is shared with and its place in the agent's work change in one transaction with it, on its ETag.
/// </summary>
sealed class DataVolumeTable(TableServiceClient tables, TimeProvider clock, IOptions<DataVolumeOptions> options) : IStoredTable
{
    /// <summary>So many below the limit each new volume is counted twice: more are not made at once.</summary>
    const int MinMargin = 100;

    /// <summary>
    /// Scopes that a volume is shared with at most: with the copies, the volume, its name, the agent's work and an Idempotency-Key all
    /// of a volume fits into one transaction of 100.
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

    /// <summary>Whether a data volume of the cluster has the name, also one that is being deleted.</summary>
    public async Task<bool> IsTakenAsync(Guid cluster, DataVolumeName name, CancellationToken cancellationToken) =>
        await table.FindAsync<DataVolumeNameRow>(
            DataVolumeKeys.Partition(cluster), DataVolumeKeys.Name(cluster, name), cancellationToken: cancellationToken) is not null;

    /// <summary>
    /// Inserts a volume and its name. Where the answer of the table is lost the volume is looked for: what was committed is never reported
    /// as failed unless the table cannot be read either.
    /// </summary>
    /// <param name="repetition">What is kept for the Idempotency-Key; null if none.</param>
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
            // The name before the key: both come in one transaction, so whoever's name is there has its key there, too.
            var taken = await IsTakenAsync(row.Cluster, name, cancellationToken);
            if (repetition is not null && (await RepetitionAsync(repetition, cancellationToken))?.ETag != known?.ETag)
                continue;
            if (taken)
                return new DataVolumeCreation.NameTaken();
        }
    }

    /// <summary>The data volumes that originate in the project of one, as far as it matters. A request for each thousand.</summary>
    ValueTask<int> CountAsync(DataVolumeRow row, CancellationToken cancellationToken) =>
        table.ReadAsync<DataVolumeOwnerRow>(
            DataVolumeKeys.OriginatedIn(row.Project, row.Department, row.Cluster), select: [nameof(DataVolumeOwnerRow.Project)],
            cancellationToken: cancellationToken)
            .Where(r => r.Project == row.Project).Take(max + 1).CountAsync(cancellationToken);

    /// <summary>
    /// Near the limit, a new volume is counted when it is there, so that of several at once each sees the others: never more than allowed
    /// stay, though fewer may. One too many goes with its Idempotency-Key, as if it had never been.
    /// </summary>
    /// <param name="before">How many there were before it.</param>
    async Task<bool> IsOneTooManyAsync(DataVolumeRow row, int before)
    {
        if (before < max - Math.Max(MinMargin, max / 10))
            return false;
        try
        {
            // Not given up any more, whoever waits for it.
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
            // It is there: to call that a failure would have it repeated.
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
            // Committed or not, nobody knows: if it was, it is no failure.
            if (await FindAsync(DataVolumeId.Of(row), cancellationToken) is not null)
                return true;
            throw;
        }

        // A retry after a lost answer finds its own rows.
        return await FindAsync(DataVolumeId.Of(row), cancellationToken) is not null;
    }

    /// <summary>
    /// Changes a volume, and with it all that follows from it; null if there is none. Concurrent changes are made one after the other.
    /// </summary>
    /// <param name="change">Called anew with what is there after each change by another; what it returns unchanged is not written. It may
    /// end the request.</param>
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
            // Too many for one transaction: those that do not fit stop counting by themselves first, and go afterwards.
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

            // As it was marked only: by now it may be another's, who shares the scope again.
            foreach (var (scope, mark) in marked.Where(m => m.Mark.IsDone))
                await table.TryDeleteAsync(row.PartitionKey, DataVolumeKeys.Share(scope, row.Id), mark.ETag, cancellationToken);
            return changed;
        }
    }

    /// <summary>Removes a volume with all that belongs to it; null if there is none, also if another was faster.</summary>
    /// <param name="check">Called anew with what is there after each change by another; it may end the request.</param>
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
    /// <param name="takeBack">Whether its create failed after all: then nothing repeats it.</param>
    async Task<bool> TryRemoveAsync(DataVolumeRow row, bool takeBack, CancellationToken cancellationToken)
    {
        List<TableTransactionAction> actions = [Change.Delete(row.PartitionKey, row.RowKey, row.ETag)];
        if (DataVolumeName.TryParse(row.Name, out var name))
            actions.Add(Change.Delete(row.PartitionKey, DataVolumeKeys.Name(row.Cluster, name), ETag.All));
        if (row.IsPending)
            actions.Add(Change.Delete(row.PartitionKey, DataVolumeKeys.Pending(row.Cluster, row.Id), ETag.All));
        // A younger one stays: its create may still be repeated.
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
    /// The wanted volumes in the ranges, those once that are in several; without their shared scopes. Some requests at a time.
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

    /// <summary>The volumes on which the cluster's agent has work, the oldest first.</summary>
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

    /// <summary>When the cluster's agent was last heard of; null for never.</summary>
    public Task<AgentRow?> FindAgentAsync(Guid cluster, CancellationToken cancellationToken) =>
        table.FindAsync<AgentRow>(DataVolumeKeys.Partition(cluster), DataVolumeKeys.Agent(cluster), cancellationToken: cancellationToken);

    /// <summary>Notes that the agent was heard of now. Of two at once one does it, which is as good.</summary>
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
    /// The transaction that makes <paramref name="row"/> into <paramref name="changed"/>, and the scopes that it could not take away in it.
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
        var room = Tables.MaxTransactionActions - actions.Count;
        actions.AddRange(removed.Take(room).Select(s => Change.Delete(row.PartitionKey, DataVolumeKeys.Share(s, row.Id), ETag.All)));
        return (actions, [.. removed.Skip(room)]);
    }

    /// <summary>
    /// A copy that should have gone after an earlier change, whose process died before it went, stands in the way of the scope's return.
    /// The volume is read after the copy: where it does not have the scope, nobody can make this copy count without writing it anew.
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

    /// <summary>The volume of a copy, if it still is shared where the copy lies.</summary>
    async Task<DataVolumeRow?> SharedAsync(DataVolumeRow copy, CancellationToken cancellationToken) =>
        await FindAsync(DataVolumeId.Of(copy), cancellationToken) is { } row
            && row.ReadScopes().Any(s => DataVolumeKeys.Share(s, row.Id) == copy.RowKey) ? row : null;

    Task<RepetitionRow?> RepetitionAsync(RepetitionRow of, CancellationToken cancellationToken) =>
        table.FindAsync<RepetitionRow>(of.PartitionKey, of.RowKey, cancellationToken: cancellationToken);

    static PendingRow PendingOf(DataVolumeRow row) =>
        new() { PartitionKey = row.PartitionKey, RowKey = DataVolumeKeys.Pending(row.Cluster, row.Id), Volume = row.Id };
}
