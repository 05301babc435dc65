using DataRegistry.Adoption.Input;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Adoption;

/// <summary>A worker's work between two checkpoints.</summary>
/// <param name="Keys">The keys to adopt, in the order of their UTF-8 bytes, without duplicates.</param>
/// <param name="Locate">Reads the locations of the keys.</param>
/// <param name="Find">Asks S3 about the keys without a location.</param>
/// <param name="Look">Checks the objects of the existing locations; null to leave them alone.</param>
/// <param name="Skipped">Objects of the window that are not adopted, or cannot be.</param>
/// <param name="After">Of a prefix: every key up to this one is in the window, or before it.</param>
/// <param name="Ends">Whether it is the range's last window.</param>
sealed record Window(
    IReadOnlyList<string> Keys,
    Func<IReadOnlyList<string>, CancellationToken, Task<Dictionary<string, LocatedRow>>> Locate,
    Func<IReadOnlyList<string>, CancellationToken, Task<IReadOnlyList<Probe>>> Find,
    LookAtLocated? Look,
    IReadOnlyList<AdoptionFailure> Skipped,
    string? After,
    bool Ends)
{
    /// <summary>What the patterns of a prefix leave out. A job does not count it, because nobody asks for it; a dry run tells it.</summary>
    public LeftOutKeys LeftOut { get; init; } = new();
}

/// <summary>Keys that patterns leave out: how many, and the first of them.</summary>
sealed class LeftOutKeys
{
    const int MaxFirst = 50;

    readonly List<(string Key, KeyGlob Pattern)> first = [];

    public int Count { get; private set; }

    public IReadOnlyList<(string Key, KeyGlob Pattern)> First => first;

    public void Add(string key, KeyGlob pattern)
    {
        if (Count++ < MaxFirst)
            first.Add((key, pattern));
    }
}

/// <summary>Reads the windows of a range, one after the other.</summary>
abstract class WindowReader
{
    /// <summary>The range's next window.</summary>
    /// <exception cref="BucketException">The bucket cannot be listed.</exception>
    public abstract Task<Window> ReadAsync(WorkRow range, CancellationToken cancellationToken);

    /// <summary>
    /// Lists ahead for <see cref="ReadAsync"/>, while the previous window is written. Await it before the next call,
    /// and before the lease is given back.
    /// </summary>
    public virtual Task ReadAheadAsync(string? after, string? until, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc cref="RangeWork.CutAsync"/>
    public virtual Task<RangeShare?> CutAsync(WorkRow range, CancellationToken cancellationToken) =>
        Task.FromResult<RangeShare?>(new(range));
}

/// <summary>Windows of a staged list.</summary>
/// <param name="open">Only called if S3 must be asked.</param>
/// <remarks>Existing locations are checked only to adopt changed objects: otherwise they cost no request.</remarks>
sealed class ListWindowReader(
    AdoptionScope scope, JobBlobs blobs, Adopter adopter, ObjectFinder finder, ChangeFinder changes, Func<Bucket> open) : WindowReader
{
    public override async Task<Window> ReadAsync(WorkRow range, CancellationToken cancellationToken) => new(
        await blobs.ReadInputAsync(range.JobId, range.Next, cancellationToken),
        (keys, token) => adopter.LocateAsync(scope.Store, keys, token),
        (wanted, token) => finder.FindAsync(open(), scope.Store.Prefix, wanted, token),
        scope.AdoptChanged ? (located, token) => changes.ByListAndHeadAsync(open(), scope.Store.Prefix, located, token) : null,
        [], After: null, Ends: range.Next + 1 >= range.End);
}

/// <summary>Windows of a prefix: LIST pages beside the store's locations, in the same order.</summary>
/// <param name="ask">Asks S3 for facts that the list does not give.</param>
/// <param name="windowKeys">Objects in a window, rounded up to a page.</param>
/// <param name="parallel">Concurrent table requests.</param>
sealed class PrefixWindowReader(AdoptionScope scope, KeySelection selection, RangePages pages,
    Func<IReadOnlyList<string>, CancellationToken, Task<IReadOnlyList<Probe>>> ask, LocationTable locations, int windowKeys, int parallel)
    : WindowReader
{
    /// <summary>
    /// A window with few wanted objects ends after this many times its pages, so that checkpoints stay frequent.
    /// </summary>
    const int MaxSparsity = 5;

    /// <summary>Pages of versions may hold few objects, or none. After this many pages there is a checkpoint too.</summary>
    const int MaxPages = 100;

    LocationReader<LocatedRow>? reader;

    public override async Task<Window> ReadAsync(WorkRow range, CancellationToken cancellationToken)
    {
        var objects = new List<S3Object>();
        var skipped = new List<AdoptionFailure>();
        var leftOut = new LeftOutKeys();
        var (after, ends) = (range.After, false);
        for (int listed = 0, read = 0; !ends && objects.Count < windowKeys && listed < MaxSparsity * windowKeys && read < MaxPages; read++)
        {
            var page = await pages.ReadAsync(after, cancellationToken);
            listed += page.Objects.Count;
            foreach (var found in page.Objects.TakeWhile(o => range.Until is null || OrderedKey.Compare(o.Key, range.Until) <= 0))
            {
                after = found.Key;
                if (selection.LeavesOut(found.Key, cancellationToken) is { } pattern)
                {
                    // The mark of a folder is no object that anybody misses.
                    if (!found.IsFolderMark)
                        leftOut.Add(found.Key, pattern);
                }
                else if (found.IsFolderMark)
                {
                    skipped.Add(AdoptionFailure.Directory(new S3Url(scope.Store.Configuration.Bucket, found.Key).ToString()));
                }
                else
                {
                    objects.Add(found);
                }
            }

            skipped.AddRange(page.Damaged
                .Where(d => range.Until is null || !d.ComesAfter(range.Until))
                .Where(d => selection.LeavesOut(d.Readable, cancellationToken) is null)
                .Select(d => AdoptionFailure.Damaged(new S3Url(scope.Store.Configuration.Bucket, d.Text).ToString(), d.Reason)));
            ends = page.LastKey is null || (range.Until is not null && OrderedKey.Compare(page.LastKey, range.Until) >= 0);
            after = ends ? after : page.LastKey;
        }

        reader ??= new(locations.Table, scope.Store.Id, selection.Prefix, range.After, range.Until, LocatedRow.Columns);
        var byKey = objects.ToDictionary(o => o.Key, StringComparer.Ordinal);
        return new(
            [.. objects.Select(o => o.Key)],
            (keys, token) => keys.Count == 0
                ? Task.FromResult(new Dictionary<string, LocatedRow>(StringComparer.Ordinal))
                : reader.ReadAsync(keys, scope.Job.Value.ToGuid(), ends ? range.Until : after, parallel, token),
            (wanted, token) => FindAsync(wanted, byKey, token),
            (located, token) => ChangeFinder.OfListedAsync(byKey, located, ask, token),
            skipped, after, ends)
        { LeftOut = leftOut };
    }

    /// <summary>The objects as listed. Those without a version, or with too few facts, are looked up.</summary>
    async Task<IReadOnlyList<Probe>> FindAsync(
        IReadOnlyList<string> wanted, Dictionary<string, S3Object> listed, CancellationToken cancellationToken)
    {
        if (!pages.SeesVersions)
            return await ask(wanted, cancellationToken);
        List<string> unknown = [.. wanted.Where(key => listed[key].NeedsHead)];
        var asked = unknown.Count == 0
            ? []
            : unknown.Zip(await ask(unknown, cancellationToken)).ToDictionary(p => p.First, p => p.Second, StringComparer.Ordinal);
        return [.. wanted.Select(key => asked.TryGetValue(key, out var probe) ? probe : new(listed[key], null))];
    }

    public override Task ReadAheadAsync(string? after, string? until, CancellationToken cancellationToken) =>
        pages.ReadAheadAsync(after, until, Math.Max(1, windowKeys / ListRequest.PageKeys), cancellationToken);

    public override Task<RangeShare?> CutAsync(WorkRow range, CancellationToken cancellationToken) =>
        pages.CutAsync(range, firstAfter: null, cancellationToken);
}
