using DataRegistry.Adoption;
using DataRegistry.Stores;
using Microsoft.Extensions.Options;

namespace DataRegistry.Rescans;

/// <summary>
/// Deletes the reports of scans beyond those that are kept of each store. The job of one that adopted something stays, without its results: its datums name it.
/// Repeating it changes nothing.
/// </summary>
sealed class RescanCollection(ScanTable scans, JobTable jobs, JobCollection collection, IOptions<RescanOptions> options)
{
    /// <summary>Jobs that a store's look takes at most; the rest is for the next one.</summary>
    const int MaxDeleted = 100;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var (store, row) in await scans.ListAsync(cancellationToken))
        {
            var old = await jobs.ListAsync(RescanRequests.SlotOf(store), JobKind.Rescan, status: null, after: null, page: 1000, cancellationToken)
                .Where(job => job.Store == store).Skip(options.Value.KeptReports).Where(job => job.Status.IsTerminal() && job.Id != row.Last && job.Forgotten != true)
                .Take(MaxDeleted).ToListAsync(cancellationToken);
            foreach (var job in old)
            {
                await collection.DeleteAsync(job.JobId, cancellationToken);
                // Last: as long as it is there, what it had is looked for.
                if (job.Counts.Adopted == 0)
                    await jobs.DeleteAsync(job, cancellationToken);
                else
                    await jobs.ForgetAsync(job, cancellationToken);
            }
        }
    }
}
