using DataRegistry.Storage;
using DataRegistry.Stores.S3;

namespace DataRegistry.Jobs;

/// <summary>Reads the pages of a range of keys, and finds places to cut it. For one caller at a time.</summary>
sealed class RangePages(ObjectPager pager, WorkTable work)
{
    /// <summary>Keys that a cut is computed from; more keys add nothing.</summary>
    const int SampleKeys = 100;

    /// <summary>
    /// Requests for cutting a job's first range, besides one per window. Bisecting the length of a key of 64 characters
    /// takes 6.
    /// </summary>
    const int FirstProbes = 12;

    /// <summary>Requests for cutting another range, about which something is known.</summary>
    const int MoreProbes = 3;

    readonly List<string> sample = [];
    readonly Queue<(string? After, ObjectPage Page)> ahead = [];

    /// <inheritdoc cref="ObjectPager.SeesVersions"/>
    public bool SeesVersions => pager.SeesVersions;

    /// <summary>LISTs that were sent.</summary>
    public int Requests { get; private set; }

    /// <summary>The page after a key. A page that was read ahead, or by <see cref="CutAsync"/>, is not read again.</summary>
    public async Task<ObjectPage> ReadAsync(string? after, CancellationToken cancellationToken)
    {
        while (ahead.TryDequeue(out var read))
        {
            if (read.After == after)
                return read.Page;
        }

        return await ListAsync(after, cancellationToken);
    }

    /// <summary>
    /// Reads ahead up to <paramref name="count"/> pages for <see cref="ReadAsync"/>. Await it before any other call.
    /// Never fails: a page that cannot be read now is requested again.
    /// </summary>
    public async Task ReadAheadAsync(string? after, string? until, int count, CancellationToken cancellationToken)
    {
        try
        {
            for (var last = ahead.LastOrDefault().Page; ahead.Count < count && !(ahead.Count > 0 && IsLast(last!, until));)
            {
                after = last?.LastKey ?? after;
                last = await ListAsync(after, cancellationToken);
                ahead.Enqueue((after, last));
            }
        }
        catch (Exception e) when (e is BucketException or OperationCanceledException)
        {
        }
    }

    /// <summary>
    /// Cuts the range in two. It reads the next page first and keeps it for the range. It may cost a request per
    /// window, and a few more at the beginning, when nothing is known of the keys.
    /// </summary>
    /// <param name="firstAfter">Returns the first key after a string; null to ask the bucket.</param>
    /// <inheritdoc cref="RangeWork.CutAsync" path="/returns"/>
    public async Task<RangeShare?> CutAsync(
        WorkRow range, Func<string, CancellationToken, Task<string?>>? firstAfter, CancellationToken cancellationToken)
    {
        if (ahead.Count == 0 || ahead.Peek().After != range.After)
        {
            ahead.Clear();
            ahead.Enqueue((range.After, await ListAsync(range.After, cancellationToken)));
        }

        var page = ahead.Last().Page;
        var budget = (range.Range == 0 ? FirstProbes : MoreProbes) + range.Next - range.Probes;
        if (budget <= 0 || page.LastKey is null || page.Objects.Count == 0 || IsLast(page, range.Until))
            return new(range);
        var cut = await new RangeCutter(
            firstAfter ?? FirstListedAsync).FindAsync(page.LastKey, range.Until, range.Upper, sample, budget, cancellationToken);
        // If the server begins every list at the first key, each part would read the whole listing.
        if (!pager.BeginsAnywhere)
            return new(range);
        var known = range with { Upper = cut.Upper, Probes = range.Probes + cut.Probes };
        // A cut before the range's beginning would count keys twice.
        return cut.At is null || OrderedKey.Compare(cut.At, page.LastKey) < 0
            ? new(known)
            : await work.CutAsync(known, cut.At, cancellationToken);
    }

    async Task<ObjectPage> ListAsync(string? after, CancellationToken cancellationToken)
    {
        Requests++;
        var page = await pager.ReadAsync(after, cancellationToken);
        if (page.Objects.Count > 0)
        {
            sample.Clear();
            sample.AddRange(page.Objects.Where((_, i) => i % Math.Max(1, page.Objects.Count / SampleKeys) == 0).Select(o => o.Key));
        }

        return page;
    }

    static bool IsLast(ObjectPage page, string? until) =>
        page.LastKey is null || (until is not null && OrderedKey.Compare(page.LastKey, until) >= 0);

    Task<string?> FirstListedAsync(string after, CancellationToken cancellationToken)
    {
        Requests++;
        return pager.FirstKeyAfterAsync(after, cancellationToken);
    }
}
