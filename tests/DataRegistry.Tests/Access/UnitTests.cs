using System.Net;
using System.Net.Http.Json;
using DataRegistry.Access;
using DataRegistry.Organization;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Access;

/// <summary>Renaming and deleting clusters, departments and projects.</summary>
public sealed class UnitTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task Units_are_renamed_and_once_empty_deleted_and_both_are_in_the_trail()
    {
        var (cluster, department, project) = await NewUnitsAsync();
        foreach (var path in new[] { $"clusters/{cluster}", $"departments/{department}", $"projects/{project}" })
        {
            var renamed = await TestUsers.JsonAsync(await service.Http.SendAsync("PATCH", $"/api/v0/{path}/", """{"name":"ünit"}"""));
            Assert.Equal("ünit", renamed.GetProperty("name").GetString());
            Assert.Equal("ünit", (await service.GetAsync($"/api/v0/{path}/")).GetProperty("name").GetString());
            Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", $"/api/v0/{path}/", """{"name":"ünit"}"""));
        }

        using var departmentInUse = await service.Http.SendAsync("DELETE", $"/api/v0/departments/{department}/");
        await Wire.AssertAsync("department-in-use", departmentInUse);
        using var clusterInUse = await service.Http.SendAsync("DELETE", $"/api/v0/clusters/{cluster}/");
        await Wire.AssertAsync("cluster-in-use", clusterInUse);
        foreach (var path in new[] { $"projects/{project}", $"departments/{department}", $"clusters/{cluster}" })
        {
            Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/{path}/"));
            Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("GET", $"/api/v0/{path}/"));
            Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("DELETE", $"/api/v0/{path}/"));
            Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("PATCH", $"/api/v0/{path}/", """{"name":"again"}"""));
        }

        Assert.DoesNotContain(await service.GetAllAsync("/api/v0/projects/"), p => TestUsers.Id(p) == project);
        string[] units = [$"{cluster}", $"{department}", $"{project}"];
        Assert.Equal(
            ["cluster.deleted", "department.deleted", "department.renamed", "cluster.renamed", "department.created", "cluster.created"],
            (await service.GetAllAsync("/api/v0/audit/")).Where(e => units.Contains(e.GetProperty("target").GetString()))
                .Select(e => e.GetProperty("action").GetString()));
        // A deleted project's trail can still be read.
        Assert.Equal(
            ["project.deleted", "project.renamed", "project.created"],
            (await service.GetAllAsync($"/api/v0/audit/?project={project}")).Select(e => e.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task The_default_units_stay()
    {
        foreach (var path in new[] { $"clusters/{Cluster.DefaultId}", $"departments/{Department.DefaultId}" })
            Assert.Equal(HttpStatusCode.Conflict, await service.Http.StatusAsync("DELETE", $"/api/v0/{path}/"));
    }

    [Theory]
    [InlineData("""{"name":" "}""")]
    [InlineData("{}")]
    [InlineData("""{"name":7}""")]
    [InlineData("""{"name":"a","cluster":"0198c0de-0000-7000-8000-0000000000c1"}""")]
    [InlineData("[")]
    public async Task A_bad_name_renames_nothing(string json)
    {
        foreach (var path in new[] { $"clusters/{Cluster.DefaultId}", $"departments/{Department.DefaultId}" })
        {
            Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("PATCH", $"/api/v0/{path}/", json));
            Assert.Equal("default", (await service.GetAsync($"/api/v0/{path}/")).GetProperty("name").GetString());
        }
    }

    [Fact]
    public async Task A_project_with_datums_is_kept_until_they_are_purged()
    {
        var (_, _, project) = await NewUnitsAsync();
        service.Put("a");
        using var adopted = await service.AdoptAsync(new { url = service.Url("a"), project });
        var datum = (await TestUsers.JsonAsync(adopted)).GetProperty("created").EnumerateObject().Single().Value.GetString();
        using var refused = await service.Http.SendAsync("DELETE", $"/api/v0/projects/{project}/");
        await Wire.AssertAsync("project-in-use", refused);
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("GET", $"/api/v0/data/{datum}/"));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("POST", $"/api/v0/data/{datum}/purge/"));
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/projects/{project}/"));
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("GET", $"/api/v0/data/{datum}/"));
        // Its URL is free for another project.
        using var again = await service.AdoptUrlAsync(service.Url("a"));
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task A_project_with_a_store_a_data_volume_or_an_unfinished_job_is_kept()
    {
        var (_, _, project) = await NewUnitsAsync();
        var volume = await service.NewAsync("/api/v1/datavolumes", new { name = "volume", originPvcName = "pvc", projectId = project });
        Assert.Equal(HttpStatusCode.Conflict, await service.Http.StatusAsync("DELETE", $"/api/v0/projects/{project}/"));
        Assert.Equal(HttpStatusCode.Accepted, await service.Http.StatusAsync("DELETE", $"/api/v1/datavolumes/{volume}"));
        var configuration = new
        {
            bucket = "bucket",
            endpoint_url = service.Server.Url,
            access_key_id = "key",
            secret_access_key = "secret",
        };
        var store = await service.NewAsync("/api/v0/stores/", new { name = "of the project", project, configuration });
        var error = await TestUsers.JsonAsync(
            await service.Http.SendAsync("DELETE", $"/api/v0/projects/{project}/"), HttpStatusCode.Conflict);
        Assert.Contains("'of the project'", error.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/stores/{store}/"));

        using var job = await service.AdoptAsync(new { urls = Enumerable.Range(0, 101).Select(i => service.Url($"missing{i}")), project });
        Assert.Equal(HttpStatusCode.Accepted, job.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, await service.Http.StatusAsync("DELETE", $"/api/v0/projects/{project}/"));
        await service.DrainAsync();
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/projects/{project}/"));
    }

    [Fact]
    public async Task A_datum_that_came_late_from_another_instance_brings_the_project_back_when_it_is_deleted_again()
    {
        var (_, _, project) = await NewUnitsAsync();
        await using var second = await TestService.StartAsync(service.Connection, null);
        // The other instance has just read that the project exists.
        Assert.Equal(HttpStatusCode.OK, await second.Http.StatusAsync("GET", $"/api/v0/projects/{project}/"));
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/projects/{project}/"));
        second.Put("late");
        using var adopted = await second.AdoptAsync(new { url = second.Url("late"), project });
        Assert.Equal(HttpStatusCode.OK, adopted.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, await service.Http.StatusAsync("DELETE", $"/api/v0/projects/{project}/"));
        Assert.Equal(1, (await service.GetAsync($"/api/v0/data/?project={project}")).GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task What_is_made_in_a_unit_while_it_is_deleted_is_never_left_without_it()
    {
        await using var second = await TestService.StartAsync(service.Connection, null);
        for (var i = 0; i < 8; i++)
        {
            var cluster = await service.NewAsync("/api/v0/clusters/", new { name = "c" });
            var department = await service.NewAsync("/api/v0/departments/", new { name = "d", cluster });
            var (project, deletion) = (second.Http.PostAsJsonAsync(
                "/api/v0/projects/", new { name = "p", department }), service.Http.StatusAsync(
                    "DELETE", $"/api/v0/departments/{department}/"));
            await Task.WhenAll(project, deletion);
            Assert.Equal(
                (await project).StatusCode == HttpStatusCode.Created ? HttpStatusCode.Conflict : HttpStatusCode.NoContent, await deletion);
            Assert.Equal(
                (await deletion) == HttpStatusCode.Conflict,
                (await service.GetAllAsync("/api/v0/projects/")).Exists(p => p.GetProperty("department").GetGuid() == department));
            var (another, end) = (second.Http.PostAsJsonAsync(
                "/api/v0/departments/", new { name = "d", cluster }), service.Http.StatusAsync("DELETE", $"/api/v0/clusters/{cluster}/"));
            await Task.WhenAll(another, end);
            Assert.NotEqual((await another).StatusCode == HttpStatusCode.Created, await end == HttpStatusCode.NoContent);
        }
    }

    [Fact]
    public async Task A_project_that_the_installation_is_set_up_with_is_there_again_after_a_restart()
    {
        var projects = service.Services.GetRequiredService<ProjectTable>();
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/projects/{service.Project.Id}/"));
        Assert.Equal(service.Project, await projects.EnsureAsync(service.Project.Id, "another name", default));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("GET", $"/api/v0/projects/{service.Project.Id}/"));
    }

    [Fact]
    public async Task A_role_at_a_unit_that_is_gone_allows_nothing_and_can_be_taken()
    {
        var (_, _, project) = await NewUnitsAsync();
        var (id, http) = await service.NewCallerAsync(("editor", "project", project));
        using var _ = http;
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/projects/{project}/"));
        Assert.Equal(HttpStatusCode.Forbidden, await http.StatusAsync("GET", $"/api/v0/data/?project={project}"));
        var role = Assert.Single((await service.GetAsync($"/api/v0/users/{id}/roles/")).GetProperty("results").EnumerateArray().ToArray());
        Assert.Equal(
            HttpStatusCode.NoContent,
            await service.Http.StatusAsync("DELETE", $"/api/v0/users/{id}/roles/{role.GetProperty("id").GetString()}/"));
    }

    [Fact]
    public async Task Only_who_may_make_a_unit_deletes_one()
    {
        var (cluster, department, project) = await NewUnitsAsync();
        var (_, http) = await service.NewCallerAsync(("system_admin", "department", department));
        using var _http = http;
        var (_, ofCluster) = await service.NewCallerAsync(("system_admin", "cluster", cluster));
        using var _ofCluster = ofCluster;
        Assert.Equal(HttpStatusCode.NotFound, await http.StatusAsync("DELETE", $"/api/v0/clusters/{cluster}/"));
        Assert.Equal(HttpStatusCode.Forbidden, await http.StatusAsync("DELETE", $"/api/v0/departments/{department}/"));
        Assert.Equal(HttpStatusCode.OK, await http.StatusAsync("PATCH", $"/api/v0/departments/{department}/", """{"name":"ours"}"""));
        Assert.Equal(HttpStatusCode.NoContent, await http.StatusAsync("DELETE", $"/api/v0/projects/{project}/"));
        Assert.Equal(HttpStatusCode.NoContent, await ofCluster.StatusAsync("DELETE", $"/api/v0/departments/{department}/"));
        Assert.Equal(HttpStatusCode.Forbidden, await ofCluster.StatusAsync("DELETE", $"/api/v0/clusters/{cluster}/"));
    }

    [Fact]
    public async Task A_log_in_looks_at_a_few_tokens_only()
    {
        var alice = await service.NewUserAsync("alice", "correct horse battery");
        var tokens = service.Services.GetRequiredService<TokenTable>();
        for (var i = 0; i < 15; i++)
            await tokens.CreateAsync(new(alice, $"old {i}", DateTimeOffset.UtcNow.AddDays(-1), Projects: null), default);
        using var response = await service.LogInAsync("alice", "correct horse battery");
        response.EnsureSuccessStatusCode();
        var (left, _) = await tokens.ListAsync(alice, 100, null, default);
        Assert.Equal(6, left.Count);
        Assert.Equal("log-in", left[^1].Name);
    }

    async Task<(Guid Cluster, Guid Department, Guid Project)> NewUnitsAsync()
    {
        var cluster = await service.NewAsync("/api/v0/clusters/", new { name = "c" });
        var department = await service.NewAsync("/api/v0/departments/", new { name = "d", cluster });
        return (cluster, department, await service.NewAsync("/api/v0/projects/", new { name = "p", department }));
    }
}
