using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Organization;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Adoption;

/// <summary>A service that makes one table request at a time, and where a dead worker's lease holds up nobody.</summary>
public sealed class ServiceOfManyWorkers : SharedService
{
    protected override (string Setting, string Value)[] Settings =>
    [
        ("Adoption:TableRequestsInFlight", "1"), ("Adoption:WorkersPerStore", "100"), ("Adoption:RequestsPerSecondOfStore", "100000"),
    ];
}

/// <summary>On request, a changed object becomes a datum that replaces the old one.</summary>
public sealed class AdoptChangedTests(ServiceOfManyWorkers shared) : IClassFixture<ServiceOfManyWorkers>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_url_whose_object_has_changed_is_marked_or_adopted_anew(bool versioned)
    {
        if (versioned)
            service.Bucket.Versioning = EmbeddedVersioning.Enabled;
        var old = await AdoptOneAsync("a");
        service.Bucket.Put("a", "other"u8);

        using var marked = await service.AdoptUrlAsync(service.Url("a"));
        await Wire.AssertAsync("adopt-exists-changed", marked);
        using var anew = await service.AdoptAsync(new { url = service.Url("a"), project = service.Project.Id, adopt_changed = true });
        var now = (await TestUsers.JsonAsync(anew)).GetProperty("created").GetProperty(service.Url("a")).GetString();
        using var again = await service.AdoptAsync(new { url = service.Url("a"), project = service.Project.Id, adopt_changed = true });
        await Wire.AssertAsync("adopt-exists-same", again);

        Assert.NotEqual(old, now);
        Assert.Equal("changed", await DriftAsync(old));
        Assert.Equal(5, (await service.GetAsync($"/api/v0/data/{now}/")).GetProperty("size").GetInt32());
        Assert.Equal(now, await IdAtAsync("a"));
        Assert.Equal([old], (await service.GetAsync($"/api/v0/data/{now}/trace/")).GetProperty("earlier").EnumerateArray()
            .Select(v => v.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task Of_several_the_changed_ones_are_named_beside_the_existing_ones()
    {
        foreach (var key in new[] { "a", "b", "c" })
            await AdoptOneAsync(key);
        service.Bucket.Put("b", "other"u8);
        service.Bucket.Delete("c");

        using var several = await service.AdoptUrlsAsync(new[] { "a", "b", "c" }.Select(service.Url));
        await Wire.AssertAsync("adopt-several-changed", several);
        string[] urls = [service.Url("a"), service.Url("b")];
        using var dry = await service.AdoptAsync(new { urls, project = service.Project.Id, dry_run = true });
        await Wire.AssertAsync("adopt-dry-run-changed", dry);
        using var anew = await service.AdoptAsync(new { urls, project = service.Project.Id, adopt_changed = true, dry_run = true });
        Assert.Equal(1, (await TestUsers.JsonAsync(anew)).GetProperty("counts").GetProperty("created").GetInt32());
    }

    [Fact]
    public async Task Another_projects_datum_stays()
    {
        var old = await AdoptOneAsync("a");
        service.Bucket.Put("a", "other"u8);
        var other = await service.Services.GetRequiredService<ProjectTable>().EnsureAsync(Guid.NewGuid(), "other", default);

        using var kept = await service.AdoptAsync(new { urls = new[] { service.Url("a") }, project = other.Id, adopt_changed = true });

        var answer = await TestUsers.JsonAsync(kept);
        Assert.Equal(old, answer.GetProperty("existing").GetProperty(service.Url("a")).GetString());
        Assert.Equal([service.Url("a")], answer.GetProperty("changed").EnumerateArray().Select(u => u.GetString()));
    }

    [Theory]
    [InlineData("prefix", false)]
    [InlineData("prefix", true)]
    [InlineData("list", false)]
    [InlineData("list", true)]
    public async Task A_job_counts_what_it_replaced_and_what_it_only_saw(string input, bool anew)
    {
        string[] keys = [.. Enumerable.Range(0, 120).Select(i => $"k{i:D4}")];
        service.Put(keys);
        await RunAsync(input, keys, false);
        foreach (var key in keys[..7])
            service.Bucket.Put(key, "other"u8);
        service.Put("k9");

        var job = await RunAsync(input, [.. keys, "k9"], anew, twice: true);

        var changed = !anew && input == "prefix" ? 7 : 0;
        var replaced = anew ? 7 : 0;
        Assert.Equal((121, 1 + replaced, 120 - replaced, replaced, changed), CountsOf(job));
        Assert.Equal(anew, job.GetProperty("adopt_changed").GetBoolean());
        Assert.Equal(121 + replaced, (await service.GetDatumsAsync()).Count);
        Assert.Equal(replaced, await CountChangedAsync());
        // The replaced ones are now up to date.
        Assert.Equal((121, 0, 121, 0, changed), CountsOf(await RunAsync(input, [.. keys, "k9"], anew)));
    }

    [Fact]
    public async Task An_object_of_which_list_and_head_tell_different_etags_has_not_changed()
    {
        var one = await AdoptOneAsync("by-head");
        service.Server.Intercept = (http, kind) =>
        {
            var length = http.Request.Path.Value!.Length - "/bucket/".Length;
            if (kind == "head")
                (http.Response.Headers.ETag, http.Response.ContentLength) = ("\"of-the-head\"", length);
            return Task.FromResult(kind == "head");
        };
        service.Put("by-list");
        await RunAsync("prefix", [], false);

        string[] urls = [service.Url("by-head"), service.Url("by-list")];
        using var heads = await service.AdoptAsync(new { urls, project = service.Project.Id, adopt_changed = true });
        Assert.Empty((await TestUsers.JsonAsync(heads)).GetProperty("created").EnumerateObject());
        Assert.Equal((2, 0, 2, 0, 0), CountsOf(await RunAsync("prefix", [], true)));
        Assert.Equal(one, await IdAtAsync("by-head"));
    }

    [Fact]
    public async Task The_worker_dies_between_each_pair_of_writes_in_turn()
    {
        for (var write = 0; ; write++)
        {
            string[] keys = [.. TestKeys.OfShards(2, 6, $"{write}/")];
            service.Put(keys);
            await RunAsync("prefix", [$"{write}/"], false);
            foreach (var key in keys[..4])
                service.Bucket.Put(key, "other"u8);
            var before = await CountChangedAsync();

            using var accepted = await service.AdoptAsync(
                new { prefix = service.Url($"{write}/"), project = service.Project.Id, adopt_changed = true });
            var died = await service.DrainWithDeathAsync(write);

            Assert.Equal((6, 4, 2, 4, 0), CountsOf(await service.GetAsync(accepted.Headers.Location!.AbsolutePath)));
            Assert.Equal(before + 4, await CountChangedAsync());
            if (!died)
            {
                Assert.True(write > 6, $"Only {write} writes were died at.");
                Assert.Equal(10 * (write + 1), (await service.GetDatumsAsync()).Count);
                break;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_that_dies_half_way_is_made_whole_by_whoever_comes_next(bool after)
    {
        for (var write = 0; ; write++)
        {
            var key = $"at-once/{write}";
            var old = await AdoptOneAsync(key);
            service.Bucket.Put(key, "other"u8);
            service.Transport.DieAt(write, after);
            using var first = await service.AdoptAsync(new { url = service.Url(key), project = service.Project.Id, adopt_changed = true });
            var died = service.Transport.IsDead;
            service.Transport.Revive();

            string[] urls = [service.Url(key)];
            using var again = await service.AdoptAsync(new { urls, project = service.Project.Id, adopt_changed = true });

            Assert.Equal(HttpStatusCode.OK, again.StatusCode);
            Assert.Equal("changed", await DriftAsync(old));
            Assert.Equal(2 * (write + 1), (await service.GetDatumsAsync()).Count);
            if (!died)
                break;
        }
    }

    [Fact]
    public async Task Two_who_adopt_the_same_change_make_one_datum_of_it()
    {
        var old = await AdoptOneAsync("a");
        service.Bucket.Put("a", "other"u8);

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ =>
            service.AdoptAsync(new { urls = new[] { service.Url("a") }, project = service.Project.Id, adopt_changed = true })));

        var bodies = await Task.WhenAll(answers.Select(a => a.Content.ReadFromJsonAsync<JsonElement>()));
        Assert.Single(bodies, b => b.GetProperty("created").EnumerateObject().Any());
        Assert.Equal(2, (await service.GetDatumsAsync()).Count);
        Assert.Equal("changed", await DriftAsync(old));
        foreach (var answer in answers)
            answer.Dispose();
    }

    [Fact]
    public async Task Looking_for_changes_takes_a_head_of_each_existing_url_and_of_a_listed_one_that_differs()
    {
        string[] keys = [.. Enumerable.Range(0, 50).Select(i => $"k{i:D4}")];
        service.Put(keys);
        (await service.AdoptUrlsAsync(keys.Select(service.Url))).EnsureSuccessStatusCode();
        service.Bucket.Put("k0003", "other"u8);

        service.Server.Requests.Reset();
        (await service.AdoptUrlsAsync(keys.Select(service.Url))).EnsureSuccessStatusCode();
        // The LIST confirms the changed one.
        Assert.Equal((50, 1), (service.Server.Requests["head"], service.Server.Requests["list"]));

        service.Server.Requests.Reset();
        await RunAsync("prefix", [], true);
        // One LIST checks the bucket, and one reads the page.
        Assert.Equal((1, 2), (service.Server.Requests["head"], service.Server.Requests["list"]));
    }

    [Fact]
    public async Task A_bucket_that_does_not_answer_keeps_nobody_from_knowing_what_exists()
    {
        await AdoptOneAsync("a");
        service.Server.Faults = new() { InternalError = 1 };
        using var answer = await service.AdoptUrlAsync(service.Url("a"));
        await Wire.AssertAsync("adopt-exists-same", answer);
    }

    async Task<string> AdoptOneAsync(string key)
    {
        service.Put(key);
        using var response = await service.AdoptUrlAsync(service.Url(key));
        return (await TestUsers.JsonAsync(response)).GetProperty("created").GetProperty(service.Url(key)).GetString()!;
    }

    async Task<JsonElement> RunAsync(string input, string[] keys, bool anew, bool twice = false)
    {
        using var accepted = await service.AdoptAsync(input == "list"
            ? new { urls = keys.Select(service.Url), project = service.Project.Id, adopt_changed = anew }
            : new { prefix = service.Url(keys is [var only] ? only : ""), project = service.Project.Id, adopt_changed = anew });
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        await service.DrainAsync(async run =>
        {
            await run();
            if (twice)
                await run();
        });
        return await service.GetAsync(accepted.Headers.Location!.AbsolutePath);
    }

    async Task<string?> DriftAsync(string id) =>
        (await service.GetAsync($"/api/v0/data/{id}/")).GetProperty("drift").GetProperty("state").GetString();

    async Task<int> CountChangedAsync() =>
        (await service.GetAllAsync($"/api/v0/data/?project={service.Project.Id}&drift=changed&limit=1000")).Count;

    /// <summary>The one datum that stands for a key.</summary>
    async Task<string?> IdAtAsync(string key) =>
        Assert.Single(await service.GetAllAsync($"/api/v0/data/?project={service.Project.Id}&uri={service.Url(key)}"))
            .GetProperty("id").GetString();

    static (long Total, long Created, long Existing, long Replaced, long Changed) CountsOf(JsonElement job)
    {
        Assert.Equal("completed", job.GetProperty("status").GetString());
        var counts = job.GetProperty("counts");
        return (Of("total"), Of("created"), Of("existing"), Of("replaced"), Of("changed"));

        long Of(string name) => counts.GetProperty(name).GetInt64();
    }
}
