using DataRegistry.Http;

namespace DataRegistry.Datasets;

/// <summary>A path that two versions tell differently.</summary>
/// <param name="From">Null where the path was added.</param>
/// <param name="To">Null where it was removed.</param>
sealed record PathChange(ManifestEntry? From, ManifestEntry? To)
{
    public string Path => (From ?? To)!.Path;
}

/// <summary>
/// Compares two manifests as a merge-join of their blocks. Blocks end where their paths say so, so that the same files are the same blocks
/// again soon after a difference. Blocks with the same hash are not read. Memory is a block and a piece of each.
/// </summary>
sealed class ManifestDiff(ManifestReader manifests)
{
    /// <summary>Requests of a page, beside those for the two indexes. The page that needs more ends, and its cursor goes on.</summary>
    public const int MaxRequests = 32;

    /// <param name="start">The first path of the page, inclusive. Null for the beginning.</param>
    /// <returns>The changes, and the first path of the next page; null at the end.</returns>
    public async Task<(IReadOnlyList<PathChange> Changes, string? Next)> PageAsync(
        Manifest from, Manifest to, string? start, int limit, CancellationToken cancellationToken)
    {
        var opened = await Task.WhenAll(manifests.OpenAsync(from, cancellationToken), manifests.OpenAsync(to, cancellationToken));
        var (left, right) = (new DiffSide(opened[0]), new DiffSide(opened[1]));
        await left.SeekAsync(start, cancellationToken);
        await right.SeekAsync(start, cancellationToken);
        var changes = new List<PathChange>();
        var budget = new PageBudget(limit);
        while (left.Head is not null || right.Head is not null)
        {
            if (left.Block is { } block && right.Block?.HasFilesOf(block) == true)
            {
                left.SkipBlock();
                right.SkipBlock();
                continue;
            }

            var order = left.Head is null ? 1 : right.Head is null ? -1 : ManifestEntry.PathOrder.Compare(left.Head, right.Head);
            if (left.Requests + right.Requests >= MaxRequests && ((order <= 0 && left.NeedsRequest) || (order >= 0 && right.NeedsRequest)))
                return (changes, order <= 0 ? left.Head : right.Head);
            var change = new PathChange(
                order <= 0 ? await left.ReadAsync(cancellationToken) : null, order >= 0 ? await right.ReadAsync(cancellationToken) : null);
            if (change.From?.Datum != change.To?.Datum)
            {
                if (!budget.TryTake(ManifestReader.SizeOf(change.From) + ManifestReader.SizeOf(change.To)))
                    return (changes, change.Path);
                changes.Add(change);
            }

            if (order <= 0)
                left.MoveNext();
            if (order >= 0)
                right.MoveNext();
        }

        return (changes, null);
    }

    /// <summary>
    /// The position of the comparison in one of the manifests: at a block before it is read, or at an entry of a read
    /// one.
    /// </summary>
    sealed class DiffSide(OpenManifest manifest)
    {
        IReadOnlyList<ManifestEntry>? entries;
        int block, next;

        public int Requests => manifest.Requests;

        /// <summary>The block that begins here; null within a block, and at the end.</summary>
        public ManifestBlock? Block => entries is null && block < manifest.Blocks.Count ? manifest.Blocks[block] : null;

        /// <summary>The path that comes next, which costs no request; null at the end.</summary>
        public string? Head => entries is null ? Block?.First : entries[next].Path;

        public bool NeedsRequest => entries is null && !manifest.HasRead(block);

        /// <summary>To the first entry that is not before a path.</summary>
        public async Task SeekAsync(string? start, CancellationToken cancellationToken)
        {
            if (start is null || manifest.Blocks.Count == 0)
                return;
            block = manifest.BlockOf(start);
            while (Head is { } path && ManifestEntry.PathOrder.Compare(path, start) < 0)
            {
                await ReadAsync(cancellationToken);
                MoveNext();
            }
        }

        public async ValueTask<ManifestEntry> ReadAsync(CancellationToken cancellationToken) =>
            (entries ??= await manifest.ReadAsync(block, cancellationToken))[next];

        public void MoveNext()
        {
            if (++next == entries!.Count)
                SkipBlock();
        }

        public void SkipBlock() => (block, next, entries) = (block + 1, 0, null);
    }
}
