using DataRegistry.Datasets;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Datasets;

/// <summary>How the files of a version are kept: written once, read from any path on.</summary>
public sealed class ManifestTests(SharedService shared) : IClassFixture<SharedService>
{
    readonly TestService service = shared.Service;

    ManifestWriter Writer => service.Services.GetRequiredService<ManifestWriter>();

    ManifestReader Reader => service.Services.GetRequiredService<ManifestReader>();

    [Fact]
    public async Task Every_entry_is_read_as_it_was_written()
    {
        ManifestEntry[] entries =
        [
            TestDatasets.Entry("a/1", size: 3) with { VersionId = "v1", Md5 = new('a', 32), Sha1 = new('b', 40), Sha256 = new('c', 64) },
            TestDatasets.Entry("a/\uE000 \"quoted\"\\", size: 0) with { LastModified = DateTimeOffset.UnixEpoch.AddMilliseconds(5) },
            TestDatasets.Entry("a/\U0001F600", size: long.MaxValue - 3),
        ];
        var manifest = await WriteAsync(entries);
        Assert.Equal((3, long.MaxValue), (manifest.Count, manifest.Bytes));
        Assert.Equal(entries, await Reader.FirstAsync(manifest, 10, default).ToListAsync());
    }

    [Fact]
    public async Task A_manifest_of_nothing_has_no_page()
    {
        var manifest = await WriteAsync([]);
        Assert.Equal(0, manifest.Count);
        var (entries, cursor) = await Reader.PageAsync(manifest, 10, PathRange.All, default);
        Assert.Empty(entries);
        Assert.Null(cursor);
        Assert.Empty(await Reader.ReadAsync(manifest, new(After: "a"), default).ToListAsync());
    }

    [Fact]
    public async Task A_page_from_any_path_on_costs_two_requests_and_all_of_it_one()
    {
        var entries = Enumerable.Range(0, 12_000)
            .Select(n => TestDatasets.Entry($"images/{n:d6}.png", n) with { Sha256 = Hash(n) }).ToArray();
        var manifest = await WriteAsync(entries);
        Assert.True(manifest.Length > 256 * 1024, $"{manifest.Length} bytes are not read in blocks");
        foreach (var (after, first) in new[]
        {
            ((string?)null, 0), ("a", 0), ("images/000000.png", 1), ("images/000999.png", 1000), ("images/005000", 5000),
            ("images/011998.png", 11_999), ("images/011999.png", 12_000), ("z", 12_000),
        })
        {
            var before = service.Transport.Requests;
            var (page, cursor) = await Reader.PageAsync(manifest, 500, new(After: after), default);
            Assert.Equal(2, service.Transport.Requests - before);
            Assert.Equal(entries.Skip(first).Take(500), page);
            Assert.Equal(first + 500 < entries.Length ? page[^1].Path : null, cursor);
        }

        var all = service.Transport.Requests;
        Assert.Equal(entries, await Reader.FirstAsync(manifest, 12_000, default).ToListAsync());
        Assert.Equal(1, service.Transport.Requests - all);
        Assert.Equal(entries.Skip(7777), await Reader.ReadAsync(manifest, new(After: "images/007776.png"), default).ToListAsync());
    }

    [Fact]
    public async Task Paths_that_begin_alike_are_found_by_the_index_wherever_they_lie()
    {
        // In the order of UTF-8, in which the third comes after the second.
        string[] folders = ["a/", "\uE000/", "\U0001F600/"];
        var entries = folders.SelectMany(folder => Enumerable.Range(0, 4000).Select(
            n => TestDatasets.Entry($"{folder}{n:d6}.png", n) with { Sha256 = Hash(n) })).ToArray();
        var manifest = await WriteAsync(entries);
        Assert.True(manifest.Length > 256 * 1024, $"{manifest.Length} bytes are not read in blocks");
        foreach (var prefix in folders.SelectMany(f => new[] { f, f[..^1], $"{f}0000", $"{f}00001", $"{f}003999.png", $"{f}1" })
            .Concat(["", "A", "a/003999.png/", "b", "\uE000/ ", "z", "\U0001F601"]))
        {
            var wanted = entries.Where(e => e.Path.StartsWith(prefix, StringComparison.Ordinal)).ToArray();
            foreach (var after in new[] { null, "a/000500.png", "\uE000/000005", "\uE000/003999.png", "\U0001F601" })
            {
                var rest = wanted.Where(e => after is null || ManifestEntry.PathOrder.Compare(e.Path, after) > 0).ToArray();
                var before = service.Transport.Requests;
                var (page, cursor) = await Reader.PageAsync(manifest, 100, new(prefix, after), default);
                Assert.InRange(service.Transport.Requests - before, 1, 2);
                Assert.Equal(rest.Take(100), page);
                Assert.Equal(rest.Length > 100 ? page[^1].Path : null, cursor);
            }

            Assert.Equal(wanted, await Reader.ReadAsync(manifest, new(prefix), default).ToListAsync());
        }
    }

    [Fact]
    public async Task A_manifest_of_several_pieces_is_one_blob()
    {
        // Hashes cannot be compressed, so this is more than one piece of 4 MB.
        var manifest = await WriteAsync(Enumerable.Range(0, 60_000).Select(n =>
            TestDatasets.Entry($"{n:d6}", 1) with { Sha256 = Hash(n), Sha1 = Hash(-n)[..40], Md5 = Hash(n)[32..] }));
        Assert.True(manifest.Length > 4 * 1024 * 1024, $"{manifest.Length} bytes are one piece");
        Assert.Equal(60_000, await Reader.ReadAsync(manifest, PathRange.All, default).Where((e, n) => e.Path == $"{n:d6}").CountAsync());
    }

    [Fact]
    public async Task Two_entries_with_one_path_are_named_and_nothing_is_written()
    {
        var (first, second) = (TestDatasets.Entry("a", 1), TestDatasets.Entry("a", 1));
        var id = NewId();
        var outcome = await Writer.WriteAsync(id, new[] { first, second, TestDatasets.Entry("b", 1) }.ToAsyncEnumerable(), default);
        Assert.Equal(new ManifestOutcome.PathTwice("a", first.Datum, second.Datum), outcome);
        Assert.Empty(await service.Storage.Blobs.GetBlobContainerClient("datasets").GetBlobsAsync(
            new() { Prefix = $"{id}/" }, default).ToListAsync());
    }

    [Fact]
    public async Task Entries_that_are_not_in_order_are_refused_with_both_datums()
    {
        var (first, second) = (TestDatasets.Entry("b", 1), TestDatasets.Entry("a", 1));
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            Writer.WriteAsync(NewId(), new[] { first, second }.ToAsyncEnumerable(), default));
        Assert.Contains($"{first.Datum}", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"{second.Datum}", refused.Message, StringComparison.Ordinal);
    }

    async Task<Manifest> WriteAsync(IEnumerable<ManifestEntry> entries) => Assert.IsType<ManifestOutcome.Written>(
        await Writer.WriteAsync(NewId(), entries.ToAsyncEnumerable(), default)).Manifest;

    DatasetVersionId NewId() => DatasetVersionId.Create(DateTimeOffset.UtcNow, DatasetId.Create(DateTimeOffset.UtcNow, service.Project));

    static string Hash(int n) =>
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(n)));
}
