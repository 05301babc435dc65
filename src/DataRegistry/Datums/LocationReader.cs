using System.Runtime.Serialization;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>
/// A store's locations in the order of their keys, stretch by stretch: the 16 shards are read side by side, a thousand rows a request,
/// and what was read beyond a stretch is kept for the next. One caller at a time.
/// </summary>
/// <typeparam name="T">What is read of a location.</typeparam>
sealed class LocationReader<T> where T : LocatedRow
{
    readonly ShardReader[] shards;

    /// <param name="after">Locations of keys up to this one are not wanted; null for all.</param>
    /// <param name="until">Nor are those of keys after this one, which another worker may have been writing by the thousands; null for
    /// all.</param>
    /// <param name="prefix">Nor are those that begin with something else.</param>
    /// <param name="columns">Those of <typeparamref name="T"/>.</param>
    public LocationReader(TableClient table, Guid store, string prefix, string? after, string? until, IReadOnlyList<string> columns) =>
        shards = [
            .. Enumerable.Range(0, Shards.Count).Select(
                shard => new ShardReader(table, Range($"{store:N}-{shard:x}", prefix, after, until), after, columns))];

    /// <summary>
    /// The locations, also free ones, of keys; by key. Every call's keys come after those of the one before. What lies between is leapt
    /// over where
    /// it is more than a page, and never kept: there may be millions of locations whose objects are gone.
    /// </summary>
    /// <param name="keys">In order, at least one.</param>
    /// <param name="job">Its locations are kept, too, that are read on the way: whose objects are gone since it adopted them.</param>
    /// <param name="upTo">Up to this key, or the last of all.</param>
    /// <param name="parallel">Requests at a time.</param>
    public async Task<Dictionary<string, T>> ReadAsync(
        IReadOnlyList<string> keys, Guid job, string? upTo, int parallel, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, T>(StringComparer.Ordinal);
        var wanted = keys.ToHashSet(StringComparer.Ordinal);
        var (from, end) = (StartOf(keys[0]), EndOf(keys[^1]));
        await Parallel.ForEachAsync(
            shards, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken },
            async (shard, token) =>
        {
            var rows = await shard.ReadUpToAsync(from, end, row => IsWanted(row) || OrderedKey.Compare(row.Key, keys[^1]) > 0, token);
            lock (found)
            {
                foreach (var row in rows.Where(IsWanted))
                    found.TryAdd(row.Key, row);
            }

            shard.Forget(keys[^1]);
        });
        return found;

        bool IsWanted(T row) => wanted.Contains(row.Key) || (row.Job == job && (upTo is null || OrderedKey.Compare(row.Key, upTo) <= 0));
    }

    /// <summary>
    /// All locations, also free ones, of keys after the ones that were read before, up to a key; by key. Where there are more than may be
    /// held at a
    /// time, up to an earlier one: a bucket may lack millions of objects between two that it lists.
    /// </summary>
    /// <param name="end">Null for the last of all.</param>
    /// <param name="maxRows">Of a shard that may be held, to the page.</param>
    /// <param name="parallel">Requests at a time.</param>
    /// <returns>The locations, and where they end; null for <paramref name="end"/>.</returns>
    public async Task<(Dictionary<string, T> Rows, string? ReadTo)> ReadUpToAsync(
        string? end, int maxRows, int parallel, CancellationToken cancellationToken)
    {
        var last = end is null ? null : EndOf(end);
        await Parallel.ForEachAsync(
            shards, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken },
            async (shard, token) =>
            await shard.ReadOnAsync(last, maxRows, token));
        var readTo = shards.Select(s => s.LastWholeKey(last)).OfType<string>().Order(OrderedKey.Comparer).FirstOrDefault();
        var upTo = readTo ?? end;
        var found = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach (var shard in shards)
            shard.Take(upTo, found);
        return (found, readTo);
    }

    /// <summary>The first row key that may be of the key or a later one: hashed ones of a group are in no order.</summary>
    static string StartOf(string key) =>
        OrderedKey.Encode(key) is var rowKey && OrderedKey.IsHashed(rowKey) ? rowKey[..OrderedKey.MaxClearBytes] : rowKey;

    /// <summary>The last row key that may be of the key or an earlier one.</summary>
    static string EndOf(string key) =>
        OrderedKey.Encode(key) is var rowKey && OrderedKey.IsHashed(rowKey) ? OrderedKey.EndOfGroup(rowKey) : rowKey;

    static TableRange Range(string partition, string prefix, string? after, string? until)
    {
        var from = StartOf(after is null || OrderedKey.Compare(after, prefix) < 0 ? prefix : after);
        // No character of a key's encoding comes before this one.
        if (until is not null)
            return new(partition) { From = from.Length == 0 ? null : from, Before = EndOf(until) + "!" };
        // A prefix's encoding is a prefix of its keys' encodings, and one character more is beyond all of them.
        var end = OrderedKey.Encode(prefix);
        return new(partition)
        {
            From = from.Length == 0 ? null : from,
            Before = end.Length == 0 || OrderedKey.IsHashed(end) ? null : end[..^1] + (char)(end[^1] + 1),
        };
    }

    sealed class ShardReader(TableClient table, TableRange range, string? after, IReadOnlyList<string> columns)
    {
        readonly List<T> rows = [];
        TableRange range = range;
        string? continuation;
        string? read;
        bool started;

        /// <summary>Reads on until a row is beyond the end; returns what is kept of this call and those before.</summary>
        public async Task<IReadOnlyList<T>> ReadUpToAsync(string from, string end, Func<T, bool> keep, CancellationToken cancellationToken)
        {
            if (!started || (continuation is not null && string.CompareOrdinal(read, from) < 0))
                (range, continuation, started) = (range with { From = from }, null, false);
            while ((!started || continuation is not null) && (read is null || string.CompareOrdinal(read, end) <= 0))
            {
                rows.AddRange((await ReadPageAsync(cancellationToken)).Where(keep));
            }

            return rows;
        }

        /// <summary>Reads on until a row is beyond the end (null if none is), or so many are held that end in a whole key.</summary>
        public async Task ReadOnAsync(string? end, int maxRows, CancellationToken cancellationToken)
        {
            while (!IsRead(end) && (rows.Count < maxRows || LastWholeKey(end) is null))
                rows.AddRange(await ReadPageAsync(cancellationToken));
        }

        /// <summary>
        /// Where it has not been read to its end: the last key of those held before which none is missing. Null if it has, or where none
        /// is.
        /// </summary>
        public string? LastWholeKey(string? end)
        {
            if (IsRead(end) || rows is not [.., var last])
                return null;
            if (!OrderedKey.IsHashed(last.RowKey))
                return last.Key;
            // Long keys of a group are in no order, and more of its last one may come; those before it are all there.
            var group = last.RowKey[..OrderedKey.MaxClearBytes];
            return rows.Where(
                row => !row.RowKey.StartsWith(group, StringComparison.Ordinal)).Select(row => row.Key).Max(OrderedKey.Comparer);
        }

        /// <summary>Hands out what is up to a key (null for all), and holds it no longer.</summary>
        public void Take(string? upTo, Dictionary<string, T> found)
        {
            foreach (var row in rows.Where(row => upTo is null || OrderedKey.Compare(row.Key, upTo) <= 0))
                found.TryAdd(row.Key, row);
            rows.RemoveAll(row => upTo is null || OrderedKey.Compare(row.Key, upTo) <= 0);
        }

        bool IsRead(string? end) => started && (continuation is null || (end is not null && string.CompareOrdinal(read, end) > 0));

        async Task<IReadOnlyList<T>> ReadPageAsync(CancellationToken cancellationToken)
        {
            var page = await table.QueryPageAsync<T>(range, continuation, maxPerPage: 1000, columns, cancellationToken);
            (started, continuation) = (true, page.ContinuationToken);
            if (page.Values is [.., var last])
                read = last.RowKey;
            // The range begins at the key itself, or with its group.
            return after is null ? page.Values : [.. page.Values.Where(row => OrderedKey.Compare(row.Key, after) > 0)];
        }

        /// <summary>What is up to a key is not asked for again.</summary>
        public void Forget(string key) => rows.RemoveAll(row => OrderedKey.Compare(row.Key, key) <= 0);
    }
}

/// <summary>What an adoption has to know of a location that is there, and of what was adopted.</summary>
record LocatedRow : TableRow
{
    public required string Key { get; init; }
    public required Guid Datum { get; init; }
    public required Guid Job { get; init; }
    public required Guid Project { get; init; }

    /// <inheritdoc cref="LocationRow.Settled"/>
    public bool? Settled { get; init; }

    /// <inheritdoc cref="LocationRow.Purged"/>
    public bool? Purged { get; init; }

    /// <inheritdoc cref="LocationRow.Supersedes"/>
    public bool? Supersedes { get; init; }

    public required long Size { get; init; }
    public required string ObjectETag { get; init; }
    public DateTimeOffset? LastModified { get; init; }
    public string? VersionId { get; init; }

    [IgnoreDataMember] public bool IsFree => Purged == true;

    /// <summary>What was adopted.</summary>
    [IgnoreDataMember] public DriftFacts Facts => new(ObjectETag, Size, VersionId, LastModified);

    public static IReadOnlyList<string> Columns { get; } =
    [
        nameof(RowKey), nameof(Key), nameof(Datum), nameof(Job), nameof(Project), nameof(Settled), nameof(Purged), nameof(Supersedes),
        nameof(Size), nameof(ObjectETag), nameof(LastModified), nameof(VersionId),
    ];
}

/// <summary>What a scan has to know of it, too: what scans have found.</summary>
sealed record ScannedRow : LocatedRow
{
    public Guid? Previous { get; init; }

    /// <inheritdoc cref="LocationRow.Drift"/>
    public DriftState? Drift { get; init; }

    /// <inheritdoc cref="LocationRow.DriftJob"/>
    public Guid? DriftJob { get; init; }

    /// <inheritdoc cref="LocationRow.DriftIs"/>
    public string? DriftIs { get; init; }

    public static new IReadOnlyList<string> Columns { get; } =
    [
        .. LocatedRow.Columns, nameof(Previous), nameof(Drift), nameof(DriftJob), nameof(DriftIs),
    ];
}
