using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>
/// Reads a page of a store's tree from its location rows. It reads the 16 shards in parallel and merges them by key. It
/// skips the rows below a folder, because the order-preserving encoding gives the next key. A folder costs at most one
/// request a shard. The first rows of that request also show whether the project has something in it; only if they do
/// not, more rows are read.
/// </summary>
sealed class TreeReader
{
    /// <summary>Rows of the request after a skip. Most of them are skipped too.</summary>
    const int LeapPage = 4;

    readonly TreeQuery query;
    readonly TreeShard[] shards;
    readonly List<TreeFolder> folders = [];
    readonly List<TreeRow> files = [];

    public TreeReader(LocationTable locations, TreeQuery query)
    {
        this.query = query;
        // A hash spreads rows evenly: a 16th of the page and a little more is nearly always enough in one request a
        // shard.
        var share = Math.Min(Tables.MaxPageRows, (query.Limit / Shards.Count) + 1 + (int)Math.Sqrt(query.Limit));
        shards = [.. Enumerable.Range(0, Shards.Count).Select(shard => new TreeShard(locations.Table, query, shard, share))];
    }

    /// <summary>Requests so far.</summary>
    public int Requests => shards.Sum(s => s.Requests);

    /// <summary>Reads the page. After its limit of requests it ends short, with a cursor after its last entry.</summary>
    public async Task<TreePage> ReadAsync(CancellationToken cancellationToken)
    {
        var passed = query.After;
        while (true)
        {
            await EachAsync(shards.Where(s => s.IsShort), s => s.FillAsync(cancellationToken));
            if (shards.Select(s => s.Head?.Key).OfType<string>().Min(OrderedKey.Comparer) is not { } next)
                return new(folders, files, null);
            // A folder takes at most two rounds of requests.
            if (passed != query.After
                && (folders.Count + files.Count == query.Limit || Requests + (2 * Shards.Count) > query.MaxRequests))
                return new(folders, files, passed);
            if (query.FolderOf(next) is { } folder)
            {
                await FolderAsync(folder, cancellationToken);
                passed = new(folder, IsFolder: true);
                continue;
            }

            var shard = shards.First(s => s.Head?.Key == next);
            if (query.IsShown(shard.Head!))
                files.Add(shard.Head!);
            shard.Pass();
            passed = new(next, IsFolder: false);
        }
    }

    async Task FolderAsync(string folder, CancellationToken cancellationToken)
    {
        var nextPage = LeapPage;
        while (!Shows(folder) && shards.Where(s => s.CanLookOn(folder)).ToList() is { Count: > 0 } more)
        {
            // The next folder may be alike, so the request that skips to it reads as many rows at once.
            nextPage = query.MaxLook;
            await EachAsync(more, s => s.LookOnAsync(cancellationToken));
        }

        var isKnown = Shows(folder);
        if (isKnown || (query.ListsUnknown && Array.Exists(shards, s => s.HasMore(folder))))
            folders.Add(new(folder, isKnown));
        foreach (var shard in shards)
            shard.Leap(folder, nextPage);
    }

    bool Shows(string folder) => Array.Exists(shards, s => s.Shows(folder));

    static Task EachAsync(IEnumerable<TreeShard> some, Func<TreeShard, Task> run) => Task.WhenAll(some.Select(run));
}
