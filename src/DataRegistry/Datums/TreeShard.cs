using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>
/// Reads one shard of a store's locations in the order of keys, for a page of the tree. It holds the rows of the last
/// requests that are not passed yet. For one caller at a time.
/// </summary>
sealed class TreeShard(TableClient table, TreeQuery query, int shard, int firstPage)
{
    /// <summary>Each further page is this many times as large as the one before.</summary>
    const int PageGrowth = 4;

    readonly List<TreeRow> rows = [];
    TableRange range = Start(query, shard);
    int first;

    /// <summary>Rows before this index are in the order of their keys, even if their row keys are hashed.</summary>
    int sorted;
    int pageSize = firstPage;
    string? continuation;
    string? read;
    bool started;

    public int Requests { get; private set; }

    /// <summary>The first row that is not passed. Null at the end, and before <see cref="FillAsync"/>.</summary>
    public TreeRow? Head => first < rows.Count ? rows[first] : null;

    /// <summary>Whether <see cref="FillAsync"/> has something to do.</summary>
    public bool IsShort => Head is { } head ? OrderedKey.IsHashed(head.RowKey) && first >= sorted : !IsRead;

    bool IsRead => started && continuation is null;

    /// <summary>
    /// Reads until there is a head, or no row is left. A group of hashed keys is unordered, so it is read whole.
    /// </summary>
    public async Task FillAsync(CancellationToken cancellationToken)
    {
        while (Head is null && !IsRead)
            await ReadAsync(cancellationToken);
        if (Head is not { } head || !OrderedKey.IsHashed(head.RowKey) || first < sorted)
            return;
        var group = head.RowKey[..(OrderedKey.MaxClearBytes + 1)];
        while (!IsRead && read!.StartsWith(group, StringComparison.Ordinal))
        {
            pageSize = Tables.MaxPageRows;
            await ReadAsync(cancellationToken);
        }

        var count = rows.Skip(first).TakeWhile(row => row.RowKey.StartsWith(group, StringComparison.Ordinal)).Count();
        rows.Sort(first, count, Comparer<TreeRow>.Create((a, b) => OrderedKey.Compare(a.Key, b.Key)));
        sorted = first + count;
    }

    /// <summary>Passes the head.</summary>
    public void Pass() => first++;

    /// <summary>Whether a held row of the folder is shown. The folder begins at the head.</summary>
    public bool Shows(string folder) => Held(folder).Any(query.IsShown);

    /// <summary>Whether the folder may have more rows than those held, and the limit of rows is not reached.</summary>
    public bool CanLookOn(string folder) => HasMore(folder) && rows.Count - first < query.MaxLook;

    /// <summary>Whether the folder may have more rows than those held.</summary>
    public bool HasMore(string folder) =>
        !IsRead && Head is { } head && head.Key.StartsWith(folder, StringComparison.Ordinal)
        && rows[^1].Key.StartsWith(folder, StringComparison.Ordinal);

    /// <summary>Reads further rows of the folder, up to the limit.</summary>
    public Task LookOnAsync(CancellationToken cancellationToken)
    {
        pageSize = query.MaxLook - (rows.Count - first);
        return ReadAsync(cancellationToken);
    }

    /// <summary>Passes all rows of a folder, without reading those that are not held.</summary>
    /// <param name="nextPage">Rows of the next request.</param>
    public void Leap(string folder, int nextPage)
    {
        while (Head is { } head && head.Key.StartsWith(folder, StringComparison.Ordinal))
            first++;
        // Long keys of a group are held to the group's end, so there is nothing to skip in it.
        if (Head is not null || IsRead || EndOf(folder) is not { } end || string.CompareOrdinal(read, end) >= 0)
            return;
        range = range with { From = end };
        (continuation, started, pageSize) = (null, false, nextPage);
    }

    IEnumerable<TreeRow> Held(string folder) =>
        rows.Skip(first).TakeWhile(row => row.Key.StartsWith(folder, StringComparison.Ordinal));

    async Task ReadAsync(CancellationToken cancellationToken)
    {
        Requests++;
        var page = await table.QueryPageAsync<TreeRow>(range, continuation, pageSize, TreeRow.Columns, cancellationToken);
        (started, continuation) = (true, page.ContinuationToken);
        if (page.Values is [.., var last])
            read = last.RowKey;
        rows.RemoveRange(0, first);
        (sorted, first) = (Math.Max(0, sorted - first), 0);
        rows.AddRange(page.Values.Where(row => query.IsAhead(row.Key)));
        pageSize = Math.Min(Tables.MaxPageRows, pageSize * PageGrowth);
    }

    static TableRange Start(TreeQuery query, int shard)
    {
        var from = query.After is not { } after ? GroupOf(query.Prefix)
            : after.IsFolder ? EndOf(after.Key) ?? GroupOf(after.Key)
            : GroupOf(after.Key);
        return new($"{query.Store.Id:N}-{shard:x}")
        {
            From = from.Length == 0 ? null : from,
            Before = EndOf(query.Prefix) ?? (query.Prefix.Length == 0 ? null : OrderedKey.EndOfGroup(OrderedKey.Encode(query.Prefix))),
        };
    }

    /// <summary>
    /// The first row key that a location of this key, or of a later one, may have. Row keys of a hashed group are
    /// unordered.
    /// </summary>
    static string GroupOf(string key) =>
        OrderedKey.Encode(key) is var rowKey && OrderedKey.IsHashed(rowKey) ? rowKey[..OrderedKey.MaxClearBytes] : rowKey;

    /// <summary>
    /// The row key after those of all keys with this prefix, because a prefix's encoding begins the encodings of its
    /// keys. Null if the encoding is hashed or empty.
    /// </summary>
    static string? EndOf(string prefix) =>
        OrderedKey.Encode(prefix) is { Length: > 0 } end && !OrderedKey.IsHashed(end) ? end[..^1] + (char)(end[^1] + 1) : null;
}
