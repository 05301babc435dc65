using DataRegistry.Access;
using DataRegistry.Datums;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Jobs;

/// <summary>Moves a job on to its next ranges, and to its end. A repeated call changes nothing.</summary>
sealed partial class JobFinisher(
    JobTable jobs, WorkTable work, RangeQueue queue, JobKinds kinds, AuditTrail trail, IOptions<JobOptions> options,
    ILogger<JobFinisher> logger)
{
    /// <summary>
    /// Called when a range is done, or its job has stopped: moves the job on, or ends it. A repeated call changes
    /// nothing.
    /// </summary>
    public async Task ConcludeAsync(JobId id, CancellationToken cancellationToken)
    {
        switch ((await jobs.FindAsync(id, cancellationToken))?.Status)
        {
            case JobStatus.Running:
                await AdvanceAsync(id, cancellationToken);
                break;
            case JobStatus.Cancelling:
                await CancelAsync(id, cancellationToken);
                break;
            case JobStatus.Cancelled or JobStatus.Failed:
                await RecountAsync(id, await work.SumAsync(id, cancellationToken), cancellationToken);
                break;
        }
    }

    /// <summary>Fails a job that cannot go on. Adopted objects stay, and count.</summary>
    public async Task FailAsync(JobId id, string error, CancellationToken cancellationToken)
    {
        if (await jobs.FailAsync(id, await work.SumAsync(id, cancellationToken), error, cancellationToken) is not { } failed)
            return;
        Log.Failed(logger, id, error);
        await EndedAsync(failed, cancellationToken);
    }

    async Task EndedAsync(JobRow job, CancellationToken cancellationToken)
    {
        if (job.Counts.Changed + job.Counts.Missing > 0)
            Log.Drifted(logger, job.Store, job.Counts.Changed, job.Counts.Missing, job.JobId);
        var kind = kinds.Of(job);
        await trail.RecordAsync(new AuditActor(job.CreatedBy), kind.Finished(job));
        await kind.EndedAsync(job, cancellationToken);
    }

    /// <summary>
    /// Ends a job that is being cancelled: every range ends where it is. Workers finish and count their windows in
    /// progress. A repeated call changes nothing.
    /// </summary>
    async Task CancelAsync(JobId job, CancellationToken cancellationToken)
    {
        await foreach (var range in work.ListAsync(job, cancellationToken))
            await work.EndAsync(range, cancellationToken);
        await AdvanceAsync(job, cancellationToken);
    }

    /// <summary>Called after a range: queues the next ranges, or finishes the job after the last one.</summary>
    async Task AdvanceAsync(JobId job, CancellationToken cancellationToken)
    {
        var counts = default(Counts);
        var running = 0;
        var waiting = new List<WorkRow>();
        await foreach (var range in work.ListAsync(job, cancellationToken))
        {
            counts += range.Counts;
            if (range.IsDone)
                continue;
            if (range.Sent == range.Epoch)
                running++;
            else
                waiting.Add(range);
        }

        // In random order, because concurrent callers would otherwise all send the same ones.
        foreach (var range in waiting.OrderBy(_ => Random.Shared.Next()).Take(options.Value.MessagesPerJob - running))
            await queue.SendAsync(range, cancellationToken);
        if (running + waiting.Count > 0)
            return;
        // A concurrent finisher may have missed late counts, so count again.
        if (await FinishAsync(job, counts, cancellationToken) is null)
            await RecountAsync(job, counts, cancellationToken);
    }

    async Task RecountAsync(JobId id, Counts done, CancellationToken cancellationToken)
    {
        if (await jobs.RecountAsync(id, done, cancellationToken) is { } recounted)
            await kinds.Of(recounted).EndedAsync(recounted, cancellationToken);
    }

    /// <summary>Ends a job whose ranges are all done; null if it has ended already.</summary>
    public async Task<JobRow?> FinishAsync(JobId id, Counts done, CancellationToken cancellationToken)
    {
        if (await jobs.FinishAsync(id, done, job => kinds.Of(job).Remedy, cancellationToken) is not { } finished)
            return null;
        Log.Finished(logger, id, finished.Status, finished.Counts);
        await EndedAsync(finished, cancellationToken);
        return finished;
    }

    static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Job {Job} {Status}: {Counts}")]
        public static partial void Finished(ILogger logger, JobId job, JobStatus status, Counts counts);

        // Alerts of infra query these two messages.
        [LoggerMessage(LogLevel.Error, "Job {Job} failed: {Error}")]
        public static partial void Failed(ILogger logger, JobId job, string error);

        [LoggerMessage(LogLevel.Warning, "Store {Store} has drifted: {Changed} changed, {Missing} missing, found by job {Job}")]
        public static partial void Drifted(ILogger logger, Guid store, long changed, long missing, JobId job);
    }
}
