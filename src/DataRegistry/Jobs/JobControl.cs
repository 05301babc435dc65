namespace DataRegistry.Jobs;

/// <summary>Reads the progress of jobs and cancels them, for the endpoints of any kind.</summary>
sealed class JobControl(JobTable jobs, WorkTable work, JobFinisher finisher, TimeProvider clock)
{
    /// <summary>The progress of the ranges. Empty for an ended job, whose own counts are complete.</summary>
    public async Task<JobProgress> ProgressAsync(JobRow job, CancellationToken cancellationToken) =>
        job.Status.IsTerminal() ? default : await work.ProgressAsync(job.JobId, clock.GetUtcNow(), cancellationToken);

    /// <summary>
    /// Marks the job for its workers to end it, and ends it, including the rest of an earlier request's work. Returns the ended job; 409 if
    /// it ended in another way. Repeating it changes nothing.
    /// </summary>
    /// <param name="marked">Runs if this call marked the job; null for nothing to do.</param>
    public async Task<JobRow> CancelAsync(JobRow job, Func<Task>? marked, CancellationToken cancellationToken)
    {
        if (await jobs.CancelAsync(job.JobId, cancellationToken) is not null && marked is not null)
            await marked();
        await finisher.ConcludeAsync(job.JobId, CancellationToken.None);
        var now = await jobs.FindAsync(job.JobId, cancellationToken) ?? job;
        return now.Status is JobStatus.Cancelling or JobStatus.Cancelled ? now : throw JobErrors.Ended.With(JobStatuses.NameOf(now.Status));
    }
}
