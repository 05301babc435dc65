using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>Search for a name, which no row key has.</summary>
sealed partial class DatumTable
{
    /// <summary>The longest search. Table Storage reads some 20,000 rows a second of an account.</summary>
    static readonly TimeSpan SearchTime = TimeSpan.FromSeconds(10);

    /// <summary>Rows of a page with tags, of at most 8 KB each.</summary>
    const int RowsWithTags = 64;

    /// <summary>Matches that are read first, because their sizes are not known yet.</summary>
    const int FirstRead = 128;

    /// <summary>
    /// The projects' datums that match, newest first. All partitions are searched in parallel, to their ends or until
    /// the time is over. Without a count, a partition also ends when it cannot add to the first matches any more.
    /// </summary>
    /// <param name="wanted">The number of first matches to find. The result also shows whether there are more.</param>
    /// <param name="countUpTo">The most matches to count; 0 for none.</param>
    public async Task<NameMatches> SearchAsync(
        ProjectSet projects, DatumQuery query, int wanted, DatumCursor? after, int countUpTo, CancellationToken cancellationToken)
    {
        var first = new FirstMatches(wanted + 1);
        var end = clock.GetUtcNow() + SearchTime;
        var columns = ColumnsOf(query);
        var size = query.Tag is null ? Tables.MaxPageRows : RowsWithTags;
        var whole = true;
        DatumCursor? stopped = null;
        await Parallel.ForEachAsync(projects.Partitions, InFlight(cancellationToken), async (partition, token) =>
        {
            string? continuation = null;
            var position = after;
            // Without a row there is no place to go on from.
            bool isEmpty;
            do
            {
                var page = await table.QueryPageAsync<DatumFilterRow>(RangeOf(partition, after), continuation, size, columns, token);
                (continuation, isEmpty) = (page.ContinuationToken, page.Values.Count == 0);
                foreach (var row in page.Values)
                {
                    position = new(row.RowKey, partition);
                    if (projects.Contains(row.Project) && query.Matches(row))
                        first.Add(position.Value);
                }
            }
            while (continuation is not null && (isEmpty || clock.GetUtcNow() < end)
                && (first.Count <= countUpTo || !first.EndBefore(position)));
            if (continuation is null)
                return;
            lock (first)
            {
                whole = false;
                // If the time is over, the rest of this partition is not known.
                if (!first.EndBefore(position) && (stopped is not { } other || position?.CompareTo(other) < 0))
                    stopped = position;
            }
        });
        var certain = first.Ordered().Where(match => stopped is not { } until || match.CompareTo(until) <= 0).ToList();
        return new(certain, stopped, whole ? first.Count : null);
    }

    /// <summary>
    /// The rows at these places, in their order, as far as they fit the page. Rows that do not match any more are left
    /// out.
    /// </summary>
    public async Task<DatumPage> ReadAsync(
        IReadOnlyList<DatumCursor> places, DatumQuery query, DatumSlice slice, CancellationToken cancellationToken)
    {
        var page = new DatumPageBuilder(slice);
        DatumCursor? last = null;
        var some = FirstRead;
        for (var first = 0; first < places.Count; first += some, some = Math.Min(some * PageGrowth, SampleRows))
        {
            var part = places.Skip(first).Take(some).ToList();
            var rows = await FindAsync([.. part.Select(IdOf)], cancellationToken);
            foreach (var place in part)
            {
                if (rows.GetValueOrDefault(IdOf(place)) is { } row && query.Matches(row) && !page.TryAdd(row))
                    return page.EndAt(last);
                last = place;
            }
        }

        return page.EndAt(null);
    }

    static DatumId IdOf(DatumCursor place) => new(TimedId.FromRowKey(place.Partition, place.RowKey));

    /// <summary>The columns that the query's filters read.</summary>
    static string[] ColumnsOf(DatumQuery query)
    {
        List<string> columns = [nameof(DatumFilterRow.RowKey), nameof(DatumFilterRow.Project), nameof(DatumFilterRow.Purged)];
        if (query.Name is not null || query.Uri is not null)
            columns.Add(nameof(DatumFilterRow.Key));
        if (query.Uri is not null)
            columns.Add(nameof(DatumFilterRow.Bucket));
        if (query.Store is not null || query.Drift is not null)
            columns.Add(nameof(DatumFilterRow.Store));
        if (query.Tag is not null)
            columns.AddRange([nameof(DatumFilterRow.Tags), nameof(DatumFilterRow.AdoptedTags)]);
        if (query.Drift is not null)
            columns.Add(nameof(DatumFilterRow.Drift));
        return [.. columns];
    }

    /// <summary>Collects the first matches in the order of the list, and counts all. Safe for concurrent use.</summary>
    sealed class FirstMatches(int size)
    {
        readonly PriorityQueue<DatumCursor, DatumCursor> last = new(Comparer<DatumCursor>.Create((a, b) => b.CompareTo(a)));

        public int Count { get; private set; }

        public void Add(DatumCursor match)
        {
            lock (last)
            {
                Count++;
                if (last.Count < size)
                    last.Enqueue(match, match);
                else
                    last.EnqueueDequeue(match, match);
            }
        }

        /// <summary>Whether all first matches come before a place.</summary>
        public bool EndBefore(DatumCursor? place)
        {
            lock (last)
                return place is { } position && last.Count == size && last.Peek().CompareTo(position) < 0;
        }

        public List<DatumCursor> Ordered()
        {
            lock (last)
                return [.. last.UnorderedItems.Select(i => i.Element).Order()];
        }
    }
}

/// <summary>The result of a search.</summary>
/// <param name="First">The first matches in order, one more than wanted if there are more.</param>
/// <param name="Stopped">The place where the search stopped; null if it left out no match of interest.</param>
/// <param name="Count">All matches; null if some partition was not read to its end.</param>
sealed record NameMatches(IReadOnlyList<DatumCursor> First, DatumCursor? Stopped, int? Count);
