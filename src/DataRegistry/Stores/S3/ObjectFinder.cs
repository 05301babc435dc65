using System.Buffers;
using System.Text;
using DataRegistry.Storage;

namespace DataRegistry.Stores.S3;

/// <summary>S3's answer for one key: the object, or the reason for a failure. With neither, there is no object.</summary>
readonly record struct Probe(S3Object? Object, BucketException? Failure);

/// <summary>
/// Looks up wanted keys at the least cost. A LIST page answers for every wanted key up to its last one, a HEAD for one
/// key.
/// </summary>
/// <param name="headsInFlight">The most HEAD requests of one call in progress at the same time.</param>
sealed class ObjectFinder(int headsInFlight)
{
    /// <summary>
    /// A LIST costs as much as 12 HEADs ($0.005 and $0.0004 per thousand, AWS's published prices for us-east-1). So a
    /// page that answers for fewer wanted keys did not pay off.
    /// </summary>
    const int HeadsPerList = 12;

    /// <summary>Sorts after any usual character, so a shorter key with it at its end comes just before the next key.</summary>
    const string LastCharacter = "\U0010FFFD";

    /// <summary>
    /// HEADs of a sparse stretch before the next LIST. The number doubles up to this while lists do not pay off.
    /// </summary>
    const int MaxStretch = 768;

    /// <summary>Looks up every key by HEAD, which also gives checksums and versions.</summary>
    /// <inheritdoc cref="HeadRound.RunAsync" path="/exception"/>
    public async Task<IReadOnlyList<Probe>> HeadAsync(
        Bucket bucket, string prefix, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        using var round = new HeadRound(bucket, prefix, keys, headsInFlight);
        return await round.RunAsync(cancellationToken);
    }

    /// <summary>
    /// Uses LIST where wanted keys are dense and HEAD where they are sparse. Each list begins right before a wanted
    /// key, so it answers for at least one. Lists and HEADs together are never more than the keys, except for pages
    /// that hold only old versions.
    /// </summary>
    /// <param name="keys">In the order of their UTF-8 bytes, without duplicates.</param>
    /// <exception cref="BucketException">Transient faults only.</exception>
    public async Task<IReadOnlyList<Probe>> FindAsync(
        Bucket bucket, string prefix, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        // No list could pay off.
        if (keys.Count <= HeadsPerList)
            return await HeadAsync(bucket, prefix, keys, cancellationToken);
        ObjectPager pager;
        try
        {
            pager = await ObjectPager.OpenAsync(bucket, prefix, cancellationToken);
        }
        catch (BucketException e) when (MayHead(e))
        {
            // Credentials that may not list may still read.
            return await HeadAsync(bucket, prefix, keys, cancellationToken);
        }
        catch (BucketException e) when (!e.IsTransient)
        {
            return [.. keys.Select(_ => new Probe(null, e))];
        }

        var probes = new List<Probe>(keys.Count);
        for (var stretch = 0; probes.Count < keys.Count;)
        {
            bool worthIt;
            try
            {
                worthIt = await ListAsync(pager, prefix, keys, probes, cancellationToken);
            }
            catch (BucketException e) when (MayHead(e))
            {
                probes.AddRange(await HeadAsync(bucket, prefix, [.. keys.Skip(probes.Count)], cancellationToken));
                break;
            }

            stretch = worthIt ? HeadsPerList : Math.Clamp(stretch * 2, HeadsPerList, MaxStretch);
            probes.AddRange(await HeadAsync(bucket, prefix, [.. keys.Skip(probes.Count).Take(stretch)], cancellationToken));
        }

        return await CompletedAsync(bucket, prefix, keys, probes, cancellationToken);
    }

    /// <summary>Sends HEADs for keys that a LIST left out, or described in a doubtful way.</summary>
    async Task<IReadOnlyList<Probe>> CompletedAsync(
        Bucket bucket, string prefix, IReadOnlyList<string> keys, List<Probe> probes, CancellationToken cancellationToken)
    {
        List<int> unknown = [.. Enumerable.Range(0, probes.Count).Where(i => probes[i].Object?.NeedsHead == true)];
        if (unknown.Count > 0)
        {
            foreach (var (i, probe) in unknown.Zip(await HeadAsync(bucket, prefix, unknown.ConvertAll(i => keys[i]), cancellationToken)))
                probes[i] = probe;
        }

        return probes;
    }

    /// <summary>Reads pages from the first unanswered key until one does not pay off; returns whether any did.</summary>
    static async Task<bool> ListAsync(
        ObjectPager pager, string prefix, IReadOnlyList<string> keys, List<Probe> probes, CancellationToken cancellationToken)
    {
        var worthIt = false;
        string? last = null;
        while (probes.Count < keys.Count)
        {
            var before = Before(keys[probes.Count], prefix);
            var page = await pager.ReadAsync(
                last is null || (before is not null && OrderedKey.Compare(before, last) > 0) ? before : last, cancellationToken);
            if (Answer(page, keys, probes) < HeadsPerList)
                break;
            worthIt = true;
            last = page.LastKey;
        }

        return worthIt;
    }

    /// <summary>
    /// A place to begin a list that must contain this key: a string just before the key, because a list begins after
    /// its start. Null for the prefix's beginning. It always has the prefix, because some servers list nothing after a
    /// place outside of it.
    /// </summary>
    internal static string? Before(string key, string prefix)
    {
        if (Rune.DecodeLastFromUtf16(key, out var last, out var length) != OperationStatus.Done)
            return null;
        var stem = key[..^length];
        if (stem.Length < prefix.Length || key.Length == prefix.Length)
            return null;
        // Control characters do not suit a request, and keys with them are rare.
        if (last.Value <= ' ')
            return stem.Length == 0 ? null : stem;
        var before = stem + new Rune(last.Value switch { 0xE000 => 0xD7FF, 0xFFFF or 0x10000 => 0xFFFD, var value => value - 1 });
        return Encoding.UTF8.GetByteCount(before) + Encoding.UTF8.GetByteCount(LastCharacter) <= S3Url.MaxKeyBytes
            ? before + LastCharacter
            : before;
    }

    /// <summary>
    /// Whether HEADs may work although a LIST failed: it was refused, unknown to the server, hanging, unreadable or out
    /// of order.
    /// </summary>
    static bool MayHead(BucketException failure) =>
        failure.Fault is BucketFault.AccessDenied or BucketFault.Unordered or BucketFault.Unreachable or BucketFault.Unexpected;

    /// <summary>Answers every wanted key that the page covers; returns their number.</summary>
    static int Answer(ObjectPage page, IReadOnlyList<string> keys, List<Probe> probes)
    {
        var before = probes.Count;
        var position = 0;
        while (probes.Count < keys.Count)
        {
            var key = keys[probes.Count];
            while (position < page.Objects.Count && OrderedKey.Compare(page.Objects[position].Key, key) < 0)
                position++;
            if (position == page.Objects.Count && page.LastKey is { } last && OrderedKey.Compare(key, last) > 0)
                break;
            probes.Add(position < page.Objects.Count && page.Objects[position].Key == key ? new(page.Objects[position], null) : default);
        }

        return probes.Count - before;
    }
}
