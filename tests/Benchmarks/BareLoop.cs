using System.Runtime.CompilerServices;
using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Benchmarks;

/// <summary>
/// What the bucket and the tables themselves can do: the service's clients and rows, and none of its work. Nothing is staged, looked up,
/// checked or repeated; pages are listed while rows are inserted, and every transaction but a partition's last is full.
/// </summary>
sealed class BareLoop(Arena arena, Store store) : IDisposable
{
    readonly Project project = new(Guid.NewGuid(), "bare", 0, Guid.NewGuid(), Guid.NewGuid());
    readonly JobId job = JobId.Create(DateTimeOffset.UtcNow, 0);
    readonly Buckets buckets = new();
    readonly TableClient locations = new LocationTable(arena.Storage.Tables).Table;
    readonly TableClient datums = new DatumTable(arena.Storage.Tables, TimeProvider.System).Table;

    public void Dispose() => buckets.Dispose();

    /// <summary>Tables, and a connection to the bucket.</summary>
    public Task PrepareAsync(CancellationToken cancellationToken) => Task.WhenAll(
        locations.CreateIfNotExistsAsync(cancellationToken), datums.CreateIfNotExistsAsync(cancellationToken),
        buckets.Open(store).ListAsync(new() { MaxKeys = 1 }, cancellationToken));

    /// <summary>Lists all and inserts all; returns how many objects.</summary>
    public async Task<int> ListAsync(int inFlight, CancellationToken cancellationToken)
    {
        var rows = 0;
        await Parallel.ForEachAsync(
            TransactionsAsync(cancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = inFlight, CancellationToken = cancellationToken },
            async (transaction, token) =>
            {
                Done((await transaction.Table.SubmitTransactionAsync(transaction.Actions, token)).IsDone);
                Interlocked.Add(ref rows, transaction.Actions.Count);
            });
        return rows / 2;
    }

    /// <summary>One object by itself: a query, a HEAD, two inserts, and the change that says that both are there.</summary>
    public async Task AdoptOneAsync(string key, CancellationToken cancellationToken)
    {
        var (partition, rowKey) = LocationTable.KeyOf(store.Id, key);
        await locations.QueryPageAsync<LocationRow>(new TableRange(partition) { From = rowKey }, null, 1, cancellationToken: cancellationToken);
        var found = await buckets.Open(store).HeadAsync(key, cancellationToken: cancellationToken) ?? throw new WrongResultException($"There is no {key}.");
        var location = LocationOf(found);
        var inserted = await locations.AddEntityAsync(location, cancellationToken);
        Done(inserted.IsDone);
        Done((await datums.AddEntityAsync(DatumRow.Of(location, store.Id, store.Configuration.Bucket), cancellationToken)).IsDone);
        var settled = new SettledRow { PartitionKey = partition, RowKey = rowKey };
        Done((await locations.UpdateEntityAsync(settled, inserted.ETag, TableUpdateMode.Merge, cancellationToken)).IsDone);
    }

    async IAsyncEnumerable<(TableClient Table, List<TableTransactionAction> Actions)> TransactionsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var filling = new Dictionary<(TableClient Table, string Partition), List<TableTransactionAction>>();
        await foreach (var found in ObjectsAsync(cancellationToken))
        {
            var location = LocationOf(found);
            var datum = DatumRow.Of(location, store.Id, store.Configuration.Bucket);
            if (Add(locations, TableTransactionAction.Add(location)) is { } first)
                yield return (locations, first);
            if (Add(datums, TableTransactionAction.Add(datum)) is { } second)
                yield return (datums, second);
        }

        foreach (var ((table, _), rest) in filling)
            yield return (table, rest);

        // The partition's transaction, once it is full.
        List<TableTransactionAction>? Add(TableClient table, TableTransactionAction action)
        {
            if (!filling.TryGetValue((table, action.PartitionKey), out var actions))
                filling.Add((table, action.PartitionKey), actions = []);
            actions.Add(action);
            return actions.Count == TableClient.MaxTransactionActions && filling.Remove((table, action.PartitionKey)) ? actions : null;
        }
    }

    async IAsyncEnumerable<S3Object> ObjectsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var bucket = buckets.Open(store);
        ListPage? page = null;
        do
        {
            page = await bucket.ListAsync(new() { ContinuationToken = page?.NextContinuationToken }, cancellationToken);
            foreach (var found in page.Objects)
                yield return found;
        }
        while (page.NextContinuationToken is not null);
    }

    LocationRow LocationOf(S3Object found)
    {
        var (partition, rowKey) = LocationTable.KeyOf(store.Id, found.Key);
        return new()
        {
            PartitionKey = partition, RowKey = rowKey, Key = found.Key, Datum = DatumId.Mint(job, project.Slot, found.Key, found.VersionId).Value.ToGuid(),
            Job = job.Value.ToGuid(), Project = project.Id, AdoptedBy = "administrator", Size = found.Size, ObjectETag = found.ETag,
            LastModified = found.LastModified, VersionId = found.VersionId, Md5 = found.Md5, Sha256 = found.Sha256,
        };
    }

    static void Done(bool done)
    {
        if (!done)
            throw new WrongResultException("A bare row was there already.");
    }
}
