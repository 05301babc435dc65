using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Rescans;

/// <summary>The objects and locations of a stretch of keys.</summary>
/// <param name="Objects">As listed, in order.</param>
/// <param name="Locations">By key, including free ones. Most were read after the objects were listed; some with the
/// stretch before.</param>
/// <param name="UpTo">The stretch's last key, which need not exist; null for the end of the store.</param>
/// <param name="Ends">Whether it is the range's last stretch.</param>
/// <param name="Damaged">Listed objects without a usable key.</param>
sealed record ScanStretch(
    string? After, IReadOnlyList<S3Object> Objects, Dictionary<string, ScannedRow> Locations, string? UpTo, bool Ends,
    IReadOnlyList<DamagedEntry> Damaged);

/// <summary>
/// Reads a range of keys in stretches: the bucket's LIST beside the locations of the 16 shards. A stretch ends with a
/// page, or earlier if its locations exceed the memory limit. For one caller at a time.
/// </summary>
sealed class ScanStretches(
    Store store, RangePages pages, LocationReader<ScannedRow> reader, LocationTable locations, int windowKeys, int parallel)
{
    /// <summary>Pages of versions may hold few objects, or none. After this many pages there is a checkpoint too.</summary>
    const int MaxPages = 100;

    /// <summary>
    /// The most rows of a shard in memory, rounded up to a page. 16 shards hold twice a window's, each of which may
    /// take a HEAD.
    /// </summary>
    const int MaxRowsOfShard = 1000;

    readonly List<S3Object> listed = [];
    readonly List<DamagedEntry> damaged = [];
    string? listedTo;
    bool started, ended;
    long objects, located;

    /// <summary>LISTs so far.</summary>
    public int Requests => pages.Requests;

    /// <summary>The stretch after <see cref="WorkRow.After"/>. Each call continues where the one before ended.</summary>
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

        // Read locations after the LIST, except those that came with an earlier page. An object adopted in between is
        // not listed, but the evidence that follows finds it.
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
    /// Cuts the range in two. The locations show where it has keys, at a row per question, without a request to the
    /// bucket. Only if little of the store is adopted, the bucket is asked.
    /// </summary>
    /// <inheritdoc cref="RangeWork.CutAsync" path="/returns"/>
    public Task<RangeShare?> CutAsync(WorkRow range, CancellationToken cancellationToken) =>
        // A page that was listed already must not be listed again.
        listed.Count > 0 || ended ? Task.FromResult<RangeShare?>(new(range))
        : pages.CutAsync(
            range, 2 * located < objects ? null : (after, token) => locations.FirstKeyAfterAsync(store.Id, after, token),
            cancellationToken);
}
