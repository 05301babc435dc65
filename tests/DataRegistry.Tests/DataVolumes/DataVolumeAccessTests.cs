using System.Net;
using DataRegistry.Organization;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.DataVolumes;

/// <summary>The callers who see, create, change, share and delete data volumes.</summary>
public sealed class DataVolumeAccessTests : IAsyncLifetime
{
    TestService service = null!;
    string id = "";

    public async Task InitializeAsync()
    {
        service = await TestService.StartAsync();
        id = await service.NewVolumeAsync("v");
    }

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Theory]
    [InlineData("system_admin", true, true)]
    [InlineData("department_admin", true, true)]
    [InlineData("research_manager", true, true)]
    [InlineData("editor", true, true)]
    [InlineData("data_volume_admin", true, true)]
    [InlineData("l1_researcher", true, false)]
    [InlineData("viewer", false, false)]
    [InlineData("cluster_agent", null, false)]
    public async Task Roles_may_do_what_the_table_says(string role, bool? edits, bool shares)
    {
        var (_, http) = await service.NewCallerAsync((role, "project", service.Project.Id));
        using var _http = http;
        var path = $"{TestVolumes.Path}/{id}";
        var refused = edits is null ? HttpStatusCode.NotFound : HttpStatusCode.Forbidden;
        Assert.Equal(edits is null ? HttpStatusCode.NotFound : HttpStatusCode.OK, await http.StatusAsync("GET", path));
        Assert.Equal(
            edits is null ? HttpStatusCode.Forbidden : HttpStatusCode.OK,
            await http.StatusAsync("GET", $"{TestVolumes.Path}?requestType=Originated"));
        Assert.Equal(edits == true ? HttpStatusCode.OK : refused, await http.StatusAsync("PATCH", path, """{"description":"d"}"""));
        Assert.Equal(shares ? HttpStatusCode.OK : refused, await http.StatusAsync("GET", $"{path}/sharedScopes"));
        Assert.Equal(shares ? HttpStatusCode.OK : refused, await http.StatusAsync("PATCH", $"{path}/sharedScopes", "{}"));
        if (edits is not null)
            Assert.Equal(shares, (await TestUsers.JsonAsync(await http.SendAsync("GET", path))).TryGetProperty("sharedScopes", out var _));
        using var created = await http.CreateVolumeAsync(new { name = "w", projectId = service.Project.Id, originPvcName = "p" });
        Assert.Equal(edits == true ? HttpStatusCode.Created : HttpStatusCode.Forbidden, created.StatusCode);
        if (edits == true)
            Assert.Equal(shares, (await TestUsers.JsonAsync(created, HttpStatusCode.Created)).TryGetProperty("sharedScopes", out var _));
        Assert.Equal(edits == true ? HttpStatusCode.Accepted : refused, await http.StatusAsync("DELETE", path));
    }

    [Fact]
    public async Task Outside_of_ones_scopes_there_is_no_volume_unless_it_is_shared_with_something_inside()
    {
        var other = await service.NewAsync("/api/v0/departments/", new { name = "other", cluster = Cluster.DefaultId });
        var project = await service.NewAsync("/api/v0/projects/", new { name = "theirs", department = other });
        var path = $"{TestVolumes.Path}/{id}";
        var (_, inProject) = await service.NewCallerAsync(("editor", "project", project));
        var (_, inDepartment) = await service.NewCallerAsync(("editor", "department", other));
        using var _1 = inProject;
        using var _2 = inDepartment;
        foreach (var (type, scope) in new[] { ("project", project), ("department", other), ("cluster", Cluster.DefaultId) })
        {
            foreach (var http in new[] { inProject, inDepartment })
            {
                Assert.Equal(HttpStatusCode.NotFound, await http.StatusAsync("GET", path));
                Assert.Equal(HttpStatusCode.NotFound, await http.StatusAsync("DELETE", path));
            }

            using var shared = await service.Http.ShareAsync(id, [(type, scope)], []);
            Assert.Equal(HttpStatusCode.OK, shared.StatusCode);
            foreach (var http in new[] { inProject, inDepartment })
            {
                Assert.False((await TestUsers.JsonAsync(await http.SendAsync("GET", path))).TryGetProperty("sharedScopes", out _));
                Assert.Equal(HttpStatusCode.Forbidden, await http.StatusAsync("DELETE", path));
                Assert.Equal(HttpStatusCode.Forbidden, await http.StatusAsync("GET", $"{path}/sharedScopes"));
                Assert.Empty(await http.NamesAsync("requestType=Originated"));
                Assert.Equal(["v"], await http.NamesAsync($"requestType=UsableInProject&usableInProjectId={project}"));
                Assert.Equal(
                    HttpStatusCode.Forbidden,
                    await http.StatusAsync(
                        "GET", $"{TestVolumes.Path}?requestType=UsableInProject&usableInProjectId={service.Project.Id}"));
            }

            using var taken = await service.Http.ShareAsync(id, [], [(type, scope)]);
        }
    }

    [Fact]
    public async Task A_token_for_some_projects_lists_and_sees_those_only()
    {
        var other = await service.NewAsync("/api/v0/projects/", new { name = "other" });
        await service.NewVolumeAsync("w", other);
        using var limited = service.As(await service.NewTokenAsync(service.Http, new { name = "t", projects = new[] { other } }));
        Assert.Equal(["w"], await limited.NamesAsync("requestType=Originated"));
        Assert.Equal(HttpStatusCode.NotFound, await limited.StatusAsync("GET", $"{TestVolumes.Path}/{id}"));
    }

    [Fact]
    public async Task Each_agent_works_in_its_own_cluster_only()
    {
        var (cluster, _, agent) = await service.NewAgentClusterAsync();
        var (other, project, stranger) = await service.NewAgentClusterAsync();
        using var _1 = agent;
        using var _2 = stranger;
        var volume = await service.NewVolumeAsync("x", project.Id);
        Assert.Equal(HttpStatusCode.NotFound, await agent.StatusAsync("GET", $"/api/v1/clusters/{other}/datavolumes/pending"));
        Assert.Equal(HttpStatusCode.NotFound, (await agent.ReportAsync(other, volume, new { phase = "Ready" })).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await agent.ReportAsync(cluster, volume, new { phase = "Ready" })).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await agent.ReportAsync(cluster, volume, new { isDeleted = true })).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, await agent.StatusAsync("GET", $"{TestVolumes.Path}/{volume}"));
        Assert.Equal(HttpStatusCode.OK, (await stranger.ReportAsync(other, volume, new { phase = "Ready" })).StatusCode);
    }
}
