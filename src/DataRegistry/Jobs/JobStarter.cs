using DataRegistry.Datums;
using Microsoft.Extensions.Options;

namespace DataRegistry.Jobs;

/// <summary>Lets jobs begin whose input and ranges are written.</summary>
sealed class JobStarter(JobTable jobs, WorkTable work, RangeQueue queue, JobFinisher finisher, JobKinds kinds, IOptions<JobOptions> options)
{
    /// <summary>The job with its first messages; one without ranges is done. It shows from now on.</summary>
    public async Task<JobRow> StartAsync(JobRow job, IReadOnlyList<WorkRow> ranges, CancellationToken cancellationToken)
    {
        await jobs.AddAsync(job, key: null, cancellationToken);
        return await SendAsync(job, ranges, cancellationToken);
    }

    /// <summary>
    /// Goes on with a job whose request died, or is still at it: its messages are sent, perhaps again. Null where there is no such job.
    /// </summary>
    public async Task<JobRow?> ContinueAsync(JobId id, CancellationToken cancellationToken)
    {
        var accepted = await jobs.ChangeAsync(
            id, j => j.Status == JobStatus.Staging ? j with { Status = JobStatus.Accepted } : null, cancellationToken);
        return accepted is null ? await jobs.FindAsync(id, cancellationToken)
            : await SendAsync(accepted, await work.ListAsync(id, cancellationToken).ToListAsync(cancellationToken), cancellationToken);
    }

    /// <summary>
    /// The same, unless its project has too many under way: of several that come at once each sees all others, so never more than allowed
    /// begin, though fewer may. Only its ranges and blobs are left then, as they are where its key was used before.
    /// </summary>
    /// <param name="key">Null for none.</param>
    public async Task<JobStart> TryStartAsync(
        JobRow job, IReadOnlyList<WorkRow> ranges, RequestKey? key, CancellationToken cancellationToken)
    {
        var row = key is null ? null : JobTable.NewKey(key, job.JobId) with { HasJob = true };
        if (await jobs.AddAsync(job, row, cancellationToken) is { } known)
            return new JobStart.Repeated(known);
        if (await jobs.CountActiveAsync(job.JobId.Slot, cancellationToken) > options.Value.JobsPerProject
            && await jobs.RemoveAsync(job, row, cancellationToken))
        {
            return new JobStart.TooMany();
        }

        return new JobStart.Started(await SendAsync(job, ranges, cancellationToken));
    }

    async Task<JobRow> SendAsync(JobRow job, IReadOnlyList<WorkRow> ranges, CancellationToken cancellationToken)
    {
        foreach (var range in ranges.Take(options.Value.MessagesPerJob))
            await queue.SendAsync(range, cancellationToken);
        kinds.Of(job).Measure(job.Refused);
        if (ranges.Count == 0)
            return await finisher.FinishAsync(job.JobId, default, cancellationToken) ?? await jobs.FindAsync(job.JobId, cancellationToken)
                ?? job;

        // Null: a worker has it already, and it shows as running.
        return await jobs.ChangeAsync(
            job.JobId, j => j.Status == JobStatus.Staging ? j with { Status = JobStatus.Accepted } : null, cancellationToken)
            ?? await jobs.FindAsync(job.JobId, cancellationToken) ?? job;
    }
}
