using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>
/// A store's locations in the order of their keys, stretch by stretch: the 16 shards are read side by side, a thousand rows a request,
/// and what was read beyond a stretch is kept for the next. One caller at a time.
/// </summary>
sealed class LocationReader
{
    readonly ShardReader[] shards;

    /// <param name="after">Locations of keys up to this one are not wanted; null for all.</param>
    /// <param name="prefix">Nor are those that begin with something else.</param>
    public LocationReader(TableClient table, Guid store, string prefix, string? after) =>
        shards = [.. Enumerable.Range(0, Shards.Count).Select(shard => new ShardReader(table, Range($"{store:N}-{shard:x}", prefix, after)))];

    /// <summary>The locations, also free ones, up to a key, but for those that earlier calls were given; by key.</summary>
    /// <param name="last">Null for all that are left.</param>
    /// <param name="parallel">Requests at a time.</param>
    public async Task<Dictionary<string, LocatedRow>> ReadUpToAsync(string? last, int parallel, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, LocatedRow>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(shards, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken }, async (shard, token) =>
        {
            await shard.ReadUpToAsync(last is null ? null : EndOf(last), token);
            lock (found)
                shard.Take(last, found);
        });
        return found;
    }

    /// <summary>The last row key that may be of the key or one before it: hashed ones of a group are in no order.</summary>
    static string EndOf(string key) => OrderedKey.Encode(key) is var rowKey && OrderedKey.IsHashed(rowKey) ? OrderedKey.EndOfGroup(rowKey) : rowKey;

    static TableRange Range(string partition, string prefix, string? after)
    {
        var from = OrderedKey.Encode(after is null || OrderedKey.Compare(after, prefix) < 0 ? prefix : after);
        // A prefix's encoding is a prefix of its keys' encodings, and one character more is beyond all of them.
        var end = OrderedKey.Encode(prefix);
        return new(partition)
        {
            From = from.Length == 0 ? null : OrderedKey.IsHashed(from) ? from[..OrderedKey.MaxClearBytes] : from,
            Before = end.Length == 0 || OrderedKey.IsHashed(end) ? null : end[..^1] + (char)(end[^1] + 1),
        };
    }

    sealed class ShardReader(TableClient table, TableRange range)
    {
        readonly List<LocatedRow> rows = [];
        string? continuation;
        bool started;

        public async Task ReadUpToAsync(string? end, CancellationToken cancellationToken)
        {
            while ((!started || continuation is not null) && !(end is not null && rows.Count > 0 && string.CompareOrdinal(rows[^1].RowKey, end) > 0))
            {
                var page = await table.QueryPageAsync<LocatedRow>(range, continuation, maxPerPage: 1000, LocatedRow.Columns, cancellationToken);
                started = true;
                continuation = page.ContinuationToken;
                rows.AddRange(page.Values);
            }
        }

        public void Take(string? last, Dictionary<string, LocatedRow> found)
        {
            foreach (var row in rows)
            {
                if (last is null || OrderedKey.Compare(row.Key, last) <= 0)
                    found.TryAdd(row.Key, row);
            }

            rows.RemoveAll(row => last is null || OrderedKey.Compare(row.Key, last) <= 0);
        }
    }
}

/// <summary>What an adoption has to know of a location that is there.</summary>
sealed record LocatedRow : ITableEntity
{
    public required string PartitionKey { get; init; }
    public required string RowKey { get; init; }
    [System.Text.Json.Serialization.JsonIgnore] public Azure.ETag ETag { get; init; }
    public required string Key { get; init; }
    public required Guid Datum { get; init; }
    public required Guid Job { get; init; }
    public required Guid Project { get; init; }

    /// <inheritdoc cref="LocationRow.Settled"/>
    public bool? Settled { get; init; }

    /// <inheritdoc cref="LocationRow.Purged"/>
    public bool? Purged { get; init; }

    [System.Text.Json.Serialization.JsonIgnore] public bool IsFree => Purged == true;

    public static IReadOnlyList<string> Columns { get; } = [nameof(RowKey), nameof(Key), nameof(Datum), nameof(Job), nameof(Project), nameof(Settled), nameof(Purged)];
}
