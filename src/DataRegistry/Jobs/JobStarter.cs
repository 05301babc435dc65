using Microsoft.Extensions.Options;

namespace DataRegistry.Jobs;

/// <summary>Lets jobs begin whose input and ranges are written.</summary>
sealed class JobStarter(JobTable jobs, RangeQueue queue, JobFinisher finisher, IOptions<JobOptions> options)
{
    /// <summary>The job with its first messages; one without ranges is done. It shows from now on.</summary>
    public async Task<JobRow> StartAsync(JobRow job, IReadOnlyList<WorkRow> ranges, CancellationToken cancellationToken)
    {
        await jobs.AddAsync(job, cancellationToken);
        return await SendAsync(job, ranges, cancellationToken);
    }

    /// <summary>
    /// The same, but null where its project has too many under way: of several that come at once each sees all others, so that never more
    /// than
    /// allowed begin, though fewer may. Then only its ranges and blobs are left.
    /// </summary>
    public async Task<JobRow?> TryStartAsync(JobRow job, IReadOnlyList<WorkRow> ranges, CancellationToken cancellationToken)
    {
        await jobs.AddAsync(job, cancellationToken);
        if (await jobs.CountActiveAsync(job.JobId.Slot, cancellationToken) <= options.Value.JobsPerProject)
            return await SendAsync(job, ranges, cancellationToken);
        await jobs.RemoveAsync(job, cancellationToken);
        return null;
    }

    async Task<JobRow> SendAsync(JobRow job, IReadOnlyList<WorkRow> ranges, CancellationToken cancellationToken)
    {
        foreach (var range in ranges.Take(options.Value.MessagesPerJob))
            await queue.SendAsync(range, cancellationToken);
        job.Refused.Measure(job.Kind);
        if (ranges.Count == 0)
            return await finisher.FinishAsync(job.JobId, default, cancellationToken) ?? await jobs.FindAsync(job.JobId, cancellationToken)
                ?? job;

        // Null: a worker has it already, and it shows as running.
        return await jobs.ChangeAsync(
            job.JobId, j => j.Status == JobStatus.Staging ? j with { Status = JobStatus.Accepted } : null, cancellationToken)
            ?? await jobs.FindAsync(job.JobId, cancellationToken) ?? job;
    }
}
