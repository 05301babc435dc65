using System.Globalization;
using Azure;
using DataRegistry.Storage;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Options;

namespace DataRegistry.Jobs;

/// <summary>
/// Limits the workers of all instances at one store's bucket. Each has a lease, a row that it renews.
/// <code>
/// table leases
/// {store id} │ {number, 2 digits}   who has it, until when
/// </code>
/// </summary>
sealed class StoreLeases(TableServiceClient tables, TimeProvider clock, IOptions<JobOptions> options) : IStoredTable
{
    /// <summary>
    /// A dead worker's lease is free after this time. It is longer than a window takes that S3 does not throttle. A throttled window may
    /// outlive it: then there is one worker too many at the bucket, and nothing else.
    /// </summary>
    internal static readonly TimeSpan Duration = TimeSpan.FromMinutes(5);

    /// <summary>Another worker may take the same lease first.</summary>
    const int Tries = 4;

    readonly TableClient table = tables.GetTableClient("leases");

    public TableClient Table => table;

    /// <summary>
    /// Takes a free lease, or one that an earlier delivery of the same range had, because that may be dead. Null if
    /// others have them all. A query and a write.
    /// </summary>
    public async Task<StoreLease?> TryAcquireAsync(Guid store, WorkRow range, CancellationToken cancellationToken)
    {
        var holder = $"{range.JobId} {range.Range}";
        for (var turn = 0; turn < Tries; turn++)
        {
            var rows = await ReadAsync(store, cancellationToken);
            var free = Enumerable.Range(0, options.Value.WorkersPerStore).Select(n => n.ToString("D2", CultureInfo.InvariantCulture))
                .Where(n => !rows.TryGetValue(n, out var row) || !IsHeld(row)).ToList();
            // Choose at random, so that concurrent workers do not all want the same one.
            var wanted = rows.Values.FirstOrDefault(r => r.Holder == holder && IsHeld(r))?.RowKey
                ?? (free.Count == 0 ? null : free[Random.Shared.Next(free.Count)]);
            if (wanted is null)
                return null;
            var lease = new LeaseRow
            {
                PartitionKey = PartitionOf(store),
                RowKey = wanted,
                Holder = holder,
                Until = clock.GetUtcNow() + Duration,
            };
            var written = rows.TryGetValue(wanted, out var before)
                ? await table.TryUpdateAsync(lease, before.ETag, cancellationToken: cancellationToken)
                : await table.TryAddAsync(lease, cancellationToken);
            if (written.IsDone)
                return new(
                    this, store, lease with { ETag = written.ETag }, RateOf(rows.Values.Count(r => r.RowKey != wanted && IsHeld(r)) + 1),
                    clock);
        }

        return null;
    }

    /// <summary>
    /// Renews the lease; returns it with its present share of the store's requests. If it lapsed and another worker has
    /// it, it stays with that one. Then one worker too many is at the bucket for a while.
    /// </summary>
    internal async Task<(LeaseRow Lease, double PerSecond)> RenewAsync(Guid store, LeaseRow lease, CancellationToken cancellationToken)
    {
        var held = (await ReadAsync(store, cancellationToken)).Values.Count(IsHeld);
        return (await WriteAsync(lease, clock.GetUtcNow() + Duration, cancellationToken), RateOf(held));
    }

    internal Task ReleaseAsync(LeaseRow lease) => WriteAsync(lease, DateTimeOffset.UnixEpoch, CancellationToken.None);

    async Task<LeaseRow> WriteAsync(LeaseRow lease, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var renewed = lease with { Until = until };
        var written = await table.TryUpdateAsync(renewed, lease.ETag, cancellationToken: cancellationToken);
        if (written.IsDone)
            return renewed with { ETag = written.ETag };
        // After a lost answer the lease may still be ours. Otherwise it lapsed, and another has it.
        return await table.FindAsync<LeaseRow>(lease.PartitionKey, lease.RowKey, cancellationToken: cancellationToken) is { } now
            && now.Holder == lease.Holder ? now : lease;
    }

    ValueTask<Dictionary<string, LeaseRow>> ReadAsync(Guid store, CancellationToken cancellationToken) => table
        .ReadAsync<LeaseRow>(new TableRange(PartitionOf(store)), 1000, cancellationToken: cancellationToken)
        .ToDictionaryAsync(r => r.RowKey, cancellationToken: cancellationToken);

    bool IsHeld(LeaseRow row) => row.Until > clock.GetUtcNow();

    double RateOf(int workers) => options.Value.RequestsPerSecondOfStore / (double)Math.Max(1, workers);

    static string PartitionOf(Guid store) => store.ToString("N");
}

/// <summary>
/// The right to work at a store's bucket, at an even share of the store's requests a second among its present workers.
/// </summary>
sealed class StoreLease(StoreLeases leases, Guid store, LeaseRow row, double perSecond, TimeProvider clock) : IAsyncDisposable
{
    /// <summary>Requests that were not sent within this time may be sent at once.</summary>
    const double BurstSeconds = 0.1;

    readonly Lock gate = new();
    readonly long began = clock.GetTimestamp();
    LeaseRow row = row;
    double next;

    /// <summary>Requests a second, if the server accepts the full rate.</summary>
    public double PerSecond { get; private set; } = perSecond;

    /// <summary>Waits until the next request may be sent.</summary>
    /// <param name="share">The share of the pace, see <see cref="BucketPace"/>.</param>
    public async ValueTask WaitAsync(double share, CancellationToken cancellationToken)
    {
        if (Reserve(share) is var pause && pause > TimeSpan.Zero)
            await Task.Delay(pause, clock, cancellationToken);
    }

    /// <summary>Takes the next place; returns the time until then, zero or less for at once.</summary>
    internal TimeSpan Reserve(double share)
    {
        lock (gate)
        {
            var now = clock.GetElapsedTime(began).TotalSeconds;
            var place = Math.Max(next, now - BurstSeconds);
            // Spread at random, because throttled workers must not return together.
            next = place + ((share < 1 ? 0.5 + Random.Shared.NextDouble() : 1) / (PerSecond * share));
            return TimeSpan.FromSeconds(place - now);
        }
    }

    /// <summary>
    /// Call it before <see cref="StoreLeases.Duration"/> has passed, else another worker may take the lease. A query and a write.
    /// </summary>
    public async Task RenewAsync(CancellationToken cancellationToken) =>
        (row, PerSecond) = await leases.RenewAsync(store, row, cancellationToken);

    /// <summary>Gives the lease back. If that fails, it lapses later.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await leases.ReleaseAsync(row);
        }
        catch (Exception e) when (e is RequestFailedException or AggregateException)
        {
        }
    }
}

sealed record LeaseRow : TableRow
{
    /// <summary>Job and range.</summary>
    public required string Holder { get; init; }
    public required DateTimeOffset Until { get; init; }
}
