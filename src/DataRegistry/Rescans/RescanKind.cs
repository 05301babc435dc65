using DataRegistry.Access;
using DataRegistry.Adoption;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Options;

namespace DataRegistry.Rescans;

/// <summary>Jobs that scan a store.</summary>
sealed class RescanKind(
    ScanTable scans, ScannedStores scanned, StoreTable stores, ProjectTable projects, Buckets buckets, ObjectFinder finder,
    LocationTable locations, DatumTable datums, WorkTable work, JobBlobs blobs, Adopter adopter,
    DriftMarks marks, HashQueue hashes, IOptions<JobOptions> options) : IJobKind
{
    // Of the work that it hands out, too.
    readonly ProjectTable projects = projects;
    readonly Buckets buckets = buckets;
    readonly ObjectFinder finder = finder;
    readonly LocationTable locations = locations;
    readonly DatumTable datums = datums;
    readonly WorkTable work = work;
    readonly JobBlobs blobs = blobs;
    readonly Adopter adopter = adopter;
    readonly DriftMarks marks = marks;
    readonly HashQueue hashes = hashes;
    readonly IOptions<JobOptions> options = options;

    /// <summary>
    /// So many times as many ranges as are worked on at a time are made of a store: each one's end costs a LIST, and a page of every shard.
    /// </summary>
    const int RangesOverall = 2;

    public JobKind Kind => JobKind.Rescan;

    /// <summary>One read more than an adoption's: whoever was dead for so long that another scan has begun does nothing more.</summary>
    public async Task<(JobRun? Run, string? Error)> OpenAsync(JobRow job, CancellationToken cancellationToken)
    {
        if (await stores.FindAsync(job.Store, cancellationToken) is not { Deleted: false } store)
            return (null, "The store is not there any more.");
        if ((await scans.FindAsync(store.Id, cancellationToken))?.Running != job.Id)
            return (null, "Another scan of the store has begun.");
        return (new Run(this, job, store), null);
    }

    public AuditEvent Finished(JobRow job) => new("rescan.finished", job.JobId.ToString())
    {
        Project = job.Project == Guid.Empty ? null : job.Project,
        Details = new()
        {
            ["store"] = job.Store.ToString("D"),
            ["status"] = JobBody.NameOf(job.Status),
            ["unchanged"] = job.Counts.Unchanged,
            ["changed"] = job.Counts.Changed,
            ["missing"] = job.Counts.Missing,
            ["returned"] = job.Counts.Returned,
            ["new"] = job.Counts.New,
            ["adopted"] = job.Counts.Adopted,
            ["failed"] = job.Failed,
        },
    };

    /// <summary>The store shows what was found, and may be scanned again.</summary>
    public async Task EndedAsync(JobRow job, CancellationToken cancellationToken)
    {
        await scans.EndAsync(
            job.Store, job.Id,
            row => row with
            {
                Last = job.Id,
                Status = JobBody.NameOf(job.Status),
                Started = job.Started,
                Finished = job.Finished,
                Error = job.Error,
                Counts = RescanJobBody.CountsOf(job.Counts),
                Requests = job.Counts.Requests,
                // What was adopted later than its job was made may not have been seen.
                Completed = job.Status == JobStatus.Completed ? job.JobId.Value.Time : row.Completed,
            },
            cancellationToken);
        scanned.Forget();
    }

    sealed class Run(RescanKind kind, JobRow job, Store store) : JobRun(job, store)
    {
        public override bool NeedsListing => true;

        public override int MaxRanges => RangesOverall * kind.options.Value.RangesPerJob;

        public override async Task<OpenedRange> OpenAsync(
            WorkRow range, StoreLease? lease, Func<double, CancellationToken, ValueTask> pace, BucketException? giveUp,
            CancellationToken cancellationToken)
        {
            if (giveUp is not null)
                throw giveUp;
            var bucket = kind.buckets.Open(Store).At(pace);
            var pager = await ObjectPager.OpenAnyAsync(bucket, Store.Prefix, cancellationToken);
            var evidence = new ScanEvidence(bucket, Store.Prefix, pager, kind.finder, Job.Forced == true, kind.options.Value.HeadsInFlight);
            var stretches = new ScanStretches(
                Store, new(pager, kind.work),
                new(kind.locations.Table, Store.Id, Store.Prefix, range.After, range.Until, ScannedRow.Columns), kind.locations,
                kind.options.Value.WindowKeys, kind.options.Value.TableRequestsInFlight);
            return new(new ScanRange(
                Job, Store, stretches, new(Job, evidence), new(Job, Store, evidence, kind.projects, kind.datums, kind.adopter, kind.hashes),
                evidence, kind.marks, kind.blobs, kind.options.Value.TableRequestsInFlight));
        }
    }
}
