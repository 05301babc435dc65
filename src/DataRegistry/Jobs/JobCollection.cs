using DataRegistry.Datums;
using DataRegistry.Storage;
using DataRegistry.Triggers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Jobs;

/// <summary>
/// The timer's function that deletes data that jobs no longer need. It deletes a job's input after the job's end. After
/// the retention time it deletes results and work rows; the job itself stays, with its counts. It also deletes
/// leftovers of requests that died before their job was accepted. A repeated run changes nothing.
/// </summary>
sealed partial class JobCollection(
    JobTable jobs, WorkTable work, JobBlobs blobs, JobKinds kinds, TimeProvider clock, IOptions<JobOptions> options,
    ILogger<JobCollection> logger)
    : ICollector
{
    /// <summary>No request lives longer than four minutes, so older data without a job is left over from a dead one.</summary>
    static readonly TimeSpan DeadAfter = TimeSpan.FromDays(1);

    /// <summary>No delivery lives longer than ten minutes, so none still reads the input.</summary>
    static readonly TimeSpan UnusedAfter = TimeSpan.FromHours(1);

    /// <summary>A run's time, well within a function's limit. The next run continues.</summary>
    static readonly TimeSpan RunTime = TimeSpan.FromMinutes(5);

    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await foreach (var folder in blobs.FoldersAsync(cancellationToken))
        {
            if (folder == JobBlobs.StagingFolder)
                await blobs.DeleteAsync(folder, before: now - DeadAfter, cancellationToken);
            else if (JobId.TryParse(folder.TrimEnd('/'), out var job) && job.Value.Time < now - UnusedAfter)
                await CollectAsync(job, now, cancellationToken);
            if (clock.GetUtcNow() > now + RunTime)
                break;
        }
    }

    /// <summary>Whether the job's results are deleted, or will be soon.</summary>
    public bool AreResultsGone(JobRow job, DateTimeOffset now) =>
        job.Expires is { } expires
            ? expires < now
            : kinds.Of(job).ResultsExpire && job.Finished < now - TimeSpan.FromDays(options.Value.ResultDays);

    /// <summary>Deletes a job's results and work rows. A repeated call changes nothing.</summary>
    public async Task DeleteAsync(JobId id, CancellationToken cancellationToken)
    {
        await work.DeleteAsync(id, cancellationToken);
        await blobs.DeleteAsync($"{id}/", before: null, cancellationToken);
        Log.Old(logger, id);
    }

    async Task CollectAsync(JobId id, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var job = await jobs.FindAsync(id, cancellationToken);
        if (job is null or { Status: JobStatus.Staging })
        {
            // A worker that has begun the job after all has changed its row.
            if (id.Value.Time >= now - DeadAfter
                || (job is not null
                    && !(await jobs.Table.TryDeleteAsync(job.PartitionKey, job.RowKey, job.ETag, cancellationToken)).IsDone))
            {
                return;
            }

            await work.DeleteAsync(id, cancellationToken);
            await blobs.DeleteAsync($"{id}/", before: null, cancellationToken);
            Log.Dead(logger, id);
        }
        else if (AreResultsGone(job, now))
        {
            await DeleteAsync(id, cancellationToken);
        }
        else if (job.Finished < now - UnusedAfter)
        {
            // Results go first. Without them the container has nothing of the job, and no later run would find it.
            if (!await work.ListResultsAsync(id, null, cancellationToken).AnyAsync(cancellationToken))
                await work.DeleteAsync(id, cancellationToken);
            await blobs.DeleteAsync($"{id}/input/", before: null, cancellationToken);
            await blobs.DeleteAsync($"{id}/runs/", before: null, cancellationToken);
        }
    }

    static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Job {Job} was never accepted: its data is deleted")]
        public static partial void Dead(ILogger logger, JobId job);

        [LoggerMessage(LogLevel.Information, "Job {Job}: its results are past their retention time and are deleted")]
        public static partial void Old(ILogger logger, JobId job);
    }
}
