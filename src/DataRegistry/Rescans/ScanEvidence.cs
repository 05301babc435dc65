using DataRegistry.Stores.S3;


namespace DataRegistry.Rescans;

/// <summary>
/// Asks S3 once more about keys with a possible finding. A stretch's LIST and its locations are of different moments.
/// This answer is younger than both. So a finding that is written on a location as it was read is right: the write
/// fails if the location has changed since. Each key is asked by itself, because a server that leaves keys out of a
/// page leaves them out again.
/// </summary>
/// <param name="forced">Accept absence even from a bucket that lists no objects.</param>
/// <param name="parallel">Concurrent requests.</param>
sealed class ScanEvidence(Bucket bucket, string prefix, ObjectPager pager, ObjectFinder finder, bool forced, int parallel)
{
    /// <summary>
    /// At least this many adopted objects must be missing at a time before an empty bucket is doubted. A server whose
    /// disks are not mounted, or that was set up again, lists no objects and reports no error.
    /// </summary>
    const int FewestToDoubt = 10;

    /// <summary>Whether listings give objects' versions.</summary>
    public bool SeesVersions => pager.SeesVersions;

    /// <summary>LISTs and HEADs so far.</summary>
    public int Requests { get; private set; }

    /// <summary>
    /// The objects at the keys now, in their order. It sends a HEAD each, and a LIST of the key if the HEAD is denied.
    /// A failure concerns one key, which the server refuses.
    /// </summary>
    /// <exception cref="BucketException">S3 cannot be asked, so nothing is known.</exception>
    public async Task<IReadOnlyList<Probe>> AskAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
            return [];
        Requests += keys.Count;
        var probes = await finder.HeadAsync(bucket, prefix, keys, cancellationToken);
        var found = probes.ToArray();
        if (probes.FirstOrDefault(p => p.Failure is { } failure && !failure.IsOfKey()).Failure is { } fault)
            throw fault;
        var denied = Enumerable.Range(0, keys.Count).Where(i => probes[i].Failure is { Fault: BucketFault.AccessDenied }).ToList();
        Requests += denied.Count;
        await Parallel.ForEachAsync(
            denied, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken }, async (i, token) =>
            found[i] = new(await pager.FindAsync(keys[i], token), null));

        if (found.Count(p => p is { Object: null, Failure: null }) is > 0 and var absent)
        {
            // A HEAD cannot distinguish a missing bucket from a missing key.
            Requests++;
            var page = await bucket.ListAsync(new() { Prefix = prefix, MaxKeys = 1 }, cancellationToken);
            if (page.Objects.Count == 0 && absent >= FewestToDoubt && !forced)
            {
                throw new BucketException(
                    BucketFault.Empty,
                    $"The bucket lists no objects, but {absent} or more were adopted from it. Check that it is the right one, and that its "
                        + "server's disks are mounted. If it was emptied, scan it with ?force=true.");
            }
        }

        return found;
    }

    /// <summary>Completes listed objects with versions and other facts that the listing left out.</summary>
    public async Task<IReadOnlyList<Probe>> ProbeAsync(IReadOnlyList<S3Object> listed, CancellationToken cancellationToken)
    {
        List<string> unknown = [.. listed.Where(o => !SeesVersions || o.NeedsHead).Select(o => o.Key)];
        if (unknown.Count == 0)
            return [.. listed.Select(o => new Probe(o, null))];
        Requests += unknown.Count;
        var asked = unknown.Zip(await finder.HeadAsync(bucket, prefix, unknown, cancellationToken))
            .ToDictionary(p => p.First, p => p.Second, StringComparer.Ordinal);
        return [.. listed.Select(o => asked.TryGetValue(o.Key, out var probe) ? probe : new(o, null))];
    }
}
