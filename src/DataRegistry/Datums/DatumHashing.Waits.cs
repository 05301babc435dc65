using DataRegistry.Http;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datums;

/// <summary>
/// A caller who asks for a datum by its id waits for its hashes. Clients compare their download with them, and read
/// null as a mismatch.
/// </summary>
sealed partial class DatumHashing
{
    /// <summary>The interval at which a waiting request reads a datum that the queue hashes.</summary>
    static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    public const string WaitDescription = "`wait=N` waits at most N seconds for hashes that are not known yet. `wait=0` does not wait. "
        + "Without it the service waits as long as its settings allow.";

    /// <summary>
    /// How long a caller waits. By default as long as the settings allow; a HEAD shows no hash, so it does not wait.
    /// </summary>
    public static TimeSpan WaitOf(HttpContext context) =>
        RequestLimits.IsHead(context) ? TimeSpan.Zero : Prefer.WaitOf(context.Request) ?? TimeSpan.MaxValue;

    /// <summary>
    /// The datum with its hashes, if they are known in time.
    /// <code>
    /// the datum is                                   the caller
    /// hashed, purged, or failed within the hour      gets it as it is
    /// any, without a wait or with too many waits     gets it as it is; it is queued once
    /// tried in vain within the hour                  waits for the queue
    /// any other                                      reads it now; it is queued if the time is over
    /// </code>
    /// Throws only if cancelled.
    /// </summary>
    /// <param name="longest">The caller's longest wait; the settings have a limit too.</param>
    public async Task<DatumRow> AwaitAsync(DatumRow datum, TimeSpan longest, CancellationToken cancellationToken)
    {
        if (IsSettled(datum))
            return datum;
        if (longest <= TimeSpan.Zero || !waits.Wait(0, CancellationToken.None))
            return await QueueAsync(datum, missed: false, cancellationToken);
        try
        {
            using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            time.CancelAfter(TimeSpan.FromSeconds(Math.Min(longest.TotalSeconds, options.Value.HashWaitSeconds)));
            return IsNoted(datum) && datum.HashMissed == true
                ? await LookAsync(datum, time.Token, cancellationToken)
                : await ReadAsync(datum, time.Token, cancellationToken);
        }
        finally
        {
            waits.Release();
        }
    }

    /// <summary>Reads the object. Large objects have slots of their own, so small ones do not wait for them.</summary>
    async Task<DatumRow> ReadAsync(DatumRow datum, CancellationToken time, CancellationToken cancellationToken)
    {
        var isLarge = datum.Size > options.Value.HashAtOnceBytes;
        var places = isLarge ? largeSlots : slots;
        try
        {
            await places.WaitAsync(time);
            try
            {
                // Another request may have hashed the datum during the wait.
                var row = await datums.FindAsync(datum.Id, time) ?? datum;
                return IsSettled(row) ? row
                    : await ReadInTimeAsync(row, isLarge ? TimeSpan.FromSeconds(options.Value.HashSeconds) : Timeout, isLarge, time);
            }
            finally
            {
                places.Release();
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Log.Later(logger, datum.Id, e.Message);
            return await QueueAsync(datum, missed: true, cancellationToken);
        }
    }

    /// <param name="isLast">Whether no other attempt would have more time.</param>
    async Task<DatumRow> ReadInTimeAsync(DatumRow datum, TimeSpan limit, bool isLast, CancellationToken time)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(time);
        limited.CancelAfter(limit);
        try
        {
            return await HashAsync(datum, found: null, limited.Token);
        }
        catch (OperationCanceledException) when (isLast && !time.IsCancellationRequested)
        {
            return await FailAsync(datum, TooLong(datum), time);
        }
    }

    /// <summary>Reads the datum once a second until the queue has hashed it, or has noted why it cannot.</summary>
    async Task<DatumRow> LookAsync(DatumRow datum, CancellationToken time, CancellationToken cancellationToken)
    {
        var row = datum;
        try
        {
            while (!IsSettled(row))
            {
                await Task.Delay(LookInterval, time);
                row = await datums.FindAsync(datum.Id, time) ?? row;
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Log.Later(logger, datum.Id, e.Message);
        }

        return row;
    }

    /// <summary>
    /// Queues the datum for hashing. It notes that in the row first: of concurrent requests, the one whose note
    /// succeeds sends the message.
    /// </summary>
    /// <param name="missed">Whether a request tried in vain. Then only the queue tries for a while.</param>
    async Task<DatumRow> QueueAsync(DatumRow datum, bool missed, CancellationToken cancellationToken)
    {
        var row = datum;
        try
        {
            // The try took time, so the row may have changed.
            row = missed ? await datums.FindAsync(datum.Id, cancellationToken) ?? datum : datum;
            var wasNoted = IsNoted(row);
            if (IsSettled(row) || (wasNoted && !missed))
                return row;
            if (await datums.NoteHashAsync(row, wasNoted ? row.HashTried!.Value : clock.GetUtcNow(), error: "", missed, cancellationToken)
                && !wasNoted)
            {
                await queue.SendAsync([row.Id], cancellationToken);
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Log.Later(logger, datum.Id, e.Message);
        }

        return row;
    }

    /// <summary>Whether waiting would change nothing.</summary>
    bool IsSettled(DatumRow datum) =>
        datum.Sha256 is not null || datum.Purged is not null || (IsNoted(datum) && datum.ChecksumError is { Length: > 0 });

    bool IsNoted(DatumRow datum) => datum.HashTried is { } tried && clock.GetUtcNow() - tried < RetryInterval;
}
