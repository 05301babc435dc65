using System.Runtime.Serialization;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>
/// The current datum of each key of a store.
/// <code>
/// table locations
/// {store id}-{shard 0..f} │ {key, in order-preserving encoding}   key, datum, job, project, and S3's facts about the object
/// </code>
/// The insert of a location is the commit of its adoption; everything else is derived from it. A purged location stays,
/// marked. It is free for every job except the one that it names, because a late delivery of that job would bring its
/// datum back.
/// </summary>
sealed partial class LocationTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    readonly TableClient table = tables.GetTableClient("locations");

    public TableClient Table => table;

    public static (string PartitionKey, string RowKey) KeyOf(Guid store, string key) =>
        ($"{store:N}-{Shards.Of(key):x}", OrderedKey.Encode(key));

    /// <summary>Whether the store has any location. At most 16 queries of one row.</summary>
    public async Task<bool> AnyAsync(Guid store, CancellationToken cancellationToken)
    {
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            await foreach (var _ in table.ReadAsync<RowKeyOnly>(
                new TableRange($"{store:N}-{shard:x}"), 1, [nameof(RowKeyOnly.RowKey)], cancellationToken))
                return true;
        }

        return false;
    }

    /// <summary>The location of a key; null if there is none, or if it is free.</summary>
    public async Task<LocationRow?> FindAsync(Guid store, string key, CancellationToken cancellationToken)
    {
        var (partition, rowKey) = KeyOf(store, key);
        return await table.FindAsync<LocationRow>(partition, rowKey, cancellationToken: cancellationToken) is { IsFree: false } row
            ? row
            : null;
    }

    /// <summary>Frees the location of a purged datum. Does nothing if it is free, or names another datum by now.</summary>
    public async Task FreeAsync(Guid store, string key, DatumId datum, CancellationToken cancellationToken)
    {
        var (partition, rowKey) = KeyOf(store, key);
        var purged = new LocationPurgedRow { PartitionKey = partition, RowKey = rowKey };
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var row = await table.FindAsync<LocationRow>(partition, rowKey, cancellationToken: cancellationToken);
            if (row is not { IsFree: false } || row.Datum != datum.Value.ToGuid()
                || (await table.TryUpdateAsync(purged, row.ETag, TableUpdateMode.Merge, cancellationToken)).IsDone)
            {
                return;
            }
        }
    }

    /// <summary>
    /// The first key after another one, in one shard; null if there is none. A shard has every sixteenth location on
    /// average, enough for an estimate. Reads one row.
    /// </summary>
    public async Task<string?> FirstKeyAfterAsync(Guid store, string after, CancellationToken cancellationToken)
    {
        var range = new TableRange($"{store:N}-0") { After = OrderedKey.Encode(after) };
        return (await table.QueryPageAsync<LocationKeyRow>(
            range, null, maxPerPage: 1, LocationKeyRow.Columns, cancellationToken)).Values is [var first, ..] ? first.Key : null;
    }

    /// <summary>The existing locations, including free ones, among the given keys, by key.</summary>
    public async Task<Dictionary<string, LocatedRow>> FindAsync(
        Guid store, IReadOnlyCollection<string> keys, int parallel, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, LocatedRow>(StringComparer.Ordinal);
        var shards = keys.Select(k => KeyOf(store, k)).GroupBy(k => k.PartitionKey, k => k.RowKey, StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            shards, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken },
            async (shard, token) =>
        {
            var rowKeys = shard.ToList();
            rowKeys.Sort(string.CompareOrdinal);
            var rows = await table.FindManyAsync<LocatedRow>(shard.Key, rowKeys, LocatedRow.Columns, cancellationToken: token);
            lock (found)
            {
                foreach (var row in rows.Values)
                    found.Add(row.Key, row);
            }
        });
        return found;
    }
}

sealed record LocationRow : AdoptedRow
{
    public required Guid Datum { get; init; }

    /// <summary>
    /// True once the datum row is known to exist. Adoptions of a request set it. Those of a job count as settled when
    /// the job is finished, which saves a second write of each row.
    /// </summary>
    public bool? Settled { get; init; }

    /// <summary>True once its datum was purged; null before.</summary>
    public bool? Purged { get; init; }

    /// <summary>
    /// True if the datum before was replaced because its object had changed. Null if it was purged, or if there was
    /// none.
    /// </summary>
    public bool? Supersedes { get; init; }

    /// <summary>The finding of the last scan that did not find the adopted object; null or none if there is none.</summary>
    public DriftState? Drift { get; init; }

    /// <summary>
    /// The scan that wrote the finding, or withdrew it. A scan that repeats a window recognizes its own by it.
    /// </summary>
    public Guid? DriftJob { get; init; }

    /// <summary>The found object, as <see cref="DriftFacts"/> writes it. The same finding again is nothing new.</summary>
    public string? DriftIs { get; init; }

    [IgnoreDataMember] public bool IsFree => Purged == true;
}

/// <summary>A scan's finding, or its withdrawal; merged into the location.</summary>
sealed record LocationDriftRow : TableRow
{
    public required DriftState Drift { get; init; }
    public required Guid DriftJob { get; init; }

    /// <summary>Never null, so that a merge removes an earlier one.</summary>
    public required string DriftIs { get; init; }
}

/// <summary>The mark that the datum row exists; merged into the location.</summary>
sealed record SettledRow : TableRow
{
    public bool Settled { get; init; } = true;
}

sealed record LocationKeyRow : TableRow
{
    public required string Key { get; init; }

    public static IReadOnlyList<string> Columns { get; } = [nameof(RowKey), nameof(Key)];
}

/// <summary>The mark that the datum was purged; merged into the location.</summary>
sealed record LocationPurgedRow : TableRow
{
    public bool Purged { get; init; } = true;
}
