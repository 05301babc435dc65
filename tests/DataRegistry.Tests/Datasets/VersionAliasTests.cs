using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Datasets;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Datasets.TestDatasets;

namespace DataRegistry.Tests.Datasets;

public sealed class VersionAliasTests(SharedService shared) : IClassFixture<SharedService>
{
    readonly TestService service = shared.Service;

    [Fact]
    public async Task An_alias_is_created_moved_listed_and_deleted_and_its_history_tells_all_of_it()
    {
        var datum = await service.AdoptedAsync("alias/a");
        var dataset = await service.NewDatasetAsync("aliased");
        var (a, b) = (await service.NewVersionAsync(dataset, "v1", datum), await service.NewVersionAsync(dataset, "v2", datum));
        using var created = await PointAsync("stable", a);
        await Wire.AssertAsync("dataset-version-alias-created", created);
        using var moved = await PointAsync("stable", b);
        var alias = await TestUsers.JsonAsync(moved);
        Assert.Equal(b, alias.GetProperty("dataset_version").GetProperty("id").GetString());
        using var again = await PointAsync("stable", b);
        Assert.Equal(alias.ToString(), (await TestUsers.JsonAsync(again)).ToString());
        var path = $"{AliasesPath}{TestUsers.Id(alias)}/";
        Assert.Equal(alias.ToString(), (await service.GetAsync(path)).ToString());
        Assert.Equal(alias.ToString(), Assert.Single(await service.GetAllAsync($"{AliasesPath}?dataset={dataset}")).ToString());

        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", path));
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("DELETE", path));
        await service.GetAsync(path, HttpStatusCode.NotFound);
        Assert.Empty(await service.GetAllAsync($"{AliasesPath}?dataset={dataset}"));
        using var history = await service.Http.SendAsync("GET", $"{path}history/");
        await Wire.AssertAsync("dataset-version-alias-history", history);
        Assert.Equal([(b, null), (a, b), (null, a)], await HistoryAsync($"{path}history/?limit=1"));
        Assert.Equal(
            ["dataset_version_alias.created", "dataset_version_alias.deleted", "dataset_version_alias.moved"],
            (await service.GetAllAsync($"/api/v0/audit/?project={service.Project.Id}&action=dataset_version_alias"))
                .Where(e => e.GetProperty("target").GetString() == TestUsers.Id(alias).ToString())
                .Select(e => e.GetProperty("action").GetString()).Order(StringComparer.Ordinal));

        // The name is free again, also for a version; and an alias that has it then has a history of its own.
        using var second = await PointAsync("stable", a);
        Assert.NotEqual(TestUsers.Id(alias), TestUsers.Id(await TestUsers.JsonAsync(second, HttpStatusCode.Created)));
        await service.GetAsync(path, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_deletion_of_a_version_leaves_an_alias_alone_that_is_moved_meanwhile()
    {
        var datum = await service.AdoptedAsync("alias/raced");
        var dataset = await service.NewDatasetAsync();
        var (a, b) = (await service.NewVersionAsync(dataset, "v1", datum), await service.NewVersionAsync(dataset, "v2", datum));
        (await PointAsync("raced", a)).Dispose();
        var table = service.Services.GetRequiredService<DatasetTable>();
        Assert.True(DatasetVersionId.TryParse(a, out var version));
        var read = Assert.Single(await table.AliasesOfAsync((await table.FindVersionAsync(version, default))!, default));
        (await PointAsync("raced", b)).Dispose();
        Assert.False(await table.DeleteAliasAsync(read, version.ToGuid(), "alice", default));
        var left = Assert.Single(await service.GetAllAsync($"{AliasesPath}?dataset={dataset}"));
        Assert.Equal(b, left.GetProperty("dataset_version").GetProperty("id").GetString());
        // Without that condition it is deleted wherever it leads.
        Assert.True(await table.DeleteAliasAsync(read, onlyAt: null, "alice", default));
    }

    [Fact]
    public async Task Lists_are_pages_by_dataset_and_name_of_one_dataset_or_of_all()
    {
        var datum = await service.AdoptedAsync("listed/a");
        var expected = new List<string>();
        var datasets = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            datasets.Add(await service.NewDatasetAsync());
            var version = await service.NewVersionAsync(datasets[i], "v1", datum);
            foreach (var name in new[] { "b", "a", "c" })
                await service.NewAsync(AliasesPath, new { name, dataset_version = version });
            expected.AddRange(new[] { "a", "b", "c" }.Select(n => $"{datasets[i]} {n}"));
        }

        Assert.Equal(expected[3..], (await service.GetAllAsync($"{AliasesPath}?dataset={datasets[1]}&limit=2")).Select(TextOf));
        var all = (await service.GetAllAsync($"{AliasesPath}?project={service.Project.Id}&limit=1")).Select(TextOf).ToList();
        Assert.Equal(expected, all.Where(expected.Contains));
        Assert.Equal(all, (await service.GetAllAsync(AliasesPath)).Select(TextOf));
    }

    [Fact]
    public async Task A_bad_alias_is_refused_with_its_field()
    {
        var datum = await service.AdoptedAsync("refused/a");
        var dataset = await service.NewDatasetAsync();
        var version = await service.NewVersionAsync(dataset, "v1", datum);
        foreach (var name in new[] { "v1", "latest", "", "a/b", "a:b" })
            await AssertRefusedAsync("name", name, version);
        foreach (var bad in new[] { "", "nonsense", Guid.NewGuid().ToString(), dataset, datum })
            await AssertRefusedAsync("dataset_version", "x", bad);
    }

    async Task AssertRefusedAsync(string field, string name, string version)
    {
        using var refused = await PointAsync(name, version);
        Assert.Equal(field, (await TestUsers.JsonAsync(refused, HttpStatusCode.BadRequest)).EnumerateObject().Single().Name);
    }

    Task<HttpResponseMessage> PointAsync(string name, string version) =>
        service.Http.PostAsJsonAsync(AliasesPath, new { name, dataset_version = version });

    async Task<List<(string?, string?)>> HistoryAsync(string path) =>
        [.. (await service.GetAllAsync(path)).Select(c => (c.GetProperty("from").GetString(), c.GetProperty("to").GetString()))];

    static string TextOf(JsonElement alias) => $"{alias.GetProperty("dataset").GetString()} {alias.GetProperty("name").GetString()}";
}
