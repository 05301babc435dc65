using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Storage;

namespace DataRegistry.Selections;

/// <summary>
/// The datums of the locations below a narrow prefix, which lie together. A location tells all that most filters ask for. Two kinds of
/// datums are read themselves: those that may not be there yet, and those that are not the location's last.
/// </summary>
sealed class LocationSource(FreezeFilter wanted, LocationTable locations, DatumTable datums, JobTable jobs, string bucket) : FreezeSource
{
    readonly Guid store = wanted.Filter.Store!.Value;

    public override async Task<FreezePage> ReadAsync(int shard, string? after, string? continuation, CancellationToken cancellationToken)
    {
        var page = await locations.SelectAsync(store, shard, wanted.Filter.Prefix!, after, continuation, cancellationToken);
        var items = new List<SelectionItem>();
        var finished = new Dictionary<Guid, bool>();
        var unsure = PreviousOf(page.Values.Select(row => row.Previous)).ToHashSet();
        foreach (var row in page.Values.Where(row => row.Purged != true))
        {
            var datum = row.AsDatum(store, bucket);
            if (!wanted.Takes(datum))
                continue;
            if (row.Settled == true || await IsFinishedAsync(row.Job))
                items.Add(SelectionItem.Of(datum, row.Id));
            else
                unsure.Add(row.Id);
        }

        items.AddRange(await FindAsync(unsure, cancellationToken));
        return new(items, page.Values.Count, page.Values is [.., var last] ? last.RowKey : null, page.ContinuationToken);

        // A job that has not completed is read once a page, not once a row.
        async Task<bool> IsFinishedAsync(Guid job)
        {
            if (!finished.TryGetValue(job, out var known))
                finished[job] = known = await jobs.IsFinishedAsync(new(TimedId.FromGuid(job)), cancellationToken);
            return known;
        }
    }

    /// <summary>Those datums, and the ones before them, that the filter takes.</summary>
    async Task<List<SelectionItem>> FindAsync(HashSet<DatumId> ids, CancellationToken cancellationToken)
    {
        var (items, seen) = (new List<SelectionItem>(), new HashSet<DatumId>(ids));
        while (ids.Count > 0)
        {
            var found = await datums.FindAsync(ids, cancellationToken);
            items.AddRange(found.Values.Where(wanted.Takes).Select(row => SelectionItem.Of(row, row.Id)));
            ids = [.. PreviousOf(found.Values.Select(row => row.Previous)).Where(seen.Add)];
        }

        return items;
    }

    static IEnumerable<DatumId> PreviousOf(IEnumerable<Guid?> datums) =>
        datums.Where(datum => datum is not null).Select(datum => new DatumId(TimedId.FromGuid(datum!.Value)));
}
