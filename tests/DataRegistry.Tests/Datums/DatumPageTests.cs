using System.Net;
using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Datums;

/// <summary>A page of any list ends after 4 MB, with a link to the next one.</summary>
public sealed class DatumPageTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    /// <summary>Twelve megabytes of tags.</summary>
    const int Count = 1500;

    /// <summary>The most bytes of a page beside its results' own.</summary>
    const int MaxPage = PageBudget.MaxBytes + 10_000;

    TestService service = null!;
    List<string> ids = [];

    public async Task InitializeAsync()
    {
        service = await shared.ForTestAsync();
        ids = await FillAsync(
            Count, i => [.. Enumerable.Range(0, 100).Select(t => $"{t:D3}-{i:D5}-{new string(i % 3 == 0 ? '"' : 't', 70)}")]);
    }

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_page_of_datums_with_many_tags_ends_early_in_every_order_and_with_every_filter()
    {
        foreach (var query in new[] { "", "&ordering=name", "&ordering=-size", "&tag=000-00700-" + new string('t', 70), "&name=k00001" })
        {
            var (pages, found) = await ReadAsync($"/api/v0/data/?project={service.Project.Id}&limit=9000{query}");
            var isWhole = !query.Contains('=', StringComparison.Ordinal) || query.Contains("ordering", StringComparison.Ordinal);
            Assert.Equal(isWhole ? Count : 1, found.Count);
            if (isWhole)
                Assert.InRange(pages, 3, 8);
            if (query.Length == 0)
                Assert.Equal(ids, found.Select(d => d.GetProperty("id").GetString()!));
            Assert.All(found, d => Assert.Equal(100, d.GetProperty("tags").GetArrayLength()));
        }
    }

    [Fact]
    public async Task A_page_of_a_search_ends_early_and_leaves_nothing_out()
    {
        foreach (var query in new[] { "", "&ordering=id" })
        {
            var (pages, found) = await ReadAsync($"/api/v0/data/?project={service.Project.Id}&limit=9000&name=same{query}");
            Assert.InRange(pages, 2, 4);
            Assert.Equal(
                ids.Where((_, i) => i % 2 == 0).Order(StringComparer.Ordinal),
                found.Select(d => d.GetProperty("id").GetString()!).Order(StringComparer.Ordinal));
            Assert.All(found, d => Assert.Equal(100, d.GetProperty("tags").GetArrayLength()));
        }
    }

    [Fact]
    public async Task Small_pages_are_as_large_as_they_are_asked_for()
    {
        var (pages, found) = await ReadAsync($"/api/v0/data/?project={service.Project.Id}&limit=100&offset=1000");
        Assert.Equal((5, 500), (pages, found.Count));
        Assert.Equal(ids[1000..], found.Select(d => d.GetProperty("id").GetString()!));
    }

    [Fact]
    public async Task A_page_of_aliases_ends_early_for_the_sake_of_their_datums_and_of_datums_for_the_sake_of_their_aliases()
    {
        var datum = DatumId.TryParse(ids[0], out var id) ? id : default;
        var aliases = service.Services.GetService(typeof(AliasTable)) as AliasTable;
        // Each alias shows its datum, which shows the names of all.
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 200), new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (i, token) => await aliases!.PointAsync(service.Project, Name($"{i:D3}{new string('a', 150)}"), datum, "test", token));
        foreach (var ordering in new[] { "name", "-ctime" })
        {
            var (pages, found) = await ReadAsync($"/api/v0/datum-aliases/?project={service.Project.Id}&limit=9000&ordering={ordering}");
            Assert.Equal(200, found.Select(a => a.GetProperty("name").GetString()).Distinct().Count());
            Assert.InRange(pages, 2, 5);
        }

        var (_, datums) = await ReadAsync($"/api/v0/data/?project={service.Project.Id}&limit=9000");
        Assert.Equal(ids, datums.Select(d => d.GetProperty("id").GetString()!));
        Assert.Equal(200, datums[0].GetProperty("aliases").GetArrayLength());
    }

    static AliasName Name(string text) => AliasName.TryParse(text, out var name) ? name : throw new ArgumentException(text);

    async Task<(int Pages, List<JsonElement> Found)> ReadAsync(string path)
    {
        var (pages, found) = (0, new List<JsonElement>());
        for (string? next = path; next is not null; pages++)
        {
            using var response = await service.Http.GetAsync(new Uri(next, UriKind.RelativeOrAbsolute));
            var bytes = await response.Content.ReadAsByteArrayAsync();
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.InRange(bytes.Length, 1, MaxPage);
            var page = JsonDocument.Parse(bytes).RootElement;
            found.AddRange(page.GetProperty("results").EnumerateArray());
            next = page.GetProperty("next").GetString();
        }

        return (pages, found);
    }

    /// <summary>Adds datums by their rows; returns their ids, newest first.</summary>
    async Task<List<string>> FillAsync(int count, Func<int, List<string>> tagsOf)
    {
        var table = service.Storage.Tables.GetTableClient("datums");
        var rows = Enumerable.Range(0, count).Select(i =>
        {
            var id = new DatumId(
                TimedId.Create(DateTimeOffset.UtcNow.AddSeconds(-i),
                (ushort)((service.Project.Slot * Shards.Count) + (i % Shards.Count)), (ulong)i));
            return new DatumRow
            {
                PartitionKey = DatumTable.PartitionOf(id),
                RowKey = id.Value.RowKey,
                Store = service.Store.Id,
                Bucket = "bucket",
                Key = i % 2 == 0 ? $"{i:D5}/same" : $"folder/k{i:D5}",
                Project = service.Project.Id,
                Job = Guid.NewGuid(),
                AdoptedBy = "test",
                Size = i % 7,
                ObjectETag = "etag",
                Tags = DatumTags.Write(tagsOf(i)),
            };
        }).ToList();
        await Parallel.ForEachAsync(rows.GroupBy(r => r.PartitionKey, StringComparer.Ordinal), async (partition, token) =>
        {
            foreach (var some in partition.Chunk(100))
                await table.TrySubmitAsync([.. some.Select(Change.Add)], token);
        });
        return rows.ConvertAll(r => r.Id.ToString());
    }
}
