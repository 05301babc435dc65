using System.Net;
using DataRegistry.Jobs;
using DataRegistry.Rescans;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Rescans.TestScans;

namespace DataRegistry.Tests.Rescans;

/// <summary>When stores are scanned, that scans of one store do not overlap, and which reports are kept.</summary>
public sealed class RescanScheduleTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() =>
        service = await TestService.StartAsync(
            null, clock, ("Rescans:Schedule", "1h"), ("Rescans:KeptReports", "3"), ("Adoption:RangesPerJob", "1"));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task The_timer_scans_what_is_due_once_however_long_it_was_not_there()
    {
        await service.AdoptAllAsync("a", "b");
        await TickAsync(minutes: 58);
        Assert.Empty(await ScansAsync());
        await TickAsync(minutes: 2);
        Assert.Single(await ScansAsync());
        await TickAsync(minutes: 5);
        Assert.Single(await ScansAsync());
        clock.Move(TimeSpan.FromDays(3));
        await TickAsync(minutes: 0);
        await TickAsync(minutes: 5);
        var scans = await ScansAsync();
        Assert.Equal(2, scans.Count);
        Assert.All(
            scans,
            s => Assert.Equal(
                ("completed", "RescanStores"), (s.GetProperty("status").GetString(), s.GetProperty("created_by").GetString())));
    }

    [Fact]
    public async Task A_scan_that_began_a_little_after_its_tick_is_due_again_at_the_tick_an_interval_later()
    {
        await service.SetPolicyAsync("""{"schedule":"5m"}""");
        for (var tick = 1; tick <= 4; tick++)
        {
            await TickAsync(minutes: 5, drain: false);
            await service.DrainAsync();
            Assert.Equal(tick, (await ScansAsync()).Count);
            // Each begins a few seconds later than its tick. Here the clock of the starter is moved forward, and back
            // for the next tick.
            await DelayBegunAsync(TimeSpan.FromSeconds(20));
        }
    }

    [Fact]
    public async Task A_scan_may_not_be_forced_while_one_runs_that_is_not()
    {
        await service.AdoptAllAsync("a");
        var path = await service.AcceptScanAsync();
        using var forced = await service.Http.SendAsync("POST", $"/api/v0/stores/{service.Store.Id}/rescan/?force=true");
        Assert.Contains(
            path.Split('/')[^2], (await TestUsers.JsonAsync(forced, HttpStatusCode.Conflict)).GetProperty("detail").GetString(),
            StringComparison.Ordinal);
        await service.DrainAsync();
        path = await service.AcceptScanAsync("?force=true");
        Assert.Equal(path, await service.AcceptScanAsync("?force=true"));
        Assert.Equal(path, await service.AcceptScanAsync());
    }

    [Fact]
    public async Task The_job_of_a_scan_that_no_completed_one_came_after_is_not_forgotten()
    {
        await service.AdoptAllAsync([.. Keys(12)]);
        foreach (var key in Keys(12))
            service.Bucket.Delete(key);
        for (var n = 0; n < 5; n++)
        {
            clock.Move(TimeSpan.FromMinutes(1));
            await service.AcceptScanAsync();
            await service.DrainAsync();
        }

        var jobs = await CountJobsAsync();
        await Registry.TimerFunctions.Single(t => t.Name == "CollectJobs").RunAsync(service.Services, default);
        Assert.Equal(3, (await ScansAsync()).Count(s => s.GetProperty("status").GetString() == "failed"));
        Assert.Equal(jobs, await CountJobsAsync());
        clock.Move(TimeSpan.FromMinutes(1));
        await service.ScanAsync("?force=true");
        await Registry.TimerFunctions.Single(t => t.Name == "CollectJobs").RunAsync(service.Services, default);
        Assert.Equal((3, 3), ((await ScansAsync()).Count, await CountJobsAsync()));
    }

    [Theory]
    [InlineData("\"0 30 3 * * *\"", 15, 31)]
    [InlineData("\"30 3 * * *\"", 15, 31)]
    [InlineData("\"2h\"", 1, 60)]
    [InlineData("\"1d\"", 23, 60)]
    public async Task A_store_has_a_schedule_of_its_own(string schedule, int hours, int minutes)
    {
        await service.SetPolicyAsync($$"""{"schedule":{{schedule}}}""");
        // The clock begins at noon.
        clock.Move(TimeSpan.FromHours(hours));
        await TickAsync(minutes: 0);
        Assert.Empty(await ScansAsync());
        await TickAsync(minutes);
        Assert.Single(await ScansAsync());
    }

    [Fact]
    public async Task A_store_that_is_off_is_scanned_only_when_somebody_asks()
    {
        await service.SetPolicyAsync("""{"schedule":"off"}""");
        clock.Move(TimeSpan.FromDays(1000));
        await TickAsync(minutes: 0);
        Assert.Empty(await ScansAsync());
        await service.ScanAsync();
        Assert.Single(await ScansAsync());
    }

    [Theory]
    [InlineData("""{"schedule":"sometimes"}""")]
    [InlineData("""{"schedule":"4m"}""")]
    [InlineData("""{"schedule":"* * *"}""")]
    [InlineData("""{"schedule":"999999d"}""")]
    [InlineData("""{"include":[""]}""")]
    [InlineData("""{"exclude":["a\\"]}""")]
    public async Task A_wrong_policy_is_refused(string policy)
    {
        using var response = await service.Http.SendAsync("PATCH", $"/api/v0/stores/{service.Store.Id}/", $$"""{"rescan":{{policy}}}""");
        var error = await TestUsers.JsonAsync(response, HttpStatusCode.BadRequest);
        Assert.Equal("rescan", error.EnumerateObject().Single().Name);
    }

    [Fact]
    public async Task New_objects_need_a_project_to_be_adopted_into()
    {
        using var response = await service.Http.SendAsync(
            "PATCH", $"/api/v0/stores/{service.Store.Id}/", """{"rescan":{"adopt_new":true}}""");
        Assert.Equal(
            "required",
            (await TestUsers.JsonAsync(response, HttpStatusCode.BadRequest)).GetProperty("rescan")[0].GetProperty("code").GetString());
    }

    [Fact]
    public async Task Whoever_asks_while_a_scan_runs_is_answered_that_one()
    {
        await service.AdoptAllAsync("a");
        var paths = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            using var response = await service.Http.SendAsync("POST", $"/api/v0/stores/{service.Store.Id}/rescan/");
            // 409 while it is just being created.
            return response.StatusCode == HttpStatusCode.Accepted ? response.Headers.Location!.AbsolutePath : null;
        }));
        Assert.Single(paths.OfType<string>().Distinct());
        Assert.Equal(paths.OfType<string>().First(), await service.AcceptScanAsync());
        clock.Move(TimeSpan.FromDays(1));
        await TickAsync(minutes: 0, drain: false);
        Assert.Single(await ScansAsync());
        await service.DrainAsync();
        Assert.NotEqual(paths.OfType<string>().First(), await service.AcceptScanAsync());
    }

    [Fact]
    public async Task A_store_shows_its_last_scan_and_the_last_few_reports_are_kept()
    {
        await service.AdoptAllAsync("a", "b");
        var store = $"/api/v0/stores/{service.Store.Id}/";
        Assert.Equal(System.Text.Json.JsonValueKind.Null, (await service.GetAsync(store)).GetProperty("last_rescan").ValueKind);
        service.Bucket.Delete("a");
        var ids = new List<string>();
        for (var n = 0; n < 5; n++)
        {
            clock.Move(TimeSpan.FromMinutes(1));
            ids.Add((await service.ScanAsync()).GetProperty("id").GetString()!);
        }

        var last = (await service.GetAsync(store)).GetProperty("last_rescan");
        Assert.Equal((ids[^1], "unchanged 1, missing 1"), (last.GetProperty("id").GetString(), Counts(last)));
        using (var answer = await service.Http.SendAsync("GET", "/api/v0/stores/"))
            await Wire.AssertAsync("stores-scanned", answer);
        Assert.Equal(ids.AsEnumerable().Reverse(), (await ScansAsync()).Select(s => s.GetProperty("id").GetString()));
        await Registry.TimerFunctions.Single(t => t.Name == "CollectJobs").RunAsync(service.Services, default);
        Assert.Equal(ids.AsEnumerable().Reverse().Take(3), (await ScansAsync()).Select(s => s.GetProperty("id").GetString()));
        await service.GetAsync($"/api/v0/rescans/{ids[0]}/", HttpStatusCode.NotFound);
        await foreach (var blob in service.Storage.Blobs.GetBlobContainerClient("adoption").GetBlobsAsync())
            Assert.DoesNotContain(ids[0], blob.Name, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scans_are_listed_page_by_page_by_store_project_and_status()
    {
        await service.AdoptAllAsync("a");
        var other = await service.Services.GetRequiredService<StoreTable>().EnsureAsync(
            service.Store with { Id = Guid.NewGuid(), Name = "other", Project = service.Project.Id }, default);
        for (var n = 0; n < 3; n++)
        {
            clock.Move(TimeSpan.FromSeconds(1));
            await service.ScanAsync();
            clock.Move(TimeSpan.FromSeconds(1));
            await service.ScanAsync(store: other.Id);
        }

        var all = (await service.GetAllAsync("/api/v0/rescans/?limit=2")).ConvertAll(s => s.GetProperty("store").GetGuid());
        Assert.Equal([other.Id, service.Store.Id, other.Id, service.Store.Id, other.Id, service.Store.Id], all);
        Assert.Equal(3, (await service.GetAllAsync($"/api/v0/rescans/?project={service.Project.Id}&limit=1")).Count);
        Assert.Equal(3, (await service.GetAllAsync($"/api/v0/rescans/?store={service.Store.Id}&status=completed")).Count);
        Assert.Empty(await service.GetAllAsync($"/api/v0/rescans/?store={service.Store.Id}&status=failed"));
        await service.GetAsync($"/api/v0/rescans/?store={Guid.NewGuid()}", HttpStatusCode.BadRequest);
        // Lists keep adoptions and scans apart.
        var scan = (await ScansAsync())[0].GetProperty("id").GetString();
        await service.GetAsync($"/api/v0/adoptions/{scan}/", HttpStatusCode.NotFound);
        Assert.Empty(await service.GetAllAsync($"/api/v0/adoptions/?project={service.Project.Id}"));
    }

    [Fact]
    public async Task A_cancelled_scan_ends_at_once_and_the_store_may_be_scanned_again()
    {
        await service.AdoptAllAsync("a");
        var path = await service.AcceptScanAsync();
        using (var conflict = await service.Http.SendAsync("POST", $"{path}retry/"))
            await TestUsers.JsonAsync(conflict, HttpStatusCode.Conflict);
        using (var response = await service.Http.SendAsync("POST", $"{path}cancel/"))
        {
            // No worker has begun it.
            Assert.Equal("cancelled", (await TestUsers.JsonAsync(response, HttpStatusCode.Accepted)).GetProperty("status").GetString());
        }

        Assert.Equal("unknown", await service.DriftAsync("a"));
        using var again = await service.Http.SendAsync("POST", $"{path}retry/");
        Assert.NotEqual(path, again.Headers.Location!.AbsolutePath);
        await service.DrainAsync();
        Assert.Equal("unchanged 1", Counts(await service.GetAsync(again.Headers.Location!.AbsolutePath)));
    }

    [Fact]
    public async Task A_scan_whose_requester_died_while_making_it_stands_in_nobodys_way_for_long()
    {
        await service.AdoptAllAsync("a");
        for (var write = 0; ; write++)
        {
            clock.Move(TimeSpan.FromMinutes(1));
            service.Transport.DieAt(write, after: write % 2 == 0);
            using var response = await service.Http.SendAsync("POST", $"/api/v0/stores/{service.Store.Id}/rescan/");
            var died = service.Transport.IsDead;
            service.Transport.Revive();
            await service.DrainAsync();
            clock.Move(TimeSpan.FromMinutes(6));
            Assert.Equal("unchanged 1", Counts(await service.ScanAsync()));
            if (!died)
                break;
        }

        Assert.All(await ScansAsync(), s => Assert.Equal("completed", s.GetProperty("status").GetString()));
    }

    Task<List<System.Text.Json.JsonElement>> ScansAsync() => service.GetAllAsync($"/api/v0/rescans/?store={service.Store.Id}");

    /// <summary>The number of the store's scans, including hidden ones.</summary>
    async Task<int> CountJobsAsync() => await service.Services.GetRequiredService<JobTable>()
        .ListAsync(RescanRequests.SlotOf(service.Store.Id), JobKind.Rescan, status: null, after: null, page: 1000, default).CountAsync();

    /// <summary>Acts as if the last scan had begun later.</summary>
    async Task DelayBegunAsync(TimeSpan delay)
    {
        var scans = service.Services.GetRequiredService<ScanTable>();
        var row = (await scans.FindAsync(service.Store.Id, default))!;
        await scans.Table.TryUpdateAsync(row with { Begun = row.Begun + delay }, row.ETag);
    }

    async Task TickAsync(int minutes, bool drain = true)
    {
        clock.Move(TimeSpan.FromMinutes(minutes));
        await Registry.TimerFunctions.Single(t => t.Name == "RescanStores").RunAsync(service.Services, default);
        if (drain)
            await service.DrainAsync();
    }
}
