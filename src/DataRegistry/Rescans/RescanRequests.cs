using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Rescans;

/// <summary>
/// Starts scans, one of a store at a time: its row names the running one. A scan's job always ends, so that row needs
/// no expiry. A named job that was never written blocks the store only for a short while.
/// </summary>
sealed class RescanRequests(ScanTable scans, JobTable jobs, WorkTable work, JobStarter starter, RescanKind kind, TimeProvider clock)
{
    /// <summary>
    /// A starter makes three writes from the row to the first message. One that needs longer than this is dead.
    /// </summary>
    static readonly TimeSpan DeadAfter = TimeSpan.FromMinutes(5);

    /// <summary>A store's scans are in one partition, even if its project changes.</summary>
    public static int SlotOf(Guid store) => store.ToByteArray()[14] << 4 | store.ToByteArray()[15] >> 4;

    /// <summary>
    /// Starts a scan, or finds the running one, even if that one is not forced and this one should be. Null if another
    /// caller is just starting one.
    /// </summary>
    public async Task<(JobRow? Job, bool IsNew)> StartAsync(Store store, string createdBy, bool forced, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var row = await scans.FindAsync(store.Id, cancellationToken);
            if (row?.Running is { } running)
            {
                var (isThere, job) = await FindRunningAsync(new(TimedId.FromGuid(running)), cancellationToken);
                if (isThere)
                    return (job, false);
                // The scan may have ended and noted that meanwhile.
                row = await scans.FindAsync(store.Id, cancellationToken);
                if (row?.Running is { } other && other != running)
                    continue;
            }

            var id = JobId.Create(clock.GetUtcNow(), SlotOf(store.Id));
            if (!await scans.TryBeginAsync(store.Id, row, id.Value.ToGuid(), clock.GetUtcNow(), cancellationToken))
                continue;
            var range = WorkTable.NewRange(id, 0, 0, int.MaxValue);
            await work.AddAsync(id, [range], [], cancellationToken);
            var scan = JobTable.NewRow(
                id, store.Id, store.Project ?? Guid.Empty,
                createdBy) with
            { Kind = JobKind.Rescan, Prefix = store.Prefix, Forced = forced ? true : null };
            return (await starter.StartAsync(scan, [range], cancellationToken), true);
        }
    }

    /// <summary>
    /// Notes the end of a scan whose worker died before it could; does nothing if the scan runs. Returns whether the
    /// row's scan was never written.
    /// </summary>
    public async Task<bool> NoteEndAsync(ScanRow row, CancellationToken cancellationToken) =>
        row.Running is { } running && await FindRunningAsync(new(TimedId.FromGuid(running)), cancellationToken) is (false, null);

    /// <summary>Whether the scan that a store's row names blocks the store, and its job if it exists.</summary>
    async Task<(bool IsThere, JobRow? Job)> FindRunningAsync(JobId id, CancellationToken cancellationToken)
    {
        var job = await jobs.FindAsync(id, cancellationToken);
        if (job is null or { Status: JobStatus.Staging })
        {
            if (clock.GetUtcNow() - id.Value.Time < DeadAfter)
                return (true, null);
            // A worker that has begun the scan after all has changed the row.
            return (job is not null
                && !(await jobs.Table.TryDeleteAsync(job.PartitionKey, job.RowKey, job.ETag, cancellationToken)).IsDone, null);
        }

        if (!job.Status.IsTerminal())
            return (true, job);
        await kind.EndedAsync(job, cancellationToken);
        return (false, job);
    }
}
