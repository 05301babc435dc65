using DataRegistry.Jobs;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

/// <summary>Gives up versions whose jobs have ended without publishing them.</summary>
sealed class VersionSettlement(DatasetTable datasets, JobTable jobs, TimeProvider clock)
{
    /// <summary>A request writes a version's row first and its job some writes later: a job that is not there after so long never will be.</summary>
    static readonly TimeSpan DeadAfter = TimeSpan.FromMinutes(5);

    /// <inheritdoc cref="SettleAsync(DatasetVersionRow, CancellationToken)"/>
    public async Task<DatasetVersionRow?> SettleAsync(DatasetVersionId id, CancellationToken cancellationToken) =>
        await datasets.FindVersionAsync(id, cancellationToken) is { } row ? await SettleAsync(row, cancellationToken) : null;

    /// <summary>
    /// The version as it is once it is given up, if it is to be. Costs a read while it is created, and nothing afterwards. Null where it was
    /// deleted meanwhile.
    /// </summary>
    public async Task<DatasetVersionRow?> SettleAsync(DatasetVersionRow row, CancellationToken cancellationToken)
    {
        if (row is not { Status: DatasetVersionStatus.Creating, Job: { } id })
            return row;
        var job = await jobs.FindAsync(new(TimedId.FromGuid(id)), cancellationToken);
        var (ends, status, error) = job?.Status switch
        {
            JobStatus.Failed => (true, DatasetVersionStatus.Failed, job.Error),
            JobStatus.Cancelled => (true, DatasetVersionStatus.Cancelled, null),
            null or JobStatus.Staging => (
                clock.GetUtcNow() - row.CTime > DeadAfter, DatasetVersionStatus.Failed, "The request did not come to its end."),
            _ => (false, default, null),
        };
        if (!ends)
            return row;
        return await datasets.GiveUpAsync(row.VersionId, status, error, cancellationToken)
            ?? await datasets.FindVersionAsync(row.VersionId, cancellationToken);
    }
}
