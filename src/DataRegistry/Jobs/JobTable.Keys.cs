using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Storage;

namespace DataRegistry.Jobs;

/// <summary>
/// Idempotency keys of requests, beside their jobs.
/// <code>
/// table jobs
/// {project's slot, 3 hex} │ k-{SHA-256 of caller, project and key}   hash of the request, the job; the answer if there is no job
/// </code>
/// A job and its key are one transaction. A key older than a day counts as absent: the next one replaces it.
/// </summary>
sealed partial class JobTable
{
    const string KeyPrefix = "k-";

    /// <summary>Sorts after every job, because their row keys are hexadecimal.</summary>
    const string EndOfJobs = "g";

    public static JobKeyRow NewKey(RequestKey key, JobId job) => new()
    {
        PartitionKey = PartitionOf(job.Slot),
        RowKey = KeyPrefix
            + key.Key,
        Body = key.Body,
        Job = job.Value.ToGuid(),
        CreatedAt = job.Value.Time,
    };

    /// <summary>The row of a key; null if it was not used within a day.</summary>
    public async Task<JobKeyRow?> FindKeyAsync(int slot, RequestKey key, CancellationToken cancellationToken) =>
        await table.FindAsync<JobKeyRow>(PartitionOf(slot), KeyPrefix + key.Key, cancellationToken: cancellationToken) is { } row
            && IsKept(row)
            ? row : null;

    /// <summary>
    /// Adds a key without a job. Returns the row that exists afterwards: this one, or an earlier one of the same key.
    /// </summary>
    public async Task<JobKeyRow> AddKeyAsync(JobKeyRow key, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var known = await FindKeyAsync(key, cancellationToken);
            if (known is not null && (IsKept(known) || known.Job == key.Job))
                return known;
            var written = known is null ? await table.TryAddAsync(key, cancellationToken)
                : await table.TryUpdateAsync(key, known.ETag, cancellationToken: cancellationToken);
            if (written.IsDone)
                return key with { ETag = written.ETag };
        }
    }

    /// <summary>
    /// Keeps the answer of a request without a job. Does nothing if another delivery of the request came first.
    /// </summary>
    public Task AnswerAsync(JobKeyRow key, CancellationToken cancellationToken) =>
        table.TryUpdateAsync(key, key.ETag, cancellationToken: cancellationToken);

    /// <summary>Adds a job and its key in one transaction.</summary>
    /// <returns>Null if added; otherwise the earlier row of the same key.</returns>
    async Task<JobKeyRow?> AddTogetherAsync(JobRow job, JobKeyRow key, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var known = await FindKeyAsync(key, cancellationToken);
            // After a lost answer, the row is our own.
            if (known?.Job == job.Id)
                return null;
            if (known is not null && IsKept(known))
                return known;
            var written = await table.TrySubmitAsync(
                [Change.Add(job), known is null ? Change.Add(key) : Change.Update(key, known.ETag)], cancellationToken);
            if (written.IsDone)
                return null;
        }
    }

    /// <summary>Deletes a job and its key in one transaction. False if the job is no longer staged.</summary>
    async Task<bool> RemoveTogetherAsync(JobRow job, JobKeyRow? key, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var row = await FindAsync(job.JobId, cancellationToken);
            if (row is not null && row.Status != JobStatus.Staging)
                return false;
            var known = key is null ? null : await FindKeyAsync(key, cancellationToken);
            List<TableTransactionAction> actions = [];
            if (row is not null)
                actions.Add(Change.Delete(row.PartitionKey, row.RowKey, row.ETag));
            if (known?.Job == job.Id)
                actions.Add(Change.Delete(known.PartitionKey, known.RowKey, known.ETag));
            if (actions.Count == 0 || (await table.TrySubmitAsync(actions, cancellationToken)).IsDone)
                return true;
        }
    }

    Task<JobKeyRow?> FindKeyAsync(JobKeyRow key, CancellationToken cancellationToken) =>
        table.FindAsync<JobKeyRow>(key.PartitionKey, key.RowKey, cancellationToken: cancellationToken);

    /// <summary>Deletes a slot's expired keys. A repeated call changes nothing.</summary>
    public async Task CollectKeysAsync(int slot, CancellationToken cancellationToken)
    {
        var keys = new TableRange(PartitionOf(slot)) { From = KeyPrefix, Before = KeyPrefix[..^1] + '.' };
        await foreach (var key in table.ReadAsync<JobKeyRow>(keys, 1000, [nameof(JobKeyRow.CreatedAt)], cancellationToken))
        {
            if (!IsKept(key))
                await table.TryDeleteAsync(key.PartitionKey, key.RowKey, key.ETag, cancellationToken);
        }
    }

    bool IsKept(JobKeyRow key) => clock.GetUtcNow() < key.CreatedAt + IdempotencyKey.Kept;

    /// <summary>A list's cursor: the row key of the job before; null for the first page.</summary>
    public static string? CursorOf(Paging paging) =>
        paging.Cursor is { } cursor && !(cursor.Length == 29 && cursor.All(char.IsAsciiHexDigitLower))
            ? throw Paging.BadCursor()
            : paging.Cursor;
}
