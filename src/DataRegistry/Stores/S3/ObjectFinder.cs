using System.Buffers;
using System.Text;
using DataRegistry.Storage;

namespace DataRegistry.Stores.S3;

/// <summary>What S3 says of one key: the object, or why it could not be asked; neither means that there is none.</summary>
readonly record struct Probe(S3Object? Object, BucketException? Failure);

/// <summary>
/// Asks S3 about wanted keys at the least cost: a LIST page answers for every wanted key up to its last one, a HEAD for one.
/// </summary>
/// <param name="headsInFlight">HEAD requests that one call has under way at the same time.</param>
sealed class ObjectFinder(int headsInFlight)
{
    /// <summary>
    /// A LIST costs what 12 HEADs do ($0.005 and $0.0004 per thousand, AWS' published prices for us-east-1): a page that answers for
    /// fewer wanted keys was not worth it.
    /// </summary>
    const int HeadsPerList = 12;

    /// <summary>
    /// The last character that any key may reasonably have: what begins with the one before and goes on comes before this.
    /// </summary>
    const string LastCharacter = "\U0010FFFD";

    /// <summary>HEADs of a sparse stretch before a LIST is tried again: doubles up to this while the lists are not worth it.</summary>
    const int MaxStretch = 768;

    /// <summary>Every key by HEAD, which also tells checksums and versions.</summary>
    /// <inheritdoc cref="HeadRound.RunAsync" path="/exception"/>
    public async Task<IReadOnlyList<Probe>> HeadAsync(
        Bucket bucket, string prefix, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        using var round = new HeadRound(bucket, prefix, keys, headsInFlight);
        return await round.RunAsync(cancellationToken);
    }

    /// <summary>
    /// LIST where wanted keys are dense, HEAD where they are sparse. Each list begins right before a wanted key, so it answers for one at
    /// least: there are never more lists and HEADs together than keys, but for pages of nothing but old versions.
    /// </summary>
    /// <param name="keys">In the order of their UTF-8 bytes, none twice.</param>
    /// <exception cref="BucketException">Transient faults only.</exception>
    public async Task<IReadOnlyList<Probe>> FindAsync(
        Bucket bucket, string prefix, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        // No list would be worth it.
        if (keys.Count <= HeadsPerList)
            return await HeadAsync(bucket, prefix, keys, cancellationToken);
        ObjectPager pager;
        try
        {
            pager = await ObjectPager.OpenAsync(bucket, prefix, cancellationToken);
        }
        catch (BucketException e) when (MayHead(e))
        {
            // Those who may not list may yet be allowed to read.
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

    /// <summary>What a LIST left out, or cannot be right in, a HEAD tells.</summary>
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

    /// <summary>Reads pages from the first unanswered key on, until one is not worth it; returns whether any was.</summary>
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
    /// Where to begin a list that shall have this key, for a list begins after a key, never at one: what sorts before it, with hardly a key
    /// in between. Null for the prefix's beginning. Always with the prefix: some servers list nothing after a place outside of it.
    /// </summary>
    internal static string? Before(string key, string prefix)
    {
        if (Rune.DecodeLastFromUtf16(key, out var last, out var length) != OperationStatus.Done)
            return null;
        var stem = key[..^length];
        if (stem.Length < prefix.Length || key.Length == prefix.Length)
            return null;
        // Controls are no good characters for a request; keys with them are rare enough to be passed over.
        if (last.Value <= ' ')
            return stem.Length == 0 ? null : stem;
        var before = stem + new Rune(last.Value switch { 0xE000 => 0xD7FF, 0xFFFF or 0x10000 => 0xFFFD, var value => value - 1 });
        return Encoding.UTF8.GetByteCount(before) + Encoding.UTF8.GetByteCount(LastCharacter) <= S3Url.MaxKeyBytes
            ? before + LastCharacter
            : before;
    }

    /// <summary>
    /// A LIST that is refused, not known to the server, hanging, unreadable or out of order: a HEAD may answer all the same, and is right
    /// where it does.
    /// </summary>
    static bool MayHead(BucketException failure) =>
        failure.Fault is BucketFault.AccessDenied or BucketFault.Unordered or BucketFault.Unreachable or BucketFault.Unexpected;

    /// <summary>Answers every wanted key that the page covers; returns how many.</summary>
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
