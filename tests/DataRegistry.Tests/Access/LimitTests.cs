using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Access;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Host;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Access;

public sealed class LimitTests
{
    [Fact]
    public async Task A_subject_over_its_limit_is_told_when_to_come_again_and_each_instance_counts_for_itself()
    {
        await using var one = await StartAsync(null, ("Limits:RequestsPerMinute", "20"));
        await using var other = await StartAsync(one.Connection, ("Limits:RequestsPerMinute", "20"));
        var (_, somebody) = await one.NewCallerAsync();
        using var _somebody = somebody;
        HttpStatusCode status;
        for (var left = 20; (status = await one.Http.StatusAsync("GET", "/api/v0/users/me/")) == HttpStatusCode.OK; left--)
            Assert.InRange(left, 1, 20);
        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        using var refused = await one.Http.GetAsync(new Uri("/api/v0/projects/", UriKind.Relative));
        var wait = Assert.NotNull(refused.Headers.RetryAfter!.Delta).TotalSeconds;
        Assert.InRange(wait, 1, Hour.TotalSeconds);
        Assert.Equal(
            FormattableString.Invariant($$"""{"detail":"Too many requests. Try again in {{wait}} s."}"""),
            await refused.Content.ReadAsStringAsync());
        using var volumes = await one.Http.GetAsync(new Uri("/api/v1/datavolumes", UriKind.Relative));
        Assert.Equal(
            (HttpStatusCode.TooManyRequests, true),
            (volumes.StatusCode, (await volumes.Content.ReadFromJsonAsync<JsonElement>()).TryGetProperty("message", out _)));

        Assert.Equal(HttpStatusCode.OK, await somebody.StatusAsync("GET", "/api/v0/users/me/"));
        Assert.Equal(HttpStatusCode.OK, await other.Http.StatusAsync("GET", "/api/v0/users/me/"));
    }

    [Fact]
    public async Task A_subject_is_let_in_again_when_its_window_is_over()
    {
        await using var service = await StartAsync(null, TimeSpan.FromSeconds(2), ("Limits:RequestsPerMinute", "1"));
        await Eventually.IsTrueAsync(
            async () =>
                (await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => service.Http.StatusAsync("GET", "/api/v0/users/me/")))).Contains(
                    HttpStatusCode.TooManyRequests), "a refusal");
        await Eventually.IsTrueAsync(
            async () => await service.Http.StatusAsync("GET", "/api/v0/users/me/") == HttpStatusCode.OK, "let in again");
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
        Assert.Equal(HttpStatusCode.OK, await AskAsync(service, unknown, "203.0.113.8"));
        // Endpoints that need no token still answer.
        Assert.Equal(HttpStatusCode.OK, await AskAsync(service, "dr_nonsense", "203.0.113.7", "/api/health/live"));
    }

    [Fact]
    public async Task Addresses_of_one_network_of_ipv6_are_one()
    {
        await using var service = await StartAsync(null, ("Limits:RefusalsPerMinute", "2"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(service, null, "2001:db8:0:1::1"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(service, null, "2001:db8:0:1:ffff::2"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(service, null, "2001:db8:0:1::3"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(service, null, "2001:db8:0:2::1"));
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
            Assert.All(new[] { logIn, grant }, a => Assert.Equal(i < 4, a.Headers.RetryAfter is null));
        }

        async Task<HttpResponseMessage> GrantAsync()
        {
            using var stranger = service.NewClient();
            return await stranger.PostAsJsonAsync(
                "/api/v1/token", new { grantType = "client_credentials", clientId = "robot", clientSecret = secret });
        }
    }

    [Fact]
    public async Task Contents_by_their_urls_are_limited_by_address_good_or_bad()
    {
        await using var service = await StartAsync(null, ("Limits:RequestsPerMinute", "3"));
        using var stranger = service.NewClient();
        var path = $"/api/v0/data/{Guid.NewGuid()}/content/?token=nonsense";
        for (var i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.Forbidden, await stranger.StatusAsync("GET", path));
        Assert.True(await RetryAfterAsync(stranger, path) > TimeSpan.FromSeconds(1));
        stranger.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.8");
        Assert.Equal(HttpStatusCode.Forbidden, await stranger.StatusAsync("GET", path));
    }

    [Fact]
    public async Task Contents_that_are_under_way_are_limited_by_address()
    {
        await using var service = await StartAsync(null, ("Limits:RequestsInFlight", "2"));
        // Only the registry's own links count: no presigned URL can name this key.
        var link = (await service.GetAsync($"/api/v0/data/{await service.AdoptedAsync("./a")}/download/")).GetProperty("url").GetString()!;
        var hold = new TaskCompletionSource();
        var held = 0;
        service.Server.Intercept = async (_, kind) =>
        {
            if (kind == "get")
            {
                Interlocked.Increment(ref held);
                await hold.Task;
            }

            return false;
        };
        using var one = new HttpClient();
        using var other = new HttpClient { DefaultRequestHeaders = { { "X-Forwarded-For", "203.0.113.8" } } };
        var slow = Enumerable.Range(0, 2).Select(_ => one.StatusAsync("GET", link)).ToList();
        await Eventually.IsTrueAsync(() => held == 2, "two contents under way");
        using var refused = await one.GetAsync(new Uri(link));
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(1)), (refused.StatusCode, refused.Headers.RetryAfter!.Delta));
        var elsewhere = other.StatusAsync("GET", link);
        await Eventually.IsTrueAsync(() => held == 3, "one from another address");
        // Other requests of the address are not limited.
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("GET", "/api/v0/users/me/"));
        hold.SetResult();
        Assert.Equal(HttpStatusCode.OK, await elsewhere);
        Assert.All(await Task.WhenAll(slow), s => Assert.Equal(HttpStatusCode.OK, s));
        await Eventually.IsTrueAsync(async () => await one.StatusAsync("GET", link) == HttpStatusCode.OK, "let in again");
    }

    [Fact]
    public async Task A_token_that_is_known_is_let_in_however_its_header_is_written()
    {
        await using var service = await StartAsync(null, ("Limits:RefusalsPerMinute", "1"));
        var known = await service.NewTokenAsync(service.Http, new { name = "known" });
        using var http = service.NewClient();
        async Task<HttpStatusCode> AskAsync(string authorization)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/api/v0/users/me/", UriKind.Relative));
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
            using var response = await http.SendAsync(request);
            return response.StatusCode;
        }

        Assert.Equal(HttpStatusCode.OK, await AskAsync($"Token {known}"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync("Token nonsense"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync("Token nonsense"));
        foreach (var authorization in new[] { $"Token {known}", $"Bearer {known}", $"token   {known}" })
            Assert.Equal(HttpStatusCode.OK, await AskAsync(authorization));
    }

    [Fact]
    public async Task Readiness_with_a_good_token_counts_for_its_subject()
    {
        await using var service = await StartAsync(null, ("Limits:RequestsPerMinute", "10"));
        var (_, somebody) = await service.NewCallerAsync();
        using var _somebody = somebody;
        for (var i = 0; i < 10; i++)
            Assert.Equal(HttpStatusCode.OK, await somebody.StatusAsync("GET", "/api/health/ready"));
        Assert.True(await RetryAfterAsync(somebody, "/api/health/ready") > TimeSpan.FromSeconds(1));
        Assert.True(await RetryAfterAsync(somebody, "/api/v0/users/me/") > TimeSpan.FromSeconds(1));
        // A stranger's check of readiness is not limited.
        using var stranger = service.NewClient();
        Assert.Equal(HttpStatusCode.OK, await stranger.StatusAsync("GET", "/api/health/ready"));
    }

    [Fact]
    public async Task The_openapi_document_is_limited_by_address()
    {
        await using var service = await StartAsync(null, ("Limits:RefusalsPerMinute", "2"));
        foreach (var expected in new[] { HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests })
            Assert.Equal(expected, await AskAsync(service, null, "203.0.113.7", "/openapi/v1.json"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(service, null, "203.0.113.8", "/openapi/v1.json"));
        // A caller who has the document gets 304, and counts like the others.
        using var known = service.NewClient();
        known.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.9");
        known.DefaultRequestHeaders.IfNoneMatch.Add(System.Net.Http.Headers.EntityTagHeaderValue.Any);
        foreach (var expected in new[] { HttpStatusCode.NotModified, HttpStatusCode.NotModified, HttpStatusCode.TooManyRequests })
            Assert.Equal(expected, await known.StatusAsync("GET", "/openapi/v1.json"));
        // The two counts are separate: a reader of the document may still come with a token.
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(service, null, "203.0.113.7"));
    }

    [Fact]
    public async Task More_requests_at_a_time_than_allowed_are_refused_until_one_has_ended()
    {
        await using var service = await StartAsync(null, ("Limits:RequestsInFlight", "1"));
        var (_, somebody) = await service.NewCallerAsync();
        using var _somebody = somebody;
        var (slow, hold) = await HoldAsync(service);
        Assert.Equal(TimeSpan.FromSeconds(1), await RetryAfterAsync(service.Http, "/api/v0/users/me/"));
        // Others are not limited.
        Assert.Equal(HttpStatusCode.OK, await somebody.StatusAsync("GET", "/api/v0/users/me/"));
        hold.SetResult();
        using var made = await slow;
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        await Eventually.IsTrueAsync(
            async () => await service.Http.StatusAsync("GET", "/api/v0/users/me/") == HttpStatusCode.OK, "let in again");
    }

    /// <summary>Sends a request that stops at its first request to storage, until the source is completed.</summary>
    static async Task<(Task<HttpResponseMessage> Slow, TaskCompletionSource Hold)> HoldAsync(TestService service)
    {
        var hold = new TaskCompletionSource();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        service.Transport.Sending = () =>
        {
            if (begun.TrySetResult())
                hold.Task.Wait();
        };
        var slow = service.Http.PostAsJsonAsync("/api/v0/projects/", new { name = "slow" });
        await begun.Task.WithinDeadlineAsync();
        return (slow, hold);
    }

    [Fact]
    public async Task A_caller_who_hangs_up_is_under_way_no_more()
    {
        await using var service = await StartAsync(null, ("Limits:RequestsInFlight", "1"));
        using var hangUp = new CancellationTokenSource();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        service.Transport.Sending = () => begun.TrySetResult();
        service.Transport.Hangs = true;
        var slow = service.Http.PostAsJsonAsync("/api/v0/projects/", new { name = "slow" }, hangUp.Token);
        await begun.Task.WithinDeadlineAsync();
        Assert.Equal(TimeSpan.FromSeconds(1), await RetryAfterAsync(service.Http, "/api/v0/users/me/"));
        service.Transport.Hangs = false;
        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => slow);
        await Eventually.IsTrueAsync(
            async () => await service.Http.StatusAsync("GET", "/api/v0/users/me/") == HttpStatusCode.OK, "let in again");
    }

    [Fact]
    public async Task A_request_that_is_refused_at_a_time_counts_for_the_minute()
    {
        await using var service = await StartAsync(null, ("Limits:RequestsInFlight", "1"), ("Limits:RequestsPerMinute", "300"));
        var (slow, hold) = await HoldAsync(service);
        Assert.Equal(TimeSpan.FromSeconds(1), await RetryAfterAsync(service.Http, "/api/v0/users/me/"));
        for (var left = 300; await RetryAfterAsync(service.Http, "/api/v0/users/me/") == TimeSpan.FromSeconds(1); left--)
            Assert.InRange(left, 1, 300);
        hold.SetResult();
        using var made = await slow;
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
    }

    [Fact]
    public async Task A_project_has_no_more_jobs_under_way_than_allowed_however_many_are_asked_for_at_once()
    {
        await using var service = await TestService.StartAsync(("Adoption:JobsPerProject", "2"));
        service.Put([.. Enumerable.Range(0, 101).Select(i => $"k{i:D3}")]);
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 6).Select(_ => service.AdoptAsync(new { prefix = service.Url("k"), project = service.Project.Id })));
        Assert.InRange(answers.Count(a => a.StatusCode == HttpStatusCode.Accepted), 0, 2);
        Assert.All(
            answers,
            a => Assert.True(
                a.StatusCode == HttpStatusCode.Accepted
                    || (a.StatusCode == HttpStatusCode.TooManyRequests && a.Headers.RetryAfter!.Delta == TimeSpan.FromSeconds(30))));
        for (var begun = answers.Count(a => a.StatusCode == HttpStatusCode.Accepted); begun < 2; begun++)
            await service.AcceptAsync(Enumerable.Range(0, 101).Select(i => $"k{i:D3}"));
        using var list = await service.AdoptUrlsAsync(Enumerable.Range(0, 101).Select(i => service.Url($"k{i:D3}")));
        Assert.Equal(HttpStatusCode.TooManyRequests, list.StatusCode);

        await service.DrainAsync();
        Assert.Equal(101, (await service.GetDatumsAsync()).Count);
        Assert.Equal(2, await service.CountRowsAsync("jobs"));
        await service.AcceptAsync(Enumerable.Range(0, 101).Select(i => $"k{i:D3}"));
    }

    static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>Starts a service with windows that do not end while a test runs.</summary>
    static Task<TestService> StartAsync(string? connection, params (string, string)[] settings) => StartAsync(connection, Hour, settings);

    static Task<TestService> StartAsync(string? connection, TimeSpan window, params (string, string)[] settings) =>
        TestService.StartAsync(connection, null, services => services.Configure<LimitOptions>(o => o.Window = window), settings);

    /// <summary>The header of a refusal.</summary>
    static async Task<TimeSpan?> RetryAfterAsync(HttpClient http, string path)
    {
        using var refused = await http.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        return refused.Headers.RetryAfter?.Delta;
    }

    static async Task<HttpStatusCode> AskAsync(TestService service, string? token, string address, string path = "/api/v0/users/me/")
    {
        using var http = service.NewClient();
        http.DefaultRequestHeaders.Add("X-Forwarded-For", address);
        if (token is not null)
            http.DefaultRequestHeaders.Authorization = new("Token", token);
        return await http.StatusAsync("GET", path);
    }
}
