using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Selections;

/// <summary>Makes the jobs that freeze selections, and those that act on them.</summary>
sealed partial class SelectionRequests(
    JobTable jobs, WorkTable work, JobBlobs blobs, JobStarter starts, RangeWorker worker, RangeQueue queue, SelectionLimits limits,
    TimeProvider clock, IOptions<JobOptions> options, ILogger<SelectionRequests> logger)
{
    /// <summary>From the claim of a selection to its job are four writes: who has not done them after so long is dead.</summary>
    static readonly TimeSpan DeadAfter = TimeSpan.FromMinutes(5);


    /// <summary>Ranges of an action's job: as many as may be worked on at a time.</summary>
    const int MaxRanges = 16;

    /// <summary>
    /// Freezes a selection. The request works on it itself for a while, as a queue's worker would, so that most selections are there with
    /// the answer; then it leaves the rest to the queue. Null if the project has as many jobs as it may.
    /// </summary>
    public async Task<JobRow?> FreezeAsync(Project project, SelectionFilter filter, string createdBy, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var id = JobId.Create(now, project.Slot);
        var ranges = Enumerable.Range(0, Shards.Count).Select(shard => WorkTable.NewRange(id, shard, 0, int.MaxValue)).ToList();
        var job = JobTable.NewRow(id, filter.Store ?? Guid.Empty, project.Id, createdBy) with
        {
            Kind = JobKind.Selection,
            Parameters = filter.Write(),
            Expires = now + limits.KeptFor,
        };
        await blobs.MarkAsync(id, cancellationToken);
        await work.AddAsync(id, ranges, [], cancellationToken);
        if (limits.AtOnce == TimeSpan.Zero)
        {
            return await starts.TryStartAsync(job, ranges, key: null, cancellationToken) is JobStart.Started queued
                ? queued.Job
                : await TakeBackAsync(id);
        }

        await jobs.AddAsync(job, key: null, cancellationToken);
        if (await jobs.CountActiveAsync(project.Slot, cancellationToken) > options.Value.JobsPerProject)
        {
            await jobs.RemoveAsync(job, key: null, cancellationToken);
            return await TakeBackAsync(id);
        }

        await RunAtOnceAsync(await work.ListAsync(id, cancellationToken).ToListAsync(cancellationToken));
        return await jobs.FindAsync(id, cancellationToken);
    }

    /// <summary>The job that acts on a selection: a new one, or the one that a request with the same key made.</summary>
    /// <param name="key">The caller's Idempotency-Key; null if none.</param>
    public async Task<(JobRow? Job, bool IsNew)> ActAsync(
        JobRow selection, SelectionOrder order, string createdBy, string? key, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var partition = WorkTable.PartitionOf(selection.JobId);
            var keyRow = key is null ? null : $"k-{HashOf(createdBy, key)}";
            if (keyRow is not null
                && await work.Table.FindAsync<ActionKeyRow>(partition, keyRow, cancellationToken: cancellationToken) is { } known)
            {
                if (known.Request != order.Hash())
                    throw IdempotencyKey.OtherBody();
                // A death may have left the key without its job: the same rows are written then.
                return (await StartAsync(selection, order, new(TimedId.FromGuid(known.Job)), createdBy, cancellationToken), false);
            }

            var claim = await work.Table.FindAsync<ActionClaimRow>(partition, ActionClaimRow.Key, cancellationToken: cancellationToken);
            await RequireFreeAsync(claim, cancellationToken);
            var id = JobId.Create(clock.GetUtcNow(), selection.JobId.Slot);
            var claimed = new ActionClaimRow { PartitionKey = partition, RowKey = ActionClaimRow.Key, Job = id.Value.ToGuid() };
            List<TableTransactionAction> actions = [claim is null ? Change.Add(claimed) : Change.Update(claimed, claim.ETag)];
            if (keyRow is not null)
            {
                actions.Add(Change.Add(new ActionKeyRow
                {
                    PartitionKey = partition,
                    RowKey = keyRow,
                    Job = id.Value.ToGuid(),
                    Request = order.Hash(),
                }));
            }

            if ((await work.Table.TrySubmitAsync(actions, cancellationToken)).IsDone)
                return (await StartAsync(selection, order, id, createdBy, cancellationToken), true);
        }
    }

    /// <summary>One job at a time acts on a selection, so that no two disagree about what is done and what is skipped.</summary>
    async Task RequireFreeAsync(ActionClaimRow? claim, CancellationToken cancellationToken)
    {
        if (claim is null)
            return;
        var id = new JobId(TimedId.FromGuid(claim.Job));
        var job = await jobs.FindAsync(id, cancellationToken);
        if (job is { Status: not JobStatus.Staging })
        {
            if (!job.Status.IsTerminal())
                throw SelectionErrors.ActionRuns.With(id);
        }
        else if (clock.GetUtcNow() - id.Value.Time < DeadAfter)
        {
            throw SelectionErrors.ActionBegins.With().After(TimeSpan.FromSeconds(5));
        }
    }

    /// <summary>Writes the job and begins it. Repeating it writes the same.</summary>
    async Task<JobRow?> StartAsync(
        JobRow selection, SelectionOrder order, JobId id, string createdBy, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, cancellationToken) is { Status: not JobStatus.Staging } begun)
            return begun;
        var windows = await WindowsAsync(selection, order, cancellationToken);
        await blobs.WriteInputAsync(id, window: 0, windows, cancellationToken);
        var ranges = RangesOf(id, windows.Count);
        await work.AddAsync(id, ranges, [], cancellationToken);
        var job = JobTable.NewRow(id, selection.Store, selection.Project, createdBy) with
        {
            Kind = JobKind.SelectionAction,
            Parameters = order.Write(),
            Expires = clock.GetUtcNow() + limits.KeptFor,
            Total = selection.Counts.Done,
        };
        if (await starts.TryStartAsync(job, ranges, key: null, cancellationToken) is JobStart.Started started)
            return started.Job;
        await work.Table.TryDeleteAsync(
            WorkTable.PartitionOf(selection.JobId), ActionClaimRow.Key, ETag.All, cancellationToken);
        return await TakeBackAsync(id);
    }

    /// <summary>
    /// The windows of an action: for each, the blobs of its items. An export takes several of the selection's at once, since each becomes
    /// a file.
    /// </summary>
    async Task<List<string>> WindowsAsync(JobRow selection, SelectionOrder order, CancellationToken cancellationToken)
    {
        var windows = new List<string>();
        var items = 0L;
        await foreach (var row in work.ListResultsAsync(selection.JobId, null, cancellationToken))
        {
            var joins = order.Action == SelectionAction.Export && windows.Count > 0 && items + row.Counts.Done <= limits.ExportItems;
            if (joins)
                windows[^1] += ' ' + row.Blob;
            else
                windows.Add(row.Blob);
            items = joins ? items + row.Counts.Done : row.Counts.Done;
        }

        return windows;
    }

    static List<WorkRow> RangesOf(JobId id, int windows)
    {
        var count = Math.Min(MaxRanges, windows);
        return [.. Enumerable.Range(0, count).Select(n => WorkTable.NewRange(id, n, n * windows / count, (n + 1) * windows / count))];
    }

    async Task RunAtOnceAsync(List<WorkRow> ranges)
    {
        var until = clock.GetUtcNow() + limits.AtOnce;
        using var patience = new CancellationTokenSource(2 * limits.AtOnce);
        await Parallel.ForEachAsync(
            ranges, new ParallelOptions { MaxDegreeOfParallelism = options.Value.WindowsAtOnce }, async (range, _) =>
        {
            try
            {
                if (clock.GetUtcNow() < until)
                {
                    await worker.RunAsync(range, until, patience.Token);
                    return;
                }
            }
            catch (Exception e) when (e is OperationCanceledException or RequestFailedException)
            {
                // As with a delivery that fails: what is done stays done, and a message goes on.
                Log.LeftToQueue(logger, range.JobId, range.Range, e.Message);
            }

            await queue.SendAsync(range, CancellationToken.None);
        });
    }

    async Task<JobRow?> TakeBackAsync(JobId id)
    {
        await work.DeleteAsync(id, CancellationToken.None);
        await blobs.TryDeleteAsync($"{id}/", CancellationToken.None);
        return null;
    }

    static string HashOf(string caller, string key) =>
        Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{caller.Length}:{caller}{key}"))));

    static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Job {Job}, range {Range} is left to the queue: {Reason}")]
        public static partial void LeftToQueue(ILogger logger, JobId job, int range, string reason);
    }
}

/// <summary>Which job acts on a selection, or did last. One at a time does.</summary>
sealed record ActionClaimRow : TableRow
{
    /// <summary>In the partition of the selection's job, before its results and ranges.</summary>
    public const string Key = "a";

    public required Guid Job { get; init; }
}

/// <summary>Which job a request with an Idempotency-Key made.</summary>
sealed record ActionKeyRow : TableRow
{
    public required Guid Job { get; init; }

    /// <summary>A hash of what was asked for.</summary>
    public required string Request { get; init; }
}
