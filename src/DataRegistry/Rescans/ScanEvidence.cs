using DataRegistry.Adoption;
using DataRegistry.Datums;
using DataRegistry.Storage;
using DataRegistry.Stores;

namespace DataRegistry.Rescans;

/// <summary>
/// Asks S3 once more about keys that a scan would say something of. A stretch's LIST is older than the locations that it is compared with; what is said here
/// is younger, so whatever is written on a location as it was read is right: had it changed since, the write would fail.
/// </summary>
sealed class ScanEvidence(Bucket bucket, string prefix, ObjectPager pager, bool seesVersions, ObjectFinder finder)
{
    /// <summary>What a LIST costs in HEADs; see <see cref="ObjectFinder"/>.</summary>
    const int HeadsPerList = 12;

    const int KeysPerPage = 1000;

    /// <summary>Whether listings tell objects' versions.</summary>
    public bool SeesVersions => seesVersions;

    /// <summary>LISTs and HEADs so far.</summary>
    public int Requests { get; private set; }

    /// <summary>What is at the keys now, in their order; null for nothing. A HEAD each, or the stretch's pages again where that costs less, or HEADs are refused.</summary>
    /// <param name="keys">In order, of the stretch.</param>
    /// <exception cref="BucketException">S3 cannot be asked: nothing is known then.</exception>
    public async Task<IReadOnlyList<S3Object?>> AskAsync(ScanStretch stretch, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
            return [];
        if (keys.Count > HeadsPerList * (1 + (stretch.Objects.Count / KeysPerPage)))
            return await ListAsync(stretch, keys, cancellationToken);
        Requests += keys.Count;
        var probes = await finder.HeadAsync(bucket, prefix, keys, cancellationToken);
        if (probes.FirstOrDefault(p => p.Failure is not null).Failure is { } failure)
            return failure.Fault == BucketFault.AccessDenied ? await ListAsync(stretch, keys, cancellationToken) : throw failure;
        if (probes.Any(p => p.Object is null))
        {
            // To a HEAD a bucket that is gone looks like a key that is.
            Requests++;
            await bucket.ListAsync(new() { Prefix = prefix, MaxKeys = 1 }, cancellationToken);
        }

        return [.. probes.Select(p => p.Object)];
    }

    /// <summary>The versions of listed objects, where listings do not tell them.</summary>
    public async Task<IReadOnlyList<Probe>> ProbeAsync(IReadOnlyList<S3Object> listed, CancellationToken cancellationToken)
    {
        if (seesVersions)
            return [.. listed.Select(o => new Probe(o, null))];
        Requests += listed.Count;
        return await finder.HeadAsync(bucket, prefix, [.. listed.Select(o => o.Key)], cancellationToken);
    }

    async Task<IReadOnlyList<S3Object?>> ListAsync(ScanStretch stretch, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, S3Object>(StringComparer.Ordinal);
        var wanted = keys.ToHashSet(StringComparer.Ordinal);
        for (var after = stretch.After; ;)
        {
            Requests++;
            var page = await pager.ReadAsync(after, cancellationToken);
            foreach (var listed in page.Objects.Where(o => wanted.Contains(o.Key)))
                found.Add(listed.Key, listed);
            if (page.LastKey is null || OrderedKey.Compare(page.LastKey, keys[^1]) >= 0)
                return [.. keys.Select(found.GetValueOrDefault)];
            after = page.LastKey;
        }
    }
}
