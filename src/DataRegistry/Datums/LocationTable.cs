using System.Text.Json.Serialization;
using Azure;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>
/// What is at a key of a store now.
/// <code>
/// table locations
///   {store id}-{shard 0..f} │ {key, in order-preserving encoding}   key, datum, job, project, and what S3 said of the object
/// </code>
/// The insert of a location is the commit of its adoption; everything else is derived from it.
/// </summary>
sealed class LocationTable(TableServiceClient tables) : IStoredTable
{
    readonly TableClient table = tables.GetTableClient("locations", LocationRows.Default);

    public TableClient Table => table;

    public static (string PartitionKey, string RowKey) KeyOf(Guid store, string key) => ($"{store:N}-{Shards.Of(key):x}", OrderedKey.Encode(key));

    /// <summary>The locations that exist among the given keys, by key.</summary>
    public async Task<Dictionary<string, LocationRow>> FindAsync(Guid store, IReadOnlyCollection<string> keys, int parallel, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, LocationRow>(StringComparer.Ordinal);
        var shards = keys.Select(k => KeyOf(store, k)).GroupBy(k => k.PartitionKey, k => k.RowKey, StringComparer.Ordinal);
        await Parallel.ForEachAsync(shards, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken }, async (shard, token) =>
        {
            var rowKeys = shard.ToList();
            rowKeys.Sort(string.CompareOrdinal);
            var rows = await table.FindManyAsync<LocationRow>(shard.Key, rowKeys, cancellationToken: token);
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
}

/// <summary>The one change that a location sees between its insert and a rescan; merged into the row.</summary>
sealed record SettledRow : ITableEntity
{
    public required string PartitionKey { get; init; }
    public required string RowKey { get; init; }
    [JsonIgnore] public ETag ETag { get; init; }
    public bool Settled { get; init; } = true;
}

[JsonSerializable(typeof(LocationRow))]
[JsonSerializable(typeof(SettledRow))]
sealed partial class LocationRows : JsonSerializerContext;
