using System.Net;
using System.Text;
using System.Text.Json;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Rescans.TestScans;

namespace DataRegistry.Tests.Rescans;

/// <summary>The findings of scans, and what follows from them. Windows are small here, so a few keys make several.</summary>
public sealed class RescanTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(null, clock, ("Adoption:WindowKeys", "1000"));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task What_is_unchanged_is_counted_and_costs_no_write_of_a_location_or_a_datum()
    {
        await service.AdoptAllAsync(Keys(2500));
        Assert.Equal("unknown", await service.DriftAsync("k0007"));
        var rows = await service.RowsAsync();
        service.Server.Requests.Reset();
        var scan = await service.ScanAsync();
        Assert.Equal("unchanged 2500", Counts(scan));
        Assert.Equal(rows, await service.RowsAsync());
        Assert.Equal("none", await service.DriftAsync("k0007"));
        // Three pages, and at most one more at the end of each range but the last.
        Assert.InRange(service.Server.Requests["list"], 3, 6);
        Assert.Equal(0, service.Server.Requests["head"]);
        Assert.Equal(scan.GetProperty("requests").GetInt64(), service.Server.Requests["list"]);
        Assert.Empty(await service.ResultsAsync(scan));
    }

    [Fact]
    public async Task Changed_missing_returned_and_new_objects_are_found_and_nothing_else()
    {
        await service.AdoptAllAsync(Keys(1200));
        service.Bucket.Put("k0003", "other"u8);
        service.Bucket.Put("k1100", "other"u8);
        service.Bucket.Delete("k0005");
        service.Bucket.Delete("k1199");
        service.Put("new", "k0003-new", "folder/");
        service.Bucket.Put("folder/", []);
        var scan = await service.ScanAsync();
        Assert.Equal("unchanged 1196, changed 2, missing 2, new 2, skipped 1", Counts(scan));
        Assert.Equal(
            ["changed k0003", "missing k0005", "changed k1100", "missing k1199", "new k0003-new", "new new"],
            (await service.ResultsAsync(scan)).Select(
                r => $"{r.GetProperty("outcome").GetString()} {r.GetProperty("url").GetString()!["s3://bucket/".Length..]}")
                .OrderBy(t => t.StartsWith("new", StringComparison.Ordinal)));
        Assert.Equal(["k0003", "k1100"], await service.DriftedAsync("changed"));
        Assert.Equal(["k0005", "k1199"], await service.DriftedAsync("missing"));
        Assert.Equal(
            1196, (await service.GetAsync($"/api/v0/data/?project={service.Project.Id}&drift=none")).GetProperty("count").GetInt32());

        // A repeated finding is reported again, and nothing is written.
        var rows = await service.RowsAsync();
        Assert.Equal("unchanged 1196, changed 2, missing 2, new 2, skipped 1", Counts(await service.ScanAsync()));
        Assert.Equal(rows, await service.RowsAsync());

        service.Put("k0003", "k0005");
        service.Bucket.Put("k1100", "once more"u8);
        Assert.Equal("unchanged 1196, changed 1, missing 1, returned 2, new 2, skipped 1", Counts(await service.ScanAsync()));
        Assert.Equal(["k1100"], await service.DriftedAsync("changed"));
        Assert.Equal(["k1199"], await service.DriftedAsync("missing"));
        Assert.Equal("none", await service.DriftAsync("k0003"));
        Assert.Equal("unchanged 1198, changed 1, missing 1, new 2, skipped 1", Counts(await service.ScanAsync()));
    }

    [Fact]
    public async Task Drift_shows_on_the_datum_its_trace_and_its_download_and_a_purge_ends_it()
    {
        await service.AdoptAllAsync("a", "b");
        var datums = (await service.GetDatumsAsync()).ToDictionary(
            d => d.GetProperty("name").GetString()!, d => d.GetProperty("id").GetString()!);
        service.Bucket.Put("a", "other"u8);
        service.Bucket.Delete("b");
        clock.Move(TimeSpan.FromMinutes(1));
        var scan = await service.ScanAsync();
        using (var answer = await service.Http.SendAsync("GET", $"/api/v0/data/{datums["a"]}/"))
            await Wire.AssertAsync("datum-changed", answer);
        using (var answer = await service.Http.SendAsync("GET", $"/api/v0/rescans/{scan.GetProperty("id").GetString()}/"))
            await Wire.AssertAsync("rescan-completed", answer);
        using (var answer = await service.Http.SendAsync("GET", $"/api/v0/rescans/{scan.GetProperty("id").GetString()}/results/?limit=1"))
            await Wire.AssertAsync("rescan-results", answer);
        Assert.Equal(
            "missing",
            (await service.GetAsync($"/api/v0/data/{datums["b"]}/trace/")).GetProperty("drift").GetProperty("state").GetString());
        Assert.Equal(
            "datum_changed",
            (await service.GetAsync($"/api/v0/data/{datums["a"]}/download/", HttpStatusCode.Conflict)).GetProperty("code").GetString());
        Assert.Equal(
            "datum_missing",
            (await service.GetAsync($"/api/v0/data/{datums["b"]}/download/", HttpStatusCode.Conflict)).GetProperty("code").GetString());

        (await service.Http.SendAsync("POST", $"/api/v0/data/{datums["a"]}/purge/")).EnsureSuccessStatusCode();
        Assert.Empty(await service.DriftedAsync("changed"));
        Assert.Equal("missing 1, skipped 1", Counts(await service.ScanAsync()));
    }

    [Theory]
    [InlineData(EmbeddedVersioning.Off)]
    [InlineData(EmbeddedVersioning.Enabled)]
    public async Task A_changed_object_becomes_a_new_datum_if_the_store_says_so_and_the_old_one_and_its_alias_stay(
        EmbeddedVersioning versioning)
    {
        service.Bucket.Versioning = versioning;
        await service.AdoptAllAsync("a", "b");
        var old = (await service.GetDatumsAsync()).Single(d => d.GetProperty("name").GetString() == "a").GetProperty("id").GetString()!;
        await service.NewAsync("/api/v0/datum-aliases/", new { name = "latest", datum = old, project = service.Project.Id });
        await service.SetPolicyAsync("""{"adopt_changed":true}""");
        service.Bucket.Put("a", "other"u8);
        clock.Move(TimeSpan.FromMinutes(1));
        var scan = await service.ScanAsync();
        Assert.Equal("unchanged 1, changed 1, adopted 1", Counts(scan));
        var item = Assert.Single(await service.ResultsAsync(scan));
        var adopted = item.GetProperty("adopted").GetString()!;
        Assert.Equal(old, item.GetProperty("datum").GetString());

        var now = (await service.GetAsync($"/api/v0/data/?project={service.Project.Id}&uri={service.Url("a")}")).GetProperty("results")[0];
        Assert.Equal((adopted, 5), (now.GetProperty("id").GetString(), now.GetProperty("size").GetInt32()));
        Assert.Equal("changed", (await service.GetAsync($"/api/v0/data/{old}/")).GetProperty("drift").GetProperty("state").GetString());
        Assert.Equal(
            old,
            (await service.GetAsync($"/api/v0/datum-aliases/resolve/?name=latest&project={service.Project.Id}")).GetProperty("datum")
                .GetProperty("id").GetString());
        Assert.Equal(
            [adopted],
            (await service.GetAsync($"/api/v0/data/{old}/trace/")).GetProperty("later").EnumerateArray().Select(
                d => d.GetProperty("id").GetString()));
        if (versioning == EmbeddedVersioning.Enabled)
            Assert.Equal("changed", (await service.GetAsync($"/api/v0/data/{old}/download/")).GetProperty("drift").GetString());

        var rows = await service.RowsAsync();
        Assert.Equal("unchanged 2", Counts(await service.ScanAsync()));
        Assert.Equal(rows, await service.RowsAsync());
    }

    [Fact]
    public async Task New_objects_are_adopted_if_the_store_says_so_as_far_as_its_patterns_go()
    {
        await service.AdoptAllAsync("a/1");
        service.Put("a/2.csv", "a/3.tmp", "b/4.csv", "a/b/5.csv");
        await service.SetPolicyAsync("""{"adopt_new":true,"include":["a/**"],"exclude":["**/*.tmp"]}""");
        var scan = await service.ScanAsync();
        Assert.Equal("unchanged 1, new 4, adopted 2", Counts(scan));
        Assert.Equal(
            ["1", "2.csv", "5.csv"],
            (await service.GetDatumsAsync()).Select(d => d.GetProperty("name").GetString()!).Order(StringComparer.Ordinal));
        Assert.Equal("unchanged 3, new 2", Counts(await service.ScanAsync()));

        // A scan does not adopt a purged object again.
        var datum = (await service.GetDatumsAsync())[0].GetProperty("id").GetString();
        (await service.Http.SendAsync("POST", $"/api/v0/data/{datum}/purge/")).EnsureSuccessStatusCode();
        Assert.Equal("unchanged 2, new 2, skipped 1", Counts(await service.ScanAsync()));
    }

    [Fact]
    public async Task A_version_with_the_same_bytes_is_another_one_and_a_delete_marker_is_missing()
    {
        service.Bucket.Versioning = EmbeddedVersioning.Enabled;
        await service.AdoptAllAsync(Keys(30));
        service.Put("k0001");
        service.Bucket.Delete("k0002");
        Assert.Equal("unchanged 28, changed 1, missing 1", Counts(await service.ScanAsync()));
        Assert.Equal(["k0001"], await service.DriftedAsync("changed"));
    }

    [Fact]
    public async Task The_same_bytes_put_again_without_versions_are_unchanged()
    {
        await service.AdoptAllAsync("a", "b");
        service.Bucket.Put("a", "a"u8, modified: DateTime.UtcNow.AddHours(1));
        Assert.Equal("unchanged 2", Counts(await service.ScanAsync()));
    }

    [Fact]
    public async Task A_store_of_a_part_of_its_bucket_scans_only_that()
    {
        var part = await service.Services.GetRequiredService<StoreTable>().EnsureAsync(
            service.Store with { Id = Guid.NewGuid(), Name = "part", Prefix = "p/" }, default);
        service.Put("p/1", "p/2", "p", "q/1", "o");
        using var adopted = await service.Http.PostAsync(
            new Uri($"/api/v0/stores/{part.Id}/adopt/?project={service.Project.Id}", UriKind.Relative),
            new StringContent("s3://bucket/p/1\ns3://bucket/p/2", Encoding.UTF8, "text/plain"));
        await TestUsers.JsonAsync(adopted);
        service.Bucket.Delete("p/2");
        service.Put("p/3");
        Assert.Equal("unchanged 1, missing 1, new 1", Counts(await service.ScanAsync(store: part.Id)));
        Assert.Equal("new 5", Counts(await service.ScanAsync()));
    }

    [Fact]
    public async Task What_has_drifted_is_made_sure_of_once_and_not_by_every_scan()
    {
        await service.AdoptAllAsync(Keys(1500));
        foreach (var key in Keys(1500)[100..])
            service.Bucket.Delete(key);
        service.Bucket.Put("k0007", "x"u8);
        service.Server.Requests.Reset();
        Assert.Equal("unchanged 99, changed 1, missing 1400", Counts(await service.ScanAsync()));
        Assert.Equal(1401, service.Server.Requests["head"]);
        Assert.Equal(
            1400, (await service.GetAsync($"/api/v0/data/?project={service.Project.Id}&drift=missing")).GetProperty("count").GetInt32());
        Assert.Equal(
            1400,
            (await service.GetAllAsync($"/api/v0/data/?project={service.Project.Id}&drift=missing&limit=300")).Select(
                d => d.GetProperty("name").GetString()).Distinct().Count());
        Assert.Equal("unchanged 99, changed 1, missing 1400", Counts(await service.ScanAsync()));
        Assert.Equal(1401, service.Server.Requests["head"]);
    }

    [Fact]
    public async Task Keys_beyond_the_clear_part_of_a_row_key_are_compared_like_all_others()
    {
        var stem = new string('k', 480);
        var keys = Enumerable.Range(0, 1500).Select(n => $"{stem}/{n:D4}").Concat(
            Enumerable.Range(0, 1500).Select(n => $"{stem[..470]}{n:D4}")).ToArray();
        await service.AdoptAllAsync(keys);
        service.Bucket.Delete($"{stem}/0777");
        service.Put($"{stem}/0777x");
        Assert.Equal("unchanged 2999, missing 1, new 1", Counts(await service.ScanAsync()));
    }

    [Fact]
    public async Task A_bucket_that_lists_nothing_any_more_is_believed_only_if_somebody_says_so()
    {
        await service.AdoptAllAsync(Keys(20));
        foreach (var key in Keys(20))
            service.Bucket.Delete(key);
        var path = await service.AcceptScanAsync();
        await service.DrainAsync();
        var failed = await service.GetAsync(path);
        Assert.Equal("failed", failed.GetProperty("status").GetString());
        Assert.Contains("lists no objects", failed.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal("unknown", await service.DriftAsync("k0001"));
        Assert.Equal("missing 20", Counts(await service.ScanAsync("?force=true")));
        Assert.Equal("missing 20", Counts(await service.ScanAsync()));
    }

    [Fact]
    public async Task Results_stream_as_ndjson_and_are_asked_for_by_outcome()
    {
        await service.AdoptAllAsync(Keys(12));
        service.Bucket.Delete("k0001");
        service.Bucket.Put("k0002", "x"u8);
        var scan = await service.ScanAsync();
        Assert.Equal(
            "s3://bucket/k0002", Assert.Single(await service.ResultsAsync(scan, "?outcome=changed")).GetProperty("url").GetString());
        var path = $"/api/v0/rescans/{scan.GetProperty("id").GetString()}/results/";
        await service.GetAsync($"{path}?outcome=unchanged", HttpStatusCode.BadRequest);
        // The store is public, so a caller without a role sees the scan, but none of the data.
        var (_, stranger) = await service.NewCallerAsync();
        using (stranger)
        {
            Assert.Equal(HttpStatusCode.OK, await stranger.StatusAsync("GET", path.Replace("results/", "", StringComparison.Ordinal)));
            Assert.Equal(HttpStatusCode.Forbidden, await stranger.StatusAsync("GET", path));
        }

        Assert.Equal(
            HttpStatusCode.Conflict,
            await service.Http.StatusAsync("POST", path.Replace("results/", "cancel/", StringComparison.Ordinal)));
        using var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri(path, UriKind.Relative))
        { Headers = { { "Accept", "application/x-ndjson" } } };
        using var response = await service.Http.SendAsync(request);
        var lines = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["missing", "changed"], lines.Select(l => JsonDocument.Parse(l).RootElement.GetProperty("outcome").GetString()));
    }
}
