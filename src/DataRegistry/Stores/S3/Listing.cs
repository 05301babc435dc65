namespace DataRegistry.Stores.S3;

/// <summary>One page to ask for. Keys come in the order of their UTF-8 bytes.</summary>
public sealed record ListRequest
{
    /// <summary>The most that a page holds (S3's own limit).</summary>
    public const int PageKeys = 1000;

    public string? Prefix { get; init; }

    /// <summary>Only keys after this one, which need not exist. Ignored by S3 where <see cref="ContinuationToken"/> is given.</summary>
    public string? StartAfter { get; init; }
    public string? Delimiter { get; init; }
    public string? ContinuationToken { get; init; }

    /// <summary>1 to <see cref="PageKeys"/>; objects and common prefixes are counted together.</summary>
    public int MaxKeys { get; init; } = PageKeys;
}

/// <param name="CommonPrefixes">Empty if no delimiter was asked.</param>
/// <param name="NextContinuationToken">Null on the last page, and where the server's token is damaged. A page may be empty and not the
/// last.</param>
public sealed record ListPage(IReadOnlyList<S3Object> Objects, IReadOnlyList<string> CommonPrefixes, string? NextContinuationToken)
{
    /// <summary>There are more pages: go on with the token, or after the last key where there is none.</summary>
    public bool IsTruncated { get; init; } = NextContinuationToken is not null;

    /// <summary>Entries of this page that name no key, in their order.</summary>
    public IReadOnlyList<DamagedEntry> Damaged { get; init; } = [];

    /// <summary>The server counts the page's entries, as version 2 demands.</summary>
    public bool TellsCount { get; init; }
}

/// <summary>One page of versions: keys ascending, a key's versions from new to old.</summary>
public sealed record ListVersionsRequest
{
    public string? Prefix { get; init; }

    /// <summary>
    /// With <see cref="VersionIdMarker"/>: after that version of this key. Alone: after this key on Amazon, but Ceph begins with this key's
    /// own versions,
    /// over several pages if there are many: whoever wants keys after this one skips those that are not.
    /// </summary>
    public string? KeyMarker { get; init; }

    /// <summary>
    /// As a page gave it (<c>null</c> is a valid marker: S3's name for the version without id); only with <see cref="KeyMarker"/>.
    /// </summary>
    public string? VersionIdMarker { get; init; }

    /// <summary>1 to 1000; versions and delete markers are counted together.</summary>
    public int MaxKeys { get; init; } = 1000;
}

/// <param name="NextKeyMarker">Null on the last page, and where the server's marker is no key that can be asked for.</param>
public sealed record VersionsPage(IReadOnlyList<S3ObjectVersion> Versions, string? NextKeyMarker, string? NextVersionIdMarker)
{
    /// <inheritdoc cref="ListPage.IsTruncated"/>
    public bool IsTruncated { get; init; } = NextKeyMarker is not null;

    /// <summary>Objects of this page whose entries name no key, in their order.</summary>
    public IReadOnlyList<DamagedEntry> Damaged { get; init; } = [];
}

/// <summary>Whether a bucket keeps versions. Once enabled it can only be suspended; older versions then stay.</summary>
public enum BucketVersioning { Off, Enabled, Suspended }

/// <summary>What a bucket answers to those who would use it.</summary>
/// <param name="Fault">Null if it can be listed, which everything here needs.</param>
/// <param name="Message">One sentence, fit to be shown to whoever configures the store.</param>
/// <param name="Versioning">Null if unknown: the bucket is unusable, or the credentials may not ask, which hinders nothing.</param>
public sealed record BucketProbe(BucketFault? Fault, string Message, BucketVersioning? Versioning)
{
    /// <summary>Of a fault: trying again later may help.</summary>
    public bool IsTransient { get; init; }
}
