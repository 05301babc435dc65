using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Storage;

namespace DataRegistry.Selections;

/// <summary>
/// Jobs that freeze a selection. Each of the 16 ranges reads one shard of the project's datums; its windows' results are the items that
/// match.
/// </summary>
sealed class FreezeKind(ProjectTable projects, DatumTable datums, ScannedStores scans, JobBlobs blobs, SelectionLimits limits) : IJobKind
{
    public JobKind Kind => JobKind.Selection;
    public bool AddsToProject => false;
    public bool ResultsExpire => false;
    public string? Remedy => null;

    /// <inheritdoc/>
    public void Measure(Counts counts)
    {
    }

    /// <inheritdoc/>
    public async Task<JobOpening> OpenAsync(JobRow job, CancellationToken cancellationToken) =>
        await projects.FindAsync(job.Project, cancellationToken) is { } project
            ? new JobOpening.Opened(new FreezeRun(job, await FreezeOfAsync(job, project, cancellationToken)))
            : new JobOpening.Failed("The selection's project is not there any more.");

    /// <inheritdoc/>
    public AuditEvent Finished(JobRow job) => new("selection.frozen", job.JobId.ToString())
    {
        Project = job.Project,
        Details = new() { ["status"] = JobStatuses.NameOf(job.Status), ["count"] = job.Counts.Done, ["bytes"] = job.Counts.Bytes },
    };

    /// <summary>Nothing depends on it.</summary>
    public Task EndedAsync(JobRow job, CancellationToken cancellationToken) => Task.CompletedTask;

    async Task<Freeze> FreezeOfAsync(JobRow job, Project project, CancellationToken cancellationToken)
    {
        var scanned = await scans.CompletedAsync(cancellationToken);
        return new(datums, blobs, limits, project, SelectionFilter.Read(job.Parameters), scanned);
    }
}

/// <summary>What the windows of a freeze have in common.</summary>
sealed record Freeze(
    DatumTable Datums, JobBlobs Blobs, SelectionLimits Limits, Project Project, SelectionFilter Filter,
    IReadOnlyDictionary<Guid, DateTimeOffset> Scanned);

/// <summary>A job that freezes a selection, as a worker has opened it.</summary>
sealed class FreezeRun(JobRow job, Freeze freeze) : JobRun(job, job.Project, freeze.Project.Name)
{
    public override bool NeedsListing => false;

    public override Task<RangeOpening> OpenAsync(WorkRow range, RangeDelivery delivery, CancellationToken cancellationToken) =>
        Task.FromResult<RangeOpening>(delivery.BucketUnavailable is { } givenUp
            ? new RangeOpening.Failed(givenUp.Message)
            : new RangeOpening.Opened(new FreezeWork(freeze)));
}

/// <summary>Reads one shard of a project's datums, window by window. Where the filter names datums, it reads those and no others.</summary>
sealed class FreezeWork(Freeze freeze) : RangeWork
{
    public override async Task<WindowDone> RunAsync(WorkRow range, RangeDelivery delivery, bool goesOn, CancellationToken cancellationToken)
    {
        var window = freeze.Filter.Ids is { } ids
            ? await FindAsync(range, ids, cancellationToken)
            : await ReadAsync(range, cancellationToken);
        var items = window.Items;
        items.Sort((a, b) => OrderedKey.Compare(a.Key, b.Key) is not 0 and var order ? order : a.Store.CompareTo(b.Store));
        var counts = new Counts { Done = items.Count, Bytes = items.Sum(i => i.Size), Looked = window.Looked };
        var results = await freeze.Blobs.WriteWindowResultsAsync(
            range, delivery, items, counts, SelectionEndpoints.Json.SelectionItem, cancellationToken);
        return new(counts, results, window.After, window.Ends);
    }

    async Task<Window> ReadAsync(WorkRow range, CancellationToken cancellationToken)
    {
        var (limits, span) = (freeze.Limits, freeze.Filter.Span);
        var items = new List<SelectionItem>();
        var (after, continuation, looked) = (range.After, (string?)null, 0);
        do
        {
            var page = await freeze.Datums.SelectAsync(
                freeze.Project.Slot, range.Range, span, range.After, continuation, cancellationToken);
            continuation = page.ContinuationToken;
            looked += page.Values.Count;
            if (page.Values is [.., var last])
                after = last.RowKey;
            items.AddRange(page.Values.Where(IsWanted).Select(
                row => new SelectionItem(IdOf(range, row), row.Store, row.Bucket, row.Key, row.Size)));
        }
        while (continuation is not null && items.Count < limits.WindowItems && looked < limits.WindowRows);

        return new(items, looked, after, Ends: continuation is null);
    }

    async Task<Window> FindAsync(WorkRow range, IReadOnlyList<DatumId> ids, CancellationToken cancellationToken)
    {
        var rows = await freeze.Datums.FindAsync([.. ids.Where(id => id.Value.Partition == PartitionOf(range))], cancellationToken);
        var items = rows.Values.Where(IsWanted).Select(row => new SelectionItem(row.Id, row.Store, row.Bucket, row.Key, row.Size));
        return new([.. items], rows.Count, After: null, Ends: true);
    }

    // Beyond 4096 projects a slot is shared.
    bool IsWanted(ISelectableDatum row) => row.Project == freeze.Project.Id && freeze.Filter.Matches(row, freeze.Scanned);

    DatumId IdOf(WorkRow range, SelectedRow row) => new(TimedId.FromRowKey(PartitionOf(range), row.RowKey));

    ushort PartitionOf(WorkRow range) => (ushort)((freeze.Project.Slot << 4) | range.Range);

    sealed record Window(List<SelectionItem> Items, int Looked, string? After, bool Ends);
}
