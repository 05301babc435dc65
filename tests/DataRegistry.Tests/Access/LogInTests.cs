using System.Diagnostics.Metrics;
using System.Net;
using DataRegistry.Access;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Access;

public sealed class LogInTests : IAsyncLifetime
{
    const string Right = "correct horse battery";

    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync()
    {
        service = await TestService.StartAsync(null, clock, Settings);
        await service.NewUserAsync("alice", Right);
    }

    public async Task DisposeAsync() => await service.DisposeAsync();

    static (string, string)[] Settings => [("Access:LogInFailures", "3"), ("Access:LogInFailuresPerAddress", "6")];

    [Fact]
    public async Task A_user_logs_in_with_a_password_in_any_case_of_the_name()
    {
        using var response = await service.LogInAsync("Alice", Right);
        using var http = service.As((await TestUsers.JsonAsync(response)).GetProperty("token").GetString()!);
        using var me = await http.SendAsync("GET", "/api/v0/users/me/");
        await Wire.AssertAsync("users-me", me);
        clock.Move(TimeSpan.FromHours(720));
        Assert.Equal(HttpStatusCode.Unauthorized, await http.StatusAsync("GET", "/api/v0/users/me/"));
    }

    [Theory]
    [InlineData("alice", "wrong")]
    [InlineData("nobody", Right)]
    [InlineData("administrator", TestService.Token)]
    [InlineData("a/b\\c#d?ü\u0001", Right)]
    public async Task Wrong_credentials_are_refused_alike(string username, string password)
    {
        using var response = await service.LogInAsync(username, password);
        await Wire.AssertAsync("login-refused", response);
    }

    [Fact]
    public async Task A_disabled_user_and_a_service_account_cannot_log_in()
    {
        var bob = await service.NewUserAsync("bob", Right);
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", $"/api/v0/users/{bob}/", """{"disabled":true}"""));
        await service.NewUserAsync("robot", type: "service_account");
        foreach (var name in new[] { "bob", "robot" })
        {
            using var response = await service.LogInAsync(name, Right);
            await Wire.AssertAsync("login-refused", response);
        }
    }

    [Fact]
    public async Task Failed_log_ins_are_collected_when_they_count_no_more()
    {
        var attempts = service.Services.GetRequiredService<AttemptTable>();
        foreach (var name in new[] { "alice", "nobody" })
            (await service.LogInAsync(name, "wrong", "203.0.113.7")).Dispose();
        Assert.Equal(3, await CountAsync());
        await attempts.CollectAsync(default);
        Assert.Equal(3, await CountAsync());
        clock.Move(TimeSpan.FromSeconds(600));
        (await service.LogInAsync("carol", "wrong", "203.0.113.8")).Dispose();
        clock.Move(TimeSpan.FromSeconds(300));
        await Registry.TimerFunctions.Single(t => t.Name == "CollectJobs").RunAsync(service.Services, default);
        Assert.Equal(2, await CountAsync());

        async Task<int> CountAsync()
        {
            var count = 0;
            foreach (var partition in new[] { "name", "address" }.SelectMany(kind => "0123456789abcdef".Select(digit => $"{kind}-{digit}")))
                count += await attempts.Table.ReadAsync<AttemptRow>(new DataRegistry.Storage.TableRange(partition)).CountAsync();
            return count;
        }
    }

    [Fact]
    public async Task Failed_log_ins_are_limited_across_instances_until_the_window_is_over()
    {
        await using var second = await TestService.StartAsync(service.Connection, clock, Settings);
        var tries = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? service : second).LogInAsync("alice", "wrong", $"203.0.113.{i}")));
        Assert.Equal(3, tries.Count(t => t.StatusCode == HttpStatusCode.BadRequest));
        var limited = tries.Where(t => t.StatusCode == HttpStatusCode.TooManyRequests).ToList();
        Assert.Equal(5, limited.Count);
        await Wire.AssertAsync("login-limited", limited[0]);
        Assert.InRange(limited[0].Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 900);

        // Even the right password is refused, from any address. Another user is not affected.
        using var right = await second.LogInAsync("ALICE", Right, "203.0.113.99");
        Assert.Equal(HttpStatusCode.TooManyRequests, right.StatusCode);
        await service.NewUserAsync("bob", Right);
        using var other = await service.LogInAsync("bob", Right, "203.0.113.99");
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);

        clock.Move(TimeSpan.FromSeconds(900));
        using var later = await service.LogInAsync("alice", Right);
        Assert.Equal(HttpStatusCode.OK, later.StatusCode);
    }

    [Fact]
    public async Task A_log_in_that_is_limited_is_measured_as_a_refusal()
    {
        var refused = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (i, l) =>
            {
                if (i.Name is "dataregistry.refusals")
                    l.EnableMeasurementEvents(i);
            }
        };
        listener.SetMeasurementEventCallback<long>(
            (_, n, tags, _) => Interlocked.Add(ref refused, tags[0].Value is "LogInFailures" ? (int)n : 0));
        listener.Start();
        for (var i = 0; i < 4; i++)
            (await service.LogInAsync("alice", "wrong", $"203.0.113.{i}")).Dispose();
        Assert.InRange(refused, 1, int.MaxValue);
    }

    [Fact]
    public async Task An_address_is_limited_whatever_names_it_tries()
    {
        for (var i = 0; i < 6; i++)
        {
            using var response = await service.LogInAsync($"nobody{i}", "wrong", "198.51.100.1, 203.0.113.7:4711");
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }

        // Entries of the client itself, before the last one, do not count.
        using var limited = await service.LogInAsync("alice", Right, "10.9.8.7, 203.0.113.7");
        Assert.Equal(HttpStatusCode.TooManyRequests, limited.StatusCode);
        using var elsewhere = await service.LogInAsync("alice", Right, "203.0.113.8");
        Assert.Equal(HttpStatusCode.OK, elsewhere.StatusCode);
    }

    [Fact]
    public async Task Log_ins_beyond_a_limit_cost_the_tables_nothing()
    {
        for (var i = 0; i < 6; i++)
            (await service.LogInAsync($"nobody{i}", "wrong", "203.0.113.7")).Dispose();
        for (var i = 0; i < 3; i++)
            (await service.LogInAsync("alice", "wrong", $"198.51.100.{i}")).Dispose();
        var (byAddress, byName) = (("somebody", "203.0.113.7"), ("alice", "198.51.100.99"));
        foreach (var (name, address) in new[] { byAddress, byName })
        {
            using var first = await service.LogInAsync(name, Right, address);
            Assert.Equal(HttpStatusCode.TooManyRequests, first.StatusCode);
        }

        var before = service.Transport.Requests;
        for (var i = 0; i < 5; i++)
        {
            using var again = await service.LogInAsync($"somebody{i}", Right, "203.0.113.7");
            Assert.Equal(HttpStatusCode.TooManyRequests, again.StatusCode);
            Assert.InRange(again.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 900);
        }

        Assert.Equal(before, service.Transport.Requests);
        // For this name, only the address's count is left.
        (await service.LogInAsync("alice", Right, "198.51.100.98")).Dispose();
        Assert.InRange(service.Transport.Requests - before, 1, 4);
        clock.Move(TimeSpan.FromSeconds(900));
        using var later = await service.LogInAsync("alice", Right, "203.0.113.7");
        Assert.Equal(HttpStatusCode.OK, later.StatusCode);
    }

    [Fact]
    public async Task Right_log_ins_do_not_count()
    {
        for (var i = 0; i < 4; i++)
        {
            using var response = await service.LogInAsync("alice", Right);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_user_changes_the_own_password_knowing_the_current_one()
    {
        using var response = await service.LogInAsync("alice", Right);
        using var http = service.As((await TestUsers.JsonAsync(response)).GetProperty("token").GetString()!);
        Assert.Equal(
            HttpStatusCode.BadRequest, await http.StatusAsync("PATCH", "/api/v0/users/me/", """{"password":"another long one"}"""));
        Assert.Equal(
            HttpStatusCode.BadRequest,
            await http.StatusAsync("PATCH", "/api/v0/users/me/", """{"password":"another long one","current_password":"wrong"}"""));
        Assert.Equal(
            HttpStatusCode.OK,
            await http.StatusAsync("PATCH", "/api/v0/users/me/", $$"""{"password":"another long one","current_password":"{{Right}}"}"""));
        using var old = await service.LogInAsync("alice", Right);
        Assert.Equal(HttpStatusCode.BadRequest, old.StatusCode);
        using var renewed = await service.LogInAsync("alice", "another long one");
        Assert.Equal(HttpStatusCode.OK, renewed.StatusCode);
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded", "username=alice", HttpStatusCode.BadRequest)]
    [InlineData("application/x-www-form-urlencoded", "username=alice&password=a&password=b", HttpStatusCode.BadRequest)]
    [InlineData("application/x-www-form-urlencoded", "", HttpStatusCode.BadRequest)]
    [InlineData("application/json", """{"username":"alice","password":"x"}""", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("multipart/form-data; boundary=x", "nonsense", HttpStatusCode.BadRequest)]
    public async Task A_malformed_log_in_is_refused(string type, string text, HttpStatusCode expected)
    {
        using var body = new StringContent(text);
        body.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);
        using var stranger = service.NewClient();
        using var response = await stranger.PostAsync(new Uri("/api/v0/get-token/", UriKind.Relative), body);
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task An_enormous_log_in_is_413()
    {
        using var response = await service.LogInAsync("alice", new string('a', 20_000));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Theory]
    [InlineData("127.0.0.1", null, 1, "127.0.0.1")]
    [InlineData("127.0.0.1", "203.0.113.7:4711", 1, "203.0.113.7")]
    [InlineData("127.0.0.1", "evil, 203.0.113.7, 203.0.113.8", 2, "203.0.113.7")]
    [InlineData("127.0.0.1", "203.0.113.7", 2, "127.0.0.1")]
    [InlineData("127.0.0.1", "nonsense", 1, "127.0.0.1")]
    [InlineData("127.0.0.1", "203.0.113.7", 0, "127.0.0.1")]
    [InlineData("203.0.113.9", "203.0.113.7", 1, "203.0.113.9")]
    [InlineData("::ffff:203.0.113.9", null, 1, "203.0.113.9")]
    [InlineData("::1", "[2001:db8:1:2:3:4:5:6]:99", 1, "20010db800010002")]
    [InlineData("::1", "2001:db8:1:2:ffff::1", 1, "20010db800010002")]
    public void A_clients_address_is_what_the_nearest_proxies_say(string remote, string? forwarded, int hops, string expected)
    {
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(remote) } };
        context.Request.Headers["X-Forwarded-For"] = forwarded;
        Assert.Equal(expected, ClientAddress.Of(context, hops));
    }
}
