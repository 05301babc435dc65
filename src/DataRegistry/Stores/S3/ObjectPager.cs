using DataRegistry.Storage;

namespace DataRegistry.Stores.S3;

/// <summary>A page of a bucket's current objects, in the order of their keys' UTF-8 bytes.</summary>
/// <param name="LastKey">The page covers every key up to this one; null at the end of the listing.</param>
sealed record ObjectPage(IReadOnlyList<S3Object> Objects, string? LastKey)
{
    /// <summary>Objects without a usable key, with their place among the others. None comes after the last key.</summary>
    public IReadOnlyList<DamagedEntry> Damaged { get; init; } = [];
}

/// <summary>
/// Lists a bucket's current objects. In a bucket that keeps versions it lists versions, because only they show which
/// one is the latest; elsewhere it uses LIST. Each page must begin after the requested place and ascend: a server that
/// does otherwise would lose items. A page that follows another is requested by that one's token. For one caller at a
/// time.
/// </summary>
sealed class ObjectPager
{
    /// <summary>The most pages without a key in a row before the listing fails.</summary>
    const int MaxEmptyPages = 1000;

    readonly Bucket bucket;
    readonly string prefix;
    readonly bool fallsBack;
    bool versioned;
    BucketException? unmarked;
    (string After, string Token, List<DamagedEntry> Damaged)? next;

    ObjectPager(Bucket bucket, string prefix, bool versioned, bool fallsBack) =>
        (this.bucket, this.prefix, this.versioned, this.fallsBack) = (bucket, prefix, versioned, fallsBack);

    /// <summary>
    /// Pages give each object's version, or the bucket keeps none. It may become false during a read, so ask after
    /// reading.
    /// </summary>
    public bool SeesVersions { get; private set; } = true;

    /// <summary>The server begins a LIST after any requested key. False once it began elsewhere.</summary>
    public bool BeginsAnywhere { get; private set; } = true;

    /// <summary>Opens a bucket. One request.</summary>
    public static async Task<ObjectPager> OpenAsync(Bucket bucket, string prefix, CancellationToken cancellationToken) =>
        new(bucket, prefix, await bucket.GetVersioningAsync(cancellationToken) != BucketVersioning.Off, fallsBack: false);

    /// <summary>
    /// Opens a bucket even if it does not say whether it keeps versions, or does not list them. Its objects are then
    /// listed without versions.
    /// </summary>
    public static async Task<ObjectPager> OpenAnyAsync(Bucket bucket, string prefix, CancellationToken cancellationToken)
    {
        try
        {
            return new(bucket, prefix, await bucket.GetVersioningAsync(cancellationToken) != BucketVersioning.Off, fallsBack: true);
        }
        catch (BucketException e) when (e.IsUnsupported() || (e.Fault is BucketFault.Unexpected && !e.IsServerError()))
        {
            return new(bucket, prefix, versioned: false, fallsBack: true) { SeesVersions = false };
        }
    }

    /// <summary>The page after a key, or the first page; usually one request.</summary>
    /// <exception cref="BucketException">Also if the page is out of order (<see
    /// cref="BucketFault.Unordered"/>).</exception>
    public async Task<ObjectPage> ReadAsync(string? after, CancellationToken cancellationToken)
    {
        if (versioned)
        {
            try
            {
                return await ReadVersionsAsync(after, cancellationToken);
            }
            catch (BucketException e) when (fallsBack && (e.IsUnsupported() || e == unmarked))
            {
                (versioned, SeesVersions) = (false, false);
            }
        }

        return await ReadObjectsAsync(after, cancellationToken);
    }

    async Task<ObjectPage> ReadObjectsAsync(string? after, CancellationToken cancellationToken)
    {
        var (token, damaged) = next is { } known && known.After == after ? (known.Token, known.Damaged) : (null, []);
        next = null;
        // A page requested by key has no predecessor: some servers begin anew.
        var previous = token is null ? null : after;
        var confirmed = token is not null || after is null;
        for (var pages = 0; ; pages++)
        {
            ListPage page;
            try
            {
                page = await bucket.ListAsync(new() { Prefix = prefix, StartAfter = after, ContinuationToken = token }, cancellationToken);
            }
            catch (BucketException e) when (pages == 0 && token is not null && !e.IsTransient
                && e.Fault is BucketFault.Unexpected or BucketFault.InvalidCredentials)
            {
                // The token has expired, or never was valid.
                (token, damaged, previous, confirmed) = (null, [], null, false);
                continue;
            }

            damaged.AddRange(page.Damaged.Where(d => d.ComesAfter(after)));
            var objects = WithoutRepetitions(page.Objects, previous);
            RequireAscending(objects, previous);
            previous = objects.Count > 0 ? objects[^1].Key : previous;
            IReadOnlyList<S3Object> later = after is null ? objects : [.. objects.SkipWhile(o => OrderedKey.Compare(o.Key, after) <= 0)];
            if (later.Count < objects.Count && BeginsAnywhere)
            {
                // A server that begins with the bucket's first key ignores the start key. Any other one is out of
                // order.
                if (confirmed || await FirstListedAsync(cancellationToken) != objects[0].Key)
                    throw OutOfOrder(objects[0].Key);
                BeginsAnywhere = false;
            }

            confirmed |= objects.Count > 0 && later.Count == objects.Count;
            if (!page.IsTruncated)
                return new(later, null) { Damaged = damaged };
            if (later.Count > 0)
            {
                // A page requested by its last key begins after that key, damaged entries included.
                var last = later[^1].Key;
                next = page.NextContinuationToken is { } following ? (last, following, damaged.FindAll(d => d.ComesAfter(last))) : null;
                return new(later, last) { Damaged = damaged.FindAll(d => !d.ComesAfter(last)) };
            }

            // The page has no key, but more follow. Continue with its token, unless that one leads nowhere.
            if (page.NextContinuationToken is null || page.NextContinuationToken == token || pages >= MaxEmptyPages)
                throw OutOfOrder(after);
            token = page.NextContinuationToken;
        }
    }

    /// <summary>
    /// Reads a page of versions. It may end among one key's versions; the latest comes first, so the rest need not be
    /// read. Some servers begin with versions of the start key itself: these are skipped, over several pages if needed.
    /// </summary>
    async Task<ObjectPage> ReadVersionsAsync(string? after, CancellationToken cancellationToken)
    {
        var request = new ListVersionsRequest { Prefix = prefix, KeyMarker = after };
        for (var pages = 0; ; pages++)
        {
            var page = await bucket.ListVersionsAsync(request, cancellationToken);
            var later = page.Versions.SkipWhile(v => v.Entry.Key == after).ToList();
            if (!page.IsTruncated || later.Count > 0)
            {
                var latest = LatestOf(later);
                RequireAscending(latest, after);
                var last = page.IsTruncated ? later[^1].Entry.Key : null;
                return last is null || after is null || OrderedKey.Compare(last, after) > 0
                    ? new(latest, last)
                    {
                        Damaged = [.. page.Damaged.Where(d => d.ComesAfter(after) && (last is null || !d.ComesAfter(last)))],
                    }
                    : throw OutOfOrder(last);
            }

            // Only a LIST's token leads past keys that cannot be named.
            if (page.NextKeyMarker is null)
                throw unmarked = OutOfOrder(after);
            if ((after is not null && OrderedKey.Compare(page.NextKeyMarker, after) < 0) || pages >= MaxEmptyPages
                || (page.NextKeyMarker, page.NextVersionIdMarker) == (request.KeyMarker, request.VersionIdMarker))
                throw OutOfOrder(after);
            request = request with { KeyMarker = page.NextKeyMarker, VersionIdMarker = page.NextVersionIdMarker };
        }
    }

    /// <summary>
    /// The current objects among versions. If a key has no latest version, or several, the index is damaged, and a HEAD
    /// finds the latest.
    /// </summary>
    static List<S3Object> LatestOf(List<S3ObjectVersion> versions)
    {
        var latest = new List<S3Object>(versions.Count);
        for (int i = 0, end; i < versions.Count; i = end)
        {
            for (end = i + 1; end < versions.Count && versions[end].Entry.Key == versions[i].Entry.Key;)
                end++;
            var first = versions.FindIndex(i, end - i, v => v.IsLatest);
            if (first >= 0 && versions.FindIndex(first + 1, end - first - 1, v => v.IsLatest) < 0)
            {
                if (!versions[first].IsDeleteMarker)
                    latest.Add(versions[first].Entry);
            }
            else if (versions.FindIndex(i, end - i, v => !v.IsDeleteMarker) is >= 0 and var any)
            {
                latest.Add(versions[any].Entry with { VersionId = null, IsDoubtful = true });
            }
        }

        return latest;
    }

    /// <summary>Merges repeated entries of a key into one object that is marked as doubtful.</summary>
    /// <param name="previous">The last key of the page before.</param>
    static IReadOnlyList<S3Object> WithoutRepetitions(IReadOnlyList<S3Object> objects, string? previous)
    {
        if (objects.Count == 0 || (objects[0].Key != previous && !objects.Zip(objects.Skip(1)).Any(p => p.First.Key == p.Second.Key)))
            return objects;
        var distinct = new List<S3Object>(objects.Count);
        foreach (var entry in objects.Where(o => o.Key != previous))
        {
            if (distinct.Count > 0 && distinct[^1].Key == entry.Key)
                distinct[^1] = distinct[^1] with { IsDoubtful = true };
            else
                distinct.Add(entry);
        }

        return distinct;
    }

    /// <summary>
    /// The first key after a string, which need not be a key. Null if there is none, or if the server does not begin
    /// there. One request.
    /// </summary>
    public async Task<string?> FirstKeyAfterAsync(string after, CancellationToken cancellationToken)
    {
        if (!BeginsAnywhere)
            return null;
        var first = await FirstAsync(after, cancellationToken);
        BeginsAnywhere = first is null || OrderedKey.Compare(first, after) > 0;
        return BeginsAnywhere ? first : null;
    }

    /// <summary>One object as a listing shows it, without reading the object; null if there is none. One request.</summary>
    public Task<S3Object?> FindAsync(string key, CancellationToken cancellationToken) =>
        bucket.FindListedAsync(key, versioned, cancellationToken);

    /// <summary>The bucket's first key; null also if the server lists more than one entry.</summary>
    async Task<string?> FirstListedAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await FirstAsync(after: null, cancellationToken);
        }
        catch (BucketException e) when (e.IsUnreadable)
        {
            return null;
        }
    }

    async Task<string?> FirstAsync(string? after, CancellationToken cancellationToken)
    {
        string? token = null;
        for (var pages = 0; pages < MaxEmptyPages; pages++)
        {
            var page = await bucket.ListAsync(
                new() { Prefix = prefix, StartAfter = after, ContinuationToken = token, MaxKeys = 1 }, cancellationToken);
            if (page.Objects is [var first, ..])
                return first.Key;
            if (page.NextContinuationToken is null || page.NextContinuationToken == token)
                return null;
            token = page.NextContinuationToken;
        }

        return null;
    }

    void RequireAscending(IReadOnlyList<S3Object> objects, string? previous)
    {
        foreach (var entry in objects)
        {
            if (!entry.Key.StartsWith(prefix, StringComparison.Ordinal)
                || (previous is not null && OrderedKey.Compare(entry.Key, previous) <= 0))
                throw OutOfOrder(entry.Key);
            previous = entry.Key;
        }
    }

    BucketException OutOfOrder(string? key) => new(
        BucketFault.Unordered,
        $"The server of bucket '{bucket.Name}' does not list its keys in order (near '{key}'), so its lists cannot be trusted. Objects "
            + "can be adopted as a list of URLs.");
}
