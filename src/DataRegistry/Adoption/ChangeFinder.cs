using DataRegistry.Datums;
using DataRegistry.Stores.S3;

namespace DataRegistry.Adoption;

/// <summary>
/// Finds located objects that differ from the adopted ones. A LIST and a HEAD may describe the same object differently.
/// So an object has changed only if neither matches the adopted one. A missing object has not changed.
/// </summary>
sealed class ChangeFinder(ObjectFinder finder)
{
    const int ListsInFlight = 16;

    /// <summary>The limit for a check that nobody requested.</summary>
    static readonly TimeSpan GlanceTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Sends a HEAD each, and a LIST of the key if the HEAD differs from the adopted object.</summary>
    /// <inheritdoc cref="LookAtLocated"/>
    /// <exception cref="BucketException">The bucket cannot be asked now.</exception>
    public async Task<IReadOnlyDictionary<string, Probe>> ByHeadAsync(
        Bucket bucket, string prefix, IReadOnlyList<LocatedRow> located, CancellationToken cancellationToken)
    {
        var differing = await HeadAsync(
            located, (keys, token) => finder.HeadAsync(bucket, prefix, keys, token), cancellationToken);
        var several = new ParallelOptions { MaxDegreeOfParallelism = ListsInFlight, CancellationToken = cancellationToken };
        var changed = located.Where(r => differing.GetValueOrDefault(r.Key).Object is not null).ToList();
        await Parallel.ForEachAsync(changed, several, async (row, token) =>
        {
            if (!await IsListedAsync(bucket, row, token))
                return;
            lock (differing)
                differing.Remove(row.Key);
        });
        return differing;
    }

    /// <summary>
    /// The same for many keys: a LIST where they are dense, otherwise a HEAD each, and the other operation for those
    /// that differ.
    /// </summary>
    /// <inheritdoc cref="ByHeadAsync"/>
    public async Task<IReadOnlyDictionary<string, Probe>> ByListAndHeadAsync(
        Bucket bucket, string prefix, IReadOnlyList<LocatedRow> located, CancellationToken cancellationToken)
    {
        // In the order of their keys, like a LIST.
        List<LocatedRow> rows = [.. located.OrderBy(r => r.Key, Storage.OrderedKey.Comparer)];
        var probes = await finder.FindAsync(bucket, prefix, rows.ConvertAll(r => r.Key), cancellationToken);
        List<LocatedRow> suspects = [.. rows.Zip(probes).Where(p => Differs(p.First, p.Second)).Select(p => p.First)];
        return await ByHeadAsync(bucket, prefix, suspects, cancellationToken);
    }

    /// <summary>Sends a HEAD for each object that the LIST shows as different.</summary>
    /// <param name="listed">The listed objects, by key.</param>
    /// <param name="head">Asks S3 by HEAD.</param>
    /// <inheritdoc cref="ByHeadAsync"/>
    public static async Task<IReadOnlyDictionary<string, Probe>> OfListedAsync(
        IReadOnlyDictionary<string, S3Object> listed, IReadOnlyList<LocatedRow> located,
        Func<IReadOnlyList<string>, CancellationToken, Task<IReadOnlyList<Probe>>> head, CancellationToken cancellationToken) =>
        await HeadAsync(
            [.. located.Where(r => listed.TryGetValue(r.Key, out var found) && (found.NeedsHead || !IsLike(r, found)))], head,
            cancellationToken);

    /// <summary>
    /// For an answer that can do without it: <see cref="ByHeadAsync"/>, or nothing if the bucket does not answer soon.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, Probe>> GlanceAsync(
        Bucket bucket, string prefix, IReadOnlyList<LocatedRow> located, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(GlanceTimeout);
        try
        {
            return await ByHeadAsync(bucket, prefix, located, limited.Token);
        }
        catch (Exception e) when (e is BucketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return new Dictionary<string, Probe>(StringComparer.Ordinal);
        }
    }

    /// <summary>The rows whose HEAD differs from the adopted object, or finds none.</summary>
    static async Task<Dictionary<string, Probe>> HeadAsync(
        IReadOnlyList<LocatedRow> rows, Func<IReadOnlyList<string>, CancellationToken, Task<IReadOnlyList<Probe>>> head,
        CancellationToken cancellationToken)
    {
        var differing = new Dictionary<string, Probe>(StringComparer.Ordinal);
        if (rows.Count == 0)
            return differing;
        foreach (var (row, probe) in rows.Zip(await head([.. rows.Select(r => r.Key)], cancellationToken)))
        {
            if (Differs(row, probe))
                differing.Add(row.Key, probe);
        }

        return differing;
    }

    static bool Differs(LocatedRow row, Probe probe) =>
        probe.Failure is not null || (probe.Object is { } found && !IsLike(row, found));

    static async Task<bool> IsListedAsync(Bucket bucket, LocatedRow row, CancellationToken cancellationToken)
    {
        // A LIST without versions says nothing about a version.
        if (row.VersionId is not null)
            return false;
        try
        {
            return await bucket.FindListedAsync(row.Key, versions: false, cancellationToken) is { } listed && IsLike(row, listed);
        }
        catch (BucketException e) when (!e.IsTransient)
        {
            return false;
        }
    }

    /// <summary>
    /// Whether the found object is the adopted one. A version never changes. If only one of them has a version, they
    /// differ.
    /// </summary>
    static bool IsLike(LocatedRow row, S3Object found) =>
        (row.VersionId is not null && row.VersionId == found.VersionId)
        || row.Facts.IsLike(DriftFacts.Of(found), versions: found.VersionId is not null);
}
