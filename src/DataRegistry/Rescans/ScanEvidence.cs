using DataRegistry.Adoption;
using DataRegistry.Stores;

namespace DataRegistry.Rescans;

/// <summary>
/// Asks S3 once more about keys that a scan would say something of. A stretch's LIST is older than the locations that it is compared with; what is said here
/// is younger, so whatever is written on a location as it was read is right: had it changed since, the write would fail. And it is said of each key by
/// itself: a server that leaves keys out of a page leaves them out again when asked for the page again.
/// </summary>
sealed class ScanEvidence(Bucket bucket, string prefix, ObjectPager pager, bool seesVersions, ObjectFinder finder)
{
    /// <summary>Whether listings tell objects' versions.</summary>
    public bool SeesVersions => seesVersions;

    /// <summary>LISTs and HEADs so far.</summary>
    public int Requests { get; private set; }

    /// <summary>What is at the keys now, in their order. A HEAD each, and a LIST of one key where that is denied. A failure is of one key alone, which the server refuses.</summary>
    /// <exception cref="BucketException">S3 cannot be asked: nothing is known then.</exception>
    public async Task<IReadOnlyList<Probe>> AskAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
            return [];
        Requests += keys.Count;
        var probes = await finder.HeadAsync(bucket, prefix, keys, cancellationToken);
        var found = probes.ToArray();
        for (var i = 0; i < keys.Count; i++)
        {
            if (probes[i].Failure is not { } failure || failure.IsKeyRefusal())
                continue;
            if (failure.Fault != BucketFault.AccessDenied)
                throw failure;
            Requests++;
            found[i] = new(await pager.FindAsync(keys[i], cancellationToken), null);
        }

        if (probes.Any(p => p is { Object: null, Failure: null }))
        {
            // To a HEAD a bucket that is gone looks like a key that is.
            Requests++;
            await bucket.ListAsync(new() { Prefix = prefix, MaxKeys = 1 }, cancellationToken);
        }

        return found;
    }

    /// <summary>The versions of listed objects, where listings do not tell them.</summary>
    public async Task<IReadOnlyList<Probe>> ProbeAsync(IReadOnlyList<S3Object> listed, CancellationToken cancellationToken)
    {
        if (seesVersions)
            return [.. listed.Select(o => new Probe(o, null))];
        Requests += listed.Count;
        return await finder.HeadAsync(bucket, prefix, [.. listed.Select(o => o.Key)], cancellationToken);
    }
}
