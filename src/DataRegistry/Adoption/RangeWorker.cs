using System.Globalization;
using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

/// <summary>Works a range off, window by window, and brings its job on. What both queue functions of adoption do.</summary>
sealed partial class RangeWorker(
    JobTable jobs, WorkTable work, JobBlobs blobs, AdoptQueue queue, StoreTable stores, ProjectTable projects, Buckets buckets, ObjectFinder finder,
    LocationTable locations, StoreLeases leases, Adopter adopter, ManifestStaging manifests, HashQueue hashes, JobEnds ends, TimeProvider clock,
    IOptions<AdoptionOptions> options, ILogger<RangeWorker> logger) : IDisposable
{
    // A window holds its objects and rows in memory: more of them at a time would not be faster, only larger.
    readonly SemaphoreSlim room = new(options.Value.WindowsAtOnce);

    public void Dispose() => room.Dispose();

    /// <summary>
    /// From the range's position to its end, or to the end of the time that one message may take: then the rest is handed on.
    /// Where another delivery of the same message has got further it goes on from there, and never ends well while nobody else is bound
    /// to go on: it may be the one with which the message is deleted, and the other may be dead by now.
    /// </summary>
    /// <param name="giveUp">Null to ask S3; else S3 is not asked about the next window, and what has no location there fails with this. The rest of the range is handed on.</param>
    public async Task RunAsync(WorkRow range, BucketException? giveUp, CancellationToken cancellationToken)
    {
        await jobs.StartAsync(range.JobId, cancellationToken);
        if (await OpenAsync(range.JobId, cancellationToken) is not ({ } job, { } scope))
            return;
        try
        {
            await RunAsync(job, scope, range, giveUp, cancellationToken);
        }
        catch (BucketException e) when (job.Prefix is not null && (!e.IsTransient || giveUp is not null))
        {
            // What cannot be listed has no keys of which to say that they failed.
            await ends.FailAsync(range.JobId, e.Message, cancellationToken);
        }
    }

    /// <summary>What cannot be read has no inputs of which to say that they failed: the job fails.</summary>
    async Task StageAsync(AdoptionScope scope, WorkRow range, StoreLease? lease, BucketException? giveUp, CancellationToken cancellationToken)
    {
        var staging = giveUp is null ? await manifests.RunAsync(scope, range, lease!, cancellationToken) : new(false, giveUp.Message);
        if (staging.Error is { } error)
            await ends.FailAsync(range.JobId, error, cancellationToken);
        else if (staging.IsDone)
            await ends.ConcludeAsync(range.JobId, cancellationToken);
    }

    async Task RunAsync(JobRow job, AdoptionScope scope, WorkRow range, BucketException? giveUp, CancellationToken cancellationToken)
    {
        var delivery = Guid.NewGuid();
        var until = clock.GetUtcNow().AddSeconds(options.Value.RangeSeconds);
        StoreLease? lease = null;
        Windows? windows = null;
        while (!range.IsDone)
        {
            WorkRow? after;
            // For each window anew, in this process and among all: so a job of many windows lets others in between.
            await room.WaitAsync(cancellationToken);
            try
            {
                // Who gives up asks the store nothing, and could not be put off: the next delivery would try anew.
                await using var held = lease = giveUp is null ? await leases.TryAcquireAsync(scope.Store.Id, range, cancellationToken) : null;
                if (held is null && giveUp is null)
                {
                    Log.NoLease(logger, range.JobId, range.Range, scope.Store.Id);
                    await queue.SendAsync(range, TimeSpan.FromSeconds(5 + Random.Shared.Next(10)), cancellationToken);
                    return;
                }

                if (range.Kind == WorkKind.Manifest)
                {
                    await StageAsync(scope, range, held, giveUp, cancellationToken);
                    return;
                }

                windows ??= giveUp is null || job.Prefix is null ? await OpenWindowsAsync(job, scope, (share, token) => lease!.WaitAsync(share, token), cancellationToken) : throw giveUp;
                var shared = await ShareAsync(windows, range, cancellationToken);
                after = shared is null ? null : await RunWindowAsync(scope, windows, range = shared, delivery, until, giveUp, cancellationToken);
            }
            finally
            {
                room.Release();
            }

            if (after is null)
            {
                Log.Overtaken(logger, range.JobId, range.Range, range.Epoch);
                if (await work.FindAsync(range.JobId, range.Range, cancellationToken) is not { } now)
                    return;
                if (now.Epoch == range.Epoch || now.IsDone)
                {
                    // The windows go forward only: they are read anew from where the range is.
                    windows = null;
                    range = now;
                    continue;
                }

                if (now.Sent < now.Epoch)
                    await queue.SendAsync(now, cancellationToken);
                return;
            }

            Log.Window(logger, after.JobId, after.Range, range.Next, after.Created - range.Created, after.Existing - range.Existing, after.Failed - range.Failed);
            var handedOn = after.Epoch != range.Epoch;
            range = after;
            if (handedOn)
            {
                await queue.SendAsync(range, cancellationToken);
                return;
            }

            if (await jobs.FindAsync(range.JobId, cancellationToken) is not { Status: JobStatus.Running })
                break;
        }

        await ends.ConcludeAsync(range.JobId, cancellationToken);
    }

    /// <summary>
    /// Where the job has fewer ranges than may be worked on at a time, a part of this one becomes one of its own: so what is left is shared
    /// evenly, however the keys lie. Returns the range as it is then; null where its row has changed meanwhile.
    /// </summary>
    async Task<WorkRow?> ShareAsync(Windows windows, WorkRow range, CancellationToken cancellationToken)
    {
        // The first range of all is everything, and halved twice at once; the others are worth it when a window was not all of them.
        for (var cuts = range.Next > 0 ? 1 : range.Range == 0 ? 2 : 0; cuts > 0 && windows is PrefixWindows; cuts--)
        {
            if (await work.CountUndoneAsync(range.JobId, cancellationToken) >= options.Value.RangesPerJob)
                break;
            if (await ((PrefixWindows)windows).CutAsync(range, cancellationToken) is not { } cut)
                return null;
            range = cut.Range;
            if (cut.Other is null)
                break;
            Log.Cut(logger, range.JobId, range.Range, cut.Other.Range);
            await queue.SendAsync(cut.Other, cancellationToken);
        }

        return range;
    }

    async Task<WorkRow?> RunWindowAsync(
        AdoptionScope scope, Windows windows, WorkRow range, Guid delivery, DateTimeOffset until, BucketException? giveUp, CancellationToken cancellationToken)
    {
        var window = await windows.ReadAsync(range, cancellationToken);
        var outcomes = await adopter.AdoptAsync(
            scope, window.Keys, window.Locate,
            giveUp is null ? window.Find : (wanted, _) => Task.FromResult<IReadOnlyList<Probe>>([.. wanted.Select(_ => new Probe(null, giveUp))]),
            cancellationToken);

        var failures = window.Keys.Zip(outcomes, (key, outcome) => AdoptionFailure.Of(outcome, new S3Url(scope.Store.Configuration.Bucket, key).ToString(), scope.Store))
            .OfType<AdoptionFailure>().Concat(window.Skipped).ToList();
        var counts = new Counts(
            outcomes.Count(o => o is AdoptionOutcome.Created), outcomes.Count(o => o is AdoptionOutcome.AlreadyTracked), failures.Count - window.Skipped.Count, window.Skipped.Count);
        var results = failures.Count == 0 ? null : WorkTable.NewResults(
            range.JobId, range,
            await blobs.WriteResultsAsync(range.JobId, string.Create(CultureInfo.InvariantCulture, $"{range.Range:D6}-{range.Next:D6}-{delivery:N}"), failures, cancellationToken),
            counts);

        if (scope.Store.HashAdopted == HashAdopted.All)
            await hashes.SendAsync(outcomes.OfType<AdoptionOutcome.Created>().Select(c => c.Datum), cancellationToken);

        // A window's troubles are its own: the next one has all its tries before it.
        var after = range with { Next = range.Next + 1, After = window.After, Counts = range.Counts + counts, Delivery = delivery, Replans = 0 };
        after = after.CountedAt(clock.GetUtcNow(), counts.Total);
        if (window.Ends)
            after = after.Ended();
        else if (giveUp is not null || clock.GetUtcNow() >= until)
            after = after with { Epoch = after.Epoch + 1 };
        return await work.CheckpointAsync(range, after, results, cancellationToken)
            ?? await work.AddLateAsync(range, after, results, cancellationToken);
    }

    async Task<Windows> OpenWindowsAsync(JobRow job, AdoptionScope scope, Func<double, CancellationToken, ValueTask> turn, CancellationToken cancellationToken)
    {
        if (job.Prefix is null)
            return new ListWindows(scope, blobs, adopter, finder, Open);
        var bucket = Open();
        try
        {
            return Prefix(await ObjectPager.OpenAsync(bucket, job.Prefix, cancellationToken), ask: null);
        }
        catch (BucketException e) when (e.Fault is BucketFault.AccessDenied or BucketFault.Unexpected)
        {
            // The list tells what there is, and HEADs which version it is.
            return Prefix(ObjectPager.OfUnknownVersions(bucket, job.Prefix), (keys, token) => finder.HeadAsync(bucket, scope.Store.Prefix, keys, token));
        }

        PrefixWindows Prefix(ObjectPager pager, Func<IReadOnlyList<string>, CancellationToken, Task<IReadOnlyList<Probe>>>? ask) =>
            new(scope, KeySelection.Of(job), pager, ask, locations, work, options.Value.WindowKeys, options.Value.TableRequestsInFlight);

        Bucket Open() => buckets.Open(scope.Store).At(turn);
    }

    /// <summary>Null where the job is gone or not going on, or its store or project is gone, with which it ends: nothing is to be done then.</summary>
    async Task<(JobRow Job, AdoptionScope Scope)?> OpenAsync(JobId id, CancellationToken cancellationToken)
    {
        var job = await jobs.FindAsync(id, cancellationToken);
        if (job is not { Status: JobStatus.Running })
        {
            Log.Gone(logger, id, job?.Status);
            await ends.ConcludeAsync(id, cancellationToken);
            return null;
        }

        var store = await stores.FindAsync(job.Store, cancellationToken);
        var project = await projects.FindAsync(job.Project, cancellationToken);
        if (store is { Deleted: false } && project is not null)
            return (job, new(id, store, project, job.CreatedBy, AtOnce: false));
        await ends.FailAsync(id, $"The job's {(store is { Deleted: false } ? "project" : "store")} is not there any more. What was adopted stays.", cancellationToken);
        return null;
    }

    static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Job {Job}, range {Range}: window {Window} done, {Created} created, {Existing} existing, {Failed} failed")]
        public static partial void Window(ILogger logger, JobId job, int range, int window, long created, long existing, long failed);

        [LoggerMessage(LogLevel.Information, "Job {Job}, range {Range}: another delivery of epoch {Epoch} is further")]
        public static partial void Overtaken(ILogger logger, JobId job, int range, int epoch);

        [LoggerMessage(LogLevel.Information, "Job {Job}, range {Range} waits: as many workers as may are at store {Store}")]
        public static partial void NoLease(ILogger logger, JobId job, int range, Guid store);

        [LoggerMessage(LogLevel.Information, "Job {Job}: range {Range} is shared with a new one, {Rest}")]
        public static partial void Cut(ILogger logger, JobId job, int range, int rest);

        [LoggerMessage(LogLevel.Warning, "Job {Job} has a message, but is {Status}: nothing more is adopted")]
        public static partial void Gone(ILogger logger, JobId job, JobStatus? status);
    }
}
