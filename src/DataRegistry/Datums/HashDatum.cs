using System.Collections.Concurrent;
using DataRegistry.Stores.S3;
using DataRegistry.Telemetry;
using DataRegistry.Triggers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Datums;

/// <summary>
/// The queue function that hashes the datums of a message. After a redelivery, hashed datums cost only their read.
/// </summary>
sealed partial class HashDatum(
    DatumTable datums, DatumHashing hashing, HashQueue queue, TimeProvider clock, IOptions<DatumOptions> options, ILogger<HashDatum> logger)
{
    /// <exception cref="Exception">A datum could not be hashed now. The message comes again for the remaining
    /// ones.</exception>
    public async Task RunAsync(QueueDelivery delivery, CancellationToken cancellationToken)
    {
        var message = HashMessage.Parse(delivery.Message);
        using var span = message.DeliveryOf(HashQueue.Name, delivery);
        List<DatumRow> left;
        try
        {
            left = await LeftAsync(datums, message, clock, cancellationToken);
        }
        catch (Exception e) when (Throttling.Is(e))
        {
            // Throttling must not use up the message's deliveries, so the rest is sent as a new message.
            await queue.SendAsync(message.Ids, Throttling.Delay(), cancellationToken);
            return;
        }

        var limit = TimeSpan.FromSeconds(options.Value.HashSeconds);
        var started = clock.GetUtcNow();
        using var budget = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        budget.CancelAfter(limit);
        var later = new ConcurrentBag<DatumId>();
        var throttled = false;
        BucketException? failure = null;
        var several = new ParallelOptions { MaxDegreeOfParallelism = options.Value.HashesInFlight, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(left, several, async (datum, _) =>
        {
            try
            {
                if (throttled || budget.IsCancellationRequested || !await TryAsync(datum))
                    later.Add(datum.Id);
            }
            catch (Exception e) when (Throttling.Is(e))
            {
                throttled = true;
                later.Add(datum.Id);
            }
            catch (BucketException e)
            {
                Log.Failed(logger, datum.Id, delivery.DequeueCount, e.Message);
                failure = e;
            }
        });

        if (failure is not null)
        {
            // The message comes again for all remaining datums, including postponed ones.
            span.Fail(failure);
            throw new BucketException(failure.Fault, failure.Message, failure);
        }

        if (!later.IsEmpty)
            await queue.SendAsync(later, throttled ? Throttling.Delay() : null, cancellationToken);

        // False if the time is over before the datum is hashed.
        async Task<bool> TryAsync(DatumRow datum)
        {
            var began = clock.GetUtcNow();
            try
            {
                await hashing.HashAsync(datum, found: null, budget.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // A datum that had nearly all of the time would never finish. The others go on in a new delivery.
                if (began - started >= limit / 10)
                    return false;
                await hashing.FailAsync(datum, hashing.TooLong(datum), cancellationToken);
            }

            return true;
        }
    }

    /// <summary>The message's datums that still need hashes, and did not just fail for good.</summary>
    public static async Task<List<DatumRow>> LeftAsync(
        DatumTable datums, HashMessage message, TimeProvider clock, CancellationToken cancellationToken) =>
        [.. (await datums.FindAsync([.. message.Ids], cancellationToken)).Values.Where(d =>
            d is { Sha256: null, Purged: null }
                && (string.IsNullOrEmpty(d.ChecksumError) || clock.GetUtcNow() - d.HashTried >= DatumHashing.RetryInterval))];

    static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Datum {Datum}: hashing failed in delivery {DequeueCount} and will be repeated: {Error}")]
        public static partial void Failed(ILogger logger, DatumId datum, long dequeueCount, string error);
    }
}

/// <summary>
/// The poison queue's function. It halves a message until the failing datum is alone. That datum stays without a hash
/// until somebody asks for it again.
/// </summary>
sealed class HashPoison(DatumTable datums, DatumHashing hashing, HashQueue queue, TimeProvider clock)
{
    public async Task RunAsync(QueueDelivery delivery, CancellationToken cancellationToken)
    {
        var message = HashMessage.Parse(delivery.Message);

        using var span = message.DeliveryOf(HashQueue.PoisonName, delivery);
        List<DatumRow> left;
        try
        {
            left = await HashDatum.LeftAsync(datums, message, clock, cancellationToken);
        }
        catch (Exception e) when (Throttling.Is(e))
        {
            await queue.SendAsync(message.Ids, Throttling.Delay(), cancellationToken);
            return;
        }

        if (left.Count == 1)
        {
            await hashing.FailAsync(left[0], "All tries failed: its bucket could not be read.", cancellationToken);
            return;
        }

        foreach (var half in left.Select(d => d.Id).Chunk(Math.Max(1, (left.Count + 1) / 2)))
            await queue.SendAsync(half, cancellationToken);
    }
}
