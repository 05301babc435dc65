using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using DataRegistry.Storage;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Access;

/// <summary>
/// How much of something anybody may use in a minute, of all instances together.
/// <code>
/// table budgets
///   {kind}-{first digit of the hash} │ {SHA-256 of whose it is}   which minute, how much of it was given out
/// </code>
/// An instance lets a small part through without asking (<see cref="FreeShare"/>), so that who uses little costs no table request; then it takes a
/// twentieth at a time of what the row has left, and counts in memory. So at most that small part for each instance is used beyond the limit.
/// What cannot be asked is let through, up to the whole limit by each instance: a table that is away must not keep anybody out.
/// </summary>
sealed partial class RequestBudgets(TableServiceClient tables, TimeProvider clock, ILogger<RequestBudgets> logger) : IStoredTable
{
    /// <summary>Which part of the limit an instance need not ask for.</summary>
    const int FreeShare = 50;

    const int Leases = 20;

    /// <summary>Others may write the same row.</summary>
    const int Tries = 10;

    /// <summary>So many names are known in a minute; beyond, all new ones of a kind are one: addresses can be made up.</summary>
    const int MaxNames = 50_000;

    /// <summary>Clocks of instances that differ by more are not the limit's business.</summary>
    const int MaxSkewMinutes = 2;

    const string Others = "";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    readonly TableClient table = tables.GetTableClient("budgets");
    readonly Lock gate = new();
    Minute current = new(0);

    public TableClient Table => table;

    /// <summary>Uses one of the budget. Null if there was one; else how long until there is.</summary>
    /// <param name="kind">Letters.</param>
    public async ValueTask<TimeSpan?> TakeAsync(string kind, string name, int perMinute, CancellationToken cancellationToken)
    {
        var minute = Now();
        var budget = minute.Of(kind, name, perMinute / FreeShare);
        if (budget.TryTake())
            return null;
        await budget.Turn.WaitAsync(cancellationToken);
        try
        {
            while (!budget.TryTake())
            {
                if (budget.IsSpent)
                    return Rest(minute);
                await LeaseAsync(budget, minute.Number, kind, name, perMinute);
            }

            return null;
        }
        finally
        {
            budget.Turn.Release();
        }
    }

    /// <summary>How long until there is some again, where this instance knows that none is left; null where there may be some. Asks nobody.</summary>
    public TimeSpan? Spent(string kind, string name)
    {
        var minute = Now();
        return minute.Find(kind, name) is { IsSpent: true } ? Rest(minute) : null;
    }

    async Task LeaseAsync(Budget budget, long minute, string kind, string name, int perMinute)
    {
        try
        {
            // Whoever hung up meanwhile must not spoil it for those who wait.
            using var patience = new CancellationTokenSource(Patience);
            budget.Add(await GiveOutAsync(minute, kind, name, perMinute, patience.Token));
        }
        catch (Exception e)
        {
            // Also for what only credentials or the network can throw: it must not be what keeps anybody out.
            Log.NotAsked(logger, kind, e);
            budget.AddOnce(perMinute);
        }
    }

    /// <summary>0 where nothing is left.</summary>
    async Task<int> GiveOutAsync(long minute, string kind, string name, int perMinute, CancellationToken cancellationToken)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
        var (partition, part) = ($"{kind}-{hash[0]}", Math.Max(1, perMinute / Leases));
        for (var i = 0; i < Tries; i++)
        {
            var row = await table.FindAsync<BudgetRow>(partition, hash, cancellationToken: cancellationToken);
            // Another instance's clock may be a little ahead: its minute goes on.
            var same = row is not null && row.Minute >= minute && row.Minute <= minute + MaxSkewMinutes;
            var given = same ? row!.Given : 0;
            if (given >= perMinute)
                return 0;
            var wanted = Math.Min(part, perMinute - given);
            var next = new BudgetRow { PartitionKey = partition, RowKey = hash, Minute = same ? row!.Minute : minute, Given = given + wanted };
            var write = row is null ? await table.TryAddAsync(next, cancellationToken) : await table.TryUpdateAsync(next, row.ETag, cancellationToken: cancellationToken);
            if (write.IsDone)
                return wanted;
        }

        // Whoever contends so much for one row is many instances, each of which gets its part.
        return part;
    }

    TimeSpan Rest(Minute minute) => TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerSecond, ((minute.Number + 1) * TimeSpan.TicksPerMinute) - clock.GetUtcNow().UtcTicks));

    Minute Now()
    {
        var number = clock.GetUtcNow().UtcTicks / TimeSpan.TicksPerMinute;
        if (current.Number == number)
            return current;
        lock (gate)
            return current.Number == number ? current : current = new(number);
    }

    sealed class Minute(long number)
    {
        readonly ConcurrentDictionary<(string Kind, string Name), Budget> budgets = new();

        public long Number { get; } = number;

        public Budget? Find(string kind, string name) => budgets.GetValueOrDefault((kind, name)) ?? (budgets.Count >= MaxNames ? budgets.GetValueOrDefault((kind, Others)) : null);

        public Budget Of(string kind, string name, int free) =>
            budgets.TryGetValue((kind, name), out var known) ? known : budgets.GetOrAdd((kind, budgets.Count < MaxNames ? name : Others), _ => new Budget(free));
    }

    sealed class Budget(int left)
    {
        int left = left;
        bool alone;

        /// <summary>One at a time asks for more.</summary>
        public SemaphoreSlim Turn { get; } = new(1);

        public bool IsSpent { get; private set; }

        public bool TryTake() => Volatile.Read(ref left) > 0 && Interlocked.Decrement(ref left) >= 0;

        public void Add(int more)
        {
            IsSpent = more == 0;
            Interlocked.Exchange(ref left, more);
        }

        /// <summary>For the whole minute: it is not asked again.</summary>
        public void AddOnce(int more)
        {
            Add(alone ? 0 : more);
            alone = true;
        }
    }

    static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The budget of a {Kind} cannot be asked for; this instance gives one out by itself for a minute")]
        public static partial void NotAsked(ILogger logger, string kind, Exception exception);
    }
}

sealed record BudgetRow : TableRow
{
    /// <summary>Minutes since the year 1, UTC.</summary>
    public required long Minute { get; init; }

    public required int Given { get; init; }
}
