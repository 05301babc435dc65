using Azure;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Selections;

/// <summary>Makes the jobs that freeze selections, and those that act on them.</summary>
sealed partial class SelectionRequests(
    JobTable jobs, WorkTable work, JobBlobs blobs, JobStarter starts, RangeWorker worker, RangeQueue queue, FreezeSources sources,
    SelectionLimits limits, TimeProvider clock, IOptions<JobOptions> options, ILogger<SelectionRequests> logger)
{
    /// <summary>
    /// From the claim of a selection to its job are a few writes. A request that has not done them after so long is dead.
    /// </summary>
    static readonly TimeSpan DeadAfter = TimeSpan.FromMinutes(5);

    /// <summary>The most ranges of an action's job, and of those in progress at a time.</summary>
    const int MaxRanges = 16;

    /// <summary>
    /// Freezes a selection. The request first works on it like a queue's worker, so most selections are ready with the
    /// answer. Then it leaves the rest to the queue. Null if the project has the most jobs that it may have.
    /// </summary>
    /// <param name="key">The request's Idempotency-Key, which is new; null for none.</param>
    public async Task<JobRow?> FreezeAsync(
        Project project, SelectionFilter filter, string createdBy, RequestKey? key, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var id = JobId.Create(now, project.Slot);
        var plan = await sources.PlanAsync(project, filter, cancellationToken);
        List<WorkRow> ranges = plan.OneRange
            ? [WorkTable.NewRange(id, 0, 0, int.MaxValue) with { After = FreezePosition.Beginning }]
            : [.. Enumerable.Range(0, Shards.Count).Select(shard => WorkTable.NewRange(id, shard, 0, int.MaxValue))];
        var job = JobTable.NewRow(id, filter.Store ?? Guid.Empty, project.Id, createdBy) with
        {
            Kind = JobKind.Selection,
            Prefix = plan.ByLocations ? filter.Prefix : null,
            Parameters = filter.Write(),
            Expires = now + limits.KeptFor,
        };
        await blobs.MarkAsync(id, cancellationToken);
        await work.AddAsync(id, ranges, [], cancellationToken);
        var start = limits.AtOnce == TimeSpan.Zero
            ? await starts.TryStartAsync(job, ranges, key, cancellationToken)
            : await starts.TryAddAsync(job, key, cancellationToken);
        if (start is not JobStart.Started started)
            return await starts.TakeBackAsync(id, start, key, cancellationToken);
        if (limits.AtOnce == TimeSpan.Zero)
            return started.Job;
        await RunAtOnceAsync(await work.ListAsync(id, cancellationToken).ToListAsync(cancellationToken));
        return await jobs.FindAsync(id, cancellationToken);
    }

    /// <summary>Starts a job that acts on a selection. Null if the project has the most jobs that it may have.</summary>
    /// <param name="key">The request's Idempotency-Key, which is new; null for none.</param>
    public async Task<JobRow?> ActAsync(
        JobRow selection, SelectionOrder order, string createdBy, RequestKey? key, CancellationToken cancellationToken)
    {
        var claim = await ClaimAsync(selection, key, cancellationToken);
        var id = new JobId(TimedId.FromGuid(claim.Job));
        // Each window of an export is a file.
        var windows = ResultsRow.Joined(
            await work.ListResultsAsync(selection.JobId, null, cancellationToken).ToListAsync(cancellationToken),
            order.Action == SelectionAction.Export ? limits.ExportItems : limits.WindowItems);
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
        var start = await starts.TryStartAsync(job, ranges, key, cancellationToken);
        if (start is JobStart.Started started)
            return started.Job;
        await work.Table.TryDeleteAsync(claim.PartitionKey, claim.RowKey, claim.ETag, cancellationToken);
        return await starts.TakeBackAsync(id, start, key, cancellationToken);
    }

    /// <summary>
    /// Claims a selection for a job to come, so that no two jobs disagree about what is done and what is skipped. 409 where another job
    /// has it. A request that died after its claim and comes again has its claim still, and writes the same job.
    /// </summary>
    async Task<ActionClaimRow> ClaimAsync(JobRow selection, RequestKey? key, CancellationToken cancellationToken)
    {
        var request = key?.Text;
        var id = JobId.Create(clock.GetUtcNow(), selection.JobId.Slot).Value.ToGuid();
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var partition = WorkTable.PartitionOf(selection.JobId);
            var before = await work.Table.FindAsync<ActionClaimRow>(partition, ActionClaimRow.Key, cancellationToken: cancellationToken);
            // Ours, after a lost answer.
            if (before?.Job == id)
                return before;
            if (before is not null && await IsOwnAsync(before, request, cancellationToken))
                id = before.Job;
            var claim = new ActionClaimRow
            {
                PartitionKey = partition,
                RowKey = ActionClaimRow.Key,
                Job = id,
                Request = request,
                Since = clock.GetUtcNow(),
            };
            var written = before is null
                ? await work.Table.TryAddAsync(claim, cancellationToken)
                : await work.Table.TryUpdateAsync(claim, before.ETag, cancellationToken: cancellationToken);
            if (written.IsDone)
                return claim with { ETag = written.ETag };
        }
    }

    /// <summary>Whether a claim is that of this very request. Otherwise it is over, or ends the request with 409.</summary>
    async Task<bool> IsOwnAsync(ActionClaimRow claim, string? request, CancellationToken cancellationToken)
    {
        var id = new JobId(TimedId.FromGuid(claim.Job));
        var job = await jobs.FindAsync(id, cancellationToken);
        if (job is { Status: not JobStatus.Staging })
            return job.Status.IsTerminal() ? false : throw SelectionErrors.ActionRuns.With(id);
        if (request is not null && claim.Request == request)
            return true;
        if (clock.GetUtcNow() - claim.Since < DeadAfter)
            throw SelectionErrors.ActionBegins.With().After(TimeSpan.FromSeconds(5));
        // A timer would start it later, beside the next job.
        return job is not null && !await jobs.RemoveAsync(job, claim.KeyOf(id), cancellationToken)
            ? throw SelectionErrors.ActionRuns.With(id)
            : false;
    }

    static List<WorkRow> RangesOf(JobId id, int windows)
    {
        var count = Math.Min(MaxRanges, windows);
        return [.. Enumerable.Range(0, count).Select(n => WorkTable.NewRange(id, n, n * windows / count, (n + 1) * windows / count))];
    }

    async Task RunAtOnceAsync(List<WorkRow> ranges)
    {
        var until = clock.GetUtcNow() + limits.AtOnce;
        using var timeout = new CancellationTokenSource(2 * limits.AtOnce);
        await Parallel.ForEachAsync(
            ranges, new ParallelOptions { MaxDegreeOfParallelism = options.Value.WindowsAtOnce }, async (range, _) =>
        {
            try
            {
                if (clock.GetUtcNow() < until)
                {
                    await worker.RunAsync(range, until, timeout.Token);
                    return;
                }
            }
            catch (Exception e) when (e is OperationCanceledException or RequestFailedException)
            {
                // Like a failed delivery: finished work stays, and a message continues.
                Log.LeftToQueue(logger, range.JobId, range.Range, e.Message);
            }

            await queue.SendAsync(range, CancellationToken.None);
        });
    }

    static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Job {Job}, range {Range} is left to the queue: {Reason}")]
        public static partial void LeftToQueue(ILogger logger, JobId job, int range, string reason);
    }
}

/// <summary>The job that acts on a selection, or did last. One at a time does.</summary>
sealed record ActionClaimRow : TableRow
{
    /// <summary>In the partition of the selection's job, before its results and ranges.</summary>
    public const string Key = "a";

    public required Guid Job { get; init; }

    /// <summary>The hashes of its Idempotency-Key and of what was asked; null where the request has no key.</summary>
    public string? Request { get; init; }
    public required DateTimeOffset Since { get; init; }

    /// <summary>The row of the request's key; null where the request has none.</summary>
    public JobKeyRow? KeyOf(JobId job) =>
        Request?.Split(' ') is [var key, var body] ? JobTable.NewKey(new(key, body), job) : null;
}
