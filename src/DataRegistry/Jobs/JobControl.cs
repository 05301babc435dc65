namespace DataRegistry.Jobs;

/// <summary>Reads the progress of jobs and cancels them, for the endpoints of any kind.</summary>
sealed class JobControl(JobTable jobs, WorkTable work, JobFinisher finisher, TimeProvider clock)
{
    /// <summary>The progress of the ranges. Empty for an ended job, whose own counts are complete.</summary>
    public async Task<JobProgress> ProgressAsync(JobRow job, CancellationToken cancellationToken) =>
        job.Status.IsTerminal() ? default : await work.ProgressAsync(job.JobId, clock.GetUtcNow(), cancellationToken);

    /// <summary>Marks the job for its workers to end it. False if it has ended already, or was marked before.</summary>
    public async Task<bool> TryCancelAsync(JobRow job, CancellationToken cancellationToken) =>
        await jobs.CancelAsync(job.JobId, cancellationToken) is not null;

    /// <summary>
    /// Ends a marked job, including the rest of an earlier request's work. Returns the ended job; 409 if it ended in
    /// another way.
    /// </summary>
    public async Task<JobRow> ConcludeCancelledAsync(JobRow job, CancellationToken cancellationToken)
    {
        await finisher.ConcludeAsync(job.JobId, CancellationToken.None);
        var now = await jobs.FindAsync(job.JobId, cancellationToken) ?? job;
        return now.Status is JobStatus.Cancelling or JobStatus.Cancelled ? now : throw JobErrors.Ended.With(JobStatuses.NameOf(now.Status));
    }
}
