using System.Text;
using Amazon.S3;
using Amazon.S3.Model;

namespace DataRegistry.Stores.S3;

/// <summary>
/// Converts the SDK's answers. With <c>encoding-type=url</c> the SDK leaves keys encoded, and its empty collections are
/// null.
/// </summary>
static class Listed
{
    /// <summary>S3's own ETags have 32 characters, and a few more for parts.</summary>
    public const int MaxETagLength = 1024;

    /// <summary>A token is sent back in a URL. S3's longest tokens hold an encoded key.</summary>
    const int MaxTokenLength = 8 * 1024;

    /// <summary>Table Storage holds no earlier time.</summary>
    static readonly DateTimeOffset Earliest = new(1601, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// Null if the answer is no listing. Some servers leave out a false <c>IsTruncated</c> (see <see
    /// cref="S3Document"/>). A damaged entry does not affect the others.
    /// </summary>
    public static ListPage? Page(ListObjectsV2Response page)
    {
        var truncated = page.IsTruncated ?? !string.IsNullOrEmpty(page.NextContinuationToken);
        var token = page.NextContinuationToken is { Length: > 0 and <= MaxTokenLength } text && !S3Document.IsDamaged(text) ? text : null;
        var entries = page.S3Objects ?? [];
        if (!AreEntries(entries, page.CommonPrefixes?.Count ?? 0, o => (o.Key, o.ETag))
            || (truncated && string.IsNullOrEmpty(page.NextContinuationToken)))
            return null;
        var reader = new EntryReader(page.Encoding == EncodingType.Url, entries.Exists(o => !string.IsNullOrEmpty(o.ETag)));
        List<S3Object> objects = new(entries.Count);
        foreach (var o in entries)
        {
            if (reader.Read(o.Key, o.Size, o.ETag, o.LastModified, null, o.StorageClass?.Value) is { } entry)
                objects.Add(entry);
        }

        return new(objects, [.. (page.CommonPrefixes ?? []).Select(reader.Key).OfType<string>()], truncated ? token : null)
        {
            IsTruncated = truncated,
            Damaged = reader.Damaged(objects.FirstOrDefault()?.Key),
            TellsCount = page.KeyCount is not null,
        };
    }

    /// <inheritdoc cref="Page"/>
    public static VersionsPage? Versions(ListVersionsResponse page)
    {
        var truncated = page.IsTruncated ?? !string.IsNullOrEmpty(page.NextKeyMarker);
        var entries = page.Versions ?? [];
        if (!AreEntries(entries, 0, v => (v.Key, v.ETag)) || (truncated && page.NextKeyMarker is null && entries.Count == 0))
            return null;
        var encoded = page.Encoding == EncodingType.Url;
        var reader = new EntryReader(encoded, entries.Exists(v => v.IsDeleteMarker != true && !string.IsNullOrEmpty(v.ETag)));
        List<S3ObjectVersion> versions = new(entries.Count);
        var isMarked = entries.Where(v => v is { IsDeleteMarker: true, IsLatest: true }).Select(v => v.Key)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var v in entries)
        {
            var isMarker = v.IsDeleteMarker == true;
            if (reader.Read(v.Key, isMarker ? 0 : v.Size, v.ETag, v.LastModified, Version(v.VersionId), v.StorageClass?.Value) is { } entry)
                versions.Add(new(isMarker ? entry with { IsDoubtful = false } : entry, v.IsLatest ?? false, isMarker));
        }

        var isLastDamaged = entries.Count > 0 && ListedKey.Decode(entries[^1].Key ?? "", encoded, out _) is null or "";
        var marker = !truncated || isLastDamaged ? null : Marker(page.NextKeyMarker, versions, encoded);
        return new(versions, marker, marker is null ? null : page.NextVersionIdMarker)
        {
            IsTruncated = truncated,
            // A key's versions are one object, or none if the latest is a delete marker.
            Damaged =
            [
                .. reader.Damaged(versions.FirstOrDefault()?.Entry.Key).DistinctBy(d => d.Text, StringComparer.Ordinal)
                    .Where(d => !isMarked.Contains(d.Text)),
            ],
        };
    }

    /// <summary>The ETag without quotes and without the weak mark that compressing proxies add.</summary>
    public static string ETag(string? quoted)
    {
        var text = quoted.AsSpan().Trim();
        if (text.StartsWith("W/", StringComparison.OrdinalIgnoreCase))
            text = text[2..];
        return text.Trim('"').ToString();
    }

    /// <summary>Null if there is no time, or a placeholder such as the year 1.</summary>
    public static DateTimeOffset? Utc(DateTime? time) =>
        time is { } t && t.Ticks > Earliest.Ticks && new DateTimeOffset(t.ToUniversalTime()) is var utc && utc >= Earliest ? utc : null;

    /// <summary>S3 names the version of an object put without versioning <c>null</c>.</summary>
    public static string? Version(string? id) =>
        string.IsNullOrEmpty(id) || string.Equals(id, "null", StringComparison.Ordinal) ? null : id;

    /// <summary>
    /// At Amazon only a restored copy can be read; other servers use the same names. GLACIER_IR can be read at once.
    /// </summary>
    public static bool IsArchive(string? storageClass) =>
        storageClass is "GLACIER" or "DEEP_ARCHIVE" or "Archive" or "ColdArchive" or "DeepColdArchive";

    /// <summary>
    /// The key of a page's marker; null if it is no key. Amazon encodes the marker too, Ceph does not. Both name the
    /// page's last key, which shows the difference and repairs a damaged marker.
    /// </summary>
    static string? Marker(string? marker, List<S3ObjectVersion> versions, bool encoded) =>
        versions.Count > 0
            && (marker is null || S3Document.IsDamaged(marker) || string.Equals(versions[^1].Entry.Key, marker, StringComparison.Ordinal))
            ? versions[^1].Entry.Key
        : ListedKey.Decode(marker ?? "", encoded, out _);

    /// <summary>Whether the page has at most the requested entries, and at least one that makes sense.</summary>
    static bool AreEntries<T>(List<T> entries, int prefixes, Func<T, (string? Key, string? ETag)> facts) =>
        entries.Count + prefixes <= ListRequest.PageKeys
        && (entries.Count == 0 || !entries.TrueForAll(e => facts(e) is var (key, etag) && (string.IsNullOrEmpty(key) || IsTooLong(etag))));

    static bool IsTooLong(string? etag) => etag?.Length > MaxETagLength;

    /// <summary>Reads the entries of a page, and collects those that name no key.</summary>
    /// <param name="tellsETags">Some entry has an ETag, so one without it is damaged.</param>
    sealed class EntryReader(bool encoded, bool tellsETags)
    {
        readonly List<DamagedEntry> damaged = [];
        string? last;

        public string? Key(string? text) => string.IsNullOrEmpty(text) ? null : ListedKey.Decode(text, encoded, out _);

        /// <summary>Null for an entry without a usable key.</summary>
        public S3Object? Read(string? text, long? size, string? etag, DateTime? modified, string? version, string? storageClass)
        {
            DamagedEntry? damage = null;
            if (string.IsNullOrEmpty(text))
            {
                // Its place is right after the previous key.
                damage = new("", last is null ? [] : [.. Encoding.UTF8.GetBytes(last), 0], "An entry of the listing names no key.");
            }
            else if (ListedKey.Decode(text, encoded, out damage) is { } key)
            {
                last = key;
                return new(key, size is >= 0 ? size.Value : 0, IsTooLong(etag) ? "" : ETag(etag), Utc(modified), version)
                {
                    SizeIsUnknown = size is not >= 0,
                    IsDoubtful = IsTooLong(etag) || (tellsETags && string.IsNullOrEmpty(etag)),
                    StorageClass = string.IsNullOrEmpty(storageClass) ? null : storageClass,
                    IsArchived = IsArchive(storageClass),
                };
            }

            damaged.Add(damage!);
            return null;
        }

        /// <param name="first">The page's first key. Entries before it have no place of their own.</param>
        public IReadOnlyList<DamagedEntry> Damaged(string? first) =>
            damaged.Count == 0 ? []
            : [.. damaged.Select(d => d.Bytes.Length > 0 || first is null ? d : d with { Bytes = Encoding.UTF8.GetBytes(first) })];
    }
}
