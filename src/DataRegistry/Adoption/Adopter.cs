using Azure;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

/// <summary>
/// The adoption rule: turns a window of keys into locations and datums. An object gets two rows. The insert of the
/// location is the commit, and the datum row follows from it. A repeated or concurrent window adds missing rows and
/// changes nothing else. A location names its job, so a repetition recognizes its own rows.
/// </summary>
sealed class Adopter(
    LocationTable locations, DatumTable datums, JobTable jobs, TimeProvider clock, IOptions<JobOptions> options)
{
    readonly int inFlight = options.Value.TableRequestsInFlight;
    readonly SupersededMarks marks = new(datums, clock);

    /// <param name="keys">Without duplicates.</param>
    /// <param name="locate">Reads the locations among the keys, including free ones. It may return other locations of
    /// this job, whose datums may be missing.</param>
    /// <param name="find">Asks S3 about the keys that have no location yet; answers in their order.</param>
    /// <param name="look">Checks the objects of existing locations; null if not requested.</param>
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
        // No message repeats an immediate adoption. Stop here if the caller has hung up, but finish once it has begun.
        cancellationToken.ThrowIfCancellationRequested();
        if (scope.AtOnce)
            cancellationToken = CancellationToken.None;
        // Complete the old datums first, because nothing would complete them once no location names them.
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

    /// <summary>The locations of the keys, anywhere in the store.</summary>
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
    /// Inserts locations, or replaces free ones, a transaction at a time. Right after each transaction it inserts the
    /// datums. Returns those datums by key. Locations that others inserted first go to <paramref name="located"/>.
    /// </summary>
    async Task<Dictionary<string, Guid>> InsertAsync(
        AdoptionScope scope, Dictionary<string, Probe> probes, Dictionary<string, LocatedRow> free, Dictionary<string, LocatedRow> located,
        CancellationToken cancellationToken)
    {
        var created = new Dictionary<string, Guid>(StringComparer.Ordinal);
        // Rows are several times as large as their source, so make them just before they are written.
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

                // Another job inserted some of them first, or this very transaction did and its answer was lost.
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

    /// <summary>Inserts the datum rows of locations of one shard, which is theirs too; at most one transaction.</summary>
    async Task InsertDatumsAsync(AdoptionScope scope, IReadOnlyList<LocationRow> from, CancellationToken cancellationToken)
    {
        var rows = DatumsOf(scope.Store, from);
        if (!(await BulkInsert.TryInsertAsync(datums.Table, rows, cancellationToken)).IsDone)
            await CompleteDatumsAsync(rows, cancellationToken);
    }

    /// <summary>
    /// Inserts the missing ones of the rows. The id is a hash of job, key and version, so an existing row with the id
    /// is our row. Its first columns never change, and all others are kept. This needs no read of the existing rows,
    /// which would be a request for each id.
    /// </summary>
    async Task CompleteDatumsAsync(List<DatumRow> rows, CancellationToken cancellationToken)
    {
        // Refused only if another writer changed one of them at the same moment.
        for (var retry = new WriteRetry(clock, cancellationToken);
            !(await datums.Table.TrySubmitAsync([.. rows.Select(Change.Upsert)], cancellationToken)).IsDone;
            await retry.AgainAsync())
        {
        }
    }

    static List<DatumRow> DatumsOf(Store store, IEnumerable<LocationRow> locations) =>
        [.. locations.Select(r => DatumRow.Of(r, store.Id, store.Configuration.Bucket)).OrderBy(r => r.RowKey, StringComparer.Ordinal)];

    /// <summary>
    /// Inserts the datum row of every location that may lack it: those of an earlier delivery of this job, and those of
    /// jobs that are not known to be complete.
    /// </summary>
    async Task CompleteAsync(AdoptionScope scope, IReadOnlyCollection<LocatedRow> found, CancellationToken cancellationToken)
    {
        var job = scope.Job.Value.ToGuid();
        var unsettled = new List<LocatedRow>();
        // By job, so that a running one is read once for its thousands of locations.
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
    /// Inserts the missing datums of one shard's locations, at most one transaction, in the order of their row keys.
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

    /// <summary>Marks locations of one shard as settled, at most one transaction.</summary>
    Task<TableTransactionResult> SettleAsync(
        IReadOnlyList<(string PartitionKey, string RowKey, ETag ETag)> rows, CancellationToken cancellationToken) =>
        // A refusal means that another writer changed a row meanwhile. The next adoption that meets these locations
        // settles them.
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
    /// Runs an action on transactions of at most 100 items of one partition, in their order, several at a time.
    /// Partitions take turns, because each accepts only a sixteenth of their total rate (see <see cref="Shards"/>).
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
