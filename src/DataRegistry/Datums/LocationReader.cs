using System.Runtime.Serialization;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>
/// Reads a store's locations in the order of their keys, in stretches. It reads the 16 shards in parallel, a thousand
/// rows a request, and keeps rows beyond a stretch for the next one. For one caller at a time.
/// </summary>
/// <typeparam name="T">The row type with the columns to read.</typeparam>
sealed class LocationReader<T> where T : LocatedRow
{
    readonly ShardReader[] shards;

    /// <param name="after">Skip keys up to this one; null for none.</param>
    /// <param name="until">Skip keys after this one, because another worker may be writing thousands there; null for
    /// none.</param>
    /// <param name="prefix">Skip keys with another prefix.</param>
    /// <param name="columns">The columns of <typeparamref name="T"/>.</param>
    public LocationReader(TableClient table, Guid store, string prefix, string? after, string? until, IReadOnlyList<string> columns) =>
        shards = [
            .. Enumerable.Range(0, Shards.Count).Select(
                shard => new ShardReader(table, Range($"{store:N}-{shard:x}", prefix, after, until), after, columns))];

    /// <summary>
    /// The locations of keys, including free ones, by key. Every call's keys come after those of the call before. A gap
    /// of more than a page is skipped. Locations in it are never kept, because millions of objects may be gone.
    /// </summary>
    /// <param name="keys">In order, at least one.</param>
    /// <param name="job">Keep also locations of this job between the keys: their objects are gone since the job adopted
    /// them.</param>
    /// <param name="upTo">The last key to read; null for the last of all.</param>
    /// <param name="parallel">Concurrent requests.</param>
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
    /// All locations between the last call's end and a key, including free ones, by key. If they are more than memory
    /// allows, it ends at an earlier key: a bucket may lack millions of objects between two that it lists.
    /// </summary>
    /// <param name="end">Null for the last of all.</param>
    /// <param name="maxRows">The most rows of a shard in memory, rounded up to a page.</param>
    /// <param name="parallel">Concurrent requests.</param>
    /// <returns>The locations, and the key where they end; null if they end at <paramref name="end"/>.</returns>
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

    /// <summary>
    /// The first row key that a location of this key, or of a later one, may have. Hashed row keys of a group are
    /// unordered.
    /// </summary>
    static string StartOf(string key) =>
        OrderedKey.Encode(key) is var rowKey && OrderedKey.IsHashed(rowKey) ? rowKey[..OrderedKey.MaxClearBytes] : rowKey;

    /// <summary>The last row key that a location of this key, or of an earlier one, may have.</summary>
    static string EndOf(string key) =>
        OrderedKey.Encode(key) is var rowKey && OrderedKey.IsHashed(rowKey) ? OrderedKey.EndOfGroup(rowKey) : rowKey;

    static TableRange Range(string partition, string prefix, string? after, string? until)
    {
        var from = StartOf(after is null || OrderedKey.Compare(after, prefix) < 0 ? prefix : after);
        // No character of a key's encoding sorts before this one.
        if (until is not null)
            return new(partition) { From = from.Length == 0 ? null : from, Before = EndOf(until) + "!" };
        // A prefix's encoding is a prefix of its keys' encodings, and one more character sorts after all of them.
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

        /// <summary>Reads until a row is beyond the end; returns the kept rows of this call and those before.</summary>
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

        /// <summary>
        /// Reads until a row is beyond the end (null if none), or until so many rows are held that end in a whole key.
        /// </summary>
        public async Task ReadOnAsync(string? end, int maxRows, CancellationToken cancellationToken)
        {
            while (!IsRead(end) && (rows.Count < maxRows || LastWholeKey(end) is null))
                rows.AddRange(await ReadPageAsync(cancellationToken));
        }

        /// <summary>
        /// If the shard was not read to the end: the last held key with no missing key before it. Null if it was read
        /// to the end, or if there is no such key.
        /// </summary>
        public string? LastWholeKey(string? end)
        {
            if (IsRead(end) || rows is not [.., var last])
                return null;
            if (!OrderedKey.IsHashed(last.RowKey))
                return last.Key;
            // Long keys of a group are unordered, and its last group may continue on the next page. The groups before
            // it are complete.
            var group = last.RowKey[..OrderedKey.MaxClearBytes];
            return rows.Where(
                row => !row.RowKey.StartsWith(group, StringComparison.Ordinal)).Select(row => row.Key).Max(OrderedKey.Comparer);
        }

        /// <summary>Moves the rows up to a key (null for all) into <paramref name="found"/>.</summary>
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

        /// <summary>Drops the rows up to a key, which no later call asks for.</summary>
        public void Forget(string key) => rows.RemoveAll(row => OrderedKey.Compare(row.Key, key) <= 0);
    }
}

/// <summary>The columns that an adoption needs of a location and its adopted object.</summary>
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

    /// <summary>The adopted object.</summary>
    [IgnoreDataMember] public DriftFacts Facts => new(ObjectETag, Size, VersionId, LastModified);

    public static IReadOnlyList<string> Columns { get; } =
    [
        nameof(RowKey), nameof(Key), nameof(Datum), nameof(Job), nameof(Project), nameof(Settled), nameof(Purged), nameof(Supersedes),
        nameof(Size), nameof(ObjectETag), nameof(LastModified), nameof(VersionId),
    ];
}

/// <summary>The further columns that a scan needs: the findings of scans.</summary>
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
