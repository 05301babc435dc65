using System.Globalization;
using DataRegistry.Access;
using DataRegistry.Adoption.Input;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

/// <summary>Jobs that adopt a list, a manifest or a prefix.</summary>
sealed class AdoptionKind(
    WorkTable work, JobBlobs blobs, StoreTable stores, ProjectTable projects, Buckets buckets, ObjectFinder finder, LocationTable locations,
    Adopter adopter,
    ManifestStaging manifests, HashQueue hashes, IOptions<JobOptions> options) : IJobKind
{
    // Of the work that it hands out, too.
    readonly WorkTable work = work;
    readonly JobBlobs blobs = blobs;
    readonly Buckets buckets = buckets;
    readonly ObjectFinder finder = finder;
    readonly LocationTable locations = locations;
    readonly Adopter adopter = adopter;
    readonly ManifestStaging manifests = manifests;
    readonly HashQueue hashes = hashes;
    readonly IOptions<JobOptions> options = options;

    public JobKind Kind => JobKind.Adoption;

    /// <inheritdoc/>
    public async Task<(JobRun? Run, string? Error)> OpenAsync(JobRow job, CancellationToken cancellationToken)
    {
        var store = await stores.FindAsync(job.Store, cancellationToken);
        var project = await projects.FindAsync(job.Project, cancellationToken);
        return store is { Deleted: false } && project is not null
            ? (new Run(this, job, new(job.JobId, store, project, job.CreatedBy, AtOnce: false)), null)
            : (null, $"The job's {(store is { Deleted: false } ? "project" : "store")} is not there any more. What was adopted stays.");
    }

    /// <inheritdoc/>
    public AuditEvent Finished(JobRow job) => new("adoption.finished", job.JobId.ToString())
    {
        Project = job.Project,
        Details = new()
        {
            ["status"] = job.Status.ToString().ToLowerInvariant(),
            ["created"] = job.Created,
            ["existing"] = job.Existing,
            ["failed"] = job.Failed,
            ["skipped"] = job.Skipped,
        },
    };

    /// <summary>Nothing depends on it.</summary>
    public Task EndedAsync(JobRow job, CancellationToken cancellationToken) => Task.CompletedTask;

    sealed class Run(AdoptionKind kind, JobRow job, AdoptionScope scope) : JobRun(job, scope.Store)
    {
        public override bool NeedsListing => Job.Prefix is not null;

        /// <inheritdoc/>
        public override async Task<OpenedRange> OpenAsync(
            WorkRow range, StoreLease? lease, Func<double, CancellationToken, ValueTask> pace, BucketException? giveUp,
            CancellationToken cancellationToken)
        {
            if (range.Kind == WorkKind.Manifest)
            {
                // What cannot be read has no inputs of which to say that they failed: the job fails.
                var staging = giveUp is null
                    ? await kind.manifests.RunAsync(scope, range, lease!, cancellationToken)
                    : new(false, giveUp.Message);
                return new(null, staging.Error, staging.IsDone);
            }

            if (giveUp is not null && NeedsListing)
                throw giveUp;
            return new(new Work(kind, scope, await OpenWindowsAsync(pace, cancellationToken)));
        }

        async Task<WindowReader> OpenWindowsAsync(Func<double, CancellationToken, ValueTask> pace, CancellationToken cancellationToken)
        {
            if (Job.Prefix is null)
                return new ListWindowReader(scope, kind.blobs, kind.adopter, kind.finder, () => kind.buckets.Open(Store).At(pace));
            var bucket = kind.buckets.Open(Store).At(pace);
            var pager = await ObjectPager.OpenAnyAsync(bucket, Job.Prefix, cancellationToken);
            // Where it does not see them the list tells what there is, and HEADs which version it is.
            return new PrefixWindowReader(
                scope, KeySelection.Of(Job), new RangePages(pager, kind.work),
                (keys, token) => kind.finder.HeadAsync(bucket, Store.Prefix, keys, token),
                kind.locations, kind.options.Value.WindowKeys, kind.options.Value.TableRequestsInFlight);
        }
    }

    /// <summary>Adopts each window.</summary>
    sealed class Work(AdoptionKind kind, AdoptionScope scope, WindowReader windows) : RangeWork
    {
        public override async Task<WindowDone> RunAsync(
            WorkRow range, Guid delivery, bool goesOn, BucketException? giveUp, CancellationToken cancellationToken)
        {
            var window = await windows.ReadAsync(range, cancellationToken);
            var ahead = goesOn && !window.Ends ? windows.ReadAheadAsync(window.After, range.Until, cancellationToken) : Task.CompletedTask;
            try
            {
                return await WriteAsync(range, window, delivery, giveUp, cancellationToken);
            }
            finally
            {
                await ahead;
            }
        }

        async Task<WindowDone> WriteAsync(
            WorkRow range, Window window, Guid delivery, BucketException? giveUp, CancellationToken cancellationToken)
        {
            var outcomes = await kind.adopter.AdoptAsync(
                scope, window.Keys, window.Locate,
                giveUp is null
                    ? window.Find
                    : (wanted, _) => Task.FromResult<IReadOnlyList<Probe>>([.. wanted.Select(_ => new Probe(null, giveUp))]),
                cancellationToken);

            var failures = window.Keys.Zip(
                outcomes,
                (key, outcome) => AdoptionFailure.Of(outcome, new S3Url(scope.Store.Configuration.Bucket, key).ToString(), scope.Store))
                .OfType<AdoptionFailure>().Concat(window.Skipped).ToList();
            var counts = new Counts(
                outcomes.Count(o => o is AdoptionOutcome.Created), outcomes.Count(o => o is AdoptionOutcome.AlreadyTracked),
                failures.Count(f => f.Outcome == AdoptionFailure.Failed), failures.Count(f => f.Outcome == AdoptionFailure.Skipped));
            var results = failures.Count == 0 ? null : WorkTable.NewResults(
                range.JobId, range,
                await kind.blobs.WriteResultsAsync(
                    range.JobId, string.Create(CultureInfo.InvariantCulture, $"{range.Range:D6}-{range.Next:D6}-{delivery:N}"), failures,
                    AdoptionFailure.Stored, cancellationToken),
                counts with { Created = 0, Existing = 0 });

            if (scope.Store.HashAdopted == HashAdopted.All)
                await kind.hashes.SendAsync(outcomes.OfType<AdoptionOutcome.Created>().Select(c => c.Datum), cancellationToken);
            return new(counts, results, window.After, window.Ends);
        }

        public override Task<(WorkRow Range, WorkRow? Other)?> CutAsync(WorkRow range, CancellationToken cancellationToken) =>
            windows.CutAsync(range, cancellationToken);
    }
}
