using DataRegistry.Storage;
using DataRegistry.Stores.S3;

namespace DataRegistry.Jobs;

/// <summary>The pages that a range of keys is worked on by, and where it is cut. One caller at a time.</summary>
sealed class RangePages(ObjectPager pager, WorkTable work)
{
    /// <summary>Keys that tell where to cut; more of them tell the same.</summary>
    const int SampleKeys = 100;

    /// <summary>
    /// Requests for cutting a job's first range, beside one a window: the bisection of a key's length takes 6 for 64 characters.
    /// </summary>
    const int FirstProbes = 12;

    /// <summary>And any other range, of which something is known.</summary>
    const int MoreProbes = 3;

    readonly List<string> sample = [];
    readonly Queue<(string? After, ObjectPage Page)> ahead = [];

    /// <inheritdoc cref="ObjectPager.SeesVersions"/>
    public bool SeesVersions => pager.SeesVersions;

    /// <summary>LISTs that were asked for.</summary>
    public int Requests { get; private set; }

    /// <summary>The page after a key; one that was read ahead, or by <see cref="CutAsync"/>, is not read again.</summary>
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
    /// Reads what <see cref="ReadAsync"/> is asked for next, up to so many pages; to be awaited before anything else is. Never fails: what
    /// cannot be
    /// read now is asked for again.
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
    /// Cuts the range in two. Looks at the next page first, which is not lost, and leaves the range what was read ahead. Within what it may
    /// cost: a request a window,
    /// and some more at the beginning, when nothing is known of the keys.
    /// </summary>
    /// <param name="firstAfter">Who is asked for the first key after a string; null for the bucket.</param>
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
        // Parts that cannot be begun would each be read from the very beginning.
        if (!pager.BeginsAnywhere)
            return new(range);
        var known = range with { Upper = cut.Upper, Probes = range.Probes + cut.Probes };
        // A cut before where the range begins would count keys twice.
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
