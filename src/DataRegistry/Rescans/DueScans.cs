using DataRegistry.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Rescans;

/// <summary>
/// The function of the timer <c>RescanStores</c>: starts scans of the stores that are due. Several missed times count
/// as one. A repeated or concurrent run starts nothing twice.
/// </summary>
sealed partial class DueScans(
    StoreTable stores, ScanTable scans, RescanRequests requests, TimeProvider clock, IOptions<RescanOptions> options,
    ILogger<DueScans> logger)
{
    /// <summary>The user name of these scans in jobs and in the audit trail.</summary>
    public const string CreatedBy = "RescanStores";

    const int StoresPerPage = 1000;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _ = ScanSchedule.TryParse(options.Value.Schedule, out var usual);
        var known = await scans.ListAsync(cancellationToken);
        string? after = null;
        do
        {
            var (page, next) = await stores.ListAsync(StoresPerPage, after, visible: null, cancellationToken);
            foreach (var store in page)
            {
                try
                {
                    await CheckAsync(store, known.GetValueOrDefault(store.Id), store.Rescan.Schedule ?? usual!, cancellationToken);
                }
                catch (Exception e) when (!cancellationToken.IsCancellationRequested)
                {
                    // One broken store must not keep the timer from the others.
                    Log.NotLookedAt(logger, store.Id, e);
                }
            }

            after = next;
        }
        while (after is not null);
    }

    async Task CheckAsync(Store store, ScanRow? scan, ScanSchedule schedule, CancellationToken cancellationToken)
    {
        var died = scan is not null && await requests.NoteEndAsync(scan, cancellationToken);
        if (schedule.NextAfter(scan?.Begun ?? store.CTime) is not { } due || (due > clock.GetUtcNow() && !died))
            return;
        if (await requests.StartAsync(store, CreatedBy, forced: false, cancellationToken) is ({ } job, true))
            Log.Scans(logger, store.Id, job.JobId, due);
    }

    static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Store {Store} was due for a scan at {Due}: job {Job}")]
        public static partial void Scans(ILogger logger, Guid store, Datums.JobId job, DateTimeOffset due);

        [LoggerMessage(LogLevel.Error, "Store {Store} could not be checked")]
        public static partial void NotLookedAt(ILogger logger, Guid store, Exception exception);
    }
}
