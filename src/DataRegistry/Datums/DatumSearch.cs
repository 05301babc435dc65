using DataRegistry.Http;
using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Datums;

/// <summary>Finds the page of datums that a list asks for, bounded in what a request reads.</summary>
sealed class DatumSearch(DatumTable datums, LocationTable locations, StoreTable stores)
{
    /// <summary>Beyond this many, counting would cost more than the page (contract: exact up to 10,000).</summary>
    const int MaxCount = 10_000;

    /// <summary>Datums that a page looks at: one that finds fewer than it wanted among them is short, and says where to go on.</summary>
    const int MaxRead = 10_000;

    /// <summary>Up to so many matches are sorted otherwise than by time (contract), among so many datums looked at.</summary>
    public const int MaxSorted = 10_000;
    const int MaxReadToSort = 50_000;

    const int MaxStores = 1000;

    /// <summary>The page, and how many datums match in all.</summary>
    /// <param name="noCount">They need not be counted.</param>
    public async Task<CountedPage<DatumRow>> FindAsync(
        DatumQuery query, ProjectSet projects, Paging paging, bool noCount, CancellationToken cancellationToken) =>
        query.Nothing ? new([], null, 0)
        : query.Uri is { } uri && !query.Purged ? await AtAsync(uri, query, projects, cancellationToken)
        : query.IsSorted ? await SortedAsync(query, projects, paging, cancellationToken)
        : await ByTimeAsync(query, projects, paging, noCount, cancellationToken);

    /// <summary>A cursor is behind the offset of the first page.</summary>
    static int OffsetOf(DatumQuery query, Paging paging) => paging.Cursor is null ? query.Offset : 0;

    async Task<CountedPage<DatumRow>> ByTimeAsync(
        DatumQuery query, ProjectSet projects, Paging paging, bool noCount, CancellationToken cancellationToken)
    {
        DatumCursor? after = paging.Cursor is null
            ? null
            : DatumCursor.TryParse(paging.Cursor, out var cursor) ? cursor : throw Paging.BadCursor();
        var offset = OffsetOf(query, paging);
        var page = await datums.ListAsync(projects, query, paging.Limit, after, offset, MaxRead + offset, cancellationToken);
        if (page.Skipped < offset && page.Next is not null)
            throw DatumErrors.OffsetBeyondMatches.On("offset", offset, MaxRead + offset);
        int? count = noCount ? null : after is null && page.Next is null ? page.Skipped + page.Rows.Count
            : await datums.CountAsync(projects, query, MaxCount, 2 * MaxCount, cancellationToken);
        return new(page.Rows, page.Next?.ToString(), count);
    }

    /// <summary>All matches, sorted; the cursor is the last datum's id.</summary>
    async Task<CountedPage<DatumRow>> SortedAsync(
        DatumQuery query, ProjectSet projects, Paging paging, CancellationToken cancellationToken)
    {
        DatumRow? after = null;
        if (paging.Cursor is { } cursor)
        {
            // Purged meanwhile or not, its place in the order stays.
            after = DatumId.TryParse(cursor, out var id) ? await datums.FindAsync(id, cancellationToken) : null;
            if (after is null || !projects.Contains(after.Project))
                throw Paging.BadCursor();
        }

        var all = await datums.ListAsync(projects, query, MaxSorted, after: null, offset: 0, MaxReadToSort, cancellationToken);
        if (all.Next is not null)
        {
            throw DatumErrors.TooManyToSort.On("ordering", MaxSorted, MaxReadToSort);
        }

        var sorted = all.Rows.ToList();
        sorted.Sort(query.Compare);
        var rest = sorted.Where(r => after is null || query.Compare(r, after) > 0).Skip(OffsetOf(query, paging)).ToList();
        var rows = rest.Take(paging.Limit).ToList();
        return new(rows, rest.Count > rows.Count ? rows[^1].Id.ToString() : null, sorted.Count);
    }

    /// <summary>What is tracked at a URL: a point read in each store that holds it. Never more than one page.</summary>
    async Task<CountedPage<DatumRow>> AtAsync(S3Url uri, DatumQuery query, ProjectSet projects, CancellationToken cancellationToken)
    {
        var (all, _) = await stores.ListAsync(MaxStores, after: null, visible: null, cancellationToken);
        var found = new List<DatumRow>();
        foreach (var store in all.Where(s => s.Holds(uri) && (query.Store is null || query.Store == s.Id)))
        {
            if (await locations.FindAsync(store.Id, uri.Key, cancellationToken) is { } location && projects.Contains(location.Project)
                && await datums.FindAsync(new DatumId(TimedId.FromGuid(location.Datum)), cancellationToken) is { } datum
                && query.Matches(datum))
            {
                found.Add(datum);
            }
        }

        return new(found, null, found.Count);
    }
}
