using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Azure;
using DataRegistry.Storage;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Access;

/// <summary>
/// How many requests anybody may have under way at a time, at all instances together.
/// <code>
/// table slots
///   {first digit of the hash} │ {SHA-256 of whose they are}   how many each instance has, until when
/// </code>
/// An instance lets a small part through without asking (<see cref="FreeShare"/>), so that who has few costs no table request; beyond, it takes
/// slots from the row, some at a time, and gives them back when nothing of that subject is under way. So at most that small part for each instance is
/// under way beyond the limit. Slots of an instance that died, or whose requests take longer than <see cref="Lease"/>, are free after that.
/// What cannot be asked is let through, up to the whole limit by each instance, as with <see cref="RequestBudgets"/>.
/// </summary>
sealed partial class RequestSlots(TableServiceClient tables, TimeProvider clock, ILogger<RequestSlots> logger) : IStoredTable
{
    /// <summary>Which part of the limit an instance need not ask for, and which it takes more than it needs.</summary>
    const int FreeShare = 20;

    /// <summary>Others may write the same row.</summary>
    const int Tries = 10;

    static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    readonly Guid instance = Guid.NewGuid();
    readonly TableClient table = tables.GetTableClient("slots", SlotRows.Default);
    readonly Lock gate = new();
    readonly Dictionary<Guid, Slots> subjects = [];

    public TableClient Table => table;

    /// <summary>Takes one; false where all are taken. What was taken is to be given back by <see cref="EndAsync"/>.</summary>
    public async ValueTask<bool> TryTakeAsync(Guid subject, int limit, CancellationToken cancellationToken)
    {
        Slots slots;
        lock (gate)
        {
            slots = subjects.TryGetValue(subject, out var known) ? known : subjects[subject] = new();
            slots.Present++;
        }

        var taken = false;
        try
        {
            taken = TryTake(slots, limit) || await LeaseAsync(subject, slots, limit, cancellationToken);
        }
        finally
        {
            if (!taken)
                await LeaveAsync(subject, slots);
        }

        return taken;
    }

    /// <summary>Gives one back.</summary>
    public async ValueTask EndAsync(Guid subject)
    {
        Slots slots;
        lock (gate)
        {
            slots = subjects[subject];
            slots.UnderWay--;
        }

        await LeaveAsync(subject, slots);
    }

    bool TryTake(Slots slots, int limit)
    {
        lock (gate)
        {
            if (slots.UnderWay >= Math.Min(limit, (limit / FreeShare) + slots.HeldAt(clock.GetUtcNow())))
                return false;
            slots.UnderWay++;
            return true;
        }
    }

    /// <summary>One asks at a time; the others find what it got.</summary>
    async Task<bool> LeaseAsync(Guid subject, Slots slots, int limit, CancellationToken cancellationToken)
    {
        await slots.Turn.WaitAsync(cancellationToken);
        try
        {
            if (TryTake(slots, limit))
                return true;
            int needed, held;
            lock (gate)
                needed = slots.UnderWay + 1 - (limit / FreeShare);
            var until = clock.GetUtcNow() + Lease;
            try
            {
                // Whoever hung up meanwhile must not spoil it for those who wait.
                using var patience = new CancellationTokenSource(Patience);
                held = await HoldAsync(subject, needed, limit, until, patience.Token);
            }
            catch (Exception e) when (e is RequestFailedException or AggregateException or OperationCanceledException)
            {
                Log.NotAsked(logger, e);
                held = limit;
            }

            lock (gate)
                (slots.Held, slots.Until) = (held, until);
            return TryTake(slots, limit);
        }
        finally
        {
            slots.Turn.Release();
        }
    }

    async ValueTask LeaveAsync(Guid subject, Slots slots)
    {
        while (true)
        {
            lock (gate)
            {
                if (slots.Present > 1 || slots.HeldAt(clock.GetUtcNow()) == 0)
                {
                    if (--slots.Present == 0)
                        subjects.Remove(subject);
                    return;
                }
            }

            // Still present while it gives them back: who comes meanwhile waits, and asks anew after it.
            await slots.Turn.WaitAsync();
            try
            {
                lock (gate)
                {
                    if (slots.Present > 1)
                        continue;
                    slots.Held = 0;
                }

                using var patience = new CancellationTokenSource(Patience);
                await HoldAsync(subject, needed: 0, limit: 0, clock.GetUtcNow(), patience.Token);
            }
            catch (Exception e) when (e is RequestFailedException or AggregateException or OperationCanceledException)
            {
                // They lapse.
            }
            finally
            {
                slots.Turn.Release();
            }
        }
    }

    /// <summary>Writes how many this instance has: what it needs and some more, as far as the others leave any. Returns that.</summary>
    async Task<int> HoldAsync(Guid subject, int needed, int limit, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(subject.ToByteArray()));
        for (var i = 0; i < Tries; i++)
        {
            var row = await table.GetEntityIfExistsAsync<SlotRow>(hash[..1], hash, cancellationToken: cancellationToken);
            var others = row is null ? [] : row.Read().Where(h => h.Instance != instance && h.Until > clock.GetUtcNow()).ToList();
            var count = needed == 0 ? 0 : Math.Clamp(limit - others.Sum(h => h.Count), 0, needed + (limit / FreeShare));
            if (count > 0)
                others.Add(new(instance, count, until));
            var write = row is null
                ? others.Count == 0 ? new TableWrite(TableOutcome.Done, default) : await table.AddEntityAsync(SlotRow.Of(hash, others), cancellationToken)
                : others.Count == 0 ? await table.DeleteEntityAsync(hash[..1], hash, row.ETag, cancellationToken)
                : await table.UpdateEntityAsync(SlotRow.Of(hash, others), row.ETag, cancellationToken: cancellationToken);
            if (write.IsDone)
                return count;
        }

        // Whoever contends so much for one row is many instances, each of which gets what it needs.
        return needed;
    }

    /// <summary>Of one subject at this instance.</summary>
    sealed class Slots
    {
        /// <summary>Requests under way, and those that wait to know whether they may be.</summary>
        public int Present { get; set; }

        public int UnderWay { get; set; }

        /// <summary>Slots of the row.</summary>
        public int Held { get; set; }

        public DateTimeOffset Until { get; set; }

        public SemaphoreSlim Turn { get; } = new(1);

        public int HeldAt(DateTimeOffset now) => now < Until ? Held : 0;
    }

    static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Slots for requests cannot be asked for; this instance gives them out by itself for a minute")]
        public static partial void NotAsked(ILogger logger, Exception exception);
    }
}

/// <summary>Slots of an instance.</summary>
sealed record SlotHolder(Guid Instance, int Count, DateTimeOffset Until);

sealed record SlotRow : ITableEntity
{
    public required string PartitionKey { get; init; }
    public required string RowKey { get; init; }
    [JsonIgnore] public ETag ETag { get; init; }

    /// <summary>A list of <see cref="SlotHolder"/>.</summary>
    public required byte[] Json { get; init; }

    public List<SlotHolder> Read() => JsonSerializer.Deserialize(Json, SlotRows.Default.ListSlotHolder) ?? [];

    public static SlotRow Of(string hash, List<SlotHolder> holders) =>
        new() { PartitionKey = hash[..1], RowKey = hash, Json = JsonSerializer.SerializeToUtf8Bytes(holders, SlotRows.Default.ListSlotHolder) };
}

[JsonSerializable(typeof(SlotRow))]
[JsonSerializable(typeof(List<SlotHolder>))]
sealed partial class SlotRows : JsonSerializerContext;
