using System.Net;
using System.Net.Http.Json;
using DataRegistry.Access;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Access;

public sealed class AuditTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(null, clock);

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task Every_change_is_in_the_trail_once_and_without_secrets()
    {
        var user = await service.NewUserAsync("alice", "a password nobody sees");
        await service.Http.StatusAsync("PATCH", $"/api/v0/users/{user}/", """{"display_name":"A","password":"another that nobody sees"}""");
        await service.GiveAsync(user, "viewer", "system", null);
        await service.Http.StatusAsync("DELETE", $"/api/v0/users/{user}/roles/viewer-system/");
        var secret = await service.NewTokenAsync(service.Http, new { name = "t" });
        var token = (await service.GetAllAsync("/api/v0/tokens/")).Single().GetProperty("id").GetGuid();
        await service.Http.StatusAsync("DELETE", $"/api/v0/tokens/{token}/");
        await service.Http.StatusAsync("DELETE", $"/api/v0/users/{user}/");
        await service.NewAsync("/api/v0/clusters/", new { name = "c" });
        await service.NewAsync("/api/v0/departments/", new { name = "d" });
        await service.NewAsync(
            "/api/v0/stores/",
            new
            {
                name = "s",
                configuration = new
                {
                    bucket = "bucket",
                    endpoint_url = service.Server.Url,
                    access_key_id = "key",
                    secret_access_key = "hidden secret",
                },
            });

        using var page = await service.Http.GetAsync(new Uri("/api/v0/audit/", UriKind.Relative));
        var text = await page.Content.ReadAsStringAsync();
        foreach (var hidden in new[] { secret, "nobody sees", "hidden secret" })
            Assert.DoesNotContain(hidden, text, StringComparison.Ordinal);
        Assert.Equal(
            ["cluster.created", "department.created", "role.given", "role.taken", "store.created", "token.created", "token.revoked",
            "user.changed", "user.created", "user.deleted"],
            (await service.GetAllAsync("/api/v0/audit/")).Select(e => e.GetProperty("action").GetString()).Order(StringComparer.Ordinal));
        using var one = await service.Http.GetAsync(new Uri("/api/v0/audit/?action=user.changed", UriKind.Relative));
        await Wire.AssertAsync("audit", one, ("request_id", await RequestIdAsync(one)));
    }

    [Fact]
    public async Task Adoptions_are_one_row_a_request_and_jobs_two()
    {
        var keys = Enumerable.Range(0, 101).Select(i => $"k{i}").ToArray();
        service.Put(keys);
        using var adopted = await service.AdoptUrlsAsync(keys[..3].Select(service.Url));
        using var again = await service.AdoptUrlsAsync(keys[..3].Select(service.Url));
        again.EnsureSuccessStatusCode();
        await service.AcceptAsync(keys);
        await service.DrainAsync();
        var trail = await service.GetAllAsync($"/api/v0/audit/?project={service.Project.Id}");
        Assert.Equal(
            ["adoption.accepted", "adoption.finished", "data.adopted"],
            trail.Select(e => e.GetProperty("action").GetString()).Order(StringComparer.Ordinal));
        var finished = trail.Single(e => e.GetProperty("action").GetString() == "adoption.finished");
        Assert.Equal(
            (98, 3, "administrator"),
            (finished.GetProperty("details").GetProperty("created").GetInt32(), finished.GetProperty("details").GetProperty("existing")
                .GetInt32(), finished.GetProperty("actor").GetString()));
    }

    [Fact]
    public async Task The_trail_is_filtered_and_paged_newest_first_across_months()
    {
        var trail = service.Services.GetRequiredService<AuditTrail>();
        for (var i = 0; i < 40; i++)
        {
            await trail.RecordAsync(
                new AuditActor(i % 2 == 0 ? "even" : "odd", Guid.Empty),
                new(i % 4 == 0 ? "thing.made" : "thing.moved", $"{i}") { Project = service.Project.Id });
            clock.Move(TimeSpan.FromDays(3));
        }

        var path = $"/api/v0/audit/?project={service.Project.Id}";
        foreach (var limit in new[] { 1, 7, 40, 1000 })
            Assert.Equal(Enumerable.Range(0, 40).Reverse(), await TargetsAsync($"&limit={limit}"));
        Assert.Equal(Enumerable.Range(0, 40).Reverse().Where(i => i % 2 == 0), await TargetsAsync("&actor=even&limit=3"));
        Assert.Equal(Enumerable.Range(0, 40).Reverse(), await TargetsAsync($"&actor={Guid.Empty}&action=thing"));
        Assert.Equal(Enumerable.Range(0, 40).Reverse().Where(i => i % 4 == 0), await TargetsAsync("&action=thing.made&limit=2"));
        // 3 days apart from noon on 1 March: 4 March is the second, 31 March the eleventh.
        Assert.Equal(
            Enumerable.Range(1, 9).Reverse(), await TargetsAsync("&since=2026-03-04T12:00:00Z&until=2026-03-31T12:00:00Z&limit=4"));
        Assert.Equal([1], await TargetsAsync("&since=2026-03-04T12:00:00Z&until=2026-03-04T12:00:00.0010000Z"));
        Assert.Empty(await TargetsAsync("&until=2026-01-01"));
        Assert.Empty(await TargetsAsync("&since=2027-01-01"));
        Assert.Equal(40, (await TargetsAsync("&since=1970-01-01")).Count);
        Assert.Empty(await service.GetAllAsync("/api/v0/audit/"));

        async Task<List<int>> TargetsAsync(string query) =>
            [.. (await service.GetAllAsync(path + query)).Select(
                e => int.Parse(e.GetProperty("target").GetString()!, System.Globalization.CultureInfo.InvariantCulture))];
    }

    [Fact]
    public async Task Nothing_is_lost_or_repeated_while_others_change_things()
    {
        var trail = service.Services.GetRequiredService<AuditTrail>();
        for (var i = 0; i < 10; i++)
            await trail.RecordAsync(new AuditActor("a"), new("thing.made", $"{i}") { Project = service.Project.Id });
        var first = await service.GetAsync($"/api/v0/audit/?project={service.Project.Id}&limit=5");
        clock.Move(TimeSpan.FromSeconds(1));
        await trail.RecordAsync(new AuditActor("a"), new("thing.made", "late") { Project = service.Project.Id });
        var rest = await service.GetAllAsync(first.GetProperty("next").GetString()!);
        Assert.Equal(
            10, first.GetProperty("results").EnumerateArray().Concat(rest).Select(
                e => e.GetProperty("target").GetString()).Distinct().Count());
        Assert.DoesNotContain(rest, e => e.GetProperty("target").GetString() == "late");
    }

    [Theory]
    [InlineData("project=x", "project")]
    [InlineData("since=yesterday", "since")]
    [InlineData("until=2026-13-01", "until")]
    [InlineData("since=0001-01-01", "since")]
    [InlineData("actor=a&actor=b", "actor")]
    [InlineData("action=%00", "action")]
    [InlineData("cursor=MTk3MDAx", "cursor")]
    [InlineData("cursor=OTk5OTk5LQ", "cursor")]
    public async Task A_wrong_filter_is_a_400_of_its_field(string query, string field)
    {
        var error = await service.GetAsync($"/api/v0/audit/?{query}", HttpStatusCode.BadRequest);
        Assert.Equal(field, error.EnumerateObject().Single().Name);
    }

    [Fact]
    public async Task A_change_stands_though_the_trail_cannot_be_written()
    {
        // The writes of creating a user: the user, then the trail.
        service.Transport.DieAt(1, after: false);
        using var created = await service.Http.PostAsJsonAsync("/api/v0/users/", new { username = "alice" });
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        service.Transport.Revive();
        Assert.Single(await service.GetAllAsync("/api/v0/users/"));
        Assert.Empty(await service.GetAllAsync("/api/v0/audit/"));
    }

    static async Task<string> RequestIdAsync(HttpResponseMessage response) =>
        (await TestUsers.JsonAsync(response)).GetProperty("results").EnumerateArray().Single().GetProperty("request_id").GetString()!;
}
