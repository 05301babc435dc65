using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Stores;
using DataRegistry.Telemetry;

namespace DataRegistry.Rescans;

/// <summary>Jobs that scan a store.</summary>
sealed class RescanKind(StoreTable stores, ScanTable scans, ScannedStores scanned, ScanRanges ranges) : IJobKind
{
    public JobKind Kind => JobKind.Rescan;

    /// <inheritdoc/>
    public void Measure(Counts counts)
    {
        Metrics.Adopted("created", counts.Adopted);
        Metrics.Drifted("changed", counts.Changed);
        Metrics.Drifted("missing", counts.Missing);
        Metrics.Drifted("returned", counts.Returned);
        Metrics.Drifted("new", counts.New);
    }

    /// <summary>Opens a scan. A delivery that comes after the store's next scan has begun does nothing.</summary>
    public async Task<JobOpening> OpenAsync(JobRow job, CancellationToken cancellationToken)
    {
        if (await stores.FindAsync(job.Store, cancellationToken) is not { Deleted: false } store)
            return new JobOpening.Failed("The store is deleted.");
        return (await scans.FindAsync(store.Id, cancellationToken))?.Running == job.Id
            ? new JobOpening.Opened(new RescanRun(job, store, ranges))
            : new JobOpening.Failed("Another scan of the store has begun.");
    }

    public AuditEvent Finished(JobRow job) => new("rescan.finished", job.JobId.ToString())
    {
        Project = job.Project == Guid.Empty ? null : job.Project,
        Details = new()
        {
            ["store"] = job.Store.ToString("D"),
            ["status"] = JobStatuses.NameOf(job.Status),
            ["unchanged"] = job.Counts.Unchanged,
            ["changed"] = job.Counts.Changed,
            ["missing"] = job.Counts.Missing,
            ["returned"] = job.Counts.Returned,
            ["new"] = job.Counts.New,
            ["adopted"] = job.Counts.Adopted,
            ["failed"] = job.Failed,
        },
    };

    /// <summary>Writes the result to the store's row. The store may then be scanned again.</summary>
    public async Task EndedAsync(JobRow job, CancellationToken cancellationToken)
    {
        await scans.EndAsync(
            job.Store, job.Id,
            row => row with
            {
                Last = job.Id,
                Status = JobStatuses.NameOf(job.Status),
                Started = job.Started,
                Finished = job.Finished,
                Error = job.Error,
                Counts = RescanJobBody.CountsOf(job.Counts),
                Requests = job.Counts.Requests,
                // The scan may have missed objects that were adopted after its job was made.
                Completed = job.Status == JobStatus.Completed ? job.JobId.Value.Time : row.Completed,
            },
            cancellationToken);
        scanned.Forget();
    }
}
