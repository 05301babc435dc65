using System.Runtime.Serialization;
using DataRegistry.Storage;

namespace DataRegistry.Stores;

/// <summary>
/// What is known of the scans of stores: which one runs, of which there is one at a time, and what the last one found. Written by those who
/// scan, and
/// kept here for the stores to show.
/// <code>
/// table scans
///   scans │ {store id}   the scan that runs; the last one's counts; when the last began that was completed
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

    /// <summary>Those of all stores that were ever scanned, by store.</summary>
    public ValueTask<Dictionary<Guid, ScanRow>> ListAsync(CancellationToken cancellationToken) =>
        table.ReadAsync<ScanRow>(
            new TableRange(Partition), 1000, cancellationToken: cancellationToken).ToDictionaryAsync(
                r => Guid.ParseExact(r.RowKey, "D"), cancellationToken: cancellationToken);

    /// <summary>Lets a scan begin. False if another one has begun meanwhile, or this very one whose answer got lost.</summary>
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
    /// Notes what a scan has found, which then runs no more; once more where a worker added to it later. Nothing if another one is the
    /// last.
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
    /// <summary>The job of the scan that runs; null if none. A job that has ended, or never came to be, runs no more.</summary>
    public Guid? Running { get; init; }

    /// <summary>When the newest scan began: from then on the schedule counts.</summary>
    public DateTimeOffset? Begun { get; init; }

    /// <summary>When the last scan began that was completed; null if none was.</summary>
    public DateTimeOffset? Completed { get; init; }

    /// <summary>The last scan that has ended, however it did; null if none.</summary>
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

/// <summary>What a scan found, objects and locations; every one is in exactly one, but for <paramref name="Adopted"/>.</summary>
/// <param name="Total">So far.</param>
/// <param name="Returned">What had changed or was missing, and is again what was adopted.</param>
/// <param name="New">Objects that no datum stands for.</param>
/// <param name="Adopted">Of those that changed or are new: how many became datums.</param>
/// <param name="Failed">What could not be looked at.</param>
/// <param name="Skipped">Folder markers, objects of purged datums, and what others changed meanwhile.</param>
sealed record ScanCountsBody(
    long Total, long Unchanged, long Changed, long Missing, long Returned, long New, long Adopted, long Failed, long Skipped);

/// <summary>A scan that has ended, as its store shows it.</summary>
/// <param name="Seconds">How long it took; null if it never began.</param>
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
