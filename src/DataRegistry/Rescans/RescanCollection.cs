using DataRegistry.Jobs;
using DataRegistry.Stores;
using DataRegistry.Triggers;
using Microsoft.Extensions.Options;

namespace DataRegistry.Rescans;

/// <summary>
/// Deletes the reports of scans beyond those that are kept of each store. The job of one that is needed stays, without its results.
/// Repeating it changes nothing.
/// </summary>
sealed class RescanCollection(ScanTable scans, JobTable jobs, JobCollection collection, IOptions<RescanOptions> options) : ICollector
{
    /// <summary>Jobs that a store's look takes at most; the rest is for the next one.</summary>
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
                // Last: as long as it is there, what it had is looked for.
                if (IsNeeded(job))
                    await jobs.ForgetAsync(job, cancellationToken);
                else
                    await jobs.DeleteAsync(job, cancellationToken);
            }

            // Its datums name it; or, where no whole scan came after it, what it marked may be half done.
            bool IsNeeded(JobRow job) => job.Counts.Adopted > 0 || !(job.JobId.Value.Time < row.Completed);
        }
    }
}
