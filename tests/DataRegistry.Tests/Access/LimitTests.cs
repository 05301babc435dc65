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
    public async Task All_instances_together_have_no_more_requests_of_a_subject_under_way_than_allowed()
    {
        await using var first = await StartAsync(null);
        await using var second = await StartAsync(first.Connection);
        RequestSlots[] instances = [first.Services.GetRequiredService<RequestSlots>(), second.Services.GetRequiredService<RequestSlots>()];
        var (somebody, other) = (Guid.NewGuid(), Guid.NewGuid());
        var taken = await Task.WhenAll(Enumerable.Range(0, 40).Select(async i => (Instance: instances[i % 2], Taken: await instances[i % 2].TryTakeAsync(somebody, 15, default))));
        Assert.Equal(15, taken.Count(t => t.Taken));
        Assert.True(await second.Services.GetRequiredService<RequestSlots>().TryTakeAsync(other, 15, default));

        // What one gives back the other gets, once nothing is under way at the first.
        foreach (var (instance, _) in taken.Where(t => t.Taken && t.Instance == instances[0]))
            await instance.EndAsync(somebody);
        var left = taken.Count(t => t.Taken && t.Instance == instances[1]);
        for (var more = left; more < 15; more++)
            Assert.True(await instances[1].TryTakeAsync(somebody, 15, default));
        Assert.False(await instances[1].TryTakeAsync(somebody, 15, default));
        Assert.False(await instances[0].TryTakeAsync(somebody, 15, default));
        for (var i = 0; i < 15; i++)
            await instances[1].EndAsync(somebody);
        await instances[1].EndAsync(other);
        Assert.Equal(0, await first.CountRowsAsync("slots"));
    }

    [Fact]
    public async Task The_slots_of_an_instance_that_died_are_free_after_a_minute()
    {
        await using var first = await StartAsync(null);
        await using var second = await StartAsync(first.Connection);
        var (died, alive) = (first.Services.GetRequiredService<RequestSlots>(), second.Services.GetRequiredService<RequestSlots>());
        var somebody = Guid.NewGuid();
        for (var i = 0; i < 3; i++)
            Assert.True(await died.TryTakeAsync(somebody, 3, default));
        Assert.False(await alive.TryTakeAsync(somebody, 3, default));
        clock.Move(TimeSpan.FromMinutes(1));
        for (var i = 0; i < 3; i++)
            Assert.True(await alive.TryTakeAsync(somebody, 3, default));
        Assert.False(await alive.TryTakeAsync(somebody, 3, default));
    }

    [Fact]
    public async Task Few_requests_at_a_time_cost_none_to_the_table_and_many_two_for_some_of_them()
    {
        await using var service = await StartAsync(null);
        var slots = service.Services.GetRequiredService<RequestSlots>();
        var (somebody, before) = (Guid.NewGuid(), service.Transport.Requests);
        for (var i = 0; i < 50; i++)
            Assert.True(await slots.TryTakeAsync(somebody, 1000, default));
        Assert.Equal(before, service.Transport.Requests);
        for (var i = 0; i < 100; i++)
            Assert.True(await slots.TryTakeAsync(somebody, 1000, default));
        // The one that is needed and fifty more, twice.
        Assert.Equal(before + 4, service.Transport.Requests);
        for (var i = 0; i < 150; i++)
            await slots.EndAsync(somebody);
        Assert.Equal(before + 6, service.Transport.Requests);
    }

    [Fact]
    public async Task While_the_table_is_away_each_instance_lets_as_many_be_under_way_as_are_allowed()
    {
        await using var service = await StartAsync(null);
        var (slots, somebody) = (service.Services.GetRequiredService<RequestSlots>(), Guid.NewGuid());
        service.Transport.Fault = new RequestFailedException(403, "Not now.");
        for (var i = 0; i < 5; i++)
            Assert.True(await slots.TryTakeAsync(somebody, 5, default));
        Assert.False(await slots.TryTakeAsync(somebody, 5, default));
        for (var i = 0; i < 5; i++)
            await slots.EndAsync(somebody);
        service.Transport.Fault = null;
        Assert.True(await slots.TryTakeAsync(somebody, 5, default));
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
