using System.Diagnostics;
using DataRegistry.Datums;
using DataRegistry.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Jobs;

/// <summary>
/// The timer function for jobs in progress. A job without progress, because its messages are lost or for another
/// unexpected reason, gets new messages. After a few such tries it fails with the reason and does not hang for ever.
/// </summary>
sealed partial class StalledJobs(
    JobTable jobs, WorkTable work, JobFinisher finisher, RangeQueue queue, JobKinds kinds, TimeProvider clock,
    IOptions<JobOptions> options, ILogger<StalledJobs> logger)
{
    const int MaxResumes = 3;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var (count, oldest) = (0L, TimeSpan.Zero);
        await foreach (var active in jobs.ListActiveAsync(cancellationToken))
        {
            count++;
            oldest = TimeSpan.FromTicks(Math.Max(oldest.Ticks, (clock.GetUtcNow() - active.JobId.Value.Time).Ticks));
            try
            {
                await CheckAsync(active, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // One broken job must not keep the timer from the others.
                Log.NotLookedAt(logger, active.JobId, e);
            }
        }

        Metrics.JobsActive(count, oldest);
    }

    /// <summary>
    /// Resumes every unfinished job now, because the messages of a dead process stay hidden for ten minutes. Each range
    /// with a message gets a new epoch and a new message; the old message is dropped when it comes. A worker of another
    /// instance finds the new epoch at its checkpoint and stops. Its window is repeated, and the counts stay exact. Of
    /// two concurrent calls, one gets each range.
    /// </summary>
    public async Task ResumeAsync(CancellationToken cancellationToken)
    {
        await foreach (var active in jobs.ListActiveAsync(cancellationToken))
        {
            try
            {
                await ResumeAsync(active.JobId, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                Log.NotLookedAt(logger, active.JobId, e);
            }
        }
    }

    async Task ResumeAsync(JobId id, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, cancellationToken) is not
            {
                Status: JobStatus.Accepted or JobStatus.Running
            or JobStatus.Cancelling
            } job)
            return;
        var ranges = 0;
        await foreach (var range in work.ListAsync(id, cancellationToken))
        {
            // A postponed message is in the queue, not with a worker.
            if (job.Status == JobStatus.Cancelling || range.IsDone || range.Sent != range.Epoch || range.Postponed > clock.GetUtcNow())
                continue;
            // If the process dies before the message is sent, the range waits for one like any other.
            if (await work.CheckpointAsync(
                range, range with { Epoch = range.Epoch + 1, Delivery = Guid.NewGuid() }, null, cancellationToken) is not { } again)
                continue;
            await queue.SendAsync(again, cancellationToken);
            ranges++;
        }

        Log.TakenOver(logger, id, ranges);
        await finisher.ConcludeAsync(id, cancellationToken);
    }

    async Task CheckAsync(ActiveJobRow active, CancellationToken cancellationToken)
    {
        var id = active.JobId;
        var job = await jobs.FindAsync(id, cancellationToken);
        if (job is null ? clock.GetUtcNow() - active.JobId.Value.Time > TimeSpan.FromDays(1) : job.Status.IsTerminal())
        {
            await jobs.NoteInactiveAsync(id, cancellationToken);
            return;
        }

        using var span = Spans.Continue(
            "look after job", ActivityKind.Internal, job?.Traceparent).SetTag("dataregistry.job.id", id.ToString());
        if (job?.Status == JobStatus.Cancelling)
        {
            await finisher.ConcludeAsync(id, cancellationToken);
            return;
        }

        if (job?.Status is JobStatus.Accepted or JobStatus.Running)
            await CheckProgressAsync(active, job, cancellationToken);
    }

    async Task CheckProgressAsync(ActiveJobRow active, JobRow job, CancellationToken cancellationToken)
    {
        var undone = await work.ListAsync(active.JobId, cancellationToken).ToListAsync(cancellationToken);
        // A number that changes with each checkpoint, and with each delivery that is continued or postponed.
        var progress = undone.Aggregate(
            0L, (sum, r) => (sum * 31) + r.Next + ((long)r.Epoch << 20) + (r.Postponed?.UtcTicks ?? 0) + (r.IsDone ? 1 : 0)) + undone.Count;
        undone.RemoveAll(r => r.IsDone);
        if (active.Progress != progress)
        {
            await jobs.NoteActiveAsync(
                active with { Progress = progress, Since = clock.GetUtcNow(), Resumes = 0 }, active.ETag, cancellationToken);
            return;
        }

        if (clock.GetUtcNow() - active.Since < TimeSpan.FromSeconds(options.Value.StalledSeconds))
            return;
        // A job that waits behind older messages is not stalled.
        if ((await queue.Queue.PeekMessageAsync(cancellationToken)).Value is { } front && front.InsertedOn < active.Since)
            return;
        await ResumeStalledAsync(active, job, undone, cancellationToken);
    }

    /// <summary>Sends the messages of a stalled job again. After a few such tries, the job fails.</summary>
    async Task ResumeStalledAsync(ActiveJobRow active, JobRow job, List<WorkRow> undone, CancellationToken cancellationToken)
    {
        var id = active.JobId;
        if (active.Resumes >= MaxResumes)
        {
            var reason = undone.Select(r => r.LastError).FirstOrDefault(e => e is not null) ?? "no error was noted";
            Log.Failed(logger, id, MaxResumes, reason);
            var remedy = kinds.Of(job).Remedy is { } sentence ? $" {sentence}" : "";
            await finisher.FailAsync(id, $"The job made no progress after {MaxResumes} resumptions: {reason}.{remedy}", cancellationToken);
            return;
        }

        Log.Resumed(logger, id, undone.Count, active.Since);
        // Note first: after a death while sending, the messages are sent again only after another such time.
        if (!await jobs.NoteActiveAsync(
            active with { Since = clock.GetUtcNow(), Resumes = active.Resumes + 1 }, active.ETag, cancellationToken))
            return;
        foreach (var range in undone.Where(r => r.Sent == r.Epoch).Take(options.Value.MessagesPerJob))
            await queue.SendAsync(range, cancellationToken);
        await finisher.ConcludeAsync(id, cancellationToken);
    }

    static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Job {Job} made no progress since {Since}: new messages for {Ranges} ranges")]
        public static partial void Resumed(ILogger logger, JobId job, int ranges, DateTimeOffset since);

        [LoggerMessage(LogLevel.Information, "Job {Job} is resumed: new messages for {Ranges} ranges")]
        public static partial void TakenOver(ILogger logger, JobId job, int ranges);

        [LoggerMessage(LogLevel.Error, "Job {Job} could not be checked")]
        public static partial void NotLookedAt(ILogger logger, JobId job, Exception exception);

        [LoggerMessage(LogLevel.Error, "Job {Job} made no progress after {Resumes} resumptions and fails: {Reason}")]
        public static partial void Failed(ILogger logger, JobId job, int resumes, string reason);
    }
}
