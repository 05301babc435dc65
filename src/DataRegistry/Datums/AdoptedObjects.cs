using DataRegistry.Stores;

namespace DataRegistry.Datums;

/// <summary>Why the bytes of a datum are not to be had.</summary>
public enum ObjectRefusal
{
    /// <summary>The datum is purged.</summary>
    Purged,
    StoreDeleted,
    ReadNotAllowed,

    /// <summary>Another object, or another state of it, is at the key now, and no version pins the one that was adopted.</summary>
    Changed,

    /// <summary>Nothing is at the key, or the version is gone.</summary>
    Missing,
}

/// <summary>The object that a datum stands for, or why it is not to be had.</summary>
/// <param name="Found">Its version pins the bytes where the bucket keeps versions.</param>
sealed record AdoptedObject(ObjectRefusal? Refusal, (Bucket Bucket, S3Object Object)? Found);

/// <summary>Finds what was adopted again in its bucket, and nothing else that may be at its key by now.</summary>
sealed class AdoptedObjects(StoreTable stores, Buckets buckets)
{
    /// <summary>One HEAD, where nothing speaks against it before.</summary>
    /// <exception cref="BucketException">S3 cannot be asked now.</exception>
    public async Task<AdoptedObject> FindAsync(DatumRow datum, CancellationToken cancellationToken)
    {
        if (datum.Purged is not null)
            return Refused(ObjectRefusal.Purged);
        if (await stores.FindAsync(datum.Store, cancellationToken) is not { Deleted: false } store)
            return Refused(ObjectRefusal.StoreDeleted);
        if (!store.AllowRead)
            return Refused(ObjectRefusal.ReadNotAllowed);
        var bucket = buckets.Open(store);
        return await bucket.HeadAsync(datum.Key, datum.VersionId, cancellationToken) is not { } found ? Refused(ObjectRefusal.Missing)
            : IsAdopted(datum, found) ? new(null, (bucket, found))
            : Refused(ObjectRefusal.Changed);
    }

    static AdoptedObject Refused(ObjectRefusal refusal) => new(refusal, null);

    /// <summary>An ETag changes with the bytes; only without one is there no better sign than the time, which a LIST says in milliseconds and a HEAD in seconds.</summary>
    static bool IsAdopted(DatumRow datum, S3Object found) =>
        found.Size == datum.Size
        && (datum.ObjectETag.Length > 0 ? found.ETag == datum.ObjectETag : found.LastModified.ToUnixTimeSeconds() == datum.LastModified.ToUnixTimeSeconds());
}
