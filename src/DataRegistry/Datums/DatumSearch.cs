using DataRegistry.Http;
using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Datums;

/// <summary>Finds the page of datums for a list. A request reads a bounded number of rows.</summary>
sealed class DatumSearch(DatumTable datums, LocationTable locations, StoreTable stores)
{
    /// <summary>Beyond this number, counting would cost more than the page (contract: exact up to 10,000).</summary>
    const int MaxCount = 10_000;

    /// <summary>The most datums that a page reads. If it finds too few among them, it is short and has a cursor.</summary>
    const int MaxRead = 10_000;

    /// <summary>The most matches that are sorted otherwise than by time (contract), among this many datums read.</summary>
    public const int MaxSorted = 10_000;
    const int MaxReadToSort = 50_000;

    const int MaxStores = 1000;

    /// <summary>The page, and the number of all matches.</summary>
    /// <param name="noCount">Do not count.</param>
    public async Task<CountedPage<DatumRow>> FindAsync(
        DatumQuery query, ProjectSet projects, Paging paging, bool noCount, CancellationToken cancellationToken) =>
        query.Nothing ? new([], null, 0, _ => "")
        : query.Uri is { } uri && !query.Purged ? await AtAsync(uri, query, projects, paging, cancellationToken)
        : query.IsSorted ? await SortedAsync(query, projects, paging, cancellationToken)
        : await ByTimeAsync(query, projects, paging, noCount, cancellationToken);

    /// <summary>The offset counts on the first page only; a cursor is past it.</summary>
    static int OffsetOf(DatumQuery query, Paging paging) => paging.Cursor is null ? query.Offset : 0;

    async Task<CountedPage<DatumRow>> ByTimeAsync(
        DatumQuery query, ProjectSet projects, Paging paging, bool noCount, CancellationToken cancellationToken)
    {
        DatumCursor? after = paging.Cursor is null
            ? null
            : DatumCursor.TryParse(paging.Cursor, out var cursor) ? cursor : throw Paging.BadCursor();
        var offset = OffsetOf(query, paging);
        if (query.IsSearch)
            return await SearchAsync(query, projects, paging, after, noCount, cancellationToken);
        var page = await datums.ListAsync(projects, query, new(paging.Limit, after, offset, MaxRead + offset), cancellationToken);
        if (page.Skipped < offset && page.Next is not null)
            throw DatumErrors.OffsetBeyondMatches.On("offset", offset, MaxRead + offset);
        int? count = noCount ? null : after is null && page.Next is null ? page.Skipped + page.Rows.Count
            : await datums.CountAsync(projects, query, MaxCount, 2 * MaxCount, cancellationToken);
        return new(page.Rows, page.Next?.ToString(), count, CursorOf);
    }

    /// <summary>
    /// Searches all datums for a name, because clients read an empty first page as no match. A page is short, or empty,
    /// only if the time for the search was over.
    /// </summary>
    async Task<CountedPage<DatumRow>> SearchAsync(
        DatumQuery query, ProjectSet projects, Paging paging, DatumCursor? after, bool noCount, CancellationToken cancellationToken)
    {
        var offset = OffsetOf(query, paging);
        var end = offset + paging.Limit;
        var found = await datums.SearchAsync(projects, query, end, after, noCount || after is not null ? 0 : MaxCount, cancellationToken);
        if (found.First.Count < offset && found.Stopped is not null)
            throw DatumErrors.OffsetBeyondSearch.On("offset", offset);
        var page = await datums.ReadAsync(
            [.. found.First.Take(end).Skip(offset)], query, new(paging.Limit, after, Offset: 0, MaxRead), cancellationToken);
        var next = page.Next ?? (found.First.Count > end ? found.First[end - 1] : found.Stopped);
        var count = noCount ? null : after is null ? found.Count
            : await datums.CountAsync(projects, query, MaxCount, 2 * MaxCount, cancellationToken);
        return new(page.Rows, next?.ToString(), count, CursorOf);
    }

    static string CursorOf(DatumRow row) => new DatumCursor(row.RowKey, row.Id.Value.Partition).ToString();

    /// <summary>All matches, sorted. The cursor is the last datum's id.</summary>
    async Task<CountedPage<DatumRow>> SortedAsync(
        DatumQuery query, ProjectSet projects, Paging paging, CancellationToken cancellationToken)
    {
        DatumRow? after = null;
        if (paging.Cursor is { } cursor)
        {
            // The datum keeps its place in the order even if it was purged meanwhile.
            after = DatumId.TryParse(cursor, out var id) ? await datums.FindAsync(id, cancellationToken) : null;
            if (after is null || !projects.Contains(after.Project))
                throw Paging.BadCursor();
        }

        var sorted = await AllAsync(query, projects, cancellationToken)
            ?? throw DatumErrors.TooManyToSort.On("ordering", MaxSorted, MaxReadToSort);
        sorted.Sort(query.Compare);
        var rest = sorted.Where(r => after is null || query.Compare(r, after) > 0).Skip(OffsetOf(query, paging)).ToList();
        var rows = rest.Take(paging.Limit).ToList();
        return new(rows, rest.Count > rows.Count ? rows[^1].Id.ToString() : null, sorted.Count, row => row.Id.ToString());
    }

    /// <summary>All matches; null if they, or the datums to read for them, are too many to sort.</summary>
    async Task<List<DatumRow>?> AllAsync(DatumQuery query, ProjectSet projects, CancellationToken cancellationToken)
    {
        var slice = new DatumSlice(MaxSorted, After: null, Offset: 0, MaxReadToSort) { IsSlim = true };
        if (!query.IsSearch)
        {
            var all = await datums.ListAsync(projects, query, slice, cancellationToken);
            return all.Next is null ? [.. all.Rows] : null;
        }

        var found = await datums.SearchAsync(projects, query, MaxSorted, after: null, countUpTo: 0, cancellationToken);
        return found.Stopped is null && found.First.Count <= MaxSorted
            ? [.. (await datums.ReadAsync(found.First, query, slice, cancellationToken)).Rows] : null;
    }

    /// <summary>The projects that have a datum at the query's URL.</summary>
    public async Task<IReadOnlyCollection<Guid>> ProjectsAtAsync(DatumQuery query, CancellationToken cancellationToken)
    {
        var uri = query.Uri!.Value;
        var found = new HashSet<Guid>();
        foreach (var store in await HoldingAsync(uri, query, cancellationToken))
        {
            if (await locations.FindAsync(store, uri.Key, cancellationToken) is { } location)
                found.Add(location.Project);
        }

        return found;
    }

    /// <summary>The datums with the tags that a sorted list left out.</summary>
    public Task<IReadOnlyList<DatumRow>> WithTagsAsync(IReadOnlyList<DatumRow> rows, CancellationToken cancellationToken) =>
        datums.WithTagsAsync(rows, cancellationToken);

    /// <summary>
    /// The datum at a URL: a point read in each store that contains the URL. The cursor is the last store's id.
    /// </summary>
    async Task<CountedPage<DatumRow>> AtAsync(
        S3Url uri, DatumQuery query, ProjectSet projects, Paging paging, CancellationToken cancellationToken)
    {
        var after = paging.Cursor is null ? ""
            : Guid.TryParseExact(paging.Cursor, "D", out _) ? paging.Cursor : throw Paging.BadCursor();
        var found = new List<DatumRow>();
        var budget = new PageBudget(paging.Limit);
        var (count, isWhole) = (0, true);
        foreach (var store in await HoldingAsync(uri, query, cancellationToken))
        {
            if (await locations.FindAsync(store, uri.Key, cancellationToken) is not { } location || !projects.Contains(location.Project)
                || await datums.FindAsync(new DatumId(TimedId.FromGuid(location.Datum)), cancellationToken) is not { } datum
                || !query.Matches(datum))
            {
                continue;
            }

            count++;
            if (string.CompareOrdinal(store.ToString("D"), after) <= 0)
                continue;
            isWhole = isWhole && budget.TryTake(DatumBody.SizeOf(datum));
            if (isWhole)
                found.Add(datum);
        }

        return new(found, isWhole ? null : CursorOf(found[^1]), count, CursorOf);

        static string CursorOf(DatumRow row) => row.Store.ToString("D");
    }

    /// <summary>The stores that contain a URL, ordered by id.</summary>
    async Task<List<Guid>> HoldingAsync(S3Url uri, DatumQuery query, CancellationToken cancellationToken)
    {
        var holding = new List<Guid>();
        string? after = null;
        for (var left = MaxStores; left > 0;)
        {
            var (some, next) = await stores.ListAsync(left, after, visible: null, cancellationToken);
            holding.AddRange(some.Where(s => s.Holds(uri) && (query.Store is null || query.Store == s.Id)).Select(s => s.Id));
            if (next is null)
                break;
            (after, left) = (next, left - some.Count);
        }

        return holding;
    }
}
