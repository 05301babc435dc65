using System.Security.Cryptography;
using System.Text;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Triggers;
using Microsoft.Extensions.Options;

namespace DataRegistry.Access;

/// <summary>
/// Counts failed log-ins in rows, so the limit holds for all instances together.
/// <code>
/// table attempts
///   {name | address}-{first digit of the hash} │ {SHA-256 of the user name or client address}   when the window began, failures in it
/// </code>
/// An attempt counts as failed before its password is checked, and a right password takes the count back. So concurrent attempts never
/// exceed the limit.
/// </summary>
public sealed class AttemptTable(TableServiceClient tables, TimeProvider clock, IOptions<AccessOptions> options) : IStoredTable, ICollector
{
    /// <summary>The most tries of a write. A name with more concurrent log-ins is under attack.</summary>
    const int MaxContention = 20;

    const string Name = "name";
    const string Address = "address";

    /// <summary>
    /// How long this process caches a count over the limit. It is short, because right log-ins take their counts back.
    /// </summary>
    static readonly TimeSpan Remembered = TimeSpan.FromSeconds(5);

    readonly TableClient table = tables.GetTableClient("attempts");
    readonly ExpiringCache<string, AttemptRow> over = new(clock, Remembered);
    readonly TimeSpan window = TimeSpan.FromSeconds(options.Value.LogInWindowSeconds);

    public TableClient Table => table;

    /// <summary>Null if the log-in may be tried; else the time to wait.</summary>
    public async Task<TimeSpan?> BeginAsync(string username, string address, CancellationToken cancellationToken)
    {
        if (await CountAsync(KeyOf(Address, address), options.Value.LogInFailuresPerAddress, cancellationToken) is { } forAddress)
            return forAddress;
        if (await CountAsync(KeyOf(Name, username), options.Value.LogInFailures, cancellationToken) is not { } forName)
            return null;
        await TakeBackAsync(KeyOf(Address, address), cancellationToken);
        return forName;
    }

    /// <summary>Takes the count of a right log-in back.</summary>
    public async Task SucceedAsync(string username, string address, CancellationToken cancellationToken)
    {
        await TakeBackAsync(KeyOf(Address, address), cancellationToken);
        await TakeBackAsync(KeyOf(Name, username), cancellationToken);
    }

    /// <summary>
    /// Deletes rows of past windows, for the timer: one query for each of 32 partitions. A row that is written meanwhile stays.
    /// </summary>
    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        foreach (var partition in
            from kind in new[] { Name, Address } from digit in "0123456789abcdef" select $"{kind}-{digit}")
        {
            var expired = await table.ReadAsync<AttemptRow>(new TableRange(partition), cancellationToken: cancellationToken)
                .Where(row => clock.GetUtcNow() - row.Began >= window).ToListAsync(cancellationToken);
            foreach (var row in expired)
                await table.TryDeleteAsync(row.PartitionKey, row.RowKey, row.ETag, cancellationToken);
        }
    }

    async Task<TimeSpan?> CountAsync((string Partition, string Row) key, int limit, CancellationToken cancellationToken)
    {
        // A caller that goes on trying costs the table a read every few seconds.
        if (over.Find(CacheKeyOf(key)) is { } known && known.Began + window - clock.GetUtcNow() is { Ticks: > 0 } left)
            return left;
        for (var i = 0; i < MaxContention; i++)
        {
            var now = clock.GetUtcNow();
            var row = await table.FindAsync<AttemptRow>(key.Partition, key.Row, cancellationToken: cancellationToken);
            var current = row is not null && now - row.Began < window ? row : null;
            if (current?.Failures >= limit)
            {
                over.Put(CacheKeyOf(key), current, now);
                return current.Began + window - now;
            }

            var next = new AttemptRow
            {
                PartitionKey = key.Partition,
                RowKey = key.Row,
                Began = current?.Began ?? now,
                Failures = (current?.Failures ?? 0) + 1,
            };
            var write = row is null
                ? await table.TryAddAsync(next, cancellationToken)
                : await table.TryUpdateAsync(next, row.ETag, cancellationToken: cancellationToken);
            if (write.IsDone)
                return null;
        }

        return TimeSpan.FromSeconds(1);
    }

    async Task TakeBackAsync((string Partition, string Row) key, CancellationToken cancellationToken)
    {
        for (var i = 0; i < MaxContention; i++)
        {
            var row = await table.FindAsync<AttemptRow>(key.Partition, key.Row, cancellationToken: cancellationToken);
            if (row is null || row.Failures == 0
                || (await table.TryUpdateAsync(
                    row with { Failures = row.Failures - 1 }, row.ETag, cancellationToken: cancellationToken)).IsDone)
            {
                return;
            }
        }
    }

    static string CacheKeyOf((string Partition, string Row) key) => $"{key.Partition}/{key.Row}";

    static (string Partition, string Row) KeyOf(string kind, string value)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)));
        return ($"{kind}-{hash[0]}", hash);
    }
}

sealed record AttemptRow : TableRow
{
    public required DateTimeOffset Began { get; init; }
    public required int Failures { get; init; }
}
