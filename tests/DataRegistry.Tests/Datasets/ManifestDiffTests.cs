using DataRegistry.Datasets;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Datasets;

/// <summary>Two manifests are compared without reading what they have in common.</summary>
public sealed class ManifestDiffTests(SharedService shared) : IClassFixture<SharedService>
{
    const int Count = 20_000;

    readonly TestService service = shared.Service;

    ManifestDiff Diff => service.Services.GetRequiredService<ManifestDiff>();

    [Fact]
    public async Task Pages_of_any_size_tell_each_difference_once_in_the_order_of_paths()
    {
        var before = new SortedDictionary<string, ManifestEntry>(ManifestEntry.PathOrder);
        var after = new SortedDictionary<string, ManifestEntry>(ManifestEntry.PathOrder);
        var expected = new List<string>();
        for (var n = 0; n < 3000; n++)
        {
            var path = $"data/{n:d5}";
            var kind = (n % 97) switch { 3 => "added", 40 => "removed", 70 => "changed", _ => "same" };
            var entry = Entry(path);
            if (kind != "added")
                before.Add(path, entry);
            if (kind != "removed")
                after.Add(path, kind == "changed" ? Entry(path) : entry);
            if (kind != "same")
                expected.Add($"{kind} {path}");
        }

        var (from, to) = (await WriteAsync(before.Values), await WriteAsync(after.Values));
        foreach (var limit in new[] { 1, 7, 9000 })
            Assert.Equal(expected, (await AllAsync(from, to, limit)).Changes.Select(Told));
        Assert.Equal(
            expected.Select(e => e.Replace("added", "x").Replace("removed", "added").Replace("x", "removed")),
            (await AllAsync(to, from, 100)).Changes.Select(Told));
    }

    [Fact]
    public async Task Versions_without_a_common_file_and_an_empty_one_are_compared()
    {
        var (some, others, none) = (
            await WriteAsync(Enumerable.Range(0, 500).Select(n => Entry($"a/{n:d3}"))),
            await WriteAsync(Enumerable.Range(0, 500).Select(n => Entry($"b/{n:d3}"))), await WriteAsync([]));
        Assert.Equal(1000, (await AllAsync(some, others, 300)).Changes.Count);
        Assert.All((await AllAsync(none, some, 300)).Changes, c => Assert.Null(c.From));
        Assert.All((await AllAsync(some, none, 300)).Changes, c => Assert.Null(c.To));
        Assert.Empty((await AllAsync(none, none, 300)).Changes);
    }

    [Fact]
    public async Task What_is_the_same_is_not_read_and_a_page_has_a_bound_of_requests()
    {
        var entries = Enumerable.Range(0, Count).Select(n => Entry($"images/{n:d6}.png")).ToList();
        var from = await WriteAsync(entries);
        // Facts that came later are no difference.
        var same = await WriteAsync(entries.Select(e => e with { Md5 = new('a', 32) }));
        Assert.Equal((0, 2), await CostAsync(from, same));

        // One file more at the beginning: all blocks after it are cut at the same paths.
        var shifted = await WriteAsync(entries.Prepend(Entry("images/000000.aaa")));
        var (changes, requests) = await CostAsync(from, shifted);
        Assert.Equal(1, changes);
        Assert.InRange(requests, 3, 4);

        var scattered = await WriteAsync(entries.Select((e, n) => n % 100 == 7 ? Entry(e.Path) : e));
        var all = await AllAsync(from, scattered, 9000);
        Assert.Equal(Count / 100, all.Changes.Count);
        var requestsOfAll = service.Transport.Requests;
        await AllAsync(from, scattered, 20);
        Assert.InRange(all.Pages, 1, 2);
        Assert.InRange(service.Transport.Requests - requestsOfAll, 10, 10 * (ManifestDiff.MaxRequests + 2));
    }

    async Task<(int Changes, int Requests)> CostAsync(Manifest from, Manifest to)
    {
        var before = service.Transport.Requests;
        var (changes, next) = await Diff.PageAsync(from, to, start: null, 9000, default);
        Assert.Null(next);
        return (changes.Count, service.Transport.Requests - before);
    }

    async Task<(List<PathChange> Changes, int Pages)> AllAsync(Manifest from, Manifest to, int limit)
    {
        var (all, pages) = (new List<PathChange>(), 0);
        string? next = null;
        do
        {
            (var page, next) = await Diff.PageAsync(from, to, next, limit, default);
            Assert.InRange(page.Count, 0, limit);
            all.AddRange(page);
            pages++;
        }
        while (next is not null);
        return (all, pages);
    }

    static string Told(PathChange change) =>
        $"{(change.From is null ? "added" : change.To is null ? "removed" : "changed")} {change.Path}";

    async Task<Manifest> WriteAsync(IEnumerable<ManifestEntry> entries) => Assert.IsType<ManifestOutcome.Written>(
        await service.Services.GetRequiredService<ManifestWriter>().WriteAsync(NewId(), entries.ToAsyncEnumerable(), default)).Manifest;

    DatasetVersionId NewId() => DatasetVersionId.Create(DateTimeOffset.UtcNow, DatasetId.Create(DateTimeOffset.UtcNow, service.Project));

    static ManifestEntry Entry(string path) => new()
    {
        Path = path,
        Datum = new(TimedId.Create(DateTimeOffset.UnixEpoch, 0, (ulong)Random.Shared.NextInt64(1, long.MaxValue))),
        Store = Guid.Empty,
        Bucket = "bucket",
        Key = path,
        Size = 1,
        Etag = Guid.NewGuid().ToString("N"),
    };
}
