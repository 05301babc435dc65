using System.Net;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Datums;

/// <summary>The list of datums without a project.</summary>
public sealed class AllProjectsTests : IAsyncLifetime
{
    TestService service = null!;
    readonly List<Guid> projects = [];

    public async Task InitializeAsync()
    {
        service = await TestService.StartAsync();
        projects.Add(service.Project.Id);
        for (var i = 0; i < 2; i++)
            projects.Add(await service.NewAsync("/api/v0/projects/", new { name = $"p{i}" }));
    }

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Theory]
    [InlineData("")]
    [InlineData("ordering=ctime")]
    [InlineData("ordering=name")]
    public async Task Those_of_all_projects_are_in_one_order_over_pages_of_any_length(string query)
    {
        await AdoptAsync(12);
        var expected = new List<JsonElement>();
        foreach (var project in projects)
            expected.AddRange(await service.GetAllAsync($"/api/v0/data/?project={project}&limit=1000"));
        Assert.Equal(12, expected.Count);
        var whole = await service.GetAllAsync($"/api/v0/data/?{query}");
        Assert.Equal(expected.Select(Id).Order(), whole.Select(Id).Order());
        Assert.Equal(expected.ToDictionary(Id, Project), whole.ToDictionary(Id, Project));
        if (query.Length == 0)
            Assert.Equal(whole.Select(Time).OrderDescending(StringComparer.Ordinal), whole.Select(Time));
        foreach (var limit in new[] { 1, 5, 11, 12 })
            Assert.Equal(whole.Select(Id), (await service.GetAllAsync($"/api/v0/data/?limit={limit}&{query}")).Select(Id));
        Assert.Equal(12, (await service.GetAsync($"/api/v0/data/?limit=5&{query}")).GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Only_what_the_caller_may_read_is_listed()
    {
        await AdoptAsync(6);
        var (_, viewer) = await service.NewCallerAsync(("viewer", "project", projects[0]), ("editor", "project", projects[2]));
        var (_, stranger) = await service.NewCallerAsync();
        using (viewer)
        using (stranger)
        {
            using var seen = await viewer.SendAsync("GET", "/api/v0/data/");
            var page = await TestUsers.JsonAsync(seen);
            Assert.Equal(4, page.GetProperty("count").GetInt32());
            Assert.DoesNotContain(projects[1].ToString(), page.GetProperty("results").EnumerateArray().Select(Project));
            using var byUri = await viewer.SendAsync("GET", $"/api/v0/data/?uri={service.Url("k01")}");
            Assert.Empty((await TestUsers.JsonAsync(byUri)).GetProperty("results").EnumerateArray());
            using var nothing = await stranger.SendAsync("GET", "/api/v0/data/");
            Assert.Equal(0, (await TestUsers.JsonAsync(nothing)).GetProperty("count").GetInt32());
        }
    }

    [Fact]
    public async Task Following_next_goes_on_where_it_was_although_a_project_comes_or_goes()
    {
        await AdoptAsync(12);
        var (user, viewer) = await service.NewCallerAsync(("viewer", "project", projects[0]), ("viewer", "project", projects[1]));
        using (viewer)
        {
            using var first = await viewer.SendAsync("GET", "/api/v0/data/?limit=3");
            var page = await TestUsers.JsonAsync(first);
            var seen = page.GetProperty("results").EnumerateArray().Select(Id).ToList();
            // The administrator continues from there in all three projects.
            var rest = (await service.GetAllAsync(page.GetProperty("next").GetString()!)).Select(Id).ToList();
            Assert.Empty(rest.Intersect(seen));
            var all = (await service.GetAllAsync("/api/v0/data/")).Select(Id).ToList();
            Assert.Equal(all.SkipWhile(id => id != seen[^1]).Skip(1), rest);
        }
    }

    [Fact]
    public async Task Over_twenty_projects_one_is_to_be_named()
    {
        for (var i = 0; i < 18; i++)
            await service.NewAsync("/api/v0/projects/", new { name = $"more{i}" });
        var error = await service.GetAsync("/api/v0/data/", HttpStatusCode.BadRequest);
        Assert.Equal("project", error.EnumerateObject().Single().Name);
        var (_, viewer) = await service.NewCallerAsync(("viewer", "project", projects[0]));
        using (viewer)
            Assert.Equal(HttpStatusCode.OK, await viewer.StatusAsync("GET", "/api/v0/data/"));
    }

    async Task AdoptAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            service.Put($"k{i:D2}");
            using var adopted = await service.AdoptAsync(new { url = service.Url($"k{i:D2}"), project = projects[i % projects.Count] });
            adopted.EnsureSuccessStatusCode();
        }
    }

    static string Id(JsonElement datum) => datum.GetProperty("id").GetString()!;

    static string Time(JsonElement datum) => datum.GetProperty("ctime").GetString()!;

    static string? Project(JsonElement datum) => datum.GetProperty("project").GetProperty("id").GetString();
}
