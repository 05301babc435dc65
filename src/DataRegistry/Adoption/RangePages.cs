using DataRegistry.Storage;

namespace DataRegistry.Adoption;

/// <summary>The pages that a range of keys is worked on by, and where it is cut. One caller at a time.</summary>
sealed class RangePages(ObjectPager pager, WorkTable work)
{
    /// <summary>Keys that tell where to cut; more of them tell the same.</summary>
    const int SampleKeys = 100;

    /// <summary>Requests for cutting a job's first range, beside one a window: the bisection of a key's length takes 6 for 64 characters.</summary>
    const int FirstProbes = 12;

    /// <summary>And any other range, of which something is known.</summary>
    const int MoreProbes = 3;

    readonly List<string> sample = [];
    (string? After, ObjectPage Page)? ahead;

    /// <summary>LISTs that were asked for.</summary>
    public int Requests { get; private set; }

    /// <summary>The page after a key; one that <see cref="CutAsync"/> has read is not read again.</summary>
    public async Task<ObjectPage> ReadAsync(string? after, CancellationToken cancellationToken)
    {
        if (ahead is { } read && read.After == after)
            return read.Page;

        Requests++;
        var page = await pager.ReadAsync(after, cancellationToken);
        if (page.Objects.Count > 0)
        {
            sample.Clear();
            sample.AddRange(page.Objects.Where((_, i) => i % Math.Max(1, page.Objects.Count / SampleKeys) == 0).Select(o => o.Key));
        }

        return page;
    }

    /// <summary>
    /// Cuts the range in two. Looks at the next page first, which is not lost: it is the next window's. Within what it may cost: a request a window,
    /// and some more at the beginning, when nothing is known of the keys.
    /// </summary>
    /// <param name="firstAfter">Who is asked for the first key after a string; null for the bucket.</param>
    /// <inheritdoc cref="RangeWork.CutAsync" path="/returns"/>
    public async Task<(WorkRow Range, WorkRow? Other)?> CutAsync(WorkRow range, Func<string, CancellationToken, Task<string?>>? firstAfter, CancellationToken cancellationToken)
    {
        var page = await ReadAsync(range.After, cancellationToken);
        ahead = (range.After, page);
        var budget = (range.Range == 0 ? FirstProbes : MoreProbes) + range.Next - range.Probes;
        if (budget <= 0 || page.LastKey is null || page.Objects.Count == 0 || (range.Until is not null && OrderedKey.Compare(page.LastKey, range.Until) >= 0))
            return (range, null);
        var cut = await new RangeCutter(firstAfter ?? FirstListedAsync).FindAsync(page.LastKey, range.Until, range.Upper, sample, budget, cancellationToken);
        var known = range with { Upper = cut.Upper, Probes = range.Probes + cut.Probes };
        // A cut before where the range begins would count keys twice.
        return cut.At is null || OrderedKey.Compare(cut.At, page.LastKey) < 0 ? (known, null) : await work.CutAsync(known, cut.At, cancellationToken);
    }

    Task<string?> FirstListedAsync(string after, CancellationToken cancellationToken)
    {
        Requests++;
        return pager.FirstKeyAfterAsync(after, cancellationToken);
    }
}
