using Azure;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

/// <summary>
/// The adoption rule: a window of keys becomes locations and datums. Two rows an object, the location first: its insert is the
/// commit, the datum row is derived from it. Repeating a window, also while it still runs elsewhere, adds what is missing and
/// changes nothing else; what this job created is told from what was there before by the job that the location names.
/// </summary>
sealed class Adopter(
    LocationTable locations, DatumTable datums, JobTable jobs, TimeProvider clock, IOptions<JobOptions> options)
{
    readonly int inFlight = options.Value.TableRequestsInFlight;
    readonly SupersededMarks marks = new(datums, clock);

    /// <param name="keys">None twice.</param>
    /// <param name="locate">Reads which of the keys have a location, also free ones; and perhaps other locations of this job, whose datums
    /// may be missing.</param>
    /// <param name="find">Asks S3 about the keys that have no location yet; answers in their order.</param>
    /// <param name="look">Asks about locations of others; null if nobody asks.</param>
    /// <returns>The outcomes, in the order of the keys.</returns>
    public async Task<IReadOnlyList<AdoptionOutcome>> AdoptAsync(
        AdoptionScope scope, IReadOnlyList<string> keys,
        Func<IReadOnlyList<string>, CancellationToken, Task<Dictionary<string, LocatedRow>>> locate,
        Func<IReadOnlyList<string>, CancellationToken, Task<IReadOnlyList<Probe>>> find, LookAtLocated? look,
        CancellationToken cancellationToken)
    {
        var plan = await AdoptionPlan.MakeAsync(scope, keys, locate, find, look, cancellationToken);
        scope = plan.Scope;
        var (located, free, probes) = (plan.Located, plan.Free, plan.Probes);
        // No message comes again for what is adopted at once: a caller who hangs up now is not waited for, but what is begun is ended.
        cancellationToken.ThrowIfCancellationRequested();
        if (scope.AtOnce)
            cancellationToken = CancellationToken.None;
        // A datum that no location names any more would never be completed.
        if (scope.AdoptChanged)
            await CompleteAsync(scope, [.. free.Values.Where(r => !r.IsFree && scope.Supersedes(r))], cancellationToken);
        var created = await InsertAsync(scope, probes, free, located, cancellationToken);
        await CompleteAsync(scope, located.Values, cancellationToken);
        return [.. keys.Select(OutcomeOf)];

        AdoptionOutcome OutcomeOf(string key) =>
            created.TryGetValue(key, out var datum)
                ? new AdoptionOutcome.Created(new(TimedId.FromGuid(datum))) { Replaces = free.TryGetValue(key, out var old) && !old.IsFree }
            : located.TryGetValue(key, out var location) ? Adopter.OutcomeOf(scope, location, plan.Changed.Contains(key))
            : plan.FailureOf(key);
    }

    /// <summary>The locations among the keys, wherever in the store they are.</summary>
    public Task<Dictionary<string, LocatedRow>> LocateAsync(Store store, IReadOnlyList<string> keys, CancellationToken cancellationToken) =>
        locations.FindAsync(store.Id, keys, inFlight, cancellationToken);

    static AdoptionOutcome OutcomeOf(AdoptionScope scope, LocatedRow location, bool isChanged)
    {
        var datum = new DatumId(TimedId.FromGuid(location.Datum));
        return location.Job == scope.Job.Value.ToGuid()
            ? new AdoptionOutcome.Created(datum) { Replaces = location.Supersedes == true }
            : new AdoptionOutcome.AlreadyTracked(datum, location.Project) { IsChanged = isChanged };
    }

    /// <summary>
    /// Inserts locations, or puts them in the place of free ones, a transaction at a time, and right after each the datums of what it
    /// inserted. Returns those datums, by key; the locations that others were quicker with go to <paramref name="located"/>.
    /// </summary>
    async Task<Dictionary<string, Guid>> InsertAsync(
        AdoptionScope scope, Dictionary<string, Probe> probes, Dictionary<string, LocatedRow> free, Dictionary<string, LocatedRow> located,
        CancellationToken cancellationToken)
    {
        var created = new Dictionary<string, Guid>(StringComparer.Ordinal);
        // Rows are several times as large as what they are made of: they are made as they are written, and not kept.
        await ForEachTransactionAsync(
            probes.Values.Select(p => p.Object).OfType<S3Object>(), o => Shards.Of(o.Key), async (objects, token) =>
        {
            List<LocationRow> chunk = [.. objects.Select(o => LocationOf(scope, o)).OrderBy(r => r.RowKey, StringComparer.Ordinal)];
            for (var retry = new WriteRetry(clock, token); chunk.Count > 0; await retry.AgainAsync())
            {
                if (free.Count > 0)
                    chunk = [.. chunk.Select(After)];
                var result = AreAllNew(chunk)
                    ? await BulkInsert.TryInsertAsync(locations.Table, chunk, token)
                    : await locations.Table.TrySubmitAsync([.. chunk.Select(Put)], token);
                if (result.IsDone)
                {
                    lock (created)
                    {
                        foreach (var row in chunk)
                            created.Add(row.Key, row.Datum);
                    }

                    await InsertDatumsAsync(scope, chunk, token);
                    if (scope.AdoptChanged)
                        await marks.WriteAsync(chunk, token);
                    if (scope.AtOnce)
                        await SettleAsync([.. chunk.Zip(result.ETags, (row, etag) => (row.PartitionKey, row.RowKey, etag))], token);
                    return;
                }

                // Another job was quicker with some of them, or this very transaction was, whose answer got lost.
                var existing = await locations.Table.FindManyAsync<LocatedRow>(
                    chunk[0].PartitionKey, [.. chunk.Select(r => r.RowKey)], LocatedRow.Columns, cancellationToken: token);
                lock (located)
                {
                    foreach (var row in existing.Values)
                    {
                        if (scope.MayTake(row))
                            free[row.Key] = row;
                        else
                            located.Add(row.Key, row);
                    }
                }

                chunk = [.. chunk.Where(r => !existing.TryGetValue(r.RowKey, out var row) || scope.MayTake(row))];
            }
        }, cancellationToken);
        return created;

        LocationRow After(LocationRow row)
        {
            lock (located)
                return free.TryGetValue(row.Key, out var before)
                    ? row with { Previous = before.Datum, Supersedes = before.IsFree ? null : true }
                    : row with { Previous = null, Supersedes = null };
        }

        bool AreAllNew(List<LocationRow> rows)
        {
            lock (located)
                return free.Count == 0 || !rows.Exists(row => free.ContainsKey(row.Key));
        }

        TableTransactionAction Put(LocationRow row)
        {
            lock (located)
                return free.TryGetValue(row.Key, out var before) ? Change.Update(row, before.ETag) : Change.Add(row);
        }
    }

    /// <summary>The datum rows of locations of one shard, which is theirs too; at most a transaction's worth.</summary>
    async Task InsertDatumsAsync(AdoptionScope scope, IReadOnlyList<LocationRow> from, CancellationToken cancellationToken)
    {
        var rows = DatumsOf(scope.Store, from);
        if (!(await BulkInsert.TryInsertAsync(datums.Table, rows, cancellationToken)).IsDone)
            await CompleteDatumsAsync(rows, cancellationToken);
    }

    /// <summary>
    /// Inserts those of the rows that are missing. A row with our id is our row, since the id is made of the job, key and version: what it
    /// is made with never changes, and everything else of it is left alone. So nobody needs to ask which are there, which for ids is a
    /// request for each.
    /// </summary>
    async Task CompleteDatumsAsync(List<DatumRow> rows, CancellationToken cancellationToken)
    {
        // Refused only if somebody else wrote one of them at that very moment.
        for (var retry = new WriteRetry(clock, cancellationToken);
            !(await datums.Table.TrySubmitAsync([.. rows.Select(Change.Upsert)], cancellationToken)).IsDone;
            await retry.AgainAsync())
        {
        }
    }

    static List<DatumRow> DatumsOf(Store store, IEnumerable<LocationRow> locations) =>
        [.. locations.Select(r => DatumRow.Of(r, store.Id, store.Configuration.Bucket)).OrderBy(r => r.RowKey, StringComparer.Ordinal)];

    /// <summary>
    /// Inserts the datum row of every location that may lack its own: those of an earlier delivery of this job, and those of others whose
    /// job is
    /// not known to be finished.
    /// </summary>
    async Task CompleteAsync(AdoptionScope scope, IReadOnlyCollection<LocatedRow> found, CancellationToken cancellationToken)
    {
        var job = scope.Job.Value.ToGuid();
        var unsettled = new List<LocatedRow>();
        // By job: a running one is asked once for its thousands of locations.
        foreach (var rowsOfJob in found.Where(r => r.Settled != true && !r.IsFree).GroupBy(r => r.Job))
        {
            if (rowsOfJob.Key == job || !await jobs.IsFinishedAsync(new JobId(TimedId.FromGuid(rowsOfJob.Key)), cancellationToken))
                unsettled.AddRange(rowsOfJob);
        }

        await ForEachTransactionAsync(unsettled.OrderBy(r => r.RowKey, StringComparer.Ordinal), r => r.PartitionKey, async (chunk, token) =>
        {
            await CompleteAsync(scope.Store, chunk, token);
            if (chunk.Where(
                r => scope.AtOnce || r.Job != job).Select(r => (r.PartitionKey, r.RowKey, r.ETag)).ToList() is { Count: > 0 } settled)
                await SettleAsync(settled, token);
        }, cancellationToken);
    }

    /// <summary>
    /// Inserts those of the datums that are missing of locations of one shard, at most a transaction's worth, in the order of their row
    /// keys.
    /// </summary>
    public async Task CompleteAsync(Store store, IReadOnlyList<LocatedRow> found, CancellationToken cancellationToken)
    {
        var whole = await locations.Table.FindManyAsync<LocationRow>(
            found[0].PartitionKey, [.. found.Select(r => r.RowKey)], cancellationToken: cancellationToken);
        // Another project's datums are in another partition.
        foreach (var rows in whole.Values.Where(r => !r.IsFree).GroupBy(
            r => DatumTable.PartitionOf(new DatumId(TimedId.FromGuid(r.Datum))), StringComparer.Ordinal))
            await CompleteDatumsAsync(DatumsOf(store, rows), cancellationToken);
        await marks.WriteAsync(whole.Values, cancellationToken);
    }

    /// <summary>Locations of one shard, at most a transaction's worth.</summary>
    Task<TableTransactionResult> SettleAsync(
        IReadOnlyList<(string PartitionKey, string RowKey, ETag ETag)> rows, CancellationToken cancellationToken) =>
        // Refused means that somebody changed a row meanwhile: the next one who meets these locations does it again.
        locations.Table.TrySubmitAsync(
            [.. rows.Select(
                r => Change.Update(new SettledRow { PartitionKey = r.PartitionKey, RowKey = r.RowKey }, r.ETag, TableUpdateMode.Merge))],
                cancellationToken);

    static LocationRow LocationOf(AdoptionScope scope, S3Object found)
    {
        var (partition, rowKey) = LocationTable.KeyOf(scope.Store.Id, found.Key);
        return new()
        {
            PartitionKey = partition,
            RowKey = rowKey,
            Key = found.Key,
            Datum = DatumId.Mint(scope.Job, scope.Project.Slot, found.Key, found.VersionId).Value.ToGuid(),
            Job = scope.Job.Value.ToGuid(),
            Project = scope.Project.Id,
            AdoptedBy = scope.AdoptedBy,
            AdoptedTags = scope.Tags,
            Size = found.Size,
            ObjectETag = found.ETag,
            LastModified = found.LastModified,
            VersionId = found.VersionId,
            StorageClass = found.StorageClass,
            Md5 = found.Md5,
            Sha1 = found.Sha1,
            Sha256 = found.Sha256,
        };
    }

    /// <summary>
    /// Hands out the items in transactions' worth: of one partition, at most 100, in their order, several at a time. Partitions
    /// take turns, since each takes only a sixteenth of what all of them do (see <see cref="Shards"/>).
    /// </summary>
    Task ForEachTransactionAsync<T, TPartition>(
        IEnumerable<T> items, Func<T, TPartition> partition, Func<T[], CancellationToken, Task> submit,
        CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            items.GroupBy(partition).SelectMany(
                g => g.Chunk(Tables.MaxTransactionActions).Select((chunk, turn) => (chunk, turn))).OrderBy(t => t.turn),
            new ParallelOptions { MaxDegreeOfParallelism = inFlight, CancellationToken = cancellationToken },
            async (t, token) => await submit(t.chunk, token));
}
