using System.Diagnostics;
using Azure;
using DataRegistry.Stores.S3;
using DataRegistry.Telemetry;
using DataRegistry.Triggers;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Jobs;

/// <summary>
/// The queue function of ranges. It works on the range that the message points to, if the message's epoch is current.
/// </summary>
sealed partial class RangeFunction(
    WorkTable work, RangeWorker worker, JobFinisher finisher, RangeQueue queue, TimeProvider clock, ILogger<RangeFunction> logger)
{
    /// <summary>How long a bucket may time out before the inputs that need it fail.</summary>
    internal static readonly TimeSpan MaxUnanswered = TimeSpan.FromHours(1);

    /// <summary>Adds the job's id to every log line within.</summary>
    public static readonly Func<ILogger, Datums.JobId, IDisposable?> JobScope = LoggerMessage.DefineScope<Datums.JobId>("Job:{Job}");

    /// <exception cref="Exception">Any failure. The message comes again, and finished work stays finished.</exception>
    public async Task RunAsync(QueueDelivery delivery, CancellationToken cancellationToken)
    {
        var message = WorkMessage.Parse(delivery.Message);
        if (await work.FindAsync(message.JobId, message.Range, cancellationToken) is not { } range)
        {
            Log.Unknown(logger, message.JobId, message.Range);
            return;
        }

        using var span = DeliveryOf(range, RangeQueue.Name, delivery);
        using var scope = JobScope(logger, message.JobId);
        try
        {
            // A death may have cut off the work after the last checkpoint, so every delivery repeats it.
            if (range.IsDone)
                await finisher.ConcludeAsync(message.JobId, cancellationToken);
            else if (range.Epoch == message.Epoch)
                await worker.RunAsync(range, bucketUnavailable: null, cancellationToken);
            else if (range.Epoch > message.Epoch && range.Sent < range.Epoch)
                await queue.SendAsync(range, cancellationToken);
            else
                Log.Stale(logger, message.JobId, message.Range, message.Epoch, range.Epoch);
        }
        catch (Exception e) when (Throttling.Is(e) || e is BucketException { IsTimeout: true })
        {
            span.Fail(e);
            await PostponeAsync(range, e, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            span.Fail(e);
            Log.Failed(logger, message.JobId, message.Range, delivery.DequeueCount, e.Message);
            var now = await work.FindAsync(range.JobId, range.Range, cancellationToken) ?? range;
            await work.NoteErrorAsync(now, now.WaitingOf(e.Message, clock.GetUtcNow()), unanswered: null, cancellationToken);
            throw;
        }
    }

    /// <summary>
    /// Sends the range again later, as a new message: throttling is no failure, and must not use up a message's
    /// deliveries. If a bucket has not answered for an hour, the window's inputs fail instead, because a postponed
    /// message never becomes poison.
    /// </summary>
    async Task PostponeAsync(WorkRow range, Exception reason, CancellationToken cancellationToken)
    {
        var delay = Throttling.Delay();
        Log.Postponed(logger, range.JobId, range.Range, delay, reason.Message);
        var now = range;
        DateTimeOffset? unanswered = null;
        try
        {
            // This delivery may have done windows before.
            now = await work.FindAsync(range.JobId, range.Range, cancellationToken) ?? range;
            unanswered = reason is BucketException { IsTimeout: true } ? now.Unanswered ?? clock.GetUtcNow() : null;
            await work.NoteErrorAsync(now, now.WaitingOf(reason.Message, clock.GetUtcNow()), unanswered, cancellationToken);
        }
        catch (RequestFailedException) when (!cancellationToken.IsCancellationRequested)
        {
            // The tables themselves are slow. The message must be sent; the note may be lost.
        }

        if (now.Epoch == range.Epoch && clock.GetUtcNow() - unanswered >= MaxUnanswered)
        {
            Log.GivenUp(logger, range.JobId, range.Range, MaxUnanswered, reason.Message);
            var failure = new BucketException(BucketFault.Unexpected, $"No answer for an hour: {reason.Message}");
            await worker.RunAsync(now, failure, cancellationToken);
        }
        else if (now.Epoch == range.Epoch || now.Sent < now.Epoch)
        {
            // Otherwise a delivery that sent the range on meanwhile has sent the message of the new epoch.
            await queue.SendAsync(now, delay, waiting: null, cancellationToken);
        }
    }

    /// <summary>The span of a delivery, in the trace that made the range.</summary>
    public static Activity DeliveryOf(WorkRow range, string queue, QueueDelivery delivery) =>
        Spans.Continue($"process {queue}", ActivityKind.Consumer, range.Traceparent)
        .SetTag(
            "messaging.system", "azure_queue_storage").SetTag(
                "messaging.operation.type", "process").SetTag("messaging.destination.name", queue)
        .SetTag(
            "dataregistry.job.id", range.JobId.ToString()).SetTag(
                "dataregistry.range", range.Range).SetTag("dataregistry.epoch", range.Epoch)
        .SetTag("dataregistry.delivery", delivery.DequeueCount);

    static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Job {Job}, range {Range} is postponed by {Delay}: {Error}")]
        public static partial void Postponed(ILogger logger, Datums.JobId job, int range, TimeSpan delay, string error);

        [LoggerMessage(LogLevel.Error, "Job {Job}, range {Range} is given up after {Time} without an answer: {Error}")]
        public static partial void GivenUp(ILogger logger, Datums.JobId job, int range, TimeSpan time, string error);

        [LoggerMessage(LogLevel.Warning, "Job {Job}, range {Range}: delivery {DequeueCount} failed and will be repeated: {Error}")]
        public static partial void Failed(ILogger logger, Datums.JobId job, int range, long dequeueCount, string error);

        [LoggerMessage(LogLevel.Warning, "Job {Job} has no range {Range}: its message is dropped")]
        public static partial void Unknown(ILogger logger, Datums.JobId job, int range);

        [LoggerMessage(LogLevel.Information, "Job {Job}, range {Range}: a message of epoch {Stale} is dropped, it is {Epoch} now")]
        public static partial void Stale(ILogger logger, Datums.JobId job, int range, int stale, int epoch);
    }
}

/// <summary>
/// The poison queue's function. It retries a range once from its last checkpoint, with a new message. After that, the
/// remaining inputs of the next window fail, so the job ends.
/// </summary>
sealed partial class RangePoisonFunction(
    WorkTable work, RangeWorker worker, JobFinisher finisher, RangeQueue queue, ILogger<RangePoisonFunction> logger)
{
    const int MaxReplans = 1;

    public async Task RunAsync(QueueDelivery delivery, CancellationToken cancellationToken)
    {
        var message = WorkMessage.Parse(delivery.Message);

        var range = await work.FindAsync(message.JobId, message.Range, cancellationToken);
        if (range is null)
            return;
        using var span = RangeFunction.DeliveryOf(range, RangeQueue.PoisonName, delivery);
        using var scope = RangeFunction.JobScope(logger, message.JobId);
        if (range.IsDone)
        {
            await finisher.ConcludeAsync(message.JobId, cancellationToken);
        }
        else if (range.Epoch == message.Epoch && range.Replans < MaxReplans)
        {
            Log.Replanned(logger, message.JobId, message.Range, range.LastError);
            if (await work.CheckpointAsync(
                range, range with { Epoch = range.Epoch + 1, Replans = range.Replans + 1, Delivery = Guid.NewGuid() }, null,
                cancellationToken) is { } again)
                await queue.SendAsync(again, cancellationToken);
            else
                // Another delivery came first, and may be dead by now: read again and decide anew.
                await RunAsync(delivery, cancellationToken);
        }
        else if (range.Epoch == message.Epoch)
        {
            Log.GivenUp(logger, message.JobId, message.Range, range.LastError);
            await worker.RunAsync(
                range, new BucketException(BucketFault.Unexpected, $"All tries failed: {range.LastError}"), cancellationToken);
        }
        else if (range.Sent < range.Epoch)
        {
            await queue.SendAsync(range, cancellationToken);
        }
    }

    static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Job {Job}, range {Range} failed too often and is retried: {Error}")]
        public static partial void Replanned(ILogger logger, Datums.JobId job, int range, string? error);

        [LoggerMessage(LogLevel.Error, "Job {Job}, range {Range} is given up: {Error}")]
        public static partial void GivenUp(ILogger logger, Datums.JobId job, int range, string? error);
    }
}
