namespace DataRegistry.Stores.S3;

/// <summary>A request for one page. Keys come in the order of their UTF-8 bytes.</summary>
public sealed record ListRequest
{
    /// <summary>The most that a page holds (S3's own limit).</summary>
    public const int PageKeys = 1000;

    public string? Prefix { get; init; }

    /// <summary>
    /// List only keys after this one, which need not exist. S3 ignores it if <see cref="ContinuationToken"/> is given.
    /// </summary>
    public string? StartAfter { get; init; }
    public string? Delimiter { get; init; }
    public string? ContinuationToken { get; init; }

    /// <summary>1 to <see cref="PageKeys"/>. Objects and common prefixes count together.</summary>
    public int MaxKeys { get; init; } = PageKeys;
}

/// <param name="CommonPrefixes">Empty if the request had no delimiter.</param>
/// <param name="NextContinuationToken">Null on the last page, and if the server's token is damaged. A page may be empty
/// without being the last.</param>
public sealed record ListPage(IReadOnlyList<S3Object> Objects, IReadOnlyList<string> CommonPrefixes, string? NextContinuationToken)
{
    /// <summary>There are more pages. Continue with the token, or without one after the last key.</summary>
    public bool IsTruncated { get; init; } = NextContinuationToken is not null;

    /// <summary>Entries of this page without a usable key, in their order.</summary>
    public IReadOnlyList<DamagedEntry> Damaged { get; init; } = [];

    /// <summary>The server sent the count of the page's entries, as version 2 demands.</summary>
    public bool TellsCount { get; init; }
}

/// <summary>A request for one page of versions: keys ascending, a key's versions from new to old.</summary>
public sealed record ListVersionsRequest
{
    public string? Prefix { get; init; }

    /// <summary>
    /// With <see cref="VersionIdMarker"/> the page begins after that version of this key. Alone, it begins after this
    /// key on Amazon. Ceph begins with this key's own versions, over several pages if there are many: the caller skips
    /// them.
    /// </summary>
    public string? KeyMarker { get; init; }

    /// <summary>
    /// The marker of the page before; only with <see cref="KeyMarker"/>. <c>null</c> is valid: S3's name for a version
    /// without id.
    /// </summary>
    public string? VersionIdMarker { get; init; }

    /// <summary>1 to 1000. Versions and delete markers count together.</summary>
    public int MaxKeys { get; init; } = 1000;
}

/// <param name="NextKeyMarker">Null on the last page, and if the server's marker is no usable key.</param>
public sealed record VersionsPage(IReadOnlyList<S3ObjectVersion> Versions, string? NextKeyMarker, string? NextVersionIdMarker)
{
    /// <inheritdoc cref="ListPage.IsTruncated"/>
    public bool IsTruncated { get; init; } = NextKeyMarker is not null;

    /// <summary>Objects of this page whose entries have no usable key, in their order.</summary>
    public IReadOnlyList<DamagedEntry> Damaged { get; init; } = [];
}

/// <summary>
/// Whether a bucket keeps versions. Once enabled, versioning can only be suspended; older versions then stay.
/// </summary>
public enum BucketVersioning { Off, Enabled, Suspended }

/// <summary>The result of a probe of a bucket.</summary>
/// <param name="Fault">Null if the bucket can be listed, which all uses need.</param>
/// <param name="Message">One sentence for the person who configures the store.</param>
/// <param name="Versioning">Null if unknown: the bucket is unusable, or the credentials may not ask. Neither prevents a
/// use.</param>
public sealed record BucketProbe(BucketFault? Fault, string Message, BucketVersioning? Versioning)
{
    /// <summary>The bucket has a fault, and a later retry may succeed.</summary>
    public bool IsTransient { get; init; }
}
