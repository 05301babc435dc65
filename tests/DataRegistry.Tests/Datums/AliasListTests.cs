using System.Net;
using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Datums;

/// <summary>Aliases of all projects, and names of former releases.</summary>
public sealed class AliasListTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    const string Path = "/api/v0/datum-aliases/";

    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task Without_a_project_those_of_all_that_one_may_read_are_listed_page_by_page()
    {
        await using var alone = await TestService.StartAsync();
        var projects = new List<Guid> { alone.Project.Id };
        for (var i = 0; i < 22; i++)
            projects.Add(await alone.NewAsync("/api/v0/projects/", new { name = $"p{i}" }));
        // Most projects have none.
        var expected = new List<string>();
        foreach (var project in projects.Where((_, i) => i % 6 == 0))
        {
            var datum = await AdoptAsync(alone, $"k{project}", project);
            foreach (var name in new[] { "a", "b", "c" })
                expected.Add((await alone.NewAsync(Path, new { name, datum, project })).ToString());
        }

        var (_, viewer) = await alone.NewCallerAsync(("viewer", "project", projects[6]));
        using var _1 = viewer;
        foreach (var order in new[] { "", "ordering=-ctime", "ordering=mtime" })
        {
            var all = await alone.GetAllAsync($"{Path}?{order}");
            Assert.Equal(expected.Order(StringComparer.Ordinal), all.Select(Id).Order(StringComparer.Ordinal));
            Assert.Equal(expected.Count, (await alone.GetAsync($"{Path}?{order}")).GetProperty("count").GetInt32());
            foreach (var limit in new[] { 1, 4, 11, 12 })
                Assert.Equal(all.Select(Id), (await alone.GetAllAsync($"{Path}?limit={limit}&{order}")).Select(Id));
            Assert.All(all, alias => Assert.Contains(alias.GetProperty("project").GetProperty("id").GetGuid(), projects));
            using var seen = await viewer.SendAsync("GET", $"{Path}?{order}");
            Assert.Equal(3, (await TestUsers.JsonAsync(seen)).GetProperty("count").GetInt32());
        }
    }

    [Theory]
    [InlineData("a?b")]
    [InlineData("a#b")]
    [InlineData("a&b")]
    [InlineData("a+b")]
    [InlineData("a%20b")]
    [InlineData("v1:2")]
    [InlineData("a/b")]
    [InlineData("a\\u007fb")]
    public async Task A_new_alias_has_no_name_that_means_something_else_in_an_address(string name)
    {
        var datum = await service.AdoptedAsync("a");
        using var refused = await service.Http.SendAsync(
            "POST", Path, $$"""{"name":"{{name}}","datum":"{{datum}}","project":"{{service.Project.Id}}"}""");
        var error = (await TestUsers.JsonAsync(refused, HttpStatusCode.BadRequest)).GetProperty("name")[0];
        Assert.Equal(AliasName.Requirement, error.GetProperty("message").GetString());
        using var metadata = await service.Http.SendAsync(
            "POST", $"/api/v0/data/{datum}/metadata/", $$"""{"a":1,"valohai.alias":"{{name}}"}""");
        Assert.Equal("valohai.alias",
            Assert.Single((await TestUsers.JsonAsync(metadata, HttpStatusCode.BadRequest)).EnumerateObject()).Name);
        using var apply = await service.Http.SendAsync(
            "POST", "/api/v0/data/metadata/apply/", $$$"""{"datum_metadata":{"{{{datum}}}":{"a":1,"valohai.alias":"{{{name}}}"} } }""");
        Assert.Equal(HttpStatusCode.BadRequest, apply.StatusCode);
        Assert.Equal("{}", (await service.GetAsync($"/api/v0/data/{datum}/metadata/")).ToString());
    }

    [Theory]
    [InlineData("v1:2 a+b#c?d&e%2f")]
    public async Task An_alias_of_a_former_release_keeps_its_name_and_moves(string name)
    {
        var (a, b) = (await service.AdoptedAsync("a"), await service.AdoptedAsync("b"));
        Assert.True(AliasName.TryParse(name, out var old));
        Assert.True(DatumId.TryParse(a, out var id));
        await service.Services.GetRequiredService<AliasTable>().PointAsync(service.Project, old, id, "before", default);
        using var moved = await service.Http.SendAsync(
            "POST", Path, $$"""{"name":"{{name}}","datum":"{{b}}","project":"{{service.Project.Id}}"}""");
        Assert.Equal(HttpStatusCode.OK, moved.StatusCode);
        foreach (var _ in new[] { 1, 2 })
        {
            using var posted = await service.Http.SendAsync("POST", $"/api/v0/data/{a}/metadata/", $$"""{"valohai.alias":"{{name}}"}""");
            Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
            using var applied = await service.Http.SendAsync(
                "POST", "/api/v0/data/metadata/apply/", $$$"""{"datum_metadata":{"{{{b}}}":{"valohai.alias":"{{{name}}}"} } }""");
            Assert.Equal(HttpStatusCode.OK, applied.StatusCode);
        }

        var resolved = await service.GetAsync($"{Path}resolve/?name={Uri.EscapeDataString(name)}&project={service.Project.Id}");
        Assert.Equal(b, resolved.GetProperty("datum").GetProperty("id").GetString());
        var byName = await service.GetAsync($"/api/v0/data/{Uri.EscapeDataString(name)}/?project={service.Project.Id}");
        Assert.Equal(b, byName.GetProperty("id").GetString());
        // A deleted alias is like one that never existed.
        var alias = (await service.GetAllAsync($"{Path}?project={service.Project.Id}")).Single();
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"{Path}{Id(alias)}/"));
        using var again = await service.Http.SendAsync(
            "POST", Path, $$"""{"name":"{{name}}","datum":"{{b}}","project":"{{service.Project.Id}}"}""");
        Assert.Equal(HttpStatusCode.BadRequest, again.StatusCode);
    }

    static async Task<string> AdoptAsync(TestService service, string key, Guid project)
    {
        service.Put(key);
        using var response = await service.AdoptAsync(new { url = service.Url(key), project });
        return (await TestUsers.JsonAsync(response)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
    }

    static string Id(JsonElement alias) => alias.GetProperty("id").GetString()!;
}
