namespace DataRegistry.Jobs;

/// <summary>The progress of jobs, and the way to cancel them, for the endpoints of any kind.</summary>
sealed class JobControl(JobTable jobs, WorkTable work, JobFinisher finisher, TimeProvider clock)
{
    /// <summary>What the ranges have done so far. Nothing for a job at its end: its own counts are the whole.</summary>
    public async Task<JobProgress> ProgressAsync(JobRow job, CancellationToken cancellationToken) =>
        job.Status.IsTerminal() ? default : await work.ProgressAsync(job.JobId, clock.GetUtcNow(), cancellationToken);

    /// <summary>Marks the job, so that its workers end it. False where it has ended already, or was marked before.</summary>
    public async Task<bool> TryCancelAsync(JobRow job, CancellationToken cancellationToken) =>
        await jobs.CancelAsync(job.JobId, cancellationToken) is not null;

    /// <summary>
    /// Ends a job that is marked, and what an earlier request left of it. Returns it as it is then; a job that has ended otherwise is 409.
    /// </summary>
    public async Task<JobRow> ConcludeCancelledAsync(JobRow job, CancellationToken cancellationToken)
    {
        await finisher.ConcludeAsync(job.JobId, CancellationToken.None);
        var now = await jobs.FindAsync(job.JobId, cancellationToken) ?? job;
        return now.Status is JobStatus.Cancelling or JobStatus.Cancelled ? now : throw JobErrors.Ended.With(JobStatuses.NameOf(now.Status));
    }
}
