using Amazon.S3;
using Amazon.S3.Model;

namespace DataRegistry.Stores;

/// <summary>The SDK's answers as ours. With <c>encoding-type=url</c> the SDK leaves keys encoded, and its empty collections are null.</summary>
static class Listed
{
    /// <summary>Null if the answer is no listing: the SDK reads any XML as an empty page, but only a listing says whether it is truncated.</summary>
    public static ListPage? Page(ListObjectsV2Response page)
    {
        if (page.IsTruncated is not { } truncated || (truncated && string.IsNullOrEmpty(page.NextContinuationToken)))
            return null;
        var encoded = page.Encoding == EncodingType.Url;
        return new(
            [.. (page.S3Objects ?? []).Select(o => new S3Object(ListedKey.Decode(o.Key, encoded), o.Size ?? 0, ETag(o.ETag), Utc(o.LastModified)))],
            [.. (page.CommonPrefixes ?? []).Select(p => ListedKey.Decode(p, encoded))],
            truncated ? page.NextContinuationToken : null);
    }

    /// <inheritdoc cref="Page"/>
    public static VersionsPage? Versions(ListVersionsResponse page)
    {
        if (page.IsTruncated is not { } truncated || (truncated && page.NextKeyMarker is null))
            return null;
        var encoded = page.Encoding == EncodingType.Url;
        List<S3ObjectVersion> versions = [.. (page.Versions ?? []).Select(v => new S3ObjectVersion(
            new S3Object(ListedKey.Decode(v.Key, encoded), v.Size ?? 0, ETag(v.ETag), Utc(v.LastModified), Version(v.VersionId)),
            v.IsLatest ?? false,
            v.IsDeleteMarker ?? false))];
        return truncated ? new(versions, Marker(page.NextKeyMarker, versions, encoded), page.NextVersionIdMarker) : new(versions, null, null);
    }

    /// <summary>Amazon encodes the marker too, Ceph leaves it plain; but both name the page's last key, by which they can be told apart.</summary>
    static string Marker(string marker, List<S3ObjectVersion> versions, bool encoded) =>
        versions.Count > 0 && string.Equals(versions[^1].Entry.Key, marker, StringComparison.Ordinal) ? marker : ListedKey.Decode(marker, encoded);

    public static string ETag(string? quoted) => quoted?.Trim('"') ?? "";

    public static DateTimeOffset Utc(DateTime? time) => time is { } t ? new DateTimeOffset(t.ToUniversalTime()) : DateTimeOffset.UnixEpoch;

    /// <summary>S3 names the version of an object put without versioning <c>null</c>.</summary>
    public static string? Version(string? id) => string.IsNullOrEmpty(id) || string.Equals(id, "null", StringComparison.Ordinal) ? null : id;
}
