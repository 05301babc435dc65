namespace DataRegistry.Stores.S3;

/// <summary>
/// Checks whether an object is the one that was described before. Behind some gateways a LIST and a HEAD give different
/// ETags or sizes for the same object. So each is compared with an earlier answer of the same operation.
/// </summary>
static class ObjectIdentity
{
    /// <summary>
    /// Whether the object or version exists, and its HEAD if it is the described one. The HEAD is null if it is another
    /// object.
    /// </summary>
    /// <param name="described">From a HEAD or from a LIST.</param>
    /// <exception cref="BucketException">S3 cannot be asked now.</exception>
    public static async Task<(bool IsThere, S3Object? Found)> FindAgainAsync(
        this Bucket bucket, S3Object described, CancellationToken cancellationToken)
    {
        if (await bucket.HeadAsync(described.Key, described.VersionId, cancellationToken) is not { } head)
            return (false, null);
        // List after the HEAD: if the listing still matches the description, the HEAD saw the same object.
        if (!IsLike(described, head) && !(described.VersionId is null && await IsListedAsync(bucket, described, cancellationToken)))
            return (true, null);
        if (!head.IsArchived && head.StorageClass is null && Listed.IsArchive(described.StorageClass))
            head = head with { IsArchived = await IsArchivedAsync(bucket, head, cancellationToken) };
        return (true, head);
    }

    /// <summary>
    /// A version never changes, and an ETag changes with the bytes. Without either, the time decides: a LIST gives
    /// milliseconds, a HEAD seconds.
    /// </summary>
    static bool IsLike(S3Object a, S3Object b) =>
        (a.VersionId is not null && a.VersionId == b.VersionId)
        || ((a.SizeIsUnknown || b.SizeIsUnknown || a.Size == b.Size)
            && (a.ETag.Length > 0 && b.ETag.Length > 0 ? a.ETag == b.ETag
                : a.LastModified is not { } time || b.LastModified is not { } other
                    || time.ToUnixTimeSeconds() == other.ToUnixTimeSeconds()));

    static async Task<bool> IsListedAsync(Bucket bucket, S3Object described, CancellationToken cancellationToken)
    {
        try
        {
            return await bucket.FindListedAsync(described.Key, versions: false, cancellationToken) is { } listed
                && IsLike(described, listed);
        }
        catch (BucketException e) when (!e.IsTransient)
        {
            return false;
        }
    }

    /// <summary>
    /// If a HEAD does not give the storage class that a LIST gave, a read of the first byte shows whether it is
    /// archived.
    /// </summary>
    static async Task<bool> IsArchivedAsync(Bucket bucket, S3Object head, CancellationToken cancellationToken)
    {
        try
        {
            await using var first = await bucket.GetAsync(
                head.Key, head.VersionId, new ByteSpan(0, 0), cancellationToken: cancellationToken);
            return false;
        }
        catch (BucketException e) when (!e.IsTransient)
        {
            return e.Fault is BucketFault.Archived;
        }
    }
}
