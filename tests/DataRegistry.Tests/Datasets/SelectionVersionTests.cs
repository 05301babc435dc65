using System.Net;
using System.Text.Json;
using DataRegistry.Datasets;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Selections;
using DataRegistry.Storage;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Selections;
using DataRegistry.Triggers;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Datasets;

/// <summary>Versions that a job makes of a selection: whole or not there, and sorted by path. A failed one gives its name back.</summary>
public sealed class SelectionVersionTests : IAsyncLifetime
{
    const int Count = 40;

    readonly FakeClock clock = new();
    TestService service = null!;

    // Several blobs a run, and several runs.
    public async Task InitializeAsync() => service = await TestService.StartAsync(null, clock, services => services
        .AddSingleton(new SelectionLimits { AtOnce = TimeSpan.FromHours(1), WindowItems = 2 })
        .AddSingleton(new DatasetLimits { RunItems = 7, MaxFiles = 50 }));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_version_has_all_files_of_a_selection_in_the_order_of_their_paths()
    {
        var keys = await AdoptAsync("whole/");
        var dataset = await service.NewDatasetAsync("whole", root: "whole");
        var selection = await service.SelectAsync(new { prefix = "whole/" });
        using var answer = await service.NewVersionOfAsync(dataset, "1", selection);
        var creating = await TestUsers.JsonAsync(answer, HttpStatusCode.Accepted);
        Assert.Equal("creating", creating.GetProperty("status").GetString());
        var version = TestVersions.VersionPathOf(creating);
        var job = answer.Headers.Location!.AbsolutePath;
        Assert.Equal($"{version}jobs/{creating.GetProperty("job").GetString()}/", job);
        Assert.Equal(HttpStatusCode.Conflict, await service.Http.StatusAsync("GET", $"{version}files/"));
        Assert.Equal(HttpStatusCode.Conflict, await service.Http.StatusAsync("GET", $"{version}diff/?to={creating.GetProperty("id")}"));
        Assert.Equal(HttpStatusCode.Conflict, await service.Http.StatusAsync("POST", $"{version}export/", """{"format":"csv"}"""));
        Assert.Equal(JsonValueKind.Null, (await service.GetAsync($"/api/v0/datasets/{dataset}/")).GetProperty("latest_version").ValueKind);

        await service.DrainAsync();
        var completed = await service.GetAsync(version);
        Assert.Equal(
            ("completed", Count), (completed.GetProperty("status").GetString(), completed.GetProperty("count").GetInt32()));
        Assert.Equal(keys.Sum(k => k.Length), completed.GetProperty("bytes").GetInt64());
        Assert.Equal(keys.Select(k => k["whole/".Length..]), await service.PathsOfAsync(version));
        var datums = (await service.GetDatumsAsync()).ToDictionary(d => d.GetProperty("id").GetString()!);
        Assert.All(completed.GetProperty("files").EnumerateArray(), file =>
        {
            var (told, datum) = (file.GetProperty("datum"), datums[file.GetProperty("datum").GetProperty("id").GetString()!]);
            foreach (var fact in new[] { "name", "size", "md5", "sha1", "sha256", "uri" })
                Assert.Equal(datum.GetProperty(fact).ToString(), told.GetProperty(fact).ToString());
        });
        TestSelections.AssertCounts(await service.GetAsync(job), Count, Count, 0, 0);
        var latest = (await service.GetAsync($"/api/v0/datasets/{dataset}/")).GetProperty("latest_version");
        Assert.Equal(creating.GetProperty("id").GetString(), latest.GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_version_whose_worker_dies_anywhere_is_there_as_a_whole_or_not_at_all()
    {
        await AdoptAsync("die/");
        var dataset = await service.NewDatasetAsync("die");
        var selection = await service.SelectAsync(new { prefix = "die/" });
        var deaths = 0;
        for (var (write, died) = (0, true); died; write++)
        {
            using var answer = await service.NewVersionOfAsync(dataset, $"{write}", selection);
            var version = TestVersions.VersionPathOf(await TestUsers.JsonAsync(answer, HttpStatusCode.Accepted));
            var seen = "";
            died = await service.DrainWithDeathAsync(write, () => seen = StateOf(version));
            Assert.True(seen is "" or "creating 0" || seen == $"completed {Count}", seen);
            Assert.Equal($"completed {Count}", StateOf(version));
            Assert.Equal(Count, (await service.PathsOfAsync(version)).Count);
            deaths += died ? 1 : 0;
        }

        Assert.InRange(deaths, 10, 60);
        var events = await service.GetAllAsync($"/api/v0/audit/?project={service.Project.Id}&action=dataset_version.created&limit=1000");
        Assert.Equal(events.Count, events.Select(e => e.GetProperty("target").ToString()).Distinct().Count());
        Assert.InRange(events.Count, deaths - 5, deaths + 1);

        // Manifests and runs of dead deliveries go.
        clock.Move(TimeSpan.FromHours(3));
        foreach (var collector in service.Services.GetServices<ICollector>())
            await collector.CollectAsync(default);
        var manifests = await service.Storage.Blobs.GetBlobContainerClient("datasets").GetBlobsAsync().ToListAsync();
        Assert.Equal(deaths + 1, manifests.Count);
        Assert.DoesNotContain(
            await service.Storage.Blobs.GetBlobContainerClient("adoption").GetBlobsAsync().ToListAsync(),
            b => b.Name.Contains("/runs/", StringComparison.Ordinal));
        Assert.Equal(Count, (await service.PathsOfAsync(TestVersions.VersionPathOf((await service.GetAllAsync(
            $"/api/v0/dataset-versions/?dataset={dataset}"))[3]))).Count);

        string StateOf(string path)
        {
            var now = service.GetAsync(path).GetAwaiter().GetResult();
            return $"{now.GetProperty("status").GetString()} {now.GetProperty("count")}";
        }
    }

    [Fact]
    public async Task Two_datums_with_one_path_fail_the_job_which_names_both_and_gives_the_name_back()
    {
        var other = await service.NewStoreAsync();
        await service.AddDatumsAsync(other, service.Project, ["twice/a", "twice/b"]);
        var id = await service.AdoptedAsync("twice/b");
        var dataset = await service.NewDatasetAsync("twice");
        var selection = await service.SelectAsync(new { prefix = "twice/" });
        var (version, job) = await MakeAsync(dataset, "1", selection);
        Assert.Equal("failed", job.GetProperty("status").GetString());
        var error = job.GetProperty("error").GetString()!;
        Assert.Contains("'twice/b'", error, StringComparison.Ordinal);
        Assert.Contains(id, error, StringComparison.Ordinal);
        Assert.Equal(3, error.Split(' ').Count(word => Guid.TryParse(word, out _)) + 1);
        var events = await service.GetAllAsync($"/api/v0/audit/?project={service.Project.Id}&limit=1000");
        Assert.Equal(
            "dataset_version.finished",
            Assert.Single(events, e => e.GetProperty("target").GetString() == job.GetProperty("version").GetString())
                .GetProperty("action").GetString());
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("GET", version));
        Assert.Empty(await service.GetAllAsync($"/api/v0/dataset-versions/?dataset={dataset}"));
        (_, job) = await MakeAsync(dataset, "1", await service.SelectAsync(new { prefix = "twice/", store = other.Id }));
        Assert.Equal("completed", job.GetProperty("status").GetString());
    }

    [Fact]
    public async Task What_is_purged_changed_or_no_path_is_left_out_and_told()
    {
        foreach (var key in new[] { "skip/a", "skip/b", "skip/c", "skip/../d" })
            await service.Http.StatusAsync(
                "POST", $"/api/v0/data/{await service.AdoptedAsync(key)}/metadata/", """{"valohai.tags":["skip"]}""");
        var selection = await service.SelectAsync(new { tag = "skip" });
        var ids = (await service.GetDatumsAsync())
            .Where(d => d.GetProperty("uri").GetString()!.Contains("/skip/", StringComparison.Ordinal))
            .ToDictionary(d => d.GetProperty("name").GetString()!, d => d.GetProperty("id").GetString()!);
        await service.Http.StatusAsync("POST", $"/api/v0/data/{ids["a"]}/purge/");
        await service.Http.StatusAsync("POST", $"/api/v0/data/{ids["b"]}/metadata/", "{}");
        var dataset = await service.NewDatasetAsync("skip");
        var (version, job) = await MakeAsync(dataset, "1", selection);
        TestSelections.AssertCounts(job, 4, 1, 3, 0);
        Assert.Equal(["skip/c"], await service.PathsOfAsync(version));
        var results = await service.GetAllAsync($"{version}jobs/{job.GetProperty("id").GetString()}/results/");
        Assert.Equal(
            ["already_purged a", "changed b", "invalid_path d"],
            results.Select(r => $"{r.GetProperty("code").GetString()} {r.GetProperty("uri").GetString()![^1]}").Order());

        var purged = await service.SelectAsync(new { name = "a", purged = true });
        (_, job) = await MakeAsync(dataset, "2", purged);
        Assert.Equal("failed", job.GetProperty("status").GetString());
        TestSelections.AssertCounts(job, 1, 0, 1, 0);
    }

    [Fact]
    public async Task A_cancelled_job_gives_the_name_back_and_an_ended_one_cannot_be_cancelled()
    {
        await AdoptAsync("cancel/");
        var dataset = await service.NewDatasetAsync("cancel");
        var selection = await service.SelectAsync(new { prefix = "cancel/" });
        using var answer = await service.NewVersionOfAsync(dataset, "1", selection);
        var version = TestVersions.VersionPathOf(await TestUsers.JsonAsync(answer, HttpStatusCode.Accepted));
        var job = answer.Headers.Location!.AbsolutePath;
        for (var again = 0; again < 2; again++)
        {
            using var cancelled = await service.Http.SendAsync("POST", $"{job}cancel/");
            Assert.Equal("cancelled", (await TestUsers.JsonAsync(cancelled, HttpStatusCode.Accepted)).GetProperty("status").GetString());
        }

        await service.DrainAsync();
        Assert.Equal("cancelled", (await service.GetAsync(job)).GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("GET", version));
        var (made, completed) = await MakeAsync(dataset, "1", selection);
        Assert.Equal("completed", completed.GetProperty("status").GetString());
        var ended = completed.GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.Conflict, await service.Http.StatusAsync("POST", $"{made}jobs/{ended}/cancel/"));
        Assert.Equal(Count, (await service.PathsOfAsync(made)).Count);
    }

    [Fact]
    public async Task A_version_that_is_deleted_while_it_is_made_stays_deleted()
    {
        await AdoptAsync("deleted/");
        var dataset = await service.NewDatasetAsync("deleted");
        using var answer = await service.NewVersionOfAsync(dataset, "1", await service.SelectAsync(new { prefix = "deleted/" }));
        var version = TestVersions.VersionPathOf(await TestUsers.JsonAsync(answer, HttpStatusCode.Accepted));
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", version));
        await service.DrainAsync();
        var job = await service.GetAsync(answer.Headers.Location!.AbsolutePath);
        Assert.Equal("failed", job.GetProperty("status").GetString());
        Assert.Empty(await service.GetAllAsync($"/api/v0/dataset-versions/?dataset={dataset}"));
    }

    [Fact]
    public async Task A_request_that_is_repeated_with_its_key_is_about_the_same_version()
    {
        await AdoptAsync("key/");
        var dataset = await service.NewDatasetAsync("key");
        var selection = await service.SelectAsync(new { prefix = "key/" });
        using var first = await service.NewVersionOfAsync(dataset, "1", selection, key: "k");
        using var again = await service.NewVersionOfAsync(dataset, "1", selection, key: "k");
        var version = await TestUsers.JsonAsync(first, HttpStatusCode.Accepted);
        var repeated = await TestUsers.JsonAsync(again, HttpStatusCode.Accepted);
        Assert.Equal(version.GetProperty("id").GetString(), repeated.GetProperty("id").GetString());
        using var other = await service.NewVersionOfAsync(dataset, "2", selection, key: "k");
        Assert.Equal(HttpStatusCode.BadRequest, other.StatusCode);
        using var taken = await service.NewVersionOfAsync(dataset, "1", selection, key: "other");
        Assert.Equal(HttpStatusCode.BadRequest, taken.StatusCode);
        await service.DrainAsync();
        Assert.Single(await service.GetAllAsync($"/api/v0/dataset-versions/?dataset={dataset}"));
    }

    [Fact]
    public async Task A_request_that_is_repeated_with_its_key_gets_the_first_answer_also_when_its_selection_has_expired()
    {
        await AdoptAsync("later/");
        var dataset = await service.NewDatasetAsync("later");
        var selection = await service.SelectAsync(new { prefix = "later/" });
        clock.Move(TimeSpan.FromDays(6.9));
        using var first = await service.NewVersionOfAsync(dataset, "1", selection, key: "later");
        await service.DrainAsync();
        clock.Move(TimeSpan.FromDays(0.5));
        using var again = await service.NewVersionOfAsync(dataset, "1", selection, key: "later");
        Assert.Equal(
            (await TestUsers.JsonAsync(first, HttpStatusCode.Accepted)).GetProperty("id").GetString(),
            (await TestUsers.JsonAsync(again, HttpStatusCode.Accepted)).GetProperty("id").GetString());
        Assert.Equal(first.Headers.Location, again.Headers.Location);
    }

    [Fact]
    public async Task A_version_whose_sums_are_wrong_is_not_published()
    {
        await AdoptAsync("sums/");
        var dataset = await service.NewDatasetAsync("sums");
        var selection = await service.SelectAsync(new { prefix = "sums/" });
        Assert.True(JobId.TryParse(selection.GetProperty("id").GetString(), out var id));
        var jobs = service.Services.GetRequiredService<JobTable>();
        var frozen = (await jobs.FindAsync(id, default))!;
        Assert.True((await jobs.Table.TryUpdateAsync(
            frozen with { Counts = frozen.Counts with { Done = Count + 1 } }, frozen.ETag)).IsDone);
        var (version, failed) = await MakeAsync(dataset, "1", selection);
        Assert.Equal("failed", failed.GetProperty("status").GetString());
        Assert.Equal($"Only {Count} of {Count + 1} inputs are counted.", failed.GetProperty("error").GetString());
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("GET", version));
        Assert.Null(await service.LatestAsync(dataset));
    }

    [Fact]
    public async Task A_request_that_dies_anywhere_is_gone_on_with_by_its_repetition()
    {
        await AdoptAsync("request/");
        var dataset = await service.NewDatasetAsync("request");
        var selection = await service.SelectAsync(new { prefix = "request/" });
        for (var (write, died) = (0, true); died; write++)
        {
            service.Transport.DieAfter(write);
            using (var dead = await service.NewVersionOfAsync(dataset, $"{write}", selection, key: $"k{write}"))
                died = service.Transport.IsDead;
            service.Transport.Revive();
            using var answer = await service.NewVersionOfAsync(dataset, $"{write}", selection, key: $"k{write}");
            var version = TestVersions.VersionPathOf(await TestUsers.JsonAsync(answer, HttpStatusCode.Accepted));
            await service.DrainAsync();
            Assert.Equal("completed", (await service.GetAsync(version)).GetProperty("status").GetString());
            Assert.InRange(write, 0, 30);
        }
    }

    [Fact]
    public async Task The_name_of_a_dead_request_is_free_after_some_minutes()
    {
        await AdoptAsync("dead/");
        var dataset = await service.NewDatasetAsync("dead");
        var selection = await service.SelectAsync(new { prefix = "dead/" });
        service.Transport.DieAfter(1);
        using (var dead = await service.NewVersionOfAsync(dataset, "1", selection))
            Assert.True(service.Transport.IsDead);
        service.Transport.Revive();
        using (var soon = await service.NewVersionOfAsync(dataset, "1", selection))
            Assert.Equal(HttpStatusCode.BadRequest, soon.StatusCode);
        clock.Move(TimeSpan.FromMinutes(6));
        var (_, job) = await MakeAsync(dataset, "1", selection);
        Assert.Equal("completed", job.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Selections_that_no_version_can_be_made_of_are_refused()
    {
        await AdoptAsync("bad/");
        var dataset = await service.NewDatasetAsync("bad");
        var selection = await service.SelectAsync(new { prefix = "bad/" });
        await Refused(HttpStatusCode.BadRequest, "no-id");
        await Refused(HttpStatusCode.BadRequest, Guid.NewGuid().ToString());
        await Refused(HttpStatusCode.BadRequest, await IdOfAsync(service.NewSelectionAsync(new { prefix = "nothing/" })));
        var other = await service.NewAsync("/api/v0/projects/", new { name = "other" });
        await Refused(HttpStatusCode.BadRequest, await IdOfAsync(service.NewSelectionAsync(new { prefix = "bad/" }, other)));
        var many = await service.NewStoreAsync();
        await service.AddDatumsAsync(many, service.Project, Enumerable.Range(0, 51).Select(i => $"many/{i}"));
        await Refused(HttpStatusCode.BadRequest, await IdOfAsync(service.NewSelectionAsync(new { prefix = "many/" })));
        using (var both = await service.Http.SendAsync("POST", "/api/v0/dataset-versions/", $$"""
            {"name":"1","dataset":"{{dataset}}","selection":"{{selection.GetProperty("id")}}","files":[]}
            """))
            Assert.Equal(HttpStatusCode.BadRequest, both.StatusCode);

        var (version, job) = await MakeAsync(dataset, "1", selection);
        using (var exists = await service.NewVersionOfAsync(dataset, "1", selection))
            Assert.True((await TestUsers.JsonAsync(exists, HttpStatusCode.BadRequest)).TryGetProperty("name", out _));
        clock.Move(TimeSpan.FromDays(8));
        await Refused(HttpStatusCode.BadRequest, selection.GetProperty("id").GetString()!);
        // The version stays, and its job goes with its results.
        var path = $"{version}jobs/{job.GetProperty("id").GetString()}/";
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("GET", version));
        Assert.Equal(HttpStatusCode.Gone, await service.Http.StatusAsync("GET", path));
        Assert.Equal(HttpStatusCode.Gone, await service.Http.StatusAsync("GET", $"{path}results/"));
        Assert.Equal(HttpStatusCode.Gone, await service.Http.StatusAsync("POST", $"{path}cancel/"));

        async Task Refused(HttpStatusCode expected, string id)
        {
            using var answer = await service.Http.SendAsync(
                "POST", "/api/v0/dataset-versions/", $$"""{"name":"x","dataset":"{{dataset}}","selection":"{{id}}"}""");
            var body = await TestUsers.JsonAsync(answer, expected);
            Assert.True(body.TryGetProperty("selection", out _), body.ToString());
        }

        static async Task<string> IdOfAsync(Task<HttpResponseMessage> selecting)
        {
            using var answer = await selecting;
            return (await TestUsers.JsonAsync(answer, HttpStatusCode.Created)).GetProperty("id").GetString()!;
        }
    }

    [Fact]
    public async Task Readers_may_neither_make_nor_cancel_and_strangers_see_no_job()
    {
        await AdoptAsync("roles/");
        var dataset = await service.NewDatasetAsync("roles");
        var selection = await service.SelectAsync(new { prefix = "roles/" });
        using var answer = await service.NewVersionOfAsync(dataset, "1", selection);
        var job = answer.Headers.Location!.AbsolutePath;
        var (viewer, reader) = await service.NewCallerAsync(("viewer", "project", service.Project.Id));
        using (reader)
        {
            Assert.Equal(HttpStatusCode.OK, await reader.StatusAsync("GET", job));
            Assert.Equal(HttpStatusCode.Forbidden, await reader.StatusAsync("POST", $"{job}cancel/"));
            Assert.Equal(HttpStatusCode.Forbidden, await reader.StatusAsync(
                "POST", "/api/v0/dataset-versions/",
                $$"""{"name":"2","dataset":"{{dataset}}","selection":"{{selection.GetProperty("id")}}"}"""));
        }

        await service.DrainAsync();
        Assert.NotEqual(Guid.Empty, viewer);
        var wrong = job.Replace("jobs/", "jobs/0", StringComparison.Ordinal);
        foreach (var (method, path) in new[] { ("GET", ""), ("GET", "results/"), ("POST", "cancel/") })
            Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync(method, wrong + path));
        Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("GET", $"{job}results/?outcome=none"));
    }

    /// <summary>Makes a version to the job's end; the version's path, and the job.</summary>
    async Task<(string Version, JsonElement Job)> MakeAsync(string dataset, string name, JsonElement selection)
    {
        using var answer = await service.NewVersionOfAsync(dataset, name, selection);
        var version = TestVersions.VersionPathOf(await TestUsers.JsonAsync(answer, HttpStatusCode.Accepted));
        await service.DrainAsync();
        return (version, await service.GetAsync(answer.Headers.Location!.AbsolutePath));
    }

    /// <summary>Adopts objects below a prefix; their keys, in order.</summary>
    async Task<List<string>> AdoptAsync(string prefix)
    {
        var keys = Enumerable.Range(0, Count).Select(i => $"{prefix}{i:D2}").ToList();
        service.Put([.. keys]);
        (await service.AdoptUrlsAsync(keys.Select(service.Url))).EnsureSuccessStatusCode();
        return keys;
    }
}
