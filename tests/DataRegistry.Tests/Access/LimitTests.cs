using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Azure;
using DataRegistry.Access;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Access;

public sealed class LimitTests
{
    readonly FakeClock clock = new();

    // A quarter into a minute.
    public LimitTests() => clock.Move(TimeSpan.FromSeconds(15));

    [Fact]
    public async Task A_subject_over_its_limit_is_told_by_every_instance_when_to_come_again()
    {
        await using var one = await StartAsync(null, ("Limits:RequestsPerMinute", "20"));
        await using var other = await StartAsync(one.Connection, ("Limits:RequestsPerMinute", "20"));
        for (var i = 0; i < 20; i++)
            Assert.Equal(HttpStatusCode.OK, await (i % 3 == 0 ? one : other).Http.StatusAsync("GET", "/api/v0/users/me/"));
        foreach (var service in new[] { one, other })
        {
            using var refused = await service.Http.GetAsync(new Uri("/api/v0/projects/", UriKind.Relative));
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(45), refused.Headers.RetryAfter!.Delta);
            Assert.Equal("""{"detail":"Too many requests. Try again in 45 s."}""", await refused.Content.ReadAsStringAsync());
            using var volumes = await service.Http.GetAsync(new Uri("/api/v1/datavolumes", UriKind.Relative));
            Assert.Equal((HttpStatusCode.TooManyRequests, true), (volumes.StatusCode, (await volumes.Content.ReadFromJsonAsync<JsonElement>()).TryGetProperty("message", out _)));
        }

        clock.Move(TimeSpan.FromSeconds(45));
        Assert.Equal(HttpStatusCode.OK, await one.Http.StatusAsync("GET", "/api/v0/users/me/"));
    }

    [Fact]
    public async Task Each_subject_has_a_limit_of_its_own_and_however_many_ask_at_once_no_more_get_through()
    {
        await using var one = await StartAsync(null, ("Limits:RequestsPerMinute", "40"));
        await using var other = await StartAsync(one.Connection, ("Limits:RequestsPerMinute", "40"));
        var (_, http) = await one.NewCallerAsync();
        using var same = other.As(http.DefaultRequestHeaders.Authorization!.Parameter!);
        var statuses = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => (i % 2 == 0 ? http : same).StatusAsync("GET", "/api/v0/users/me/")));
        Assert.Equal((40, 20), (statuses.Count(s => s == HttpStatusCode.OK), statuses.Count(s => s == HttpStatusCode.TooManyRequests)));
        Assert.Equal(HttpStatusCode.OK, await one.Http.StatusAsync("GET", "/api/v0/users/me/"));
        http.Dispose();
    }

    [Fact]
    public async Task Who_uses_little_costs_no_request_to_the_table_and_who_uses_more_one_now_and_then()
    {
        await using var service = await StartAsync(null, ("Limits:RequestsPerMinute", "1000"));
        var budgets = service.Services.GetRequiredService<RequestBudgets>();
        var before = service.Transport.Requests;
        for (var i = 0; i < 20; i++)
            Assert.Null(await budgets.TakeAsync("subject", "somebody", 1000, default));
        Assert.Equal(before, service.Transport.Requests);
        for (var i = 0; i < 100; i++)
            Assert.Null(await budgets.TakeAsync("subject", "somebody", 1000, default));
        // Two parts of fifty, each a read and a write.
        Assert.Equal(before + 4, service.Transport.Requests);
    }

    [Fact]
    public async Task While_the_table_is_away_each_instance_gives_the_whole_limit_out_by_itself()
    {
        await using var service = await StartAsync(null);
        var budgets = service.Services.GetRequiredService<RequestBudgets>();
        service.Transport.Fault = new RequestFailedException(403, "Not now.");
        for (var i = 0; i < 5; i++)
            Assert.Null(await budgets.TakeAsync("subject", "somebody", 5, default));
        Assert.Equal(TimeSpan.FromSeconds(45), await budgets.TakeAsync("subject", "somebody", 5, default));
        service.Transport.Fault = null;
        clock.Move(TimeSpan.FromMinutes(1));
        Assert.Null(await budgets.TakeAsync("subject", "somebody", 5, default));
    }

    [Fact]
    public async Task Strangers_are_limited_by_their_address_and_who_is_known_there_is_not()
    {
        await using var service = await StartAsync(null, ("Limits:RefusalsPerMinute", "3"));
        var known = await service.NewTokenAsync(service.Http, new { name = "known" });
        var unknown = await service.NewTokenAsync(service.Http, new { name = "unknown" });
        Assert.Equal(HttpStatusCode.OK, await AskAsync(service, known, "203.0.113.7"));
        foreach (var bad in new[] { "dr_nonsense", null, unknown + "x" })
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(service, bad, "203.0.113.7"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(service, "dr_nonsense", "203.0.113.7"));

        var before = service.Transport.Requests;
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(service, unknown, "203.0.113.7"));
        Assert.Equal(before, service.Transport.Requests);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(service, known, "203.0.113.7"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(service, null, "203.0.113.8"));
        clock.Move(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(service, unknown, "203.0.113.7"));
    }

    [Fact]
    public async Task What_is_refused_at_a_time_counts_for_the_minute()
    {
        await using var service = await StartAsync(null, ("Limits:RequestsInFlight", "1"), ("Limits:RequestsPerMinute", "3"));
        var administrator = Caller.AdministratorId;
        var slots = service.Services.GetRequiredService<RequestSlots>();
        Assert.True(await slots.TryTakeAsync(administrator, 1, default));
        for (var i = 0; i < 3; i++)
            Assert.Equal(TimeSpan.FromSeconds(1), await RetryAfterAsync(service.Http, "/api/v0/users/me/"));
        Assert.Equal(TimeSpan.FromSeconds(45), await RetryAfterAsync(service.Http, "/api/v0/users/me/"));
        await slots.EndAsync(administrator);
        clock.Move(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("GET", "/api/v0/users/me/"));
    }

    [Fact]
    public async Task Log_ins_and_client_secrets_that_are_right_count_for_their_subject()
    {
        await using var service = await StartAsync(null, ("Limits:RequestsPerMinute", "4"));
        await service.NewUserAsync("alice", "correct horse battery");
        var robot = await service.NewUserAsync("robot", type: "service_account");
        var secret = await service.NewTokenAsync(service.Http, new { name = "secret", user = robot });
        for (var i = 0; i < 5; i++)
        {
            using var logIn = await service.LogInAsync("alice", "correct horse battery");
            using var grant = await GrantAsync();
            Assert.All(new[] { logIn, grant }, a => Assert.Equal(i < 4 ? HttpStatusCode.OK : HttpStatusCode.TooManyRequests, a.StatusCode));
            Assert.All(new[] { logIn, grant }, a => Assert.Equal(i < 4 ? null : TimeSpan.FromSeconds(45), a.Headers.RetryAfter?.Delta));
        }

        clock.Move(TimeSpan.FromMinutes(1));
        using var later = await GrantAsync();
        Assert.Equal(HttpStatusCode.OK, later.StatusCode);

        async Task<HttpResponseMessage> GrantAsync()
        {
            using var stranger = service.NewClient();
            return await stranger.PostAsJsonAsync("/api/v1/token", new { grantType = "client_credentials", clientId = "robot", clientSecret = secret });
        }
    }

    [Fact]
    public async Task Contents_by_their_urls_are_limited_by_address_good_or_bad()
    {
        await using var service = await StartAsync(null, ("Limits:RequestsPerMinute", "3"));
        using var stranger = new HttpClient { BaseAddress = service.Http.BaseAddress };
        var path = $"/api/v0/data/{Guid.NewGuid()}/content/?token=nonsense";
        for (var i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.Forbidden, await stranger.StatusAsync("GET", path));
        Assert.Equal(TimeSpan.FromSeconds(45), await RetryAfterAsync(stranger, path));
        stranger.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.8");
        Assert.Equal(HttpStatusCode.Forbidden, await stranger.StatusAsync("GET", path));
    }

    [Fact]
    public async Task More_requests_at_a_time_than_allowed_are_refused_until_one_has_ended()
    {
        await using var service = await StartAsync(null, ("Limits:RequestsInFlight", "1"));
        var hold = new TaskCompletionSource();
        using var content = new SlowContent(hold.Task);
        var slow = service.Http.PostAsync(new Uri("/api/v0/projects/", UriKind.Relative), content);
        await content.Begun.Task;
        await Host.Eventually.IsTrueAsync(async () =>
        {
            using var refused = await service.Http.GetAsync(new Uri("/api/v0/users/me/", UriKind.Relative));
            return refused.StatusCode == HttpStatusCode.TooManyRequests && refused.Headers.RetryAfter!.Delta == TimeSpan.FromSeconds(1);
        }, "a refusal");
        hold.SetResult();
        using var made = await slow;
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        await Host.Eventually.IsTrueAsync(async () => await service.Http.StatusAsync("GET", "/api/v0/users/me/") == HttpStatusCode.OK, "let in again");
    }

    [Fact]
    public async Task A_project_has_no_more_jobs_under_way_than_allowed_however_many_are_asked_for_at_once()
    {
        await using var service = await TestService.StartAsync(("Adoption:JobsPerProject", "2"));
        service.Put([.. Enumerable.Range(0, 101).Select(i => $"k{i:D3}")]);
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => service.AdoptAsync(new { prefix = service.Url("k"), project = service.Project.Id })));
        Assert.InRange(answers.Count(a => a.StatusCode == HttpStatusCode.Accepted), 0, 2);
        Assert.All(answers, a => Assert.True(a.StatusCode == HttpStatusCode.Accepted || (a.StatusCode == HttpStatusCode.TooManyRequests && a.Headers.RetryAfter!.Delta == TimeSpan.FromSeconds(30))));
        for (var begun = answers.Count(a => a.StatusCode == HttpStatusCode.Accepted); begun < 2; begun++)
            await service.AcceptAsync(Enumerable.Range(0, 101).Select(i => $"k{i:D3}"));
        using var list = await service.AdoptUrlsAsync(Enumerable.Range(0, 101).Select(i => service.Url($"k{i:D3}")));
        Assert.Equal(HttpStatusCode.TooManyRequests, list.StatusCode);

        await service.DrainAsync();
        Assert.Equal(101, (await service.GetDatumsAsync()).Count);
        Assert.Equal(2, await service.CountRowsAsync("jobs"));
        await service.AcceptAsync(Enumerable.Range(0, 101).Select(i => $"k{i:D3}"));
    }

    Task<TestService> StartAsync(string? connection, params (string, string)[] settings) => TestService.StartAsync(connection, clock, settings);

    /// <summary>Of a refusal.</summary>
    static async Task<TimeSpan?> RetryAfterAsync(HttpClient http, string path)
    {
        using var refused = await http.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        return refused.Headers.RetryAfter?.Delta;
    }

    static async Task<HttpStatusCode> AskAsync(TestService service, string? token, string address)
    {
        using var http = new HttpClient { BaseAddress = service.Http.BaseAddress };
        http.DefaultRequestHeaders.Add("X-Forwarded-For", address);
        if (token is not null)
            http.DefaultRequestHeaders.Authorization = new("Token", token);
        return await http.StatusAsync("GET", "/api/v0/users/me/");
    }

    /// <summary>A body whose end comes when the test says so.</summary>
    sealed class SlowContent : HttpContent
    {
        readonly Task end;

        public SlowContent(Task end)
        {
            this.end = end;
            Headers.ContentType = new("application/json");
        }

        public TaskCompletionSource Begun { get; } = new();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("{\"name\":"u8.ToArray());
            await stream.FlushAsync();
            Begun.SetResult();
            await end;
            await stream.WriteAsync("\"slow\"}"u8.ToArray());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
