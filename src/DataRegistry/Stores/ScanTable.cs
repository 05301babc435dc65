using System.Runtime.Serialization;
using DataRegistry.Storage;

namespace DataRegistry.Stores;

/// <summary>
/// The state of a store's scans: the one that runs (at most one a store) and the counts of the last one. Rescans writes
/// it; it is kept in this room because a store shows its last scan.
/// <code>
/// table scans
/// scans │ {store id}   the scan that runs; the last one's counts; when the last completed scan began
/// </code>
/// </summary>
sealed class ScanTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    const string Partition = "scans";

    readonly TableClient table = tables.GetTableClient("scans");

    public TableClient Table => table;

    /// <summary>Null if the store was never scanned.</summary>
    public Task<ScanRow?> FindAsync(Guid store, CancellationToken cancellationToken) =>
        table.FindAsync<ScanRow>(Partition, RowKeyOf(store), cancellationToken: cancellationToken);

    /// <summary>The rows of all stores that were ever scanned, by store.</summary>
    public ValueTask<Dictionary<Guid, ScanRow>> ListAsync(CancellationToken cancellationToken) =>
        table.ReadAsync<ScanRow>(
            new TableRange(Partition), 1000, cancellationToken: cancellationToken).ToDictionaryAsync(
                r => Guid.ParseExact(r.RowKey, "D"), cancellationToken: cancellationToken);

    /// <summary>Begins a scan. False if another scan began meanwhile, or if this one did and the answer was lost.</summary>
    /// <param name="before">The row as it was when no scan ran; null if there was none.</param>
    public async Task<bool> TryBeginAsync(Guid store, ScanRow? before, Guid job, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var row = (before ?? new() { PartitionKey = Partition, RowKey = RowKeyOf(store) }) with { Running = job, Begun = now };
        var written = before is null
            ? await table.TryAddAsync(row, cancellationToken)
            : await table.TryUpdateAsync(row, before.ETag, cancellationToken: cancellationToken);
        return written.IsDone || (await FindAsync(store, cancellationToken))?.Running == job;
    }

    /// <summary>
    /// Writes the result of a scan, which then no longer runs. Repeated if a worker added counts later. Does nothing if
    /// another scan is the last one.
    /// </summary>
    public async Task EndAsync(Guid store, Guid job, Func<ScanRow, ScanRow> end, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await FindAsync(store, cancellationToken) is { } row && (row.Running == job || row.Last == job) && !(await table.TryUpdateAsync(
                end(row) with { Running = row.Running == job ? null : row.Running }, row.ETag,
                cancellationToken: cancellationToken)).IsDone;
            await retry.AgainAsync())
        {
        }
    }

    static string RowKeyOf(Guid store) => store.ToString("D");
}

sealed record ScanRow : TableRow
{
    /// <summary>
    /// The job of the scan that runs; null if none. A job that has ended, or was never written, does not run.
    /// </summary>
    public Guid? Running { get; init; }

    /// <summary>When the newest scan began. The schedule counts from then.</summary>
    public DateTimeOffset? Begun { get; init; }

    /// <summary>When the last completed scan began; null if none was completed.</summary>
    public DateTimeOffset? Completed { get; init; }

    /// <summary>The last scan that ended, with any outcome; null if none has.</summary>
    public Guid? Last { get; init; }
    public string? Status { get; init; }
    public DateTimeOffset? Started { get; init; }
    public DateTimeOffset? Finished { get; init; }
    public string? Error { get; init; }
    public long Unchanged { get; init; }
    public long Changed { get; init; }
    public long Missing { get; init; }
    public long Returned { get; init; }
    public long New { get; init; }
    public long Adopted { get; init; }
    public long Failed { get; init; }
    public long Skipped { get; init; }
    public long Requests { get; init; }

    [IgnoreDataMember]
    public ScanCountsBody Counts
    {
        get =>
            new(Unchanged + Changed + Missing + Returned + New + Failed
                + Skipped, Unchanged, Changed, Missing, Returned, New, Adopted, Failed, Skipped);
        init => (Unchanged, Changed, Missing, Returned, New, Adopted, Failed, Skipped) =
            (value.Unchanged, value.Changed, value.Missing, value.Returned, value.New, value.Adopted, value.Failed, value.Skipped);
    }
}

/// <summary>
/// A scan's counts of objects and locations. Each is in exactly one count; <paramref name="Adopted"/> counts them a
/// second time.
/// </summary>
/// <param name="Total">So far.</param>
/// <param name="Returned">Datums that were changed or missing, and whose adopted object is back.</param>
/// <param name="New">Objects without a datum.</param>
/// <param name="Adopted">The changed and new objects that became datums.</param>
/// <param name="Failed">Objects that could not be read.</param>
/// <param name="Skipped">Folder markers, objects of purged datums, and those that others changed meanwhile.</param>
sealed record ScanCountsBody(
    long Total, long Unchanged, long Changed, long Missing, long Returned, long New, long Adopted, long Failed, long Skipped);

/// <summary>An ended scan, as its store shows it.</summary>
/// <param name="Seconds">The duration; null if it never began.</param>
/// <param name="Requests">LISTs and HEADs.</param>
sealed record LastScanBody(
    string Id, string Status, DateTimeOffset? Started, DateTimeOffset? Finished, double? Seconds, ScanCountsBody Counts, long Requests,
    string? Error)
{
    /// <summary>Null if no scan of the store has ended yet.</summary>
    public static LastScanBody? From(ScanRow? row) => row?.Last is not { } last ? null : new(
        last.ToString("D"), row.Status ?? "", row.Started, row.Finished,
        (row.Finished - row.Started)?.TotalSeconds is { } seconds ? Math.Round(seconds, 3) : null, row.Counts, row.Requests, row.Error);
}
