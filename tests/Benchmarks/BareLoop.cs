using System.Runtime.CompilerServices;
using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Benchmarks;

/// <summary>
/// The speed of bucket and tables alone: the service's clients and rows, without its work. Pages are listed while rows
/// are inserted.
/// </summary>
/// <param name="project">The project of the rows; null for none.</param>
sealed class BareLoop(Arena arena, Store store, Project? project = null) : IDisposable
{
    readonly AdoptedRows rows = new(
        arena.Storage, store, project ?? new Project(Guid.NewGuid(), "bare", 0, Guid.NewGuid(), Guid.NewGuid()),
        JobId.Create(DateTimeOffset.UtcNow, project?.Slot ?? 0));
    readonly Buckets buckets = new();

    public void Dispose() => buckets.Dispose();

    /// <summary>Creates tables, and a connection to the bucket.</summary>
    public Task PrepareAsync(CancellationToken cancellationToken) => Task.WhenAll(
        rows.Locations.CreateIfNotExistsAsync(cancellationToken), rows.Datums.CreateIfNotExistsAsync(cancellationToken),
        buckets.Open(store).ListAsync(new() { MaxKeys = 1 }, cancellationToken));

    /// <summary>Lists the objects of the prefix and inserts them; returns their number.</summary>
    public async Task<int> ListAsync(string prefix, int inFlight, CancellationToken cancellationToken) =>
        await rows.InsertAsync(ObjectsAsync(prefix, cancellationToken), inFlight, cancellationToken) / 2;

    /// <summary>
    /// Lists the objects of the prefix and reads its locations, the least work of another adoption or scan. Returns the
    /// numbers of objects and rows.
    /// </summary>
    public async Task<(int Objects, int Rows)> CompareAsync<T>(
        string prefix, IReadOnlyList<string> columns, CancellationToken cancellationToken) where T : LocatedRow
    {
        var from = OrderedKey.Encode(prefix);
        var read = 0;
        var reading = Parallel.ForEachAsync(Enumerable.Range(0, Shards.Count), cancellationToken, async (shard, token) =>
        {
            var range = new TableRange($"{store.Id:N}-{shard:x}") { From = from, Before = from[..^1] + (char)(from[^1] + 1) };
            await foreach (var _ in rows.Locations.ReadAsync<T>(range, 1000, columns, token))
                Interlocked.Increment(ref read);
        });
        var objects = await ObjectsAsync(prefix, cancellationToken).CountAsync(cancellationToken);
        await reading;
        return (objects, read);
    }

    /// <summary>One object by itself: a query, a HEAD, two inserts, and the write that settles them.</summary>
    public async Task AdoptOneAsync(string key, CancellationToken cancellationToken)
    {
        var (partition, rowKey) = LocationTable.KeyOf(store.Id, key);
        await rows.Locations.QueryPageAsync<LocationRow>(
            new TableRange(partition) { From = rowKey }, null, 1, cancellationToken: cancellationToken);
        var found = await buckets.Open(store).HeadAsync(key, cancellationToken: cancellationToken)
            ?? throw new WrongResultException($"There is no {key}.");
        var location = rows.LocationOf(found);
        var inserted = await rows.Locations.TryAddAsync(location, cancellationToken);
        AdoptedRows.Done(inserted.IsDone);
        AdoptedRows.Done((await rows.Datums.TryAddAsync(rows.DatumOf(location), cancellationToken)).IsDone);
        var settled = new SettledRow { PartitionKey = partition, RowKey = rowKey };
        AdoptedRows.Done((await rows.Locations.TryUpdateAsync(settled, inserted.ETag, TableUpdateMode.Merge, cancellationToken)).IsDone);
    }

    async IAsyncEnumerable<S3Object> ObjectsAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var bucket = buckets.Open(store);
        ListPage? page = null;
        do
        {
            page = await bucket.ListAsync(new() { Prefix = prefix, ContinuationToken = page?.NextContinuationToken }, cancellationToken);
            foreach (var found in page.Objects)
                yield return found;
        }
        while (page.NextContinuationToken is not null);
    }
}
