using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using static DataRegistry.Tests.Datasets.TestDatasets;

namespace DataRegistry.Tests.Datasets;

public sealed class DatasetTests(SharedService shared) : IClassFixture<SharedService>
{
    readonly TestService service = shared.Service;

    [Fact]
    public async Task A_dataset_is_made_by_a_form_with_any_owner_where_the_caller_writes_to_one_project()
    {
        using var created = await service.Http.PostAsync(
            new Uri(DatasetsPath, UriKind.Relative), new FormUrlEncodedContent([new("name", "by form"), new("owner", "5")]));
        await Wire.AssertAsync("dataset-created", created);
        var body = await created.Content.ReadFromJsonAsync<JsonElement>();
        Assert.EndsWith($"{DatasetsPath}{TestUsers.Id(body)}/", created.Headers.Location!.ToString(), StringComparison.Ordinal);
        Assert.Equal(body.ToString(), (await service.GetAsync($"{DatasetsPath}{TestUsers.Id(body)}/")).ToString());
        // Without a slash, as one client asks.
        Assert.Equal(body.ToString(), (await service.GetAsync($"{DatasetsPath}{TestUsers.Id(body)}")).ToString());
    }

    [Fact]
    public async Task Json_is_taken_with_an_owner_of_any_type()
    {
        foreach (var owner in new object?[] { null, 7, "me", new { id = 1 }, new[] { 1 } })
        {
            using var created = await service.Http.PostAsJsonAsync(
                DatasetsPath, new { name = $"owner-{Guid.NewGuid():N}", owner, project = service.Project.Id });
            await TestUsers.JsonAsync(created, HttpStatusCode.Created);
        }
    }

    [Fact]
    public async Task The_latest_version_is_the_newest_completed_one()
    {
        var datum = await service.AdoptedAsync("latest/a");
        var dataset = await service.NewDatasetAsync();
        Assert.Null(await service.LatestAsync(dataset));
        var ids = new List<string>();
        foreach (var name in new[] { "v2", "v1", "v3" })
        {
            ids.Add(await service.NewVersionAsync(dataset, name, datum));
            Assert.Equal(name, await service.LatestAsync(dataset));
        }

        Assert.Equal(
            ids, (await service.GetAllAsync($"{VersionsPath}?dataset={dataset}&limit=2")).Select(v => v.GetProperty("id").GetString()));
        foreach (var (id, left) in new[] { (ids[0], "v3"), (ids[2], "v1"), (ids[1], null) })
        {
            Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"{VersionsPath}{id}/"));
            Assert.Equal(left, await service.LatestAsync(dataset));
        }
    }

    [Fact]
    public async Task Lists_are_pages_by_name_and_a_name_finds_one()
    {
        var caller = await service.NewCallerAsync(("viewer", "system", null));
        string[] names = ["list-c", "list-a", "list-b"];
        foreach (var name in names)
            await service.NewDatasetAsync(name);
        var all = await service.GetAllAsync($"{DatasetsPath}?project={service.Project.Id}&limit=1");
        Assert.Equal(names.Order(), all.Select(NameOf).Where(n => n.StartsWith("list-", StringComparison.Ordinal)));
        Assert.Equal(all.Select(NameOf), (await service.GetAllAsync(DatasetsPath)).Select(NameOf));
        Assert.Equal("list-b", NameOf(Assert.Single(await service.GetAllAsync($"{DatasetsPath}?name=list-b"))));
        Assert.Empty(await service.GetAllAsync($"{DatasetsPath}?name=list-d"));
        // A name that none may have.
        Assert.Empty(await service.GetAllAsync($"{DatasetsPath}?name=list/d"));
        using var page = await caller.Http.GetAsync(new Uri($"{DatasetsPath}?project={service.Project.Id}&name=list-a", UriKind.Relative));
        await Wire.AssertAsync("datasets", page);
    }

    [Fact]
    public async Task A_deleted_dataset_is_gone_with_its_versions_and_its_name_is_free()
    {
        var datum = await service.AdoptedAsync("deleted/a");
        var dataset = await service.NewDatasetAsync("deleted");
        var version = await service.NewVersionAsync(dataset, "v1", datum);
        var alias = await service.NewAsync(AliasesPath, new { name = "stable", dataset_version = version });
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"{DatasetsPath}{dataset}/"));
        foreach (var path in new[]
        {
            $"{DatasetsPath}{dataset}/", $"{VersionsPath}{version}/", $"{VersionsPath}{version}/files/", $"{AliasesPath}{alias}/",
            $"{AliasesPath}{alias}/history/", $"{VersionsPath}resolve/?uri=dataset://deleted/v1&project={service.Project.Id}",
        })
        {
            await service.GetAsync(path, HttpStatusCode.NotFound);
        }

        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("DELETE", $"{DatasetsPath}{dataset}/"));
        var again = await service.NewDatasetAsync("deleted");
        Assert.Null(await service.LatestAsync(again));
        Assert.Empty(await service.GetAllAsync($"{VersionsPath}?dataset={again}"));
        await service.NewVersionAsync(again, "stable", datum);
        Assert.Equal(
            ["dataset.created", "dataset.deleted", "dataset_version.created", "dataset_version_alias.created"],
            (await service.GetAllAsync($"/api/v0/audit/?project={service.Project.Id}"))
                .Where(e => e.GetProperty("target").GetString() is { } target
                    && (target == dataset || target == version || target == alias.ToString()))
                .Select(e => e.GetProperty("action").GetString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_project_with_a_dataset_is_not_deleted()
    {
        var project = (await service.NewAsync("/api/v0/projects/", new { name = "with a dataset" })).ToString();
        var dataset = (await service.NewAsync(DatasetsPath, new { name = "a", project })).ToString();
        using (var refused = await service.Http.SendAsync("DELETE", $"/api/v0/projects/{project}/"))
        {
            Assert.Contains(
                "datasets", (await TestUsers.JsonAsync(refused, HttpStatusCode.Conflict)).ToString(), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"{DatasetsPath}{dataset}/"));
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/projects/{project}/"));
    }

    [Fact]
    public async Task Who_reads_data_reads_and_who_edits_it_makes_and_deletes()
    {
        var datum = await service.AdoptedAsync("may/a");
        var dataset = await service.NewDatasetAsync();
        var version = await service.NewVersionAsync(dataset, "v1", datum);
        var alias = await service.NewAsync(AliasesPath, new { name = "stable", dataset_version = version });
        var (_, viewer) = await service.NewCallerAsync(("viewer", "project", service.Project.Id));
        var (_, editor) = await service.NewCallerAsync(("editor", "project", service.Project.Id));
        var (_, stranger) = await service.NewCallerAsync();
        (string Method, string Path, object? Body)[] writes =
        [
            ("POST", DatasetsPath, new { name = "may-not", project = service.Project.Id }),
            ("POST", VersionsPath, new { name = "v2", dataset, files = new[] { new { datum } } }),
            ("POST", AliasesPath, new { name = "other", dataset_version = version }),
            ("DELETE", $"{AliasesPath}{alias}/", null), ("DELETE", $"{VersionsPath}{version}/", null),
            ("DELETE", $"{DatasetsPath}{dataset}/", null),
        ];
        string[] reads =
        [
            $"{DatasetsPath}{dataset}/", $"{VersionsPath}{version}/", $"{VersionsPath}{version}/files/", $"{AliasesPath}{alias}/",
            $"{AliasesPath}{alias}/history/",
        ];
        string[] lists = [$"{VersionsPath}?dataset={dataset}", $"{AliasesPath}?dataset={dataset}"];
        string[] ofProject =
        [
            $"{DatasetsPath}?project={service.Project.Id}", $"{AliasesPath}?project={service.Project.Id}",
            $"{VersionsPath}resolve/?uri=dataset://a/latest&project={service.Project.Id}",
        ];
        foreach (var path in (string[])[.. reads, .. lists])
            Assert.Equal(HttpStatusCode.OK, await viewer.StatusAsync("GET", path));
        foreach (var path in reads)
            Assert.Equal(HttpStatusCode.NotFound, await stranger.StatusAsync("GET", path));
        foreach (var path in lists)
            Assert.Equal(HttpStatusCode.BadRequest, await stranger.StatusAsync("GET", path));
        foreach (var path in ofProject)
            Assert.Equal(HttpStatusCode.Forbidden, await stranger.StatusAsync("GET", path));
        Assert.Equal(HttpStatusCode.OK, await stranger.StatusAsync("GET", DatasetsPath));
        foreach (var (method, path, body) in writes)
        {
            var json = body is null ? null : JsonSerializer.Serialize(body);
            Assert.Equal(HttpStatusCode.Forbidden, await viewer.StatusAsync(method, path, json));
            Assert.True(await stranger.StatusAsync(method, path, json) is
                HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.BadRequest);
        }

        foreach (var (method, path, body) in writes)
        {
            Assert.Equal(
                method == "POST" ? HttpStatusCode.Created : HttpStatusCode.NoContent,
                await editor.StatusAsync(method, path, body is null ? null : JsonSerializer.Serialize(body)));
        }
    }

    [Fact]
    public async Task A_caller_who_writes_to_several_projects_names_one_and_a_stranger_to_all_is_refused()
    {
        var other = await service.NewAsync("/api/v0/projects/", new { name = "another" });
        try
        {
            await AssertFieldAsync("project", new { name = "where" }, service.Http);
            var (_, stranger) = await service.NewCallerAsync();
            Assert.Equal(HttpStatusCode.Forbidden, await stranger.StatusAsync("POST", DatasetsPath, """{"name":"where"}"""));
        }
        finally
        {
            await service.Http.StatusAsync("DELETE", $"/api/v0/projects/{other}/");
        }
    }

    [Fact]
    public async Task A_bad_dataset_is_refused_with_its_field()
    {
        await service.NewDatasetAsync("taken");
        foreach (var name in new[]
        {
            "taken", "", "a/b", "a?b", "a#b", "a&b", "a+b", "a%b", "a:b", "a\u0001b", " a", ".", new string('n', 201),
        })
            await AssertFieldAsync("name", new { name, project = service.Project.Id }, service.Http);
        foreach (var root in new[] { "/a", "a/../b", ".", "/", "a\u0000", new string('r', 1025) })
            await AssertFieldAsync("root", new { name = "rooted", root, project = service.Project.Id }, service.Http);
        await AssertFieldAsync("project", new { name = "x", project = "nonsense" }, service.Http);
        await AssertFieldAsync("project", new { name = "x", project = Guid.NewGuid() }, service.Http);
        await AssertFieldAsync("nmae", new { nmae = "x", project = service.Project.Id }, service.Http);
    }

    static async Task AssertFieldAsync(string field, object body, HttpClient http)
    {
        using var refused = await http.PostAsJsonAsync(DatasetsPath, body);
        Assert.Equal(field, (await TestUsers.JsonAsync(refused, HttpStatusCode.BadRequest)).EnumerateObject().Single().Name);
    }

    static string NameOf(JsonElement dataset) => dataset.GetProperty("name").GetString()!;
}
