using DataRegistry.Jobs;
using DataRegistry.Stores;
using DataRegistry.Triggers;
using Microsoft.Extensions.Options;

namespace DataRegistry.Rescans;

/// <summary>
/// Deletes the oldest reports of each store's scans, beyond the number to keep. A job that is still needed stays,
/// without its results. A repeated run changes nothing.
/// </summary>
sealed class RescanCollection(ScanTable scans, JobTable jobs, JobCollection collection, IOptions<RescanOptions> options) : ICollector
{
    /// <summary>The most jobs of a store that one run deletes. The next run continues.</summary>
    const int MaxDeleted = 100;

    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        foreach (var (store, row) in await scans.ListAsync(cancellationToken))
        {
            var old = await jobs.ListAsync(
                RescanRequests.SlotOf(store), JobKind.Rescan, status: null, after: null, page: 1000, cancellationToken)
                .Where(
                    job => job.Store == store).Skip(
                        options.Value.KeptReports).Where(
                            job => job.Status.IsTerminal() && job.Id != row.Last && !(job.Forgotten == true && IsNeeded(job)))
                .Take(MaxDeleted).ToListAsync(cancellationToken);
            foreach (var job in old)
            {
                await collection.DeleteAsync(job.JobId, cancellationToken);
                // Delete the job last: while it exists, its other data is found.
                if (IsNeeded(job))
                    await jobs.ForgetAsync(job, cancellationToken);
                else
                    await jobs.DeleteAsync(job, cancellationToken);
            }

            // Datums may refer to the job. Without a later completed scan, its marks may be incomplete.
            bool IsNeeded(JobRow job) => job.Counts.Adopted > 0 || !(job.JobId.Value.Time < row.Completed);
        }
    }
}
