using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Datums;

/// <summary>The reasons why a datum's bytes are not available.</summary>
public enum ObjectRefusal
{
    /// <summary>The datum is purged.</summary>
    Purged,
    StoreDeleted,
    ReadNotAllowed,

    /// <summary>The object at the key has changed, and no version pins the adopted one.</summary>
    Changed,

    /// <summary>There is no object at the key, or the version is gone.</summary>
    Missing,

    /// <summary>The object exists, but cannot be read before it is restored.</summary>
    Archived,
}

/// <summary>The object that a datum stands for, or the reason why it is not available.</summary>
/// <param name="Found">Its version pins the bytes, if the bucket keeps versions.</param>
sealed record AdoptedObject(ObjectRefusal? Refusal, (Bucket Bucket, S3Object Object)? Found)
{
    /// <summary>The storage class of an archived object; null if the bucket gave none.</summary>
    public string? StorageClass { get; init; }
}

/// <summary>Finds an adopted object again in its bucket. Never returns another object at its key.</summary>
sealed class AdoptedObjects(StoreTable stores, Buckets buckets)
{
    /// <summary>
    /// Sends one HEAD, unless the rows already refuse it. Sends a LIST of the key too if the HEAD differs from the
    /// adopted object.
    /// </summary>
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
        var described = new S3Object(
            datum.Key, datum.Size, datum.ObjectETag, datum.LastModified, datum.VersionId)
        { StorageClass = datum.StorageClass };
        var (there, found) = await bucket.FindAgainAsync(described, cancellationToken);
        return !there ? Refused(ObjectRefusal.Missing)
            : found is null ? Refused(ObjectRefusal.Changed)
            : found.IsArchived ? Refused(ObjectRefusal.Archived) with { StorageClass = found.StorageClass ?? datum.StorageClass }
            : new(null, (bucket, found));
    }

    static AdoptedObject Refused(ObjectRefusal refusal) => new(refusal, null);
}
