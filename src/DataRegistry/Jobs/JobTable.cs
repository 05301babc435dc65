using System.Collections.Concurrent;
using System.Globalization;
using Azure;
using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Telemetry;

namespace DataRegistry.Jobs;

/// <summary>
/// <code>
/// table jobs
/// {project's slot, 3 hex} │ {inverted time, 12 hex}{the id's other 4 bits}{tail, 16 hex}   status, counts, who, when
/// active                  │ {job id}                                                       the progress at the timer's last check
/// </code>
/// Both keys follow from the id, and a project's jobs come newest first.
/// </summary>
sealed partial class JobTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    /// <summary>Sorts after every slot.</summary>
    const string Active = "active";

    readonly TableClient table = tables.GetTableClient("jobs");
    // A completed job stays completed. The cache is small: one entry per job.
    readonly ConcurrentDictionary<JobId, bool> finished = new();

    public TableClient Table => table;

    public static string PartitionOf(int slot) => slot.ToString("x3", CultureInfo.InvariantCulture);

    public static string RowKeyOf(JobId id)
    {
        var rowKey = id.Value.RowKey;
        return string.Create(CultureInfo.InvariantCulture, $"{rowKey.AsSpan(0, 12)}{id.Value.Partition & 15:x}{rowKey.AsSpan(12)}");
    }

    /// <summary>The job; null if there is none.</summary>
    public Task<JobRow?> FindAsync(JobId id, CancellationToken cancellationToken) =>
        table.FindAsync<JobRow>(PartitionOf(id.Slot), RowKeyOf(id), cancellationToken: cancellationToken);

    /// <summary>
    /// Whether both rows of everything that the job created are known to exist. False for an adoption that was answered
    /// at once, and for a job that did not complete.
    /// </summary>
    public async Task<bool> IsFinishedAsync(JobId id, CancellationToken cancellationToken)
    {
        if (finished.ContainsKey(id))
            return true;
        if (await FindAsync(id, cancellationToken) is not { Status: JobStatus.Completed })
            return false;
        finished.TryAdd(id, true);
        return true;
    }

    /// <summary>
    /// Whether a job that adds to the project was accepted and has not ended. A job behind 10,000 newer ones is not seen. It ends when its
    /// next message finds no project.
    /// </summary>
    public ValueTask<bool> AnyUnfinishedAsync(Project project, JobKinds kinds, CancellationToken cancellationToken) =>
        table.ReadAsync<JobRow>(new TableRange(PartitionOf(project.Slot)) { Before = EndOfJobs }, 1000,
            cancellationToken: cancellationToken).Take(10_000)
            .AnyAsync(
                job => job.Project == project.Id && job.Status != JobStatus.Staging && !job.Status.IsTerminal()
                    && kinds.Of(job).AddsToProject, cancellationToken);

    public static JobRow NewRow(JobId id, Guid store, Guid project, string createdBy) => new()
    {
        PartitionKey = PartitionOf(id.Slot),
        RowKey = RowKeyOf(id),
        Id = id.Value.ToGuid(),
        Store = store,
        Project = project,
        CreatedBy = createdBy,
        Status = JobStatus.Staging,
        Traceparent = Spans.Current,
    };

    /// <summary>
    /// Changes a job that has not ended. Null if there is none, or if <paramref name="change"/> returns null (nothing
    /// to do). On a conflict it reads the job and calls <paramref name="change"/> again.
    /// </summary>
    public async Task<JobRow?> ChangeAsync(JobId id, Func<JobRow, JobRow?> change, CancellationToken cancellationToken)
    {
        var call = Guid.NewGuid();
        for (var retry = new WriteRetry(clock, cancellationToken);
            await FindAsync(id, cancellationToken) is { } job;
            await retry.AgainAsync())
        {
            // The answer to the write was lost.
            if (job.EndedBy == call)
                return await EndedAsync(job, cancellationToken);
            if (job.Status.IsTerminal() || change(job) is not { } changed)
                return null;
            if (!changed.Status.IsTerminal())
            {
                if ((await table.TryUpdateAsync(changed, job.ETag, cancellationToken: cancellationToken)).IsDone)
                    return changed;
            }
            else if (await TryEndAsync(changed with { EndedBy = call }, job.ETag, cancellationToken))
            {
                return await EndedAsync(changed, cancellationToken);
            }
        }

        return null;
    }

    /// <summary>False if the job has changed meanwhile, perhaps by this very write, if its answer was lost.</summary>
    async Task<bool> TryEndAsync(JobRow job, ETag ifMatch, CancellationToken cancellationToken)
    {
        try
        {
            return (await table.TryUpdateAsync(job, ifMatch, cancellationToken: cancellationToken)).IsDone;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // It is unknown whether the write succeeded. Only the call whose write ended the job does the rest.
            if ((await FindAsync(job.JobId, cancellationToken))?.EndedBy == job.EndedBy)
                return true;
            throw;
        }
    }

    /// <summary>Does the work after a job's end. If the process dies before, the timer does it.</summary>
    async Task<JobRow> EndedAsync(JobRow job, CancellationToken cancellationToken)
    {
        Metrics.JobEnded(job.Status.ToString().ToLowerInvariant(), clock.GetUtcNow() - job.JobId.Value.Time);
        await NoteInactiveAsync(job.JobId, cancellationToken);
        return job;
    }

    /// <summary>Adds a staged job. Its active row comes first, so the timer sees every job.</summary>
    /// <param name="key">The request's key; null if none.</param>
    /// <returns>Null if added; otherwise the earlier row of the same key.</returns>
    public async Task<JobKeyRow?> AddAsync(JobRow job, JobKeyRow? key, CancellationToken cancellationToken)
    {
        await table.TryAddAsync(
            new ActiveJobRow { PartitionKey = Active, RowKey = job.JobId.Value.ToGuid().ToString("N"), Since = clock.GetUtcNow() },
            cancellationToken);
        if (key is null)
        {
            await table.TryAddAsync(job, cancellationToken);
            return null;
        }

        var known = await AddTogetherAsync(job, key, cancellationToken);
        if (known is not null)
            await NoteInactiveAsync(job.JobId, cancellationToken);
        return known;
    }

    /// <summary>Removes a staged job and its key. False if a repeated request has started it meanwhile.</summary>
    public async Task<bool> RemoveAsync(JobRow job, JobKeyRow? key, CancellationToken cancellationToken)
    {
        if (!await RemoveTogetherAsync(job, key, cancellationToken))
            return false;
        await NoteInactiveAsync(job.JobId, cancellationToken);
        return true;
    }

    /// <summary>
    /// The number of a project's jobs that are not known to have ended. Costs a request per thousand jobs of all
    /// projects together.
    /// </summary>
    public ValueTask<int> CountActiveAsync(int slot, CancellationToken cancellationToken) =>
        ListActiveAsync(cancellationToken).CountAsync(a => a.JobId.Slot == slot, cancellationToken);

    /// <summary>The jobs that are not known to have ended.</summary>
    public IAsyncEnumerable<ActiveJobRow> ListActiveAsync(CancellationToken cancellationToken) =>
        table.ReadAsync<ActiveJobRow>(new TableRange(Active), 1000, cancellationToken: cancellationToken);

    /// <summary>False if another call came first.</summary>
    public async Task<bool> NoteActiveAsync(ActiveJobRow row, ETag ifMatch, CancellationToken cancellationToken) =>
        (await table.TryUpdateAsync(row, ifMatch, cancellationToken: cancellationToken)).IsDone;

    public Task NoteInactiveAsync(JobId id, CancellationToken cancellationToken) =>
        table.TryDeleteAsync(Active, id.Value.ToGuid().ToString("N"), ETag.All, cancellationToken);

    /// <summary>Marks the job as running.</summary>
    public Task<JobRow?> StartAsync(JobId id, CancellationToken cancellationToken) => ChangeAsync(
        id, job => job.Status is JobStatus.Staging or JobStatus.Accepted
            ? job with { Status = JobStatus.Running, Started = clock.GetUtcNow() }
            : null, cancellationToken);

    /// <summary>
    /// Ends a job whose ranges are all done, or ended by cancelling. It checks the sum: a job whose inputs are not all
    /// counted fails, with an error in the log.
    /// </summary>
    /// <param name="remedy">A sentence for the user after such a failure; null for none.</param>
    public Task<JobRow?> FinishAsync(
        JobId id, Counts done, Func<JobRow, string?> remedy, CancellationToken cancellationToken) => ChangeAsync(
        id,
        job =>
        {
            var counts = job.Counts + done;
            if (job.Status == JobStatus.Cancelling)
                return job with { Status = JobStatus.Cancelled, Counts = counts, Finished = clock.GetUtcNow() };
            var missing = job.MissingOf(counts);
            return job with
            {
                Status = missing is null ? JobStatus.Completed : JobStatus.Failed,
                Error = missing is not null && remedy(job) is { } sentence ? $"{missing} {sentence}" : missing,
                Counts = counts,
                Total = job.Total ?? counts.Total,
                Finished = clock.GetUtcNow(),
            };
        },
        cancellationToken);

    /// <summary>Fails a job that cannot go on. Its work so far stays, and counts.</summary>
    public Task<JobRow?> FailAsync(JobId id, Counts done, string error, CancellationToken cancellationToken) => ChangeAsync(
        id, job => job with { Status = JobStatus.Failed, Error = error, Counts = job.Counts + done, Finished = clock.GetUtcNow() },
        cancellationToken);

    /// <summary>
    /// Updates the counts of a job that ended while workers finished their windows. Does nothing for any other job.
    /// </summary>
    public async Task<JobRow?> RecountAsync(JobId id, Counts done, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await FindAsync(id, cancellationToken) is { Status: JobStatus.Cancelled or JobStatus.Failed } job
            && job.Refused + done is var counts && counts != job.Counts && counts.Total > job.Counts.Total;
            await retry.AgainAsync())
        {
            var recounted = job with { Counts = counts };
            if ((await table.TryUpdateAsync(recounted, job.ETag, cancellationToken: cancellationToken)).IsDone)
                return recounted;
        }

        return null;
    }

    /// <summary>Marks the job to end as soon as its workers can. Null if it has ended already, or is ending.</summary>
    public Task<JobRow?> CancelAsync(JobId id, CancellationToken cancellationToken) => ChangeAsync(
        id, job => job.Status is JobStatus.Accepted or JobStatus.Running ? job with { Status = JobStatus.Cancelling } : null,
        cancellationToken);

    /// <summary>
    /// The number of inputs when the same selection of a store was last adopted completely; null if none of the
    /// project's last 100 jobs did.
    /// </summary>
    public async Task<long?> FindLastTotalAsync(JobRow job, CancellationToken cancellationToken) =>
        (await table.QueryPageAsync<JobRow>(new TableRange(job.PartitionKey) { Before = EndOfJobs }, maxPerPage: 100,
            cancellationToken: cancellationToken)).Values
            .FirstOrDefault(
                j => j.Status == JobStatus.Completed
                    && (j.Kind, j.Project, j.Store, j.Prefix, j.Pattern, j.Exclude)
                        == (job.Kind, job.Project, job.Store, job.Prefix, job.Pattern, job.Exclude))?.Total;

    /// <summary>The jobs of a slot, newest first, without staged ones.</summary>
    /// <param name="after">The row key of the job before; null for the newest.</param>
    /// <param name="page">Jobs per request.</param>
    public IAsyncEnumerable<JobRow> ListAsync(
        int slot, JobKind kind, JobStatus? status, string? after, int page, CancellationToken cancellationToken) =>
        table.ReadAsync<JobRow>(
            new TableRange(PartitionOf(slot)) { After = after, Before = EndOfJobs }, Math.Min(page, 1000),
                cancellationToken: cancellationToken)
            .Where(job => job.Kind == kind && job.Status != JobStatus.Staging && (status is null || job.Status == status));

    /// <summary>
    /// Hides an ended job from lists. Its row stays because its datums refer to it. Does nothing if it was changed
    /// meanwhile.
    /// </summary>
    public Task ForgetAsync(JobRow job, CancellationToken cancellationToken) =>
        table.TryUpdateAsync(job with { Forgotten = true }, job.ETag, cancellationToken: cancellationToken);

    /// <summary>Deletes the row of an ended job.</summary>
    public Task DeleteAsync(JobRow job, CancellationToken cancellationToken) =>
        table.TryDeleteAsync(job.PartitionKey, job.RowKey, ETag.All, cancellationToken);
}
