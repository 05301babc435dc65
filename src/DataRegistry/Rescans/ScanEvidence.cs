using DataRegistry.Stores.S3;


namespace DataRegistry.Rescans;

/// <summary>
/// Asks S3 once more about keys that a scan would say something of. A stretch's LIST and the locations that it is compared with are of
/// different moments; what is said here
/// is younger than both, so whatever is written on a location as it was read is right: had it changed since, the write would fail. And it
/// is said of each key by
/// itself: a server that leaves keys out of a page leaves them out again when asked for the page again.
/// </summary>
/// <param name="forced">Absence is believed also of a bucket that lists nothing at all.</param>
/// <param name="parallel">Requests at a time.</param>
sealed class ScanEvidence(Bucket bucket, string prefix, ObjectPager pager, ObjectFinder finder, bool forced, int parallel)
{
    /// <summary>
    /// At least so many adopted objects must be gone at a time before an empty bucket is doubted: servers whose disks are not mounted, or
    /// that were set up anew, list
    /// nothing and fail nothing.
    /// </summary>
    const int FewestToDoubt = 10;

    /// <summary>Whether listings tell objects' versions.</summary>
    public bool SeesVersions => pager.SeesVersions;

    /// <summary>LISTs and HEADs so far.</summary>
    public int Requests { get; private set; }

    /// <summary>
    /// What is at the keys now, in their order. A HEAD each, and a LIST of one key where that is denied. A failure is of one key alone,
    /// which the server refuses.
    /// </summary>
    /// <exception cref="BucketException">S3 cannot be asked: nothing is known then.</exception>
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
            // To a HEAD a bucket that is gone looks like a key that is.
            Requests++;
            var page = await bucket.ListAsync(new() { Prefix = prefix, MaxKeys = 1 }, cancellationToken);
            if (page.Objects.Count == 0 && absent >= FewestToDoubt && !forced)
            {
                throw new BucketException(
                    BucketFault.Empty,
                    $"The bucket lists nothing at all, but {absent} objects or more were adopted from it. Is it the right one, and are its "
                        + "server's disks there? If it was emptied, scan it with ?force=true.");
            }
        }

        return found;
    }

    /// <summary>Listed objects, with their versions where listings do not tell them, and with what a listing has left out.</summary>
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
