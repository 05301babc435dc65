using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Stores;

namespace DataRegistry.Selections;

/// <summary>How the datums of a freeze are read.</summary>
/// <param name="OneRange">One range reads all shards. Otherwise each shard is a range.</param>
/// <param name="ByLocations">Locations below the filter's prefix are read. Otherwise datums are.</param>
readonly record struct FreezePlan(bool OneRange, bool ByLocations);

/// <summary>Chooses where the datums of a freeze are read, and opens that.</summary>
sealed class FreezeSources(
    DatumTable datums, LocationTable locations, JobTable jobs, StoreTable stores, ScannedStores scans, SelectionLimits limits)
{
    /// <summary>
    /// Keys are spread evenly over the shards, so one shard stands for all. It takes a request or two, whatever the project has.
    /// </summary>
    public async Task<FreezePlan> PlanAsync(Project project, SelectionFilter filter, CancellationToken cancellationToken)
    {
        if (filter.Ids is not null)
            return new(OneRange: true, ByLocations: false);
        if (limits.FewRows == 0)
            return default;
        if (await datums.AreFewAsync(project.Slot, filter.Span, limits.FewRows, cancellationToken))
            return new(OneRange: true, ByLocations: false);
        var isNarrow = filter is
        {
            Store: not null, Prefix.Length: > 0, Tag: null, Drift: null, Job: null, AdoptedAfter: null, AdoptedBefore: null,
            Purged: not true,
        } && await locations.AreFewBelowAsync(filter.Store.Value, filter.Prefix, limits.FewRows, cancellationToken);
        return new(OneRange: isNarrow, ByLocations: isNarrow);
    }

    public async Task<FreezeSource> OpenAsync(JobRow job, Project project, CancellationToken cancellationToken)
    {
        var wanted = new FreezeFilter(SelectionFilter.Read(job.Parameters), project, await scans.CompletedAsync(cancellationToken));
        if (wanted.Filter.Ids is { } ids)
            return new NamedSource(wanted, ids, datums);
        if (job.Prefix is null)
            return new DatumSource(wanted, datums);
        var store = await stores.FindWithoutSecretAsync(wanted.Filter.Store!.Value, cancellationToken);
        return new LocationSource(wanted, new(locations, datums, jobs), limits, store?.Configuration.Bucket ?? "");
    }
}

/// <summary>The datums that a freeze takes.</summary>
/// <param name="Scanned">When the last scan of each store began that was completed.</param>
sealed record FreezeFilter(SelectionFilter Filter, Project Project, IReadOnlyDictionary<Guid, DateTimeOffset> Scanned)
{
    // Beyond 4096 projects a slot is shared.
    public bool Takes(ISelectableDatum row) => row.Project == Project.Id && Filter.Matches(row, Scanned);
}

/// <summary>A page of what a freeze reads.</summary>
/// <param name="Items">Those that it takes.</param>
/// <param name="Rows">How many rows were read.</param>
/// <param name="Last">The last row's key; null where there are no rows.</param>
/// <param name="Continuation">Asks for the next page; null at the shard's end.</param>
sealed record FreezePage(IReadOnlyList<SelectionItem> Items, int Rows, string? Last, string? Continuation)
{
    /// <summary>Datums before those that were read, which are still to be read: at most one for each location.</summary>
    public IReadOnlyList<DatumId> Earlier { get; init; } = [];
}

/// <summary>A source of the datums of a freeze.</summary>
abstract class FreezeSource
{
    /// <param name="after">The row key after which a shard is read; null for its beginning.</param>
    /// <param name="continuation">Of the page before that was read after the same key; null for the first.</param>
    public abstract Task<FreezePage> ReadAsync(int shard, string? after, string? continuation, CancellationToken cancellationToken);

    /// <summary>A page of the datums that the page before left over.</summary>
    /// <param name="earlier">See <see cref="FreezePage.Earlier"/>.</param>
    public virtual Task<FreezePage> ReadAsync(IReadOnlyList<DatumId> earlier, CancellationToken cancellationToken) =>
        throw new NotSupportedException("Only locations have earlier datums.");
}

/// <summary>All datums of the project, or those of the filter's job or time.</summary>
sealed class DatumSource(FreezeFilter wanted, DatumTable datums) : FreezeSource
{
    public override async Task<FreezePage> ReadAsync(int shard, string? after, string? continuation, CancellationToken cancellationToken)
    {
        var page = await datums.SelectAsync(wanted.Project.Slot, shard, wanted.Filter.Span, after, continuation, cancellationToken);
        return new(
            [.. page.Values.Where(wanted.Takes).Select(row => SelectionItem.Of(row, IdOf(shard, row)))], page.Values.Count,
            page.Values is [.., var last] ? last.RowKey : null, page.ContinuationToken);
    }

    DatumId IdOf(int shard, SelectedRow row) =>
        new(Storage.TimedId.FromRowKey((ushort)((wanted.Project.Slot << 4) | shard), row.RowKey));
}

/// <summary>The datums that the filter names. A shard's are read at once, and no other rows.</summary>
sealed class NamedSource(FreezeFilter wanted, IReadOnlyList<DatumId> ids, DatumTable datums) : FreezeSource
{
    public override async Task<FreezePage> ReadAsync(int shard, string? after, string? continuation, CancellationToken cancellationToken)
    {
        var partition = (ushort)((wanted.Project.Slot << 4) | shard);
        var rows = await datums.FindAsync([.. ids.Where(id => id.Value.Partition == partition)], cancellationToken);
        return new(
            [.. rows.Values.Where(wanted.Takes).Select(row => SelectionItem.Of(row, row.Id))], rows.Count, Last: null, Continuation: null);
    }
}
