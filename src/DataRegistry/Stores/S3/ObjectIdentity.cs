namespace DataRegistry.Stores.S3;

/// <summary>
/// Whether an object is the one that was described before. Behind some gateways a LIST and a HEAD tell different ETags or sizes of the same
/// object, so each is compared with
/// what the same operation told before.
/// </summary>
static class ObjectIdentity
{
    /// <summary>
    /// Whether there is an object or version, and what a HEAD tells of it now if it is the described one; null if it is another.
    /// </summary>
    /// <param name="described">By a HEAD or by a LIST, whichever.</param>
    /// <exception cref="BucketException">S3 cannot be asked now.</exception>
    public static async Task<(bool IsThere, S3Object? Found)> FindAgainAsync(
        this Bucket bucket, S3Object described, CancellationToken cancellationToken)
    {
        if (await bucket.HeadAsync(described.Key, described.VersionId, cancellationToken) is not { } head)
            return (false, null);
        // Looked at after the HEAD: if it is still as it was listed then, the HEAD saw the same.
        if (!IsLike(described, head) && !(described.VersionId is null && await IsListedAsync(bucket, described, cancellationToken)))
            return (true, null);
        if (!head.IsArchived && head.StorageClass is null && Listed.IsArchive(described.StorageClass))
            head = head with { IsArchived = await IsArchivedAsync(bucket, head, cancellationToken) };
        return (true, head);
    }

    /// <summary>
    /// A version never changes. An ETag changes with the bytes; only without one is there no better sign than the time, which a LIST says
    /// in milliseconds and a HEAD in seconds.
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

    /// <summary>Where a HEAD does not tell the class that a LIST told: the first byte tells.</summary>
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
