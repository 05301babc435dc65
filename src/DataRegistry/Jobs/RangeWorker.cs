using DataRegistry.Datums;
using DataRegistry.Stores.S3;
using DataRegistry.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Jobs;

/// <summary>
/// Works a range off, window by window, and brings its job on; what is done with a window is its kind's. What both queue functions of
/// adoption do.
/// </summary>
sealed partial class RangeWorker(
    JobTable jobs, WorkTable work, AdoptQueue queue, IEnumerable<IJobKind> kinds, StoreLeases leases, JobFinisher ends, TimeProvider clock,
    IOptions<JobOptions> options, ILogger<RangeWorker> logger) : IDisposable
{
    // A window holds its objects and rows in memory: more of them at a time would not be faster, only larger.
    readonly SemaphoreSlim room = new(options.Value.WindowsAtOnce);

    public void Dispose() => room.Dispose();

    /// <summary>
    /// From the range's position to its end, or to the end of the time that one message may take: then the rest is handed on.
    /// Where another delivery of the same message has got further it goes on from there, and never ends well while nobody else is bound
    /// to go on: it may be the one with which the message is deleted, and the other may be dead by now.
    /// </summary>
    /// <param name="giveUp">Null to ask S3; else S3 is not asked about the next window, and what has no location there fails with this. The
    /// rest of the range is handed on.</param>
    public async Task RunAsync(WorkRow range, BucketException? giveUp, CancellationToken cancellationToken)
    {
        await jobs.StartAsync(range.JobId, cancellationToken);
        if (await OpenAsync(range.JobId, cancellationToken) is not { } run)
            return;
        try
        {
            await RunAsync(run, range, giveUp, cancellationToken);
        }
        catch (BucketException e) when (run.NeedsListing && (!e.IsTransient || giveUp is not null))
        {
            // What cannot be listed has no keys of which to say what became of them.
            await ends.FailAsync(range.JobId, e.Message, cancellationToken);
        }
    }

    async Task RunAsync(JobRun run, WorkRow range, BucketException? giveUp, CancellationToken cancellationToken)
    {
        var delivery = Guid.NewGuid();
        var until = clock.GetUtcNow().AddSeconds(options.Value.RangeSeconds);
        StoreLease? lease = null;
        RangeWork? windows = null;
        while (!range.IsDone)
        {
            WorkRow? after;
            // For each window anew, in this process and among all: so a job of many windows lets others in between.
            await room.WaitAsync(cancellationToken);
            try
            {
                // Who gives up asks the store nothing, and could not be put off: the next delivery would try anew.
                await using var held = lease = giveUp is null ? await leases.TryAcquireAsync(run.Store.Id, range, cancellationToken) : null;
                if (held is null && giveUp is null)
                {
                    Log.NoLease(logger, range.JobId, range.Range, run.Store.Id);
                    await queue.SendAsync(range, TimeSpan.FromSeconds(5 + Random.Shared.Next(10)), cancellationToken);
                    return;
                }

                if (windows is null)
                {
                    var opened = await run.OpenAsync(
                        range, held, (share, token) => lease!.WaitAsync(share, token), giveUp, cancellationToken);
                    if (opened.Error is { } error)
                        await ends.FailAsync(range.JobId, error, cancellationToken);
                    else if (opened.IsDone)
                        await ends.ConcludeAsync(range.JobId, cancellationToken);
                    windows = opened.Work;
                }

                if (windows is null)
                    return;
                var shared = await ShareAsync(run, windows, range, cancellationToken);
                after = shared is null
                    ? null
                    : await RunWindowAsync(run.Job.Kind, windows, range = shared, delivery, until, giveUp, cancellationToken);
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

            Log.Window(
                logger, after.JobId, after.Range, range.Next, after.Created - range.Created, after.Existing - range.Existing,
                after.Failed - range.Failed);
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
    async Task<WorkRow?> ShareAsync(JobRun run, RangeWork windows, WorkRow range, CancellationToken cancellationToken)
    {
        // The first range of all is everything, and shared at once, up to twice; the others are worth it when a window was not all of them.
        for (var cuts = range.Next > 0 ? 1 : range.Range == 0 ? 2 : 0; cuts > 0 && run.NeedsListing; cuts--)
        {
            var (all, undone) = await work.CountAsync(range.JobId, cancellationToken);
            if (undone >= options.Value.RangesPerJob || all >= run.MaxRanges)
                break;
            if (await windows.CutAsync(range, cancellationToken) is not { } cut)
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
        JobKind kind, RangeWork windows, WorkRow range, Guid delivery, DateTimeOffset until, BucketException? giveUp,
        CancellationToken cancellationToken)
    {
        using var span = Spans.Start("window")?.SetTag("dataregistry.range", range.Range).SetTag("dataregistry.window", range.Next);
        // Told before the window is worked off: what is listed for the next one would else be listed twice.
        var goesOn = giveUp is null && clock.GetUtcNow() < until;
        var (counts, results, last, ends) = await windows.RunAsync(range, delivery, goesOn, giveUp, cancellationToken);
        // A window's troubles are its own: the next one has all its tries before it.
        var after = range with { Next = range.Next + 1, After = last, Counts = range.Counts + counts, Delivery = delivery, Replans = 0 };
        after = after.CountedAt(clock.GetUtcNow(), counts.Total);
        if (ends)
            after = after.Ended();
        else if (!goesOn)
            after = after with { Epoch = after.Epoch + 1 };
        var written = await work.CheckpointAsync(range, after, results, cancellationToken)
            ?? await work.AddLateAsync(range, after, results, cancellationToken);
        if (written is not null)
            counts.Measure(kind);
        return written;
    }

    /// <summary>
    /// Null where the job is gone or not going on, or what it needs is gone, with which it ends: nothing is to be done then.
    /// </summary>
    async Task<JobRun?> OpenAsync(JobId id, CancellationToken cancellationToken)
    {
        var job = await jobs.FindAsync(id, cancellationToken);
        if (job is { Status: JobStatus.Running })
        {
            var (run, error) = await kinds.Single(k => k.Kind == job.Kind).OpenAsync(job, cancellationToken);
            if (error is not null)
                await ends.FailAsync(id, error, cancellationToken);
            return run;
        }

        Log.Gone(logger, id, job?.Status);
        await ends.ConcludeAsync(id, cancellationToken);
        return null;
    }

    static partial class Log
    {
        [LoggerMessage(
            LogLevel.Information,
            "Job {Job}, range {Range}: window {Window} done, {Created} created, {Existing} existing, {Failed} failed")]
        public static partial void Window(ILogger logger, JobId job, int range, int window, long created, long existing, long failed);

        [LoggerMessage(LogLevel.Information, "Job {Job}, range {Range}: another delivery of epoch {Epoch} is further")]
        public static partial void Overtaken(ILogger logger, JobId job, int range, int epoch);

        [LoggerMessage(LogLevel.Information, "Job {Job}, range {Range} waits: as many workers as may are at store {Store}")]
        public static partial void NoLease(ILogger logger, JobId job, int range, Guid store);

        [LoggerMessage(LogLevel.Information, "Job {Job}: range {Range} is shared with a new one, {Rest}")]
        public static partial void Cut(ILogger logger, JobId job, int range, int rest);

        [LoggerMessage(LogLevel.Warning, "Job {Job} has a message, but is {Status}: nothing more is done")]
        public static partial void Gone(ILogger logger, JobId job, JobStatus? status);
    }
}
