using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Datums;

/// <summary>Every view of a datum shows its aliases.</summary>
public sealed class AliasesOfDatumTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_datum_tells_its_aliases_wherever_it_is_shown()
    {
        var (a, b) = (await service.AdoptedAsync("a"), await service.AdoptedAsync("b"));
        var id = await PointAsync("ä", a);
        await PointAsync("z", a);
        await PointAsync("moved", b);
        await PointAsync("moved", a);
        string[] expected = ["moved", "z", "ä"];
        var project = service.Project.Id;
        Assert.Equal(expected, Names(await service.GetAsync($"/api/v0/data/{a}/")));
        Assert.Equal(expected, Names(await service.GetAsync($"/api/v0/data/z/?project={project}")));
        Assert.Equal(
            expected, Names((await service.GetAsync($"/api/v0/datum-aliases/resolve/?name=z&project={project}")).GetProperty("datum")));
        Assert.Equal(expected, Names((await service.GetAsync($"/api/v0/datum-aliases/{id}/")).GetProperty("datum")));
        foreach (var listed in await service.GetAllAsync($"/api/v0/datum-aliases/?project={project}"))
            Assert.Equal(expected, Names(listed.GetProperty("datum")));
        foreach (var query in new[] { "", "ordering=name", "uri=s3://bucket/a", "name=a", "limit=1&ordering=ctime" })
            Assert.Equal(expected, Names(await FindAsync(query, a)));
        Assert.Empty(Names(await FindAsync("", b)));
        Assert.Empty(Names(await service.GetAsync($"/api/v0/data/{b}/")));
    }

    [Fact]
    public async Task A_deleted_alias_is_told_no_more_and_its_name_can_come_back()
    {
        var a = await service.AdoptedAsync("a");
        var id = await PointAsync("x", a);
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/datum-aliases/{id}/"));
        Assert.Empty(Names(await service.GetAsync($"/api/v0/data/{a}/")));
        await PointAsync("x", a);
        Assert.Equal(["x"], Names(await service.GetAsync($"/api/v0/data/{a}/")));
    }

    [Fact]
    public async Task After_any_moves_at_once_each_alias_is_told_by_the_datum_that_it_names_and_by_no_other()
    {
        var datums = new List<string>();
        for (var i = 0; i < 3; i++)
            datums.Add(await service.AdoptedAsync($"k{i}"));
        var moves = Enumerable.Range(0, 30).Select(i => ($"n{i % 2}", datums[i * 7 % 3])).ToList();
        await Parallel.ForEachAsync(
            moves, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (move, _) => await PointAsync(move.Item1, move.Item2));
        var told = new List<(string, string)>();
        foreach (var datum in datums)
            told.AddRange(Names(await service.GetAsync($"/api/v0/data/{datum}/")).Select(n => (n!, datum)));
        var named = (await service.GetAllAsync($"/api/v0/datum-aliases/?project={service.Project.Id}"))
            .Select(e => (e.GetProperty("name").GetString()!, e.GetProperty("datum").GetProperty("id").GetString()!));
        Assert.Equal(named.Order(), told.Order());
    }

    [Fact]
    public async Task A_page_costs_one_more_request_for_the_aliases_of_all_its_datums()
    {
        var keys = Enumerable.Range(0, 60).Select(i => $"k{i:D2}").ToArray();
        service.Put(keys);
        (await service.AdoptUrlsAsync(keys.Select(service.Url))).EnsureSuccessStatusCode();
        var datums = await service.GetDatumsAsync();
        foreach (var datum in datums.Where((_, i) => i % 3 == 0))
            await PointAsync("of-" + datum.GetProperty("name").GetString(), datum.GetProperty("id").GetString()!);
        // The service reads its scanned stores every 15 seconds.
        service.Services.GetRequiredService<ScannedStores>().Forget();
        await service.GetDatumsAsync();
        var path = $"/api/v0/data/?project={service.Project.Id}&limit=50&no_count=true";
        var without = await CostAsync($"{path}&exclude=aliases");
        var with = await CostAsync(path);
        Assert.Equal(without + 1, with);
        var all = await service.GetAllAsync(path);
        Assert.Equal(20, all.Count(d => Names(d).SequenceEqual(["of-" + d.GetProperty("name").GetString()])));
    }

    [Fact]
    public async Task Rows_are_found_by_prefix_over_gaps_and_pages()
    {
        var table = service.Storage.Tables.GetTableClient("prefixes");
        await table.CreateIfNotExistsAsync();
        string[] groups = ["b", "d", "f", "h"];
        foreach (var letter in "abcdefg")
        {
            for (var from = 0; from < 1100; from += 100)
            {
                var keys = Enumerable.Range(from, 100).Select(i => $"{letter}-{i:D4}");
                Assert.True(
                    (await table.TrySubmitAsync(
                        [.. keys.Select(key => Change.Add(new RowKeyOnly { PartitionKey = "p", RowKey = key }))])).IsDone);
            }
        }

        var found = await table.FindByPrefixAsync<RowKeyOnly>("p", [.. groups.Select(g => g + "-")]);
        Assert.Equal(groups[..3].SelectMany(g => Enumerable.Range(0, 1100).Select(i => $"{g}-{i:D4}")), found.Select(r => r.RowKey));
    }

    async Task<int> CostAsync(string path)
    {
        var before = service.Transport.Requests;
        await service.GetAsync(path);
        return service.Transport.Requests - before;
    }

    async Task<JsonElement> FindAsync(string query, string id) =>
        (await service.GetAllAsync($"/api/v0/data/?project={service.Project.Id}&{query}")).Single(
            d => d.GetProperty("id").GetString() == id);

    static IEnumerable<string?> Names(JsonElement datum) => datum.GetProperty("aliases").EnumerateArray().Select(n => n.GetString());

    async Task<string> PointAsync(string name, string datum)
    {
        using var response = await service.Http.PostAsJsonAsync(
            "/api/v0/datum-aliases/", new { name, datum, project = service.Project.Id });
        return (await TestUsers.JsonAsync(
            response, response.StatusCode == HttpStatusCode.Created ? HttpStatusCode.Created : HttpStatusCode.OK)).GetProperty("id")
            .GetString()!;
    }
}
