using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Adoption;

/// <summary>A page of a bucket's current objects, in the order of their keys' UTF-8 bytes.</summary>
/// <param name="LastKey">Every key up to this one is answered for; null where the listing has ended.</param>
sealed record ObjectPage(IReadOnlyList<S3Object> Objects, string? LastKey);

/// <summary>
/// Lists what a bucket holds now: in a bucket that keeps versions by its versions, since only they tell which one is the latest; else by
/// LIST. Each page is checked to come after where it was asked to begin and to ascend: a server that does otherwise would lose items.
/// </summary>
sealed class ObjectPager
{
    readonly Bucket bucket;
    readonly string prefix;
    readonly bool versioned;

    ObjectPager(Bucket bucket, string prefix, bool versioned) => (this.bucket, this.prefix, this.versioned) = (bucket, prefix, versioned);

    /// <summary>One request.</summary>
    public static async Task<ObjectPager> OpenAsync(Bucket bucket, string prefix, CancellationToken cancellationToken) =>
        new(bucket, prefix, await bucket.GetVersioningAsync(cancellationToken) != BucketVersioning.Off);

    /// <summary>Also of a bucket that does not say whether it keeps versions, or not to us: it may be listed all the same, without the objects' versions.</summary>
    public static async Task<(ObjectPager Pager, bool SeesVersions)> OpenAnyAsync(Bucket bucket, string prefix, CancellationToken cancellationToken)
    {
        try
        {
            return (await OpenAsync(bucket, prefix, cancellationToken), true);
        }
        catch (BucketException e) when (e.Fault is BucketFault.AccessDenied || (e.Fault is BucketFault.Unexpected && !e.IsServerError()))
        {
            return (new(bucket, prefix, versioned: false), false);
        }
    }

    /// <summary>The page after a key, or the first; one request.</summary>
    /// <exception cref="BucketException">Also where the page is out of order (<see cref="BucketFault.Unordered"/>).</exception>
    public async Task<ObjectPage> ReadAsync(string? after, CancellationToken cancellationToken)
    {
        if (!versioned)
        {
            var page = await bucket.ListAsync(new ListRequest { Prefix = prefix, StartAfter = after }, cancellationToken);
            return Checked(page.Objects, after, page.NextContinuationToken is null);
        }

        // A page may end among one key's versions. Its latest is the first of them, so the rest need not be read. But some servers begin
        // with the versions of the key to begin after: those are passed over, page by page if there are so many.
        var request = new ListVersionsRequest { Prefix = prefix, KeyMarker = after };
        while (true)
        {
            var page = await bucket.ListVersionsAsync(request, cancellationToken);
            var later = page.Versions.SkipWhile(v => v.Entry.Key == after).ToList();
            if (page.NextKeyMarker is null || later.Count > 0)
            {
                var latest = Checked([.. later.Where(v => v is { IsLatest: true, IsDeleteMarker: false }).Select(v => v.Entry)], after, ended: page.NextKeyMarker is null);
                var last = page.NextKeyMarker is null ? null : later[^1].Entry.Key;
                return last is null || after is null || OrderedKey.Compare(last, after) > 0 ? latest with { LastKey = last } : throw OutOfOrder(last);
            }

            if (page.NextKeyMarker != after || (page.NextKeyMarker, page.NextVersionIdMarker) == (request.KeyMarker, request.VersionIdMarker))
                throw OutOfOrder(after);
            request = request with { VersionIdMarker = page.NextVersionIdMarker };
        }
    }

    /// <summary>The first key after any string, whether or not there is such a key; null for none. One request.</summary>
    public async Task<string?> FirstKeyAfterAsync(string after, CancellationToken cancellationToken) =>
        (await bucket.ListAsync(new ListRequest { Prefix = prefix, StartAfter = after, MaxKeys = 1 }, cancellationToken)).Objects is [var first, ..] ? first.Key : null;

    /// <summary>One object as it is listed, without being read itself; null where there is none. One request.</summary>
    public async Task<S3Object?> FindAsync(string key, CancellationToken cancellationToken)
    {
        // A key comes first among all that begin with it, and its latest version first among its own.
        var first = versioned
            ? (await bucket.ListVersionsAsync(new() { Prefix = key, MaxKeys = 1 }, cancellationToken)).Versions is [{ IsLatest: true, IsDeleteMarker: false } latest, ..] ? latest.Entry : null
            : (await bucket.ListAsync(new() { Prefix = key, MaxKeys = 1 }, cancellationToken)).Objects is [var listed, ..] ? listed : null;
        return first?.Key == key ? first : null;
    }

    ObjectPage Checked(IReadOnlyList<S3Object> objects, string? after, bool ended)
    {
        var previous = after;
        foreach (var entry in objects)
        {
            if (!entry.Key.StartsWith(prefix, StringComparison.Ordinal) || (previous is not null && OrderedKey.Compare(entry.Key, previous) <= 0))
                throw OutOfOrder(entry.Key);
            previous = entry.Key;
        }

        // A page without an object, and yet more to come, gets nowhere.
        return ended ? new(objects, null) : objects.Count > 0 || versioned ? new(objects, previous) : throw OutOfOrder(after);
    }

    BucketException OutOfOrder(string? key) => new(
        BucketFault.Unordered, $"The server of bucket '{bucket.Name}' does not list its keys in order (near '{key}'), so what it lists cannot be trusted. Objects can be adopted as a list of URLs.");
}
