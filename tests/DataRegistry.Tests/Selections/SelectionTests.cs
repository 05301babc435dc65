using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Organization;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Selections;

public sealed class SelectionTests(PatientService shared) : IClassFixture<PatientService>
{
    readonly TestService service = shared.Service;

    [Fact]
    public async Task Every_filter_takes_its_datums_and_no_others()
    {
        string[] keys = ["f/a.txt", "f/b.txt", "f/sub/a.txt", "f/sub/large", "g/a.txt"];
        service.Put(keys);
        service.Bucket.Put("f/sub/large", new byte[5000]);
        var ids = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            using var adopted = await service.AdoptAsync(
                new { url = service.Url(key), project = service.Project.Id, tags = new[] { $"of-{key[0]}" } });
            ids[key] = (await TestUsers.JsonAsync(adopted)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
        }

        await service.Http.StatusAsync("POST", $"/api/v0/data/{ids["f/b.txt"]}/metadata/", """{"valohai.tags":["edited"]}""");
        await service.Http.StatusAsync("POST", $"/api/v0/data/{ids["g/a.txt"]}/purge/");
        var store = service.Store.Id;
        await ExpectAsync(new { store, prefix = "f/" }, "f/a.txt", "f/b.txt", "f/sub/a.txt", "f/sub/large");
        await ExpectAsync(new { prefix = "s3://bucket/f/sub/" }, "f/sub/a.txt", "f/sub/large");
        await ExpectAsync(new { prefix = "s3://other/f/" });
        await ExpectAsync(new { glob = "f/**/*.txt" }, "f/a.txt", "f/b.txt", "f/sub/a.txt");
        await ExpectAsync(new { glob = "f/*.txt", prefix = "f/b" }, "f/b.txt");
        await ExpectAsync(new { name = "a.txt" }, "f/a.txt", "f/sub/a.txt");
        await ExpectAsync(new { name_contains = "arg" }, "f/sub/large");
        await ExpectAsync(new { name_contains = "sub" });
        await ExpectAsync(new { tag = "of-f" }, "f/a.txt", "f/sub/a.txt", "f/sub/large");
        await ExpectAsync(new { tag = "edited" }, "f/b.txt");
        await ExpectAsync(new { prefix = "f/", size_min = 5000, size_max = 5000 }, "f/sub/large");
        await ExpectAsync(new { prefix = "f/sub/", size_max = 4999 }, "f/sub/a.txt");
        await ExpectAsync(new { store, prefix = "g/", purged = true }, "g/a.txt");
        await ExpectAsync(new { store, prefix = "g/", purged = false });
        await ExpectAsync(new { prefix = "f/", drift = "unknown", name = "a.txt" }, "f/a.txt", "f/sub/a.txt");
        await ExpectAsync(new { drift = "changed" });
        // One of them is purged, one does not exist, and one is named twice.
        string[] named =
            [ids["f/b.txt"], $"datum://{ids["f/sub/large"]}", ids["g/a.txt"], Guid.CreateVersion7().ToString(), ids["f/b.txt"]];
        await ExpectAsync(new { ids = named }, "f/b.txt", "f/sub/large");
        await ExpectAsync(new { ids = named, name = "large" }, "f/sub/large");
        var time = (await service.GetAsync($"/api/v0/data/{ids["f/sub/a.txt"]}/")).GetProperty("ctime").GetDateTimeOffset();
        await ExpectAsync(new { prefix = "f/", adopted_after = time, adopted_before = time.AddMilliseconds(1) }, "f/sub/a.txt");
        await ExpectAsync(new { prefix = "f/", adopted_before = time }, "f/a.txt", "f/b.txt");
        await ExpectAsync(new { prefix = "f/", adopted_after = time.AddTicks(1) }, "f/sub/large");
    }

    [Fact]
    public async Task A_project_s_selections_and_their_jobs_are_listed_newest_first_by_pages_and_by_status()
    {
        var project = await service.NewAsync("/api/v0/projects/", new { name = $"listed-{Guid.NewGuid():N}" });
        await service.AddDatumsAsync(await service.NewStoreAsync(), await FindAsync(), ["l/a", "l/b"]);
        var selections = new List<string>();
        var made = new List<string>();
        foreach (var filter in new object[] { new { name = "a" }, new { name = "b" }, new { prefix = "l/" } })
        {
            using var answer = await service.NewSelectionAsync(filter, project);
            var selection = await TestUsers.JsonAsync(answer, HttpStatusCode.Created);
            selections.Insert(0, selection.GetProperty("id").GetString()!);
            made.Insert(0, (await service.ActedAsync(selection, "tag", """{"tags":["listed"]}""")).GetProperty("id").GetString()!);
        }

        Assert.Equal(selections, await IdsAsync($"selections/?project={project}&limit=2"));
        Assert.Equal(made, await IdsAsync($"selection-jobs/?project={project}&limit=2"));
        Assert.Equal(made[1..2], await IdsAsync($"selection-jobs/?project={project}&selection={selections[1]}"));
        Assert.Equal(selections, await IdsAsync($"selections/?project={project}&status=completed"));
        Assert.Empty(await IdsAsync($"selections/?project={project}&status=failed"));
        Assert.Empty(await IdsAsync($"selection-jobs/?project={project}&status=running"));
        // A list has the same as the selection itself, except for its sample.
        var newest = (await service.GetAllAsync($"/api/v0/selections/?project={project}"))[0];
        var whole = await service.GetAsync($"/api/v0/selections/{selections[0]}/");
        Assert.Equal(2, newest.GetProperty("count").GetInt32());
        Assert.All(newest.EnumerateObject(), p => Assert.Equal(whole.GetProperty(p.Name).GetRawText(), p.Value.GetRawText()));
        Assert.Equal(
            "sample", string.Join(' ', whole.EnumerateObject().Select(p => p.Name).Except(newest.EnumerateObject().Select(p => p.Name))));
        foreach (var wrong in new[] { "", "?project=x", $"?project={Guid.NewGuid()}", $"?project={project}&status=frozen" })
        {
            Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("GET", $"/api/v0/selections/{wrong}"));
            Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("GET", $"/api/v0/selection-jobs/{wrong}"));
        }

        Assert.Equal(
            HttpStatusCode.BadRequest, await service.Http.StatusAsync("GET", $"/api/v0/selection-jobs/?project={project}&selection=x"));

        async Task<Project> FindAsync() => (await service.Services.GetRequiredService<ProjectTable>().FindAsync(project, default))!;

        async Task<List<string>> IdsAsync(string path) =>
            [.. (await service.GetAllAsync($"/api/v0/{path}")).Select(s => s.GetProperty("id").GetString()!)];
    }

    [Fact]
    public async Task A_selection_shows_what_it_took_and_stays_as_it_was()
    {
        service.Put("shown/a", "shown/b");
        using var adopted = await service.AdoptUrlsAsync(new[] { "shown/a", "shown/b" }.Select(service.Url));
        using var made = await service.NewSelectionAsync(new { store = service.Store.Id, prefix = "shown/" });
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        // Other tests have adopted, too.
        var looked = (await TestUsers.JsonAsync(made, HttpStatusCode.Created)).GetProperty("looked").GetInt64();
        Assert.True(looked >= 2, $"{looked}");
        await Wire.AssertAsync("selection", made, ("looked", $"\"looked\": {looked}"));
        await service.AdoptedAsync("shown/c");
        var selection = await service.GetAsync(made.Headers.Location!.AbsolutePath);
        Assert.Equal(["shown/a", "shown/b"], (await service.ItemsAsync(selection)).Order());
        using var lines = new HttpRequestMessage(HttpMethod.Get, new Uri($"{TestSelections.PathOf(selection)}items/", UriKind.Relative));
        lines.Headers.Accept.ParseAdd("application/x-ndjson");
        using var all = await service.Http.SendAsync(lines);
        Assert.Equal(2, (await all.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task An_adoption_is_undone_by_selecting_its_job_and_purging()
    {
        var keys = Enumerable.Range(0, 120).Select(i => $"undo/{i}").ToList();
        service.Put([.. keys]);
        await service.AdoptedAsync("undo/0");
        var path = await service.AcceptAsync(keys);
        var job = path.TrimEnd('/').Split('/')[^1];
        using (var early = await service.NewSelectionAsync(new { job }))
            Assert.Equal(HttpStatusCode.Conflict, early.StatusCode);
        await service.DrainAsync();
        var selection = await service.SelectAsync(new { job });
        Assert.Equal(119, selection.GetProperty("count").GetInt32());
        TestSelections.AssertCounts(await service.ActedAsync(selection, "purge"), 119, 119, 0, 0);
        var left = await service.GetAllAsync($"/api/v0/stores/{service.Store.Id}/tree/?project={service.Project.Id}&prefix=undo/");
        Assert.Equal(["undo/0"], left.Select(f => f.GetProperty("key").GetString()));
        using var again = await service.AdoptUrlAsync(service.Url("undo/7"));
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        var events = await service.GetAllAsync($"/api/v0/audit/?project={service.Project.Id}&action=selection.purged");
        Assert.Single(events);
    }

    [Fact]
    public async Task What_changed_meanwhile_is_skipped_with_the_reason()
    {
        var (a, b, c) = (
            await service.AdoptedAsync("skip/a"), await service.AdoptedAsync("skip/b"), await service.AdoptedAsync("skip/c"));
        foreach (var id in new[] { a, b, c })
            await service.Http.StatusAsync("POST", $"/api/v0/data/{id}/metadata/", """{"valohai.tags":["skip"]}""");
        var selection = await service.SelectAsync(new { tag = "skip" });
        await service.Http.StatusAsync("POST", $"/api/v0/data/{a}/purge/");
        await service.Http.StatusAsync("POST", $"/api/v0/data/{b}/metadata/", "{}");
        var job = await service.ActedAsync(selection, "purge");
        TestSelections.AssertCounts(job, 3, 1, 2, 0);
        var path = $"{TestSelections.PathOf(selection)}jobs/{job.GetProperty("id").GetString()}/results/";
        var skipped = (await service.GetAllAsync(path)).ToDictionary(s => s.GetProperty("id").GetString()!);
        Assert.Equal("already_purged", skipped[a].GetProperty("code").GetString());
        Assert.Equal("changed", skipped[b].GetProperty("code").GetString());
        Assert.False((await service.GetAsync($"/api/v0/data/{b}/")).GetProperty("purged").GetBoolean());
        Assert.True((await service.GetAsync($"/api/v0/data/{c}/")).GetProperty("purged").GetBoolean());
    }

    [Fact]
    public async Task Tags_are_added_and_taken_away_beside_those_that_are_there()
    {
        var id = await service.AdoptedAsync("tagged/a");
        await service.Http.StatusAsync("POST", $"/api/v0/data/{id}/metadata/", """{"x":1,"valohai.tags":["old"]}""");
        var selection = await service.SelectAsync(new { prefix = "tagged/" });
        TestSelections.AssertCounts(await service.ActedAsync(selection, "tag", """{"tags":["new","old"]}"""), 1, 1, 0, 0);
        Assert.Equal("""{"x":1,"valohai.tags":["old","new"]}""", await MetadataAsync(id));
        TestSelections.AssertCounts(await service.ActedAsync(selection, "untag", """{"tags":["old","none"]}"""), 1, 1, 0, 0);
        Assert.Equal("""{"x":1,"valohai.tags":["new"]}""", await MetadataAsync(id));
        var many = JsonSerializer.Serialize(new { tags = Enumerable.Range(0, 100).Select(i => $"t{i}") });
        TestSelections.AssertCounts(await service.ActedAsync(selection, "tag", many), 1, 0, 1, 0);
        // Each list is within its bound, and both together are not.
        foreach (var (letter, done) in new[] { ('a', 1), ('b', 0) })
        {
            var large = JsonSerializer.Serialize(new { tags = Enumerable.Range(0, 30).Select(i => $"{i}{new string(letter, 190)}") });
            TestSelections.AssertCounts(await service.ActedAsync(selection, "tag", large), 1, done, 1 - done, 0);
        }
    }

    [Theory]
    [InlineData("null", "filter")]
    [InlineData("{}", "filter")]
    [InlineData("[]", "filter")]
    [InlineData("""{"purged":false}""", "filter")]
    [InlineData("""{"stores":"x"}""", "stores")]
    [InlineData("""{"store":"x"}""", "store")]
    [InlineData("""{"store":null}""", "store")]
    [InlineData("""{"store":"00000000-0000-0000-0000-000000000001"}""", "store")]
    [InlineData("""{"prefix":""}""", "prefix")]
    [InlineData("""{"prefix":"s3://"}""", "prefix")]
    [InlineData("""{"prefix":5}""", "prefix")]
    [InlineData("""{"name":"\ud800"}""", "name")]
    [InlineData("""{"drift":"lost"}""", "drift")]
    [InlineData("""{"ids":[]}""", "ids")]
    [InlineData("""{"ids":"x"}""", "ids")]
    [InlineData("""{"ids":["x"]}""", "ids")]
    [InlineData("""{"ids":[5]}""", "ids")]
    [InlineData("""{"size_min":-1}""", "size_min")]
    [InlineData("""{"size_min":5,"size_max":4}""", "size_max")]
    [InlineData("""{"job":"x"}""", "job")]
    [InlineData("""{"adopted_after":"yesterday"}""", "adopted_after")]
    [InlineData("""{"adopted_after":"2026-01-02","adopted_before":"2026-01-02"}""", "adopted_before")]
    [InlineData("""{"purged":"yes","name":"a"}""", "purged")]
    [InlineData("glob", "glob")]
    [InlineData("long", "name")]
    [InlineData("many", "ids")]
    [InlineData("whole", "filter")]
    public async Task A_wrong_filter_is_a_400_of_its_field(string filter, string field)
    {
        // More wildcards than a pattern's automaton may have; more text than a key; more ids, or more in all, than a row keeps.
        var json = filter switch
        {
            "glob" => $$"""{"glob":"{{string.Concat(Enumerable.Repeat("*a", 33))}}"}""",
            "long" => $$"""{"name":"{{new string('a', 1025)}}"}""",
            "many" => JsonSerializer.Serialize(new { ids = Enumerable.Range(0, 501).Select(_ => Guid.CreateVersion7()) }),
            // Each part is within its bound. A letter takes six characters of the row's column.
            "whole" => JsonSerializer.Serialize(new
            {
                ids = Enumerable.Range(0, 500).Select(_ => Guid.CreateVersion7()),
                name = new string('ü', 1000),
                name_contains = new string('ü', 1000),
                tag = new string('ü', 190),
            }),
            _ => filter,
        };
        using var answer = await service.Http.SendAsync(
            "POST", "/api/v0/selections/", $$"""{"project":"{{service.Project.Id}}","filter":{{json}}}""");
        var error = await TestUsers.JsonAsync(answer, HttpStatusCode.BadRequest);
        Assert.Equal(field, error.EnumerateObject().Single().Name);
    }

    [Theory]
    [InlineData("tag", "{}", "tags")]
    [InlineData("untag", """{"tags":null}""", "tags")]
    [InlineData("tag", """{"tags":[]}""", "tags")]
    [InlineData("untag", """{"tags":[""]}""", "tags")]
    [InlineData("tag", """{"tags":[null]}""", "tags")]
    [InlineData("tag", """{"tags":["a\nb"]}""", "tags")]
    [InlineData("tag", "many", "tags")]
    [InlineData("tag", "long", "tags")]
    [InlineData("untag", "bytes", "tags")]
    [InlineData("tag", """{"tag":["x"]}""", "tag")]
    [InlineData("export", "{}", "format")]
    [InlineData("export", """{"format":null}""", "format")]
    [InlineData("export", """{"format":""}""", "format")]
    [InlineData("export", """{"format":"xlsx"}""", "format")]
    [InlineData("export", """{"format":"Parquet"}""", "format")]
    public async Task A_wrong_action_is_a_400_of_its_field_and_begins_nothing(string verb, string body, string field)
    {
        var selection = await service.SelectAsync(new { prefix = "none/" });
        var json = body switch
        {
            // One more than a datum may have, one longer than a tag may be, and more bytes than all of them may have.
            "many" => JsonSerializer.Serialize(new { tags = Enumerable.Range(0, 101).Select(i => $"t{i}") }),
            "long" => JsonSerializer.Serialize(new { tags = new[] { new string('t', 201) } }),
            "bytes" => JsonSerializer.Serialize(new { tags = Enumerable.Range(0, 50).Select(i => $"{i}{new string('ü', 150)}") }),
            _ => body,
        };
        using (var answer = await service.Http.SendAsync("POST", $"{TestSelections.PathOf(selection)}{verb}/", json))
            Assert.Equal(field, (await TestUsers.JsonAsync(answer, HttpStatusCode.BadRequest)).EnumerateObject().Single().Name);
        await service.ActedAsync(selection, "export", """{"format":"parquet"}""");
    }

    [Fact]
    public async Task A_job_that_does_not_adopt_and_one_of_another_project_are_no_filter()
    {
        var selection = await service.SelectAsync(new { prefix = "none/" });
        var other = await service.Services.GetRequiredService<ProjectTable>().EnsureAsync(Guid.NewGuid(), "jobs-of-another", default);
        service.Put([.. Enumerable.Range(0, 101).Select(i => $"another/{i}")]);
        using var adoption = await service.AdoptAsync(
            new { urls = Enumerable.Range(0, 101).Select(i => service.Url($"another/{i}")), project = other.Id });
        var job = (await TestUsers.JsonAsync(adoption, HttpStatusCode.Accepted)).GetProperty("id").GetString();
        await service.DrainAsync();
        foreach (var id in new[] { selection.GetProperty("id").GetString(), job })
        {
            using var refused = await service.NewSelectionAsync(new { job = id });
            Assert.Equal("job", (await TestUsers.JsonAsync(refused, HttpStatusCode.BadRequest)).EnumerateObject().Single().Name);
        }

        using var own = await service.NewSelectionAsync(new { job }, other.Id);
        Assert.Equal(101, (await TestUsers.JsonAsync(own, HttpStatusCode.Created)).GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task One_action_at_a_time_and_a_repeated_request_is_the_same_job()
    {
        await service.AdoptedAsync("twice/a");
        var selection = await service.SelectAsync(new { prefix = "twice/" });
        using var first = await ActWithKeyAsync(selection, "tag", """{"tags":["x"]}""", "key");
        var job = first.Headers.Location!.AbsolutePath;
        using (var repeated = await ActWithKeyAsync(selection, "tag", """{"tags":["x"]}""", "key"))
            Assert.Equal(job, repeated.Headers.Location!.AbsolutePath);
        using (var other = await ActWithKeyAsync(selection, "tag", """{"tags":["y"]}""", "key"))
            Assert.Equal(HttpStatusCode.BadRequest, other.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, await service.Http.StatusAsync("POST", $"{TestSelections.PathOf(selection)}purge/"));
        await service.DrainAsync();
        using (var later = await ActWithKeyAsync(selection, "tag", """{"tags":["x"]}""", "key"))
            Assert.Equal(job, later.Headers.Location!.AbsolutePath);
        TestSelections.AssertCounts(await service.ActedAsync(selection, "purge"), 1, 1, 0, 0);
    }

    [Fact]
    public async Task Who_may_read_selects_and_exports_and_who_manages_purges()
    {
        await service.AdoptedAsync("right/a");
        var selection = await service.SelectAsync(new { prefix = "right/" });
        var path = TestSelections.PathOf(selection);
        var (_, viewer) = await service.NewCallerAsync(("viewer", "project", service.Project.Id));
        var (_, editor) = await service.NewCallerAsync(("editor", "project", service.Project.Id));
        var (_, manager) = await service.NewCallerAsync(("research_manager", "project", service.Project.Id));
        var other = await service.Services.GetRequiredService<ProjectTable>().EnsureAsync(Guid.NewGuid(), "other", default);
        var (_, stranger) = await service.NewCallerAsync(("research_manager", "project", other.Id));
        using (viewer)
        using (editor)
        using (manager)
        using (stranger)
        {
            Assert.Equal(HttpStatusCode.OK, await viewer.StatusAsync("GET", path));
            Assert.Equal(HttpStatusCode.Forbidden, await viewer.StatusAsync("POST", $"{path}tag/", """{"tags":["x"]}"""));
            Assert.Equal(HttpStatusCode.Forbidden, await editor.StatusAsync("POST", $"{path}purge/"));
            foreach (var verb in new[] { "purge", "export" })
                Assert.Equal(HttpStatusCode.NotFound, await stranger.StatusAsync("POST", $"{path}{verb}/", "{}"));
            Assert.Equal(HttpStatusCode.NotFound, await stranger.StatusAsync("GET", path));
            Assert.Equal(HttpStatusCode.BadRequest, await viewer.StatusAsync("POST", $"{path}export/", """{"format":"xlsx"}"""));
            Assert.Equal(HttpStatusCode.Accepted, await viewer.StatusAsync("POST", $"{path}export/", """{"format":"csv"}"""));
            await service.DrainAsync();
            Assert.Equal(HttpStatusCode.Accepted, await editor.StatusAsync("POST", $"{path}tag/", """{"tags":["x"]}"""));
            await service.DrainAsync();
            Assert.Equal(HttpStatusCode.Accepted, await manager.StatusAsync("POST", $"{path}purge/"));
            await service.DrainAsync();
        }
    }

    async Task ExpectAsync(object filter, params string[] keys)
    {
        var selection = await service.SelectAsync(filter);
        var items = await service.ItemsAsync(selection);
        Assert.True(keys.Order().SequenceEqual(items.Order()), $"{JsonSerializer.Serialize(filter)}: {string.Join(' ', items)}");
        Assert.Equal(keys.Length, selection.GetProperty("count").GetInt32());
        Assert.Equal(Math.Min(10, keys.Length), selection.GetProperty("sample").GetArrayLength());
    }

    async Task<HttpResponseMessage> ActWithKeyAsync(JsonElement selection, string verb, string json, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{TestSelections.PathOf(selection)}{verb}/", UriKind.Relative))
        {
            Content = JsonContent.Create(JsonDocument.Parse(json).RootElement),
        };
        request.Headers.Add("Idempotency-Key", key);
        return await service.Http.SendAsync(request);
    }

    async Task<string> MetadataAsync(string id)
    {
        using var answer = await service.Http.SendAsync("GET", $"/api/v0/data/{id}/metadata/");
        return await answer.Content.ReadAsStringAsync();
    }
}
