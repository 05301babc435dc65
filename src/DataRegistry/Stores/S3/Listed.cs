using Amazon.S3;
using Amazon.S3.Model;

namespace DataRegistry.Stores.S3;

/// <summary>
/// The SDK's answers as ours. With <c>encoding-type=url</c> the SDK leaves keys encoded, and its empty collections are null.
/// </summary>
static class Listed
{
    /// <summary>S3's own ETags have 32 characters, and some more for parts.</summary>
    public const int MaxETagLength = 1024;

    /// <summary>A token is sent back in a URL. The longest of S3 hold an encoded key.</summary>
    const int MaxTokenLength = 8 * 1024;

    /// <summary>Table Storage holds no time before this one.</summary>
    static readonly DateTimeOffset Earliest = new(1601, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// Null if the answer is no listing. Some servers leave <c>IsTruncated</c> out where it is false (see <see cref="S3Document"/>).
    /// </summary>
    public static ListPage? Page(ListObjectsV2Response page)
    {
        var truncated = page.IsTruncated ?? !string.IsNullOrEmpty(page.NextContinuationToken);
        var token = page.NextContinuationToken is { Length: > 0 and <= MaxTokenLength } text && !S3Document.IsDamaged(text) ? text : null;
        if (!AreEntries(page.S3Objects, page.CommonPrefixes?.Count ?? 0, o => (o.Key, o.ETag))
            || (truncated && string.IsNullOrEmpty(page.NextContinuationToken)))
            return null;
        var encoded = page.Encoding == EncodingType.Url;
        return new(
            [.. (page.S3Objects ?? []).Select(o => Entry(o.Key, o.Size, o.ETag, o.LastModified, null, o.StorageClass?.Value, encoded))],
            [.. (page.CommonPrefixes ?? []).Select(p => ListedKey.Decode(p, encoded))],
            truncated ? token : null)
        { IsTruncated = truncated };
    }

    /// <inheritdoc cref="Page"/>
    public static VersionsPage? Versions(ListVersionsResponse page)
    {
        var truncated = page.IsTruncated ?? !string.IsNullOrEmpty(page.NextKeyMarker);
        if (!AreEntries(page.Versions, 0, v => (v.Key, v.ETag))
            || (truncated && page.NextKeyMarker is null && page.Versions is not { Count: > 0 }))
            return null;
        var encoded = page.Encoding == EncodingType.Url;
        List<S3ObjectVersion> versions = [.. (page.Versions ?? []).Select(v => new S3ObjectVersion(
            Entry(
                v.Key, v.IsDeleteMarker == true ? 0 : v.Size, v.ETag, v.LastModified, Version(v.VersionId), v.StorageClass?.Value, encoded),
            v.IsLatest ?? false,
            v.IsDeleteMarker ?? false))];
        return truncated
            ? new(versions, Marker(page.NextKeyMarker, versions, encoded), page.NextVersionIdMarker)
            : new(versions, null, null);
    }

    /// <summary>Without quotes and without the mark of a weak ETag, which compressing proxies add.</summary>
    public static string ETag(string? quoted)
    {
        var text = quoted.AsSpan().Trim();
        if (text.StartsWith("W/", StringComparison.OrdinalIgnoreCase))
            text = text[2..];
        return text.Trim('"').ToString();
    }

    /// <summary>Null for none, and for times that stand for none, such as the year 1.</summary>
    public static DateTimeOffset? Utc(DateTime? time) =>
        time is { } t && t.Ticks > Earliest.Ticks && new DateTimeOffset(t.ToUniversalTime()) is var utc && utc >= Earliest ? utc : null;

    /// <summary>S3 names the version of an object put without versioning <c>null</c>.</summary>
    public static string? Version(string? id) =>
        string.IsNullOrEmpty(id) || string.Equals(id, "null", StringComparison.Ordinal) ? null : id;

    /// <summary>
    /// Amazon: only a restored copy can be read; other servers name their archives as it does. GLACIER_IR can be read at once.
    /// </summary>
    public static bool IsArchive(string? storageClass) =>
        storageClass is "GLACIER" or "DEEP_ARCHIVE" or "Archive" or "ColdArchive" or "DeepColdArchive";

    /// <summary>
    /// Amazon encodes the marker too, Ceph leaves it plain; but both name the page's last key, by which they can be told apart. A damaged
    /// one is made good by it.
    /// </summary>
    static string Marker(string? marker, List<S3ObjectVersion> versions, bool encoded) =>
        versions.Count > 0
            && (marker is null || S3Document.IsDamaged(marker) || string.Equals(versions[^1].Entry.Key, marker, StringComparison.Ordinal))
            ? versions[^1].Entry.Key
        : ListedKey.Decode(marker ?? "", encoded);

    static bool AreEntries<T>(List<T>? entries, int prefixes, Func<T, (string? Key, string? ETag)> facts) =>
        (entries?.Count ?? 0) + prefixes <= ListRequest.PageKeys
        && entries?.Exists(e => facts(e) is var (key, etag) && (string.IsNullOrEmpty(key) || etag?.Length > MaxETagLength)) != true;

    static S3Object Entry(string key, long? size, string? etag, DateTime? modified, string? version, string? storageClass, bool encoded) =>
        new(ListedKey.Decode(key, encoded), size ?? 0, ETag(etag), Utc(modified), version)
        {
            SizeIsUnknown = size is null,
            StorageClass = string.IsNullOrEmpty(storageClass) ? null : storageClass,
            IsArchived = IsArchive(storageClass),
        };
}
