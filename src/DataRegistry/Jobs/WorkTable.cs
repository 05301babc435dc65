using System.Globalization;
using Azure;
using DataRegistry.Datums;
using DataRegistry.Storage;
using DataRegistry.Telemetry;

namespace DataRegistry.Jobs;

/// <summary>
/// <code>
/// table work
/// {job id} │ a                                       of a selection: the job that acts on it
///          │ w-{range, 6 digits}                       the range's progress: epoch, next window, counts
///          │ r-{range, 6 digits}-{window, 6 digits}    the place of the window's failed and skipped inputs
///          │ r-input-{6 digits}                        those that the request refused
///          │ m                                         the manifest that the input is read from, and its progress
/// </code>
/// One partition a job, so that a checkpoint and its results are one transaction.
/// </summary>
sealed class WorkTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    const string ResultsPrefix = "r-";
    const string RangePrefix = "w-";
    public const string ManifestKey = "m";

    readonly TableClient table = tables.GetTableClient("work");

    public TableClient Table => table;

    /// <summary>The range; null if there is none.</summary>
    public Task<WorkRow?> FindAsync(JobId job, int range, CancellationToken cancellationToken) =>
        table.FindAsync<WorkRow>(PartitionOf(job), RowKeyOf(range), cancellationToken: cancellationToken);

    /// <summary>All ranges of a job, in order.</summary>
    public IAsyncEnumerable<WorkRow> ListAsync(JobId job, CancellationToken cancellationToken) =>
        table.ReadAsync<WorkRow>(new TableRange(PartitionOf(job)) { From = RangePrefix }, 1000, cancellationToken: cancellationToken);

    /// <summary>
    /// The places of single results: those of the windows in the order of keys, then those of the input in the order of
    /// URLs.
    /// </summary>
    public IAsyncEnumerable<ResultsRow> ListResultsAsync(JobId job, string? from, CancellationToken cancellationToken) =>
        table.ReadAsync<ResultsRow>(
            new TableRange(PartitionOf(job)) { From = from ?? ResultsPrefix, Before = RangePrefix }, 1000,
            cancellationToken: cancellationToken);

    /// <summary>
    /// Writes a new job's ranges, and the place of the inputs that the request refused. The job is not visible yet, so
    /// no row exists.
    /// </summary>
    public async Task AddAsync(
        JobId job, IReadOnlyList<WorkRow> ranges, IReadOnlyList<ResultsRow> refused, CancellationToken cancellationToken)
    {
        List<TableTransactionAction> actions = [.. ranges.Select(Change.Add), .. refused.Select(Change.Add)];
        foreach (var chunk in actions.Chunk(Tables.MaxTransactionActions))
        {
            // "Already there" is our own row after a lost answer: transactions are whole, and the job's id is new.
            await table.TrySubmitAsync(chunk, cancellationToken);
        }
    }

    /// <summary>
    /// Writes a range's progress together with the window's results. Null if another delivery has moved the range on
    /// meanwhile: the caller's work does not count, and it must read the range again. A change that keeps the position
    /// (a message noted as sent, an error) is kept.
    /// </summary>
    public async Task<WorkRow?> CheckpointAsync(WorkRow before, WorkRow after, ResultsRow? results, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            List<TableTransactionAction> actions = [Change.Update(after, before.ETag)];
            if (results is not null)
                actions.Add(Change.Add(results));
            var written = await table.TrySubmitAsync(actions, cancellationToken);
            if (written.IsDone)
                return after with { ETag = written.ETags[0] };
            if (await FindAsync(before.JobId, before.Range, cancellationToken) is not { } now)
                return null;
            if (now.Delivery == after.Delivery && now.Next == after.Next)
                return now;
            if (now.Epoch != before.Epoch || now.Next != before.Next || now.End != before.End || now.Until != before.Until)
                return null;
            after = after with { Sent = Math.Max(now.Sent, after.Sent), Postponed = now.Postponed, LastError = now.LastError };
            before = now;
        }
    }

    /// <summary>Deletes all rows of a job. A repeated call changes nothing.</summary>
    public async Task DeleteAsync(JobId job, CancellationToken cancellationToken)
    {
        var rows = await table.ReadAsync<RowKeyOnly>(
            new TableRange(PartitionOf(job)), 1000, [nameof(ITableEntity.RowKey)], cancellationToken).ToListAsync(cancellationToken);
        foreach (var chunk in rows.Chunk(Tables.MaxTransactionActions))
            await table.TrySubmitAsync([.. chunk.Select(r => Change.Delete(PartitionOf(job), r.RowKey, ETag.All))], cancellationToken);
    }

    /// <summary>
    /// Cuts a range of keys in two, in one transaction: it ends at <paramref name="at"/>, and a new range has the rest.
    /// Null if the range has changed meanwhile, or an answer was lost. The caller must then read it again.
    /// </summary>
    public async Task<RangeShare?> CutAsync(WorkRow range, string at, CancellationToken cancellationToken)
    {
        for (var number = await NextNumberAsync(range.JobId, cancellationToken); ; number++)
        {
            var rest = NewRange(range.JobId, number, 0, int.MaxValue) with { After = at, Until = range.Until, Upper = range.Upper };
            var cut = range with { Until = at, Upper = at };
            var written = await table.TrySubmitAsync([Change.Add(rest), Change.Update(cut, range.ETag)], cancellationToken);
            if (written.IsDone)
                return new(cut with { ETag = written.ETags[1] }, rest with { ETag = written.ETags[0] });
            if (written.Outcome != TableOutcome.AlreadyExists
                || await FindAsync(range.JobId, range.Range, cancellationToken) is not { } now || now.ETag != range.ETag)
                return null;
        }
    }

    /// <summary>The sum of the counts of a job's ranges.</summary>
    public async Task<Counts> SumAsync(JobId job, CancellationToken cancellationToken) =>
        await ListAsync(job, cancellationToken).AggregateAsync(default(Counts), (sum, range) => sum + range.Counts, cancellationToken);

    /// <summary>The counts, the rate and the reason for waiting.</summary>
    public async Task<JobProgress> ProgressAsync(JobId job, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var progress = default(JobProgress);
        var isWorkedOn = false;
        await foreach (var range in ListAsync(job, cancellationToken))
        {
            var waiting = progress.Waiting;
            if (!range.IsDone && range.WaitingSince is { } since && !(waiting?.Since <= since))
                waiting = new(range.WaitingFor ?? "", since);
            isWorkedOn |= !range.IsDone && range.Sent == range.Epoch && range.WaitingSince is null;
            progress = new(progress.Done + range.Counts, progress.Recent + range.RecentAt(now), waiting);
        }

        return isWorkedOn ? progress with { Waiting = null } : progress;
    }

    /// <summary>The number of a job's ranges, and of those that are not done.</summary>
    public ValueTask<(int All, int Undone)> CountAsync(JobId job, CancellationToken cancellationToken) =>
        ListAsync(job, cancellationToken).AggregateAsync(
            (All: 0, Undone: 0), (counts, range) => (counts.All + 1, counts.Undone + (range.IsDone ? 0 : 1)), cancellationToken);

    /// <summary>
    /// Adds a worker's last window to a range that was ended meanwhile. Null if another delivery has added it already.
    /// </summary>
    public async Task<WorkRow?> AddLateAsync(WorkRow before, WorkRow after, ResultsRow? results, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await FindAsync(before.JobId, before.Range, cancellationToken) is { } now;
            await retry.AgainAsync())
        {
            if (now.Delivery == after.Delivery && now.Next == after.Next)
                return now;
            if (!now.IsDone || now.Next != before.Next || now.Epoch != before.Epoch || now.Until != before.Until)
                return null;
            List<TableTransactionAction> actions = [Change.Update(after.Ended() with { Sent = now.Sent }, now.ETag)];
            if (results is not null)
                actions.Add(Change.Add(results));
            if ((await table.TrySubmitAsync(actions, cancellationToken)).IsDone)
                return after.Ended();
        }

        return null;
    }

    /// <summary>Ends a range at its present window. Its worker notices at its next checkpoint.</summary>
    public async Task EndAsync(WorkRow range, CancellationToken cancellationToken)
    {
        var retry = new WriteRetry(clock, cancellationToken);
        for (var now = range; now is { IsDone: false }; now = await FindAsync(range.JobId, range.Range, cancellationToken))
        {
            if ((await table.TryUpdateAsync(now.Ended(), now.ETag, cancellationToken: cancellationToken)).IsDone)
                return;
            await retry.AgainAsync();
        }
    }

    async Task<int> NextNumberAsync(JobId job, CancellationToken cancellationToken) =>
        await table.ReadAsync<RowKeyOnly>(
            new TableRange(PartitionOf(job)) { From = RangePrefix }, 1000, [nameof(RowKeyOnly.RowKey)],
            cancellationToken).CountAsync(cancellationToken);

    /// <summary>Notes that the message of the range's epoch is queued.</summary>
    /// <param name="postponed">When it becomes visible; null for now.</param>
    /// <param name="waiting">The reason for the wait; null if there is none to show.</param>
    public Task NoteSentAsync(WorkRow range, DateTimeOffset? postponed, WaitingBody? waiting, CancellationToken cancellationToken) =>
        table.TryUpdateAsync(
            new WorkSentRow
            {
                PartitionKey = range.PartitionKey,
                RowKey = range.RowKey,
                Sent = range.Epoch,
                Postponed = postponed,
                WaitingFor = waiting?.For,
                WaitingSince = waiting?.Since,
            },
            ETag.All, TableUpdateMode.Merge, cancellationToken);

    /// <summary>Notes a failed delivery: its error is the reason for the wait.</summary>
    /// <param name="unanswered">See <see cref="WorkRow.Unanswered"/>; null to leave it as it is.</param>
    public Task NoteErrorAsync(
        WorkRow range, WaitingBody waiting, DateTimeOffset? unanswered, CancellationToken cancellationToken) => table.TryUpdateAsync(
        new WorkErrorRow
        {
            PartitionKey = range.PartitionKey,
            RowKey = range.RowKey,
            LastError = waiting.For,
            WaitingFor = waiting.For,
            WaitingSince = waiting.Since,
            Unanswered = unanswered,
        },
        ETag.All, TableUpdateMode.Merge, cancellationToken);

    public static WorkRow NewRange(JobId job, int range, int first, int end) => new()
    {
        PartitionKey = PartitionOf(job),
        RowKey = RowKeyOf(range),
        Job = job.Value.ToGuid(),
        Range = range,
        Epoch = 1,
        Next = first,
        End = end,
        Traceparent = Spans.Current,
    };

    public static ResultsRow NewResults(JobId job, WorkRow range, string blob, Counts counts) =>
        NewResults(job, string.Create(CultureInfo.InvariantCulture, $"{range.Range:D6}-{range.Next:D6}"), blob, counts);

    /// <summary>The results of inputs that the request refused.</summary>
    public static ResultsRow NewInputResults(JobId job, int number, string blob, Counts counts) =>
        NewResults(job, string.Create(CultureInfo.InvariantCulture, $"input-{number:D6}"), blob, counts);

    static ResultsRow NewResults(JobId job, string name, string blob, Counts counts) => new()
    {
        PartitionKey = PartitionOf(job),
        RowKey = ResultsPrefix + name,
        Blob = blob,
        Counts = counts,
    };

    public static string PartitionOf(JobId job) => job.Value.ToGuid().ToString("N");

    static string RowKeyOf(int range) => string.Create(CultureInfo.InvariantCulture, $"{RangePrefix}{range:D6}");
}
