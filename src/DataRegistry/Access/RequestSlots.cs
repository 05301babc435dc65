using System.Security.Cryptography;
using DataRegistry.Organization;
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
/// Where none is left the row is asked once in <see cref="RefusedFor"/>, and written by nobody, however many are refused meanwhile.
/// What cannot be asked is let through, up to the whole limit by each instance, as with <see cref="RequestBudgets"/>.
/// </summary>
sealed partial class RequestSlots(TableServiceClient tables, TimeProvider clock, ILogger<RequestSlots> logger) : IStoredTable
{
    /// <summary>Which part of the limit an instance need not ask for, and which it takes more than it needs.</summary>
    const int FreeShare = 20;

    /// <summary>Others may write the same row.</summary>
    const int Tries = 10;

    /// <summary>Between the first two tries at most; later ones are further apart, so that many who contend do not stay in step.</summary>
    const int PauseMilliseconds = 10;

    /// <summary>How long whoever is refused shall wait, and nobody is asked again.</summary>
    public static readonly TimeSpan RefusedFor = TimeSpan.FromSeconds(1);

    static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    readonly Guid instance = Guid.NewGuid();
    readonly TableClient table = tables.GetTableClient("slots");
    readonly Lock gate = new();
    readonly Dictionary<Guid, Slots> subjects = [];
    readonly ExpiringCache<Guid, Slots> refused = new(clock, RefusedFor);

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
            taken = TryTake(subject, slots, limit) ?? await LeaseAsync(subject, slots, limit, cancellationToken);
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

    /// <summary>Null where the row has to be asked.</summary>
    bool? TryTake(Guid subject, Slots slots, int limit)
    {
        lock (gate)
        {
            if (slots.UnderWay >= Math.Min(limit, (limit / FreeShare) + slots.HeldAt(clock.GetUtcNow())))
                return slots.UnderWay >= limit || refused.Find(subject) is not null ? false : null;
            slots.UnderWay++;
            return true;
        }
    }

    /// <summary>One asks at a time; the others find what it got, or that it was refused.</summary>
    async Task<bool> LeaseAsync(Guid subject, Slots slots, int limit, CancellationToken cancellationToken)
    {
        await slots.Turn.WaitAsync(cancellationToken);
        try
        {
            if (TryTake(subject, slots, limit) is { } known)
                return known;
            int needed;
            lock (gate)
                needed = slots.UnderWay + 1 - (limit / FreeShare);
            try
            {
                // Whoever hung up meanwhile must not spoil it for those who wait.
                using var patience = new CancellationTokenSource(Patience);
                if (await HoldAsync(subject, needed, limit, patience.Token) is { } own)
                    Hold(own.Count, own.Until);
            }
            catch (Exception e)
            {
                // Also for what only credentials or the network can throw: it must not be what keeps anybody out.
                Log.NotAsked(logger, e);
                Hold(limit, clock.GetUtcNow() + Lease);
            }

            if (TryTake(subject, slots, limit) is true)
                return true;
            refused.Put(subject, slots, clock.GetUtcNow());
            return false;
        }
        finally
        {
            slots.Turn.Release();
        }

        void Hold(int count, DateTimeOffset until)
        {
            lock (gate)
                (slots.Held, slots.Until) = (count, until);
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
                await HoldAsync(subject, needed: 0, limit: 0, patience.Token);
                refused.Forget(subject);
            }
            catch (Exception)
            {
                // They lapse.
            }
            finally
            {
                slots.Turn.Release();
            }
        }
    }

    /// <summary>
    /// Has the row say how many this instance has: what it needs and some more, as far as the others leave any. It is not written where it says so
    /// already. Null where others wrote it each time: then what was held before counts.
    /// </summary>
    async Task<SlotHolder?> HoldAsync(Guid subject, int needed, int limit, CancellationToken cancellationToken)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(subject.ToByteArray()));
        for (var i = 0; i < Tries; i++)
        {
            if (i > 0)
                await Task.Delay(Random.Shared.Next(PauseMilliseconds * i), cancellationToken);
            var row = await table.FindAsync<SlotRow>(hash[..1], hash, cancellationToken: cancellationToken);
            var now = clock.GetUtcNow();
            var holders = row?.Read().FindAll(h => h.Until > now) ?? [];
            var own = holders.Find(h => h.Instance == instance);
            holders.RemoveAll(h => h.Instance == instance);
            var next = new SlotHolder(instance, needed == 0 ? 0 : Math.Clamp(limit - holders.Sum(h => h.Count), 0, needed + (limit / FreeShare)), now + Lease);
            if (own is null ? next.Count == 0 : needed > 0 && next.Count <= own.Count && own.Until - now > Lease / 2)
                return own ?? next;
            if (next.Count > 0)
                holders.Add(next);
            var write = row is null ? await table.TryAddAsync(SlotRow.Of(hash, holders), cancellationToken)
                : holders.Count == 0 ? await table.TryDeleteAsync(hash[..1], hash, row.ETag, cancellationToken)
                : await table.TryUpdateAsync(SlotRow.Of(hash, holders), row.ETag, cancellationToken: cancellationToken);
            if (write.IsDone)
                return next;
        }

        return null;
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
