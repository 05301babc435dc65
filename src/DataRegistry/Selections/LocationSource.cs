using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Storage;

namespace DataRegistry.Selections;

/// <summary>
/// The datums of the locations below a narrow prefix, which lie together. A location tells all that most filters ask for. Two kinds of
/// datums are read themselves: those that may not be there yet, and those that are not the location's last. Each datum names the one before
/// it, so a page reads some of them, and the next page continues.
/// </summary>
sealed class LocationSource(FreezeFilter wanted, LocationTables tables, SelectionLimits limits, string bucket) : FreezeSource
{
    readonly Guid store = wanted.Filter.Store!.Value;

    public override async Task<FreezePage> ReadAsync(int shard, string? after, string? continuation, CancellationToken cancellationToken)
    {
        var page = await tables.Locations.SelectAsync(store, shard, wanted.Filter.Prefix!, after, continuation, cancellationToken);
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

        var found = await ReadAsync([.. unsure], cancellationToken);
        return found with
        {
            Items = [.. items, .. found.Items],
            Rows = page.Values.Count + found.Rows,
            Last = page.Values is [.., var last] ? last.RowKey : null,
            Continuation = page.ContinuationToken,
        };

        // A job that has not completed is read once a page, not once a row.
        async Task<bool> IsFinishedAsync(Guid job)
        {
            if (!finished.TryGetValue(job, out var known))
                finished[job] = known = await tables.Jobs.IsFinishedAsync(new(TimedId.FromGuid(job)), cancellationToken);
            return known;
        }
    }

    /// <inheritdoc/>
    public override async Task<FreezePage> ReadAsync(IReadOnlyList<DatumId> earlier, CancellationToken cancellationToken)
    {
        var (items, rows) = (new List<SelectionItem>(), 0);
        for (var reads = 0; earlier.Count > 0 && reads < limits.EarlierReads; reads++)
        {
            var found = await tables.Datums.FindAsync(earlier, cancellationToken);
            rows += found.Count;
            items.AddRange(found.Values.Where(wanted.Takes).Select(row => SelectionItem.Of(row, row.Id)));
            // The datums of a page may have one that comes before another one of them. Those before are all different.
            earlier = [.. PreviousOf(found.Values.Select(row => row.Previous)).Except(earlier)];
        }

        return new(items, rows, Last: null, Continuation: null) { Earlier = earlier };
    }

    static IEnumerable<DatumId> PreviousOf(IEnumerable<Guid?> datums) =>
        datums.Where(datum => datum is not null).Select(datum => new DatumId(TimedId.FromGuid(datum!.Value)));
}

/// <summary>The tables that a <see cref="LocationSource"/> reads.</summary>
sealed record LocationTables(LocationTable Locations, DatumTable Datums, JobTable Jobs);
