using DataRegistry.Stores.S3;
using Microsoft.Extensions.Options;

namespace DataRegistry.Jobs;

/// <summary>
/// Shares this process among stores, so that a slow store never takes all of it. One store has at most half of the
/// windows that the process works on. Unless one of its windows ended just now, it holds at most <see
/// cref="JobOptions.MessagesPerStore"/> messages. After a request that timed out, the store is closed for a while. Then
/// one message tries it, before all others do.
/// </summary>
sealed class StoreTurns : IDisposable
{
    /// <summary>A store is quick if a window of it ended within this time.</summary>
    internal static readonly TimeSpan SlowAfter = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The longest wait of a message for a slot. The host ends the process of a function that takes ten minutes.
    /// </summary>
    static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(1);

    /// <summary>How long a store is closed after a request that timed out.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    readonly TimeProvider clock;
    readonly JobOptions options;
    readonly Lock gate = new();
    readonly Dictionary<Guid, Share> shares = [];

    // A window holds its objects and rows in memory. More windows at a time would use more memory, but not be faster.
    readonly SemaphoreSlim windows;

    public StoreTurns(TimeProvider clock, IOptions<JobOptions> options)
    {
        (this.clock, this.options) = (clock, options.Value);
        windows = new(this.options.WindowsAtOnce);
    }

    public void Dispose() => windows.Dispose();

    /// <summary>Begins a delivery that will use a store. Dispose it at the delivery's end.</summary>
    /// <param name="server">The beginning of errors' sentences.</param>
    public Turn Enter(Guid store, string server)
    {
        lock (gate)
        {
            if (!shares.TryGetValue(store, out var share))
                shares.Add(store, share = new(Math.Max(1, options.WindowsAtOnce / 2)));
            share.Messages++;
            return new(this, store, share, server);
        }
    }

    /// <summary>Takes a slot for a window that uses no store.</summary>
    public async Task<IDisposable> TakeAsync(CancellationToken cancellationToken)
    {
        await windows.WaitAsync(cancellationToken);
        return new Place(() => windows.Release());
    }

    /// <summary>This process's state of a store. The lock of all stores protects it.</summary>
    internal sealed class Share(int windows)
    {
        public SemaphoreSlim Places { get; } = new(windows);

        public int Messages { get; set; }

        /// <summary>When a window last ended well; null if none yet.</summary>
        public long? LastEnd { get; set; }

        /// <summary>When the store may be tried again after a time-out; null if it answers.</summary>
        public DateTimeOffset? ClosedUntil { get; set; }

        /// <summary>A message is trying whether the store answers again.</summary>
        public bool IsTried { get; set; }
    }

    sealed class Place(Action release) : IDisposable
    {
        public void Dispose() => release();
    }

    /// <summary>A delivery's right to wait for windows at its store.</summary>
    public sealed class Turn : IDisposable
    {
        readonly StoreTurns turns;
        readonly Guid store;
        readonly Share share;
        readonly string server;
        bool tries, isRefused, isSentAway;

        internal Turn(StoreTurns turns, Guid store, Share share, string server) =>
            (this.turns, this.store, this.share, this.server) = (turns, store, share, server);

        /// <summary>
        /// Takes a slot for a window; dispose it at the window's end. Null if the store has its share of messages and
        /// is not quick, or if no slot was free for long. The message then comes again later.
        /// </summary>
        /// <exception cref="BucketException">The store did not answer a short while ago, and is closed.</exception>
        public async Task<IDisposable?> TryTakeAsync(CancellationToken cancellationToken)
        {
            var began = turns.clock.GetTimestamp();
            do
            {
                ThrowIfClosed();
                if (IsSentAway())
                    return null;
                // Check now and then whether the store has become slow.
                if (await WaitAsync(share.Places, SlowAfter, cancellationToken))
                    return await BeginAsync(MaxWait - turns.clock.GetElapsedTime(began), cancellationToken);
            }
            while (turns.clock.GetElapsedTime(began) < MaxWait);
            return null;
        }

        /// <summary>A window of the store ended well, so it answers.</summary>
        public void Answered()
        {
            lock (turns.gate)
                (share.ClosedUntil, share.IsTried, tries, share.LastEnd) = (null, false, false, turns.clock.GetTimestamp());
        }

        /// <summary>
        /// A request timed out. Requests sent before the pause say nothing new, and neither does a refusal of this turn
        /// itself.
        /// </summary>
        public void TimedOut()
        {
            lock (turns.gate)
            {
                if (isRefused)
                    return;
                if (share.ClosedUntil is not { } until || until <= turns.clock.GetUtcNow())
                    share.ClosedUntil = turns.clock.GetUtcNow() + Pause;
                if (tries)
                    (share.IsTried, tries) = (false, false);
            }
        }

        public void Dispose()
        {
            lock (turns.gate)
            {
                if (!isSentAway)
                    share.Messages--;
                if (tries)
                    share.IsTried = false;
                if (share is { Messages: 0, ClosedUntil: null })
                    turns.shares.Remove(store);
            }
        }

        /// <summary>False if no slot was free within the time.</summary>
        async Task<bool> WaitAsync(SemaphoreSlim places, TimeSpan timeout, CancellationToken cancellationToken)
        {
            using var expiry = new CancellationTokenSource(timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero, turns.clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, expiry.Token);
            try
            {
                await places.WaitAsync(either.Token);
                return true;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return false;
            }
        }

        async Task<IDisposable?> BeginAsync(TimeSpan timeout, CancellationToken cancellationToken)
        {
            var hasPlace = false;
            try
            {
                hasPlace = await WaitAsync(turns.windows, timeout, cancellationToken);
            }
            finally
            {
                if (!hasPlace)
                    share.Places.Release();
            }

            if (!hasPlace)
                return null;

            var place = new Place(End);
            try
            {
                // Another delivery may have closed the store during the wait.
                ThrowIfClosed();
                return place;
            }
            catch
            {
                place.Dispose();
                throw;
            }
        }

        void End()
        {
            turns.windows.Release();
            share.Places.Release();
        }

        /// <summary>Whether the store holds too many messages and this one must go.</summary>
        bool IsSentAway()
        {
            lock (turns.gate)
            {
                if (share.Messages <= turns.options.MessagesPerStore
                    || (share.LastEnd is { } end && turns.clock.GetElapsedTime(end) < SlowAfter))
                    return false;
                // Count at once, so that of several concurrent messages only the surplus goes.
                share.Messages--;
                return isSentAway = true;
            }
        }

        void ThrowIfClosed()
        {
            lock (turns.gate)
            {
                if (share.ClosedUntil is not { } until || tries)
                    return;
                if (until <= turns.clock.GetUtcNow() && !share.IsTried)
                {
                    (share.IsTried, tries) = (true, true);
                    return;
                }

                isRefused = true;
            }

            throw new BucketException(
                BucketFault.Unreachable, $"{server} does not answer in time. Try again later.")
            { IsTimeout = true };
        }
    }
}
