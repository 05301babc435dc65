using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>
/// Reads a page of a store's tree from its location rows. The 16 shards are read in parallel and merged by key. The rows below a folder are
/// leapt over: the order-preserving encoding says where the next key begins. A folder costs a request a shard at most, of which the first
/// rows also show whether the project has something there. Only if they do not, more of its rows are looked at.
/// </summary>
sealed class TreeReader
{
    /// <summary>Rows of the request after a leap: nearly all of them are leapt over, too.</summary>
    const int LeapPage = 4;

    readonly TreeQuery query;
    readonly TreeShard[] shards;
    readonly List<TreeFolder> folders = [];
    readonly List<TreeRow> files = [];

    public TreeReader(LocationTable locations, TreeQuery query)
    {
        this.query = query;
        // Rows are spread evenly by a hash: a 16th of the page and some more is nearly always enough in one request a shard.
        var share = Math.Min(Tables.MaxPageRows, (query.Limit / Shards.Count) + 1 + (int)Math.Sqrt(query.Limit));
        shards = [.. Enumerable.Range(0, Shards.Count).Select(shard => new TreeShard(locations.Table, query, shard, share))];
    }

    /// <summary>Requests so far.</summary>
    public int Requests => shards.Sum(s => s.Requests);

    /// <summary>Reads the page. It ends short, and goes on behind its last entry, where it took as many requests as it may.</summary>
    public async Task<TreePage> ReadAsync(CancellationToken cancellationToken)
    {
        var passed = query.After;
        while (true)
        {
            await EachAsync(shards.Where(s => s.IsShort), s => s.FillAsync(cancellationToken));
            if (shards.Select(s => s.Head?.Key).OfType<string>().Min(OrderedKey.Comparer) is not { } next)
                return new(folders, files, null);
            // A folder takes two rounds of requests at most.
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
            // The next folder may be such a one, too: then the request that leaps to it is the look at it.
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
