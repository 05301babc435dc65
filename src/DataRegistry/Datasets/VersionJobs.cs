using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Selections;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

/// <summary>Begins versions that jobs make of selections.</summary>
sealed class VersionJobs(
    DatasetTable datasets, DatasetVersions versions, VersionRuns runs, WorkTable work, JobBlobs blobs, JobStarter starts,
    SelectionLimits limits, TimeProvider clock)
{
    /// <summary>The outcome of an earlier request with this key; null if there was none.</summary>
    public async Task<VersionBegun?> RepeatAsync(Project project, RequestKey? key, CancellationToken cancellationToken) =>
        await starts.RepeatAsync(project.Slot, key, cancellationToken) is { } known ? await RepeatedAsync(known, cancellationToken) : null;

    /// <summary>
    /// Takes the name, writes the job and starts it. A repetition with the same key is about the same version, and
    /// continues after a death.
    /// </summary>
    /// <param name="selection">Frozen, of the dataset's project, and not empty.</param>
    /// <param name="key">The request's Idempotency-Key, which no job has; null for none.</param>
    public async Task<VersionBegun> BeginAsync(
        DatasetRow dataset, NewVersion version, JobRow selection, RequestKey? key, CancellationToken cancellationToken)
    {
        var id = JobId.Create(clock.GetUtcNow(), selection.JobId.Slot);
        var request = key?.Text;
        var start = await versions.BeginAsync(
            dataset, version with { Job = id.Value.ToGuid(), Request = request }, cancellationToken);
        return start switch
        {
            VersionStart.Begun { Version: var begun } => await StartNewAsync(begun, selection, key, cancellationToken),
            // The first request with the key died before its job, or is still at it: both write the same.
            VersionStart.NameTaken { Version: { Status: DatasetVersionStatus.Creating } other }
                when request is not null && other.Request == request => await StartAsync(other, selection, key, cancellationToken),
            _ => new VersionBegun.Refused(start),
        };
    }

    /// <summary>Frees the name at once if the request fails. A request with a key may come again, so its version waits for it.</summary>
    async Task<VersionBegun> StartNewAsync(
        DatasetVersionRow version, JobRow selection, RequestKey? key, CancellationToken cancellationToken)
    {
        try
        {
            return await StartAsync(version, selection, key, cancellationToken);
        }
        catch (Exception) when (key is null)
        {
            await versions.TryAbandonAsync(version.VersionId);
            throw;
        }
    }

    /// <summary>Writes the job and begins it. Repeating it writes the same.</summary>
    async Task<VersionBegun> StartAsync(
        DatasetVersionRow version, JobRow selection, RequestKey? key, CancellationToken cancellationToken)
    {
        var id = new JobId(TimedId.FromGuid(version.Job!.Value));
        var windows = runs.WindowsOf(
            await work.ListResultsAsync(selection.JobId, null, cancellationToken).ToListAsync(cancellationToken));
        await blobs.WriteInputAsync(id, window: 0, windows, cancellationToken);
        var range = WorkTable.NewRange(id, 0, 0, int.MaxValue);
        await work.AddAsync(id, [range], [], cancellationToken);
        var job = JobTable.NewRow(id, selection.Store, selection.Project, version.CreatedBy) with
        {
            Kind = JobKind.DatasetVersion,
            Parameters = (new VersionOrder(version.Id) { Selection = selection.Id }).Write(),
            Expires = clock.GetUtcNow() + limits.KeptFor,
            Total = selection.Counts.Done,
        };
        var start = await starts.TryStartAsync(job, [range], key, cancellationToken);
        if (start is JobStart.Started started)
            return new VersionBegun.Begun(version, started.Job);
        await versions.TryAbandonAsync(version.VersionId);
        return await starts.TakeBackAsync(id, start, key, cancellationToken) is { } repeated
            ? await RepeatedAsync(repeated, cancellationToken)
            : new VersionBegun.TooManyJobs();
    }

    async Task<VersionBegun> RepeatedAsync(JobRow job, CancellationToken cancellationToken) =>
        await datasets.FindVersionAsync(DatasetVersionId.Of(VersionOrder.Read(job.Parameters!).Version), cancellationToken) is { } version
            ? new VersionBegun.Begun(version, job)
            : new VersionBegun.NothingMade(job);
}

/// <summary>The outcome of starting a version of a selection.</summary>
abstract record VersionBegun
{
    VersionBegun() { }

    /// <summary>Its job is there, and works on it or will.</summary>
    public sealed record Begun(DatasetVersionRow Version, JobRow Job) : VersionBegun;

    /// <summary>Its row is not there, and why.</summary>
    public sealed record Refused(VersionStart Why) : VersionBegun;

    /// <summary>The job of an earlier request with the same key made no version, or that version was deleted.</summary>
    public sealed record NothingMade(JobRow Job) : VersionBegun;

    /// <summary>The project has the most running jobs that it may have. The name is free again.</summary>
    public sealed record TooManyJobs : VersionBegun;
}
