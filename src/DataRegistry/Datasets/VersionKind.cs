using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Selections;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

/// <summary>
/// Jobs that make a version of a frozen selection. One range: its first windows write sorted runs of entries, its last one merges them to
/// the manifest and publishes the version.
/// </summary>
sealed class VersionKind(
    JobTable jobs, ProjectTable projects, DatasetTable datasets, ScannedStores scans, DatasetVersions versions, VersionRuns runs,
    TimeProvider clock) : IJobKind
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
        return new JobOpening.Opened(new VersionRun(job, version, dataset.Root, scope, runs));
    }

    /// <inheritdoc/>
    public AuditEvent Finished(JobRow job)
    {
        var order = VersionOrder.Read(job.Parameters!);
        return new("dataset_version.created", DatasetVersionId.Of(order.Version).ToString())
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

/// <summary>A job that makes a version, as a worker has opened it.</summary>
/// <param name="root">Of the dataset; null for none.</param>
sealed class VersionRun(JobRow job, DatasetVersionRow version, string? root, SelectionScope scope, VersionRuns runs)
    : TableJobRun(job)
{
    protected override async Task<RangeWork> WorkAsync(CancellationToken cancellationToken) =>
        new VersionWork(version, root, scope, runs, await runs.WindowsAsync(Job, cancellationToken));
}

/// <summary>Writes the runs of a version, a window each, and merges them in the last window.</summary>
/// <param name="windows">For each run, the blobs of its items, with spaces between them.</param>
sealed class VersionWork(
    DatasetVersionRow version, string? root, SelectionScope scope, VersionRuns runs, IReadOnlyList<string> windows) : RangeWork
{
    public override Task<WindowDone> RunAsync(WorkRow range, RangeDelivery delivery, bool goesOn, CancellationToken cancellationToken) =>
        range.Next < windows.Count
            ? runs.WriteAsync(range, delivery, windows[range.Next].Split(' '), root, scope, cancellationToken)
            : runs.MergeAsync(range, version, delivery, cancellationToken);
}
