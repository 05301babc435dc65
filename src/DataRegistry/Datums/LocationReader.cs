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

    /// <summary>
    /// The locations, also free ones, of keys; by key. Every call's keys come after those of the one before. What lies between is leapt over where
    /// it is more than a page, and never kept: there may be millions of locations whose objects are gone.
    /// </summary>
    /// <param name="keys">In order, at least one.</param>
    /// <param name="parallel">Requests at a time.</param>
    public async Task<Dictionary<string, LocatedRow>> ReadAsync(IReadOnlyList<string> keys, int parallel, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, LocatedRow>(StringComparer.Ordinal);
        var wanted = keys.ToHashSet(StringComparer.Ordinal);
        var (from, end) = (StartOf(keys[0]), EndOf(keys[^1]));
        await Parallel.ForEachAsync(shards, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken }, async (shard, token) =>
        {
            var rows = await shard.ReadUpToAsync(from, end, row => wanted.Contains(row.Key) || OrderedKey.Compare(row.Key, keys[^1]) > 0, token);
            lock (found)
            {
                foreach (var row in rows.Where(row => wanted.Contains(row.Key)))
                    found.TryAdd(row.Key, row);
            }

            shard.Forget(keys[^1]);
        });
        return found;
    }

    /// <summary>The first row key that may be of the key or a later one: hashed ones of a group are in no order.</summary>
    static string StartOf(string key) => OrderedKey.Encode(key) is var rowKey && OrderedKey.IsHashed(rowKey) ? rowKey[..OrderedKey.MaxClearBytes] : rowKey;

    /// <summary>The last row key that may be of the key or an earlier one.</summary>
    static string EndOf(string key) => OrderedKey.Encode(key) is var rowKey && OrderedKey.IsHashed(rowKey) ? OrderedKey.EndOfGroup(rowKey) : rowKey;

    static TableRange Range(string partition, string prefix, string? after)
    {
        var from = StartOf(after is null || OrderedKey.Compare(after, prefix) < 0 ? prefix : after);
        // A prefix's encoding is a prefix of its keys' encodings, and one character more is beyond all of them.
        var end = OrderedKey.Encode(prefix);
        return new(partition)
        {
            From = from.Length == 0 ? null : from,
            Before = end.Length == 0 || OrderedKey.IsHashed(end) ? null : end[..^1] + (char)(end[^1] + 1),
        };
    }

    sealed class ShardReader(TableClient table, TableRange range)
    {
        readonly List<LocatedRow> rows = [];
        TableRange range = range;
        string? continuation;
        string? read;
        bool started;

        /// <summary>Reads on until a row is beyond the end; returns what is kept of this call and those before.</summary>
        public async Task<IReadOnlyList<LocatedRow>> ReadUpToAsync(string from, string end, Func<LocatedRow, bool> keep, CancellationToken cancellationToken)
        {
            if (!started || (continuation is not null && string.CompareOrdinal(read, from) < 0))
                (range, continuation, started) = (range with { From = from }, null, false);
            while ((!started || continuation is not null) && (read is null || string.CompareOrdinal(read, end) <= 0))
            {
                var page = await table.QueryPageAsync<LocatedRow>(range, continuation, maxPerPage: 1000, LocatedRow.Columns, cancellationToken);
                (started, continuation) = (true, page.ContinuationToken);
                if (page.Values is [.., var last])
                    read = last.RowKey;
                rows.AddRange(page.Values.Where(keep));
            }

            return rows;
        }

        /// <summary>What is up to a key is not asked for again.</summary>
        public void Forget(string key) => rows.RemoveAll(row => OrderedKey.Compare(row.Key, key) <= 0);
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
