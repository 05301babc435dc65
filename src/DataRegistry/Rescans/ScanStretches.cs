using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Rescans;

/// <summary>What the bucket and the tables say of a stretch of keys.</summary>
/// <param name="Objects">As listed, in order.</param>
/// <param name="Locations">By key, also free ones. Most were read after the objects were listed; some with the stretch before.</param>
/// <param name="UpTo">The stretch's last key, whether or not it exists; null for the end of the store.</param>
/// <param name="Ends">It is the range's last.</param>
/// <param name="Damaged">Listed objects whose keys cannot be asked for.</param>
sealed record ScanStretch(
    string? After, IReadOnlyList<S3Object> Objects, Dictionary<string, ScannedRow> Locations, string? UpTo, bool Ends,
    IReadOnlyList<DamagedEntry> Damaged);

/// <summary>
/// A range of keys, stretch by stretch: the bucket's LIST and the locations of the 16 shards, side by side. A stretch ends where a page
/// does, or earlier, where there are more
/// locations in it than may be held at a time. One caller at a time.
/// </summary>
sealed class ScanStretches(
    Store store, RangePages pages, LocationReader<ScannedRow> reader, LocationTable locations, int windowKeys, int parallel)
{
    /// <summary>Pages of versions may hold few objects, or none: after so many of them there is a checkpoint all the same.</summary>
    const int MaxPages = 100;

    /// <summary>
    /// A shard's rows that are held at a time, to the page: with 16 shards twice a window's, each of which may take a HEAD.
    /// </summary>
    const int MaxRowsOfShard = 1000;

    readonly List<S3Object> listed = [];
    readonly List<DamagedEntry> damaged = [];
    string? listedTo;
    bool started, ended;
    long objects, located;

    /// <summary>LISTs so far.</summary>
    public int Requests => pages.Requests;

    /// <summary>The stretch after <see cref="WorkRow.After"/>: each is asked for where the one before ended.</summary>
    public async Task<ScanStretch> ReadAsync(WorkRow range, CancellationToken cancellationToken)
    {
        if (!started)
            (started, listedTo) = (true, range.After);
        for (var read = 0; !ended && listed.Count < windowKeys && read < MaxPages; read++)
        {
            var page = await pages.ReadAsync(listedTo, cancellationToken);
            listed.AddRange(page.Objects.TakeWhile(o => range.Until is null || OrderedKey.Compare(o.Key, range.Until) <= 0));
            damaged.AddRange(page.Damaged.Where(d => range.Until is null || !d.ComesAfter(range.Until)));
            ended = page.LastKey is null || (range.Until is not null && OrderedKey.Compare(page.LastKey, range.Until) >= 0);
            listedTo = ended ? range.Until : page.LastKey;
        }

        // After the LIST, but for what came with a page before: what is adopted in between is not listed, and yet no candidate that stands
        // before the evidence that follows.
        var (rows, readTo) = await reader.ReadUpToAsync(listedTo, MaxRowsOfShard, parallel, cancellationToken);
        var upTo = readTo ?? listedTo;
        var count = upTo is null ? listed.Count : listed.TakeWhile(o => OrderedKey.Compare(o.Key, upTo) <= 0).Count();
        var damagedHere = damaged.FindAll(d => upTo is null || !d.ComesAfter(upTo));
        var stretch = new ScanStretch(range.After, listed[..count], rows, upTo, ended && readTo is null, damagedHere);
        listed.RemoveRange(0, count);
        damaged.RemoveAll(damagedHere.Contains);
        (objects, located) = (objects + count, located + rows.Count);
        return stretch;
    }

    /// <summary>
    /// Cuts the range in two. Where it has keys the locations tell, at a row a question, and not the bucket: but for one of which little is
    /// adopted.
    /// </summary>
    /// <inheritdoc cref="RangeWork.CutAsync" path="/returns"/>
    public Task<RangeShare?> CutAsync(WorkRow range, CancellationToken cancellationToken) =>
        // What is listed already is not listed anew.
        listed.Count > 0 || ended ? Task.FromResult<RangeShare?>(new(range))
        : pages.CutAsync(
            range, 2 * located < objects ? null : (after, token) => locations.FirstKeyAfterAsync(store.Id, after, token),
            cancellationToken);
}
