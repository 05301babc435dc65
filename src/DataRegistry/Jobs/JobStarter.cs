using DataRegistry.Datums;
using Microsoft.Extensions.Options;

namespace DataRegistry.Jobs;

/// <summary>Starts jobs whose input and ranges are written.</summary>
sealed class JobStarter(
    JobTable jobs, WorkTable work, JobBlobs blobs, RangeQueue queue, JobFinisher finisher, JobKinds kinds, IOptions<JobOptions> options)
{
    /// <summary>Sends the job's first messages and makes it visible. A job without ranges is done at once.</summary>
    public async Task<JobRow> StartAsync(JobRow job, IReadOnlyList<WorkRow> ranges, CancellationToken cancellationToken)
    {
        await jobs.AddAsync(job, key: null, cancellationToken);
        return await SendAsync(job, ranges, cancellationToken) ?? job;
    }

    /// <summary>
    /// Continues a job whose request died, or is still at it: sends its messages, perhaps again. Null if there is no
    /// such job.
    /// </summary>
    public async Task<JobRow?> ContinueAsync(JobId id, CancellationToken cancellationToken)
    {
        var accepted = await jobs.ChangeAsync(
            id, j => j.Status == JobStatus.Staging ? j with { Status = JobStatus.Accepted } : null, cancellationToken);
        return accepted is null ? await jobs.FindAsync(id, cancellationToken)
            : await SendAsync(accepted, await work.ListAsync(id, cancellationToken).ToListAsync(cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Adds and starts a job, unless its project has too many in progress. Each of several concurrent requests sees the
    /// others, so never more than the limit begin, though fewer may. A refused job, or one whose key was used before,
    /// leaves only its ranges and blobs, which the collection deletes.
    /// </summary>
    /// <param name="key">Null if none.</param>
    public async Task<JobStart> TryStartAsync(
        JobRow job, IReadOnlyList<WorkRow> ranges, RequestKey? key, CancellationToken cancellationToken)
    {
        var start = await TryAddAsync(job, key, cancellationToken);
        if (start is not JobStart.Started)
            return start;
        // Another delivery of the request may have counted too many jobs, and taken the job back.
        return await SendAsync(job, ranges, cancellationToken) is { } started ? new JobStart.Started(started) : new JobStart.TooMany();
    }

    /// <summary>
    /// Deletes the ranges and blobs of a job that was not started. Returns the job of an earlier request with the same key; null if the
    /// project has too many jobs.
    /// </summary>
    public async Task<JobRow?> TakeBackAsync(JobId id, JobStart start, RequestKey? key, CancellationToken cancellationToken)
    {
        await work.DeleteAsync(id, CancellationToken.None);
        await blobs.TryDeleteAsync($"{id}/", CancellationToken.None);
        return start is JobStart.Repeated { Key: var known } ? await RepeatAsync(known, key!, cancellationToken) : null;
    }

    /// <summary>The same without its first messages: the job begins once somebody works on a range.</summary>
    /// <inheritdoc cref="TryStartAsync" path="/param"/>
    public async Task<JobStart> TryAddAsync(JobRow job, RequestKey? key, CancellationToken cancellationToken)
    {
        var row = key is null ? null : JobTable.NewKey(key, job.JobId) with { HasJob = true };
        if (await jobs.AddAsync(job, row, cancellationToken) is { } known)
            return new JobStart.Repeated(known);
        if (await jobs.CountActiveAsync(job.JobId.Slot, cancellationToken) > options.Value.JobsPerProject
            && await jobs.RemoveAsync(job, row, cancellationToken))
        {
            return new JobStart.TooMany();
        }

        return new JobStart.Started(job);
    }

    /// <summary>The job of an earlier request with this key, gone on with if that request died; null where the key is new.</summary>
    public async Task<JobRow?> RepeatAsync(int slot, RequestKey? key, CancellationToken cancellationToken) =>
        key is not null && await jobs.FindKeyAsync(slot, key, cancellationToken) is { } known
            ? await RepeatAsync(known, key, cancellationToken)
            : null;

    /// <summary>The job that a known key stands for. Ends the request where the key came with another one.</summary>
    public async Task<JobRow> RepeatAsync(JobKeyRow known, RequestKey key, CancellationToken cancellationToken)
    {
        key.RequireSame(known);
        return await ContinueAsync(known.JobId, cancellationToken)
            ?? throw JobErrors.FirstNotDone.With().After(TimeSpan.FromSeconds(5));
    }

    /// <summary>Null if the job is gone.</summary>
    async Task<JobRow?> SendAsync(JobRow job, IReadOnlyList<WorkRow> ranges, CancellationToken cancellationToken)
    {
        foreach (var range in ranges.Take(options.Value.MessagesPerJob))
            await queue.SendAsync(range, cancellationToken);
        kinds.Of(job).Measure(job.Refused);
        if (ranges.Count == 0)
            return await finisher.FinishAsync(job.JobId, default, cancellationToken) ?? await jobs.FindAsync(job.JobId, cancellationToken);

        // Null: a worker has it already, and it shows as running.
        return await jobs.ChangeAsync(
            job.JobId, j => j.Status == JobStatus.Staging ? j with { Status = JobStatus.Accepted } : null, cancellationToken)
            ?? await jobs.FindAsync(job.JobId, cancellationToken);
    }
}
