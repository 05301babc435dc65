using System.Net;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Access;

/// <summary>Lists that a public command line client reads besides data, and the fields that each command uses.</summary>
public sealed class AbsentListTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    public static TheoryData<string> Pages =>
    [
        "executions/?project={0}&limit=9001&ordering=-counter&deleted=false&status=started&status=queued",
            "executions/?project={0}&counter=1&counter=2",
        "tasks/?project={0}&status=incomplete", "pipelines/?project={0}", "environments/?limit=9000&include=unfinished_job_count",
            "repositories/", "organizations/", "teams/",
        "commits/?project={0}&adhoc=false&limit=9000", "deployments/?project={0}", "models/?limit=200&ordering=name",
            "model-versions/?model={0}&counter=1&limit=1",
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task What_this_product_does_not_have_is_an_empty_page_with_and_without_the_slash(string path)
    {
        var url = "/api/v0/" + string.Format(System.Globalization.CultureInfo.InvariantCulture, path, service.Project.Id);
        foreach (var either in new[] { url, url.Replace("/?", "?", StringComparison.Ordinal).TrimEnd('/') })
        {
            var page = await service.GetAsync(either);
            Assert.Equal("""{"count":0,"next":null,"previous":null,"results":[]}""", page.ToString());
        }

        using var stranger = service.NewClient();
        Assert.Equal(HttpStatusCode.Unauthorized, await stranger.StatusAsync("GET", url));
    }

    [Fact]
    public async Task One_of_them_is_not_found_and_none_can_be_made()
    {
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("GET", $"/api/v0/executions/{service.Project.Id}:1/"));
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("GET", "/api/v0/commits/~0123/"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await service.Http.StatusAsync("POST", "/api/v0/executions/", "{}"));
    }

    [Fact]
    public async Task A_projects_commits_are_none_and_none_are_fetched_for_who_may_see_the_project()
    {
        var project = $"/api/v0/projects/{service.Project.Id}/";
        Assert.Equal("[]", (await service.GetAsync($"{project}commits/")).ToString());
        using var fetched = await service.Http.SendAsync("POST", $"{project}fetch/");
        Assert.Equal("""{"commits":[],"errors":[]}""", (await TestUsers.JsonAsync(fetched)).ToString());
        Assert.Equal("[]", (await service.GetAsync("/api/v0/projects/ownership_options/")).ToString());
        var (_, http) = await service.NewCallerAsync();
        using var _ = http;
        Assert.Equal(HttpStatusCode.NotFound, await http.StatusAsync("GET", $"{project}commits/"));
        Assert.Equal(HttpStatusCode.NotFound, await http.StatusAsync("POST", $"{project}fetch/"));
    }

    [Fact]
    public async Task A_project_has_an_owner_an_address_and_nothing_that_runs()
    {
        var department = await service.NewAsync("/api/v0/departments/", new { name = "lab" });
        using var made = await service.Http.SendAsync("POST", "/api/v0/projects/",
            $$"""{"name":"p","description":"What it is for","department":"{{department}}","owner":"somebody"}""");
        var project = await TestUsers.JsonAsync(made, HttpStatusCode.Created);
        var id = project.GetProperty("id").GetString();
        Assert.Equal((department.ToString(), "lab"),
            (project.GetProperty("owner").GetProperty("id").GetString(), project.GetProperty("owner").GetProperty("username").GetString()));
        Assert.Equal("What it is for", project.GetProperty("description").GetString());
        Assert.Equal(0, project.GetProperty("execution_summary").GetProperty("count").GetInt32());
        Assert.Empty(project.GetProperty("environment_variables").EnumerateObject());
        Assert.EndsWith($"/console/#/p/{id}/data", project.GetProperty("urls").GetProperty("display").GetString(),
            StringComparison.Ordinal);
        Assert.Equal(project.ToString(), (await service.GetAsync($"/api/v0/projects/{id}/")).ToString());
        Assert.Contains(project.ToString(), (await service.GetAllAsync("/api/v0/projects/?limit=9000")).Select(p => p.ToString()));
        using var renamed = await service.Http.SendAsync("PATCH", $"/api/v0/projects/{id}/", """{"description":"Something else"}""");
        Assert.Equal(("p", "Something else"), (await TestUsers.JsonAsync(renamed)) is var after
            ? (after.GetProperty("name").GetString(), after.GetProperty("description").GetString()) : default);
    }

    [Fact]
    public async Task They_are_in_no_openapi_document()
    {
        var paths = (await service.GetAsync("/openapi/v1.json")).GetProperty("paths").EnumerateObject().Select(p => p.Name).ToList();
        Assert.DoesNotContain(paths, p => p.Contains("executions", StringComparison.Ordinal)
            || p.Contains("commits", StringComparison.Ordinal) || p.Contains("ownership", StringComparison.Ordinal));
    }
}
