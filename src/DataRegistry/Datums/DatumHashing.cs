using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Datums;

/// <summary>
/// Computes the hashes of datums. It takes S3's own if S3 knows the whole object's, and otherwise reads the object. It
/// only writes hashes of the adopted bytes. A repeated or concurrent call only costs time.
/// </summary>
sealed partial class DatumHashing(
    DatumTable datums, AdoptedObjects objects, HashQueue queue, TimeProvider clock, IOptions<DatumOptions> options,
    ILogger<DatumHashing> logger) : IDisposable
{
    /// <summary>The time after which a request may retry a hash that failed, or whose message may be lost.</summary>
    public static readonly TimeSpan RetryInterval = TimeSpan.FromHours(1);

    /// <summary>The longest that a request waits for a hash before its answer.</summary>
    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    readonly SemaphoreSlim slots = new(options.Value.HashesInFlight);
    readonly SemaphoreSlim largeSlots = new(options.Value.HashesInFlight);
    readonly SemaphoreSlim waits = new(options.Value.HashWaits);

    /// <summary>
    /// For a download: the datum, with hashes if they are known or the object is small enough to read now. A large
    /// object is queued once, and so is a small one that cannot be read now. Throws only if cancelled.
    /// </summary>
    /// <param name="found">The object, if S3 was asked already.</param>
    public async Task<DatumRow> EnsureAsync(DatumRow datum, AdoptedObject? found, CancellationToken cancellationToken)
    {
        if (IsSettled(datum) || IsNoted(datum))
            return datum;
        var isSmall = datum.Size <= options.Value.HashAtOnceBytes;
        return isSmall && await TryAtOnceAsync(datum, found, cancellationToken) is { } hashed ? hashed
            : await QueueAsync(datum, missed: isSmall, cancellationToken);
    }

    /// <summary>
    /// Adds hashes to objects that a waiting request is about to adopt, as far as they are small enough together.
    /// Throws only if cancelled.
    /// </summary>
    public async Task<IReadOnlyList<S3Object?>> HashAtOnceAsync(
        Store store, Bucket bucket, IReadOnlyList<S3Object?> found, CancellationToken cancellationToken)
    {
        var hashed = found.ToArray();
        if (store.HashAdopted == HashAdopted.None || !store.AllowRead)
            return hashed;
        var bytesLeft = options.Value.HashAtOnceBytes;
        var small = new List<int>();
        for (var i = 0; i < hashed.Length; i++)
        {
            if (hashed[i] is { Sha256: null, IsArchived: false, SizeIsUnknown: false } some && some.Size <= bytesLeft)
            {
                bytesLeft -= some.Size;
                small.Add(i);
            }
        }

        using var timeout = Limited(cancellationToken);
        var several = new ParallelOptions { MaxDegreeOfParallelism = options.Value.HashesInFlight, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(small, several, async (i, _) =>
        {
            try
            {
                if (await bucket.HashAsync(hashed[i]!, timeout.Token) is { } hashes)
                    hashed[i] = hashed[i]! with { Md5 = hashes.Md5, Sha1 = hashes.Sha1, Sha256 = hashes.Sha256 };
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // The object is adopted without a hash, and hashed on the first request for it.
                Log.NotAtOnce(logger, bucket.Name, e.Message);
            }
        });
        return hashed;
    }

    /// <summary>
    /// Hashes a datum of any size and keeps the result, or the reason for the failure. Returns the datum afterwards.
    /// </summary>
    /// <exception cref="BucketException">A later retry may succeed.</exception>
    public async Task<DatumRow> HashAsync(DatumRow datum, AdoptedObject? found, CancellationToken cancellationToken)
    {
        try
        {
            var adopted = found ?? await objects.FindAsync(datum, cancellationToken);
            if (adopted.Found is not var (bucket, there))
                return await FailAsync(datum, Reason(adopted.Refusal!.Value, adopted.StorageClass), cancellationToken);
            var hashes = there.Sha256 is { } known
                ? new ObjectHashes(there.Md5, null, known)
                : await bucket.HashAsync(there, cancellationToken);
            return hashes is null
                ? await FailAsync(datum, Reason(ObjectRefusal.Changed), cancellationToken)
                : await datums.SetHashesAsync(datum, hashes, cancellationToken);
        }
        catch (BucketException e) when (!e.IsTransient)
        {
            return await FailAsync(datum, e.Message, cancellationToken);
        }
    }

    /// <summary>Keeps the reason why a datum has no hashes. Does nothing if it has them by now.</summary>
    public async Task<DatumRow> FailAsync(DatumRow datum, string reason, CancellationToken cancellationToken)
    {
        Log.Failed(logger, datum.Id, reason);
        var now = clock.GetUtcNow();
        return await datums.NoteHashAsync(datum, now, reason, missed: false, cancellationToken)
            ? datum with { HashTried = now, ChecksumError = reason }
            : datum;
    }

    public string TooLong(DatumRow datum) =>
        $"Reading its {datum.Size} bytes takes longer than the {options.Value.HashSeconds} seconds of the limit.";

    public void Dispose()
    {
        slots.Dispose();
        largeSlots.Dispose();
        waits.Dispose();
    }

    /// <summary>
    /// Null if hashing takes too long, including the wait for a slot, or if a later retry may succeed. So a bucket that
    /// hangs does not delay datums of others.
    /// </summary>
    async Task<DatumRow?> TryAtOnceAsync(DatumRow datum, AdoptedObject? found, CancellationToken cancellationToken)
    {
        using var timeout = Limited(cancellationToken);
        try
        {
            await slots.WaitAsync(timeout.Token);
            try
            {
                return await HashAsync(datum, found, timeout.Token);
            }
            finally
            {
                slots.Release();
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Log.Later(logger, datum.Id, e.Message);
            return null;
        }
    }

    static CancellationTokenSource Limited(CancellationToken cancellationToken)
    {
        var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(Timeout);
        return limited;
    }

    static string Reason(ObjectRefusal refusal, string? storageClass = null) => refusal switch
    {
        ObjectRefusal.Archived => $"The object is archived ({storageClass ?? "unknown storage class"}): restore it first.",
        ObjectRefusal.Changed => "The object has changed since it was adopted.",
        ObjectRefusal.Missing => "The object is not in its bucket any more.",
        ObjectRefusal.ReadNotAllowed => "The store does not allow its objects to be read.",
        ObjectRefusal.StoreDeleted => "The store is deleted.",
        _ => "The datum is purged.",
    };

    static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Datum {Datum} is not hashed now: {Error}")]
        public static partial void Later(ILogger logger, DatumId datum, string error);

        [LoggerMessage(LogLevel.Warning, "An object of bucket {Bucket} is adopted without its hash: {Error}")]
        public static partial void NotAtOnce(ILogger logger, string bucket, string error);

        [LoggerMessage(LogLevel.Warning, "Datum {Datum} cannot be hashed: {Reason}")]
        public static partial void Failed(ILogger logger, DatumId datum, string reason);
    }
}
