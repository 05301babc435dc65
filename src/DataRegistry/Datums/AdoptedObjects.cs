using DataRegistry.Stores;
using DataRegistry.Stores.S3;

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

    /// <summary>The object is there, but cannot be read before somebody restores it.</summary>
    Archived,
}

/// <summary>The object that a datum stands for, or why it is not to be had.</summary>
/// <param name="Found">Its version pins the bytes where the bucket keeps versions.</param>
sealed record AdoptedObject(ObjectRefusal? Refusal, (Bucket Bucket, S3Object Object)? Found)
{
    /// <summary>Of an archived object; null if the bucket does not tell it.</summary>
    public string? StorageClass { get; init; }
}

/// <summary>Finds what was adopted again in its bucket, and nothing else that may be at its key by now.</summary>
sealed class AdoptedObjects(StoreTable stores, Buckets buckets)
{
    /// <summary>
    /// One HEAD, where nothing speaks against it before; and a LIST of the key, where the HEAD tells something else than was adopted.
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
