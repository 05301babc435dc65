using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Selections;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

/// <summary>
/// Jobs that make a version of a frozen selection. One range: its first windows write sorted runs of entries, the others merge them to the
/// manifest, and the last one publishes the version.
/// </summary>
sealed class VersionKind(
    JobTable jobs, ProjectTable projects, DatasetTable datasets, ScannedStores scans, DatasetVersions versions, VersionRuns runs,
    VersionMerge merges, TimeProvider clock) : IJobKind
{
    public JobKind Kind => JobKind.DatasetVersion;
    public bool AddsToProject => true;

    /// <inheritdoc/>
    public async Task<JobOpening> OpenAsync(JobRow job, CancellationToken cancellationToken)
    {
        var order = VersionOrder.Read(job.Parameters!);
        var version = await datasets.FindVersionAsync(DatasetVersionId.Of(order.Version), cancellationToken);
        if (version is null || version.Job != job.Id || await datasets.FindAsync(version.DatasetId, cancellationToken) is not { } dataset)
            return new JobOpening.Failed("The version was deleted.");
        var selection = await jobs.FindAsync(new(TimedId.FromGuid(order.Selection!.Value)), cancellationToken);
        if (selection is null || selection.Expires < clock.GetUtcNow())
            return new JobOpening.Failed("The selection has expired.");
        if (await projects.FindAsync(job.Project, cancellationToken) is not { } project)
            return new JobOpening.Failed("The project is not there any more.");
        var scope = new SelectionScope(
            project, SelectionFilter.Read(selection.Parameters), await scans.CompletedAsync(cancellationToken));
        return new JobOpening.Opened(new VersionRun(new(job, version, dataset.Root, scope), runs, merges));
    }

    /// <inheritdoc/>
    public AuditEvent Finished(JobRow job)
    {
        var order = VersionOrder.Read(job.Parameters!);
        return new(order.EventOf(job.Status), DatasetVersionId.Of(order.Version).ToString())
        {
            Project = job.Project,
            Details = new()
            {
                ["job"] = job.JobId.ToString(),
                ["selection"] = new JobId(TimedId.FromGuid(order.Selection!.Value)).ToString(),
                ["status"] = JobStatuses.NameOf(job.Status),
                ["count"] = job.Counts.Done,
                ["skipped"] = job.Counts.Skipped,
            },
        };
    }

    /// <summary>
    /// Frees the name of a version that is not published. After a death, the next request for the name frees it, or the
    /// collection does.
    /// </summary>
    public Task EndedAsync(JobRow job, CancellationToken cancellationToken) => job.Status == JobStatus.Completed
        ? Task.CompletedTask
        : versions.TryAbandonAsync(DatasetVersionId.Of(VersionOrder.Read(job.Parameters!).Version));
}

/// <summary>The data that all windows of a version share.</summary>
/// <param name="Root">Of the dataset; null for none.</param>
/// <param name="Scope">Of the selection.</param>
sealed record VersionSource(JobRow Job, DatasetVersionRow Version, string? Root, SelectionScope Scope);

/// <summary>A job that makes a version, as a worker has opened it.</summary>
sealed class VersionRun(VersionSource source, VersionRuns runs, VersionMerge merges) : TableJobRun(source.Job)
{
    protected override async Task<RangeWork> WorkAsync(CancellationToken cancellationToken) =>
        new VersionWork(source, runs, merges, await runs.WindowsAsync(Job, cancellationToken));
}

/// <summary>Writes the runs of a version, a window each, and merges them in the windows after those.</summary>
/// <param name="windows">For each run, the blobs of its items, with spaces between them.</param>
sealed class VersionWork(VersionSource source, VersionRuns runs, VersionMerge merges, IReadOnlyList<string> windows) : RangeWork
{
    OpenMerge? open;

    public override Task<WindowDone> RunAsync(WorkRow range, RangeDelivery delivery, bool goesOn, CancellationToken cancellationToken) =>
        range.Next < windows.Count
            ? runs.WriteAsync(range, delivery, windows[range.Next].Split(' '), source, cancellationToken)
            : MergeAsync(range, delivery, goesOn, cancellationToken);

    async Task<WindowDone> MergeAsync(WorkRow range, RangeDelivery delivery, bool goesOn, CancellationToken cancellationToken)
    {
        // A death may have come between the publication and the checkpoint.
        if (source.Version.Status == DatasetVersionStatus.Completed)
            return WindowDone.Last;
        var merge = open?.Next == range.Next ? open
            : await merges.OpenAsync(source.Job, source.Version, windows.Count, delivery, cancellationToken);
        if (merge is null)
            return WindowDone.Failed("None of the selection's datums is as it was selected. The results tell why.");
        var done = await merges.RunAsync(merge, source.Job, range, delivery, cancellationToken);
        // The next window of this delivery continues in memory. After an error requests may still read the buffers.
        open = goesOn && done is { Ends: false, Error: null } ? merge : null;
        if (open is null)
            merge.Dispose();
        return done;
    }
}
