using System.Runtime.Serialization;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>
/// What is at a key of a store now.
/// <code>
/// table locations
///   {store id}-{shard 0..f} │ {key, in order-preserving encoding}   key, datum, job, project, and what S3 said of the object
/// </code>
/// The insert of a location is the commit of its adoption; everything else is derived from it. A purged one stays, marked: it is free
/// for every job but the one that it names, whose late deliveries would otherwise bring its datum back.
/// </summary>
sealed partial class LocationTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    readonly TableClient table = tables.GetTableClient("locations");

    public TableClient Table => table;

    public static (string PartitionKey, string RowKey) KeyOf(Guid store, string key) =>
        ($"{store:N}-{Shards.Of(key):x}", OrderedKey.Encode(key));

    /// <summary>Whether anything of a store is tracked: 16 queries of a row at most.</summary>
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

    /// <summary>What is at a key; null if nothing is, or the location is free.</summary>
    public async Task<LocationRow?> FindAsync(Guid store, string key, CancellationToken cancellationToken)
    {
        var (partition, rowKey) = KeyOf(store, key);
        return await table.FindAsync<LocationRow>(partition, rowKey, cancellationToken: cancellationToken) is { IsFree: false } row
            ? row
            : null;
    }

    /// <summary>Frees the location of a purged datum; nothing if it is free, or another datum's by now.</summary>
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
    /// The first key after any other, of one shard: of every sixteenth location, which is enough to know where they lie. Null if none; one
    /// row.
    /// </summary>
    public async Task<string?> FirstKeyAfterAsync(Guid store, string after, CancellationToken cancellationToken)
    {
        var range = new TableRange($"{store:N}-0") { After = OrderedKey.Encode(after) };
        return (await table.QueryPageAsync<LocationKeyRow>(
            range, null, maxPerPage: 1, LocationKeyRow.Columns, cancellationToken)).Values is [var first, ..] ? first.Key : null;
    }

    /// <summary>The locations that exist, also free ones, among the given keys, by key.</summary>
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
    /// True once the datum row is known to be there. Set by adoptions that are answered at once; those of a job are settled when the
    /// job is finished, so that its million locations need no second write.
    /// </summary>
    public bool? Settled { get; init; }

    /// <summary>True once its datum was purged; null before.</summary>
    public bool? Purged { get; init; }

    /// <summary>
    /// True if the datum before was put aside because its object had changed; null if it was purged, or there was none.
    /// </summary>
    public bool? Supersedes { get; init; }

    /// <summary>What the last scan found that did not find what was adopted; null or none if none did.</summary>
    public DriftState? Drift { get; init; }

    /// <summary>The scan that wrote that, or took it back: so one that does a window again tells its own.</summary>
    public Guid? DriftJob { get; init; }

    /// <summary>What it found, as <see cref="DriftFacts"/> writes it: found again, it is nothing new.</summary>
    public string? DriftIs { get; init; }

    [IgnoreDataMember] public bool IsFree => Purged == true;
}

/// <summary>What a scan found, or took back; merged into the location.</summary>
sealed record LocationDriftRow : TableRow
{
    public required DriftState Drift { get; init; }
    public required Guid DriftJob { get; init; }

    /// <summary>Never null, so that merging it takes an earlier one away.</summary>
    public required string DriftIs { get; init; }
}

/// <summary>That the datum row is there; merged into the location.</summary>
sealed record SettledRow : TableRow
{
    public bool Settled { get; init; } = true;
}

sealed record LocationKeyRow : TableRow
{
    public required string Key { get; init; }

    public static IReadOnlyList<string> Columns { get; } = [nameof(RowKey), nameof(Key)];
}

/// <summary>That the datum was purged; merged into the location.</summary>
sealed record LocationPurgedRow : TableRow
{
    public bool Purged { get; init; } = true;
}
