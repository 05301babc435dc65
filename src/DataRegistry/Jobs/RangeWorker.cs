using DataRegistry.Datums;
using DataRegistry.Stores.S3;
using DataRegistry.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Jobs;

/// <summary>
/// Works through a range, window by window, and moves its job on. The kind of job does the window itself. Both queue
/// functions of jobs use it.
/// </summary>
sealed partial class RangeWorker(
    JobTable jobs, WorkTable work, RangeQueue queue, JobKinds kinds, StoreTurns turns, StoreLeases leases,
    JobFinisher finisher, TimeProvider clock, IOptions<JobOptions> options, ILogger<RangeWorker> logger)
{
    /// <summary>
    /// Works from the range's position to its end, or until the time of one message is over. Then it sends the rest as
    /// a new message. If another delivery of the same message is further, it continues from there. It returns only when
    /// no work is left or another message exists. The host then deletes this message, and the other delivery may be
    /// dead.
    /// </summary>
    /// <param name="bucketUnavailable"> Null to use the bucket. Otherwise the next window sends no request to it, and
    /// keys without a location fail with this. The rest of the range gets a new message.
    /// </param>
    public Task RunAsync(WorkRow range, BucketException? bucketUnavailable, CancellationToken cancellationToken) =>
        RunAsync(range, clock.GetUtcNow().AddSeconds(options.Value.RangeSeconds), bucketUnavailable, cancellationToken);

    /// <summary>The same until a given time.</summary>
    public Task RunAsync(WorkRow range, DateTimeOffset until, CancellationToken cancellationToken) =>
        RunAsync(range, until, bucketUnavailable: null, cancellationToken);

    async Task RunAsync(WorkRow range, DateTimeOffset until, BucketException? bucketUnavailable, CancellationToken cancellationToken)
    {
        await jobs.StartAsync(range.JobId, cancellationToken);
        if (await OpenJobAsync(range.JobId, cancellationToken) is not { } run)
            return;
        using var turn = turns.Enter(run.Leased, run.Server);
        await using var watch = new JobWatch(jobs, range.JobId, clock);
        var delivery = new RangeDelivery(until, bucketUnavailable, watch.Stop);
        try
        {
            for (WorkRow? next = range; next is not null;)
                next = await AdvanceAsync(run, turn, delivery, next, cancellationToken);
        }
        catch (OperationCanceledException) when (watch.Stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            if (watch.IsOverdue)
                throw TimedOut(turn, run);
            // A window that is still being read counts nothing.
            await finisher.ConcludeAsync(range.JobId, cancellationToken);
        }
        catch (BucketException e) when (e.IsTimeout && bucketUnavailable is null)
        {
            turn.TimedOut();
            throw;
        }
        catch (BucketException e) when (run.NeedsListing && (!e.IsTransient || bucketUnavailable is not null))
        {
            // Keys that cannot be listed have no results of their own: the job fails.
            await finisher.FailAsync(range.JobId, e.Message, cancellationToken);
        }
    }

    static BucketException TimedOut(StoreTurns.Turn turn, JobRun run)
    {
        turn.TimedOut();
        return new(
            BucketFault.Unreachable,
            $"{run.Server} answers too slowly: a part of the job took several minutes. Run the job again when the server is less busy.")
        {
            IsTimeout = true,
        };
    }

    /// <summary>The opened job. Null if the job has stopped, or cannot go on and was ended.</summary>
    async Task<JobRun?> OpenJobAsync(JobId id, CancellationToken cancellationToken)
    {
        var job = await jobs.FindAsync(id, cancellationToken);
        if (job is not { Status: JobStatus.Running })
        {
            Log.Gone(logger, id, job?.Status);
            await finisher.ConcludeAsync(id, cancellationToken);
            return null;
        }

        var opening = await kinds.Of(job).OpenAsync(job, cancellationToken);
        if (opening is JobOpening.Failed failed)
            await finisher.FailAsync(id, failed.Error, cancellationToken);
        return (opening as JobOpening.Opened)?.Run;
    }

    /// <summary>
    /// Does the range's next window. Returns the range to continue with; null if this delivery has no more work.
    /// </summary>
    async Task<WorkRow?> AdvanceAsync(
        JobRun run, StoreTurns.Turn turn, RangeDelivery delivery, WorkRow range, CancellationToken cancellationToken)
    {
        if (range.IsDone)
        {
            await finisher.ConcludeAsync(range.JobId, cancellationToken);
            return null;
        }

        return await TakeWindowAsync(run, turn, delivery, range, cancellationToken) switch
        {
            WindowOutcome.Written window => await AfterWindowAsync(window, cancellationToken),
            WindowOutcome.Overtaken => await CatchUpAsync(delivery, range, cancellationToken),
            _ => null,
        };
    }

    /// <summary>
    /// Does a window with one of this process's slots and one of the store's leases among all processes. So a job of
    /// many windows lets others in between.
    /// </summary>
    async Task<WindowOutcome> TakeWindowAsync(
        JobRun run, StoreTurns.Turn turn, RangeDelivery delivery, WorkRow range, CancellationToken cancellationToken)
    {
        // A delivery without bucket requests needs no lease. It cannot be postponed, because the next one would use the
        // bucket again.
        if (delivery.BucketUnavailable is not null)
        {
            using var place = await turns.TakeAsync(cancellationToken);
            return await TryWindowAsync(run, delivery, range, cancellationToken);
        }

        using (var place = await turn.TryTakeAsync(cancellationToken))
        {
            if (place is not null)
            {
                await using var lease = await leases.TryAcquireAsync(run.Leased, range, cancellationToken);
                if (lease is not null)
                {
                    delivery.Use(lease);
                    var outcome = await TryWindowAsync(run, delivery, range, cancellationToken);
                    turn.Answered();
                    return outcome;
                }
            }
        }

        Log.PutOff(logger, range.JobId, range.Range, run.Leased);
        var reason = $"The store's bucket has its most workers ({options.Value.WorkersPerStore}).";
        await queue.SendAsync(
            range, TimeSpan.FromSeconds(5 + Random.Shared.Next(10)), range.WaitingOf(reason, clock.GetUtcNow()), cancellationToken);
        return new WindowOutcome.None();
    }

    async Task<WindowOutcome> TryWindowAsync(JobRun run, RangeDelivery delivery, WorkRow range, CancellationToken cancellationToken)
    {
        delivery.Work ??= await OpenRangeAsync(run, delivery, range, cancellationToken);
        if (delivery.Work is not { } windows)
            return new WindowOutcome.None();
        return await ShareAsync(run, windows, range, cancellationToken) is { } shared
            ? await RunWindowAsync(run, delivery, windows, shared, cancellationToken)
            : new WindowOutcome.Overtaken();
    }

    /// <summary>The opened range. Null if it has no windows, or its job cannot go on and was ended.</summary>
    async Task<RangeWork?> OpenRangeAsync(JobRun run, RangeDelivery delivery, WorkRow range, CancellationToken cancellationToken)
    {
        switch (await run.OpenAsync(range, delivery, cancellationToken))
        {
            case RangeOpening.Opened opened:
                return opened.Work;
            case RangeOpening.Failed failed:
                await finisher.FailAsync(range.JobId, failed.Error, cancellationToken);
                return null;
            case RangeOpening.Done:
                await finisher.ConcludeAsync(range.JobId, cancellationToken);
                return null;
            default:
                return null;
        }
    }

    /// <summary>
    /// If the job has fewer ranges than it may work on at a time, a part of this one becomes a range of its own. So the
    /// rest is shared evenly for any distribution of keys. Returns the range afterwards; null if its row has changed
    /// meanwhile.
    /// </summary>
    async Task<WorkRow?> ShareAsync(JobRun run, RangeWork windows, WorkRow range, CancellationToken cancellationToken)
    {
        // The first range has all keys, so it is shared at once, up to twice. Others are shared if one window was not
        // enough.
        for (var cuts = range.Next > 0 ? 1 : range.Range == 0 ? 2 : 0; cuts > 0 && run.NeedsListing; cuts--)
        {
            var (all, undone) = await work.CountAsync(range.JobId, cancellationToken);
            if (undone >= options.Value.RangesPerJob || all >= run.MaxRanges)
                break;
            if (await windows.CutAsync(range, cancellationToken) is not { } share)
                return null;
            range = share.Range;
            if (share.Rest is not { } rest)
                break;
            Log.Cut(logger, range.JobId, range.Range, rest.Range);
            await queue.SendAsync(rest, cancellationToken);
        }

        return range;
    }

    /// <summary>Does the range's next window and writes its checkpoint.</summary>
    async Task<WindowOutcome> RunWindowAsync(
        JobRun run, RangeDelivery delivery, RangeWork windows, WorkRow range, CancellationToken cancellationToken)
    {
        using var span = Spans.Start("window")?.SetTag("dataregistry.range", range.Range).SetTag("dataregistry.window", range.Next);
        // Decide before the window: pages read ahead and then left to another delivery would be listed twice.
        var goesOn = delivery.BucketUnavailable is null && clock.GetUtcNow() < delivery.Until;
        var window = await windows.RunAsync(range, delivery, goesOn, cancellationToken);
        if (window.Error is { } error)
        {
            await finisher.FailAsync(range.JobId, error, cancellationToken);
            return new WindowOutcome.None();
        }

        // Faults belong to their window: the next one has all its tries.
        var after = range with
        {
            Next = range.Next + 1,
            After = window.After,
            Counts = range.Counts + window.Counts,
            Delivery = delivery.Id,
            Replans = 0,
            WaitingFor = null,
            WaitingSince = null,
            Unanswered = null,
        };
        after = after.CountedAt(clock.GetUtcNow(), window.Counts.Total);
        if (window.Ends)
            after = after.Ended();
        else if (!goesOn)
            after = after with { Epoch = after.Epoch + 1 };
        var written = await work.CheckpointAsync(range, after, window.Results, cancellationToken)
            ?? await work.AddLateAsync(range, after, window.Results, cancellationToken);
        if (written is null)
            return new WindowOutcome.Overtaken();
        kinds.Of(run.Job).Measure(window.Counts);
        return new WindowOutcome.Written(range, written);
    }

    async Task<WorkRow?> AfterWindowAsync(WindowOutcome.Written window, CancellationToken cancellationToken)
    {
        var (before, after) = window;
        Log.Window(
            logger, after.JobId, after.Range, before.Next, after.Created - before.Created, after.Existing - before.Existing,
            after.Failed - before.Failed);
        if (after.Epoch != before.Epoch)
        {
            await queue.SendAsync(after, cancellationToken);
            return null;
        }

        if (await jobs.FindAsync(after.JobId, cancellationToken) is { Status: JobStatus.Running })
            return after;
        await finisher.ConcludeAsync(after.JobId, cancellationToken);
        return null;
    }

    /// <summary>Another delivery is further with the range: continue from there, unless the range has a new message.</summary>
    async Task<WorkRow?> CatchUpAsync(RangeDelivery delivery, WorkRow range, CancellationToken cancellationToken)
    {
        Log.Overtaken(logger, range.JobId, range.Range, range.Epoch);
        if (await work.FindAsync(range.JobId, range.Range, cancellationToken) is not { } now)
            return null;
        if (now.Epoch == range.Epoch || now.IsDone)
        {
            // Windows are read forward only, so open the range anew at its present position.
            delivery.Work = null;
            return now;
        }

        if (now.Sent < now.Epoch)
            await queue.SendAsync(now, cancellationToken);
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

        [LoggerMessage(LogLevel.Information, "Job {Job}, range {Range} waits: store {Store} has its most workers")]
        public static partial void PutOff(ILogger logger, JobId job, int range, Guid store);

        [LoggerMessage(LogLevel.Information, "Job {Job}: range {Range} is shared with a new one, {Rest}")]
        public static partial void Cut(ILogger logger, JobId job, int range, int rest);

        [LoggerMessage(LogLevel.Warning, "Job {Job} has a message, but is {Status}: the message is dropped")]
        public static partial void Gone(ILogger logger, JobId job, JobStatus? status);
    }
}
