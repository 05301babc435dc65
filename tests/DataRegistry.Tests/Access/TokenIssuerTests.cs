using System.Net;
using System.Net.Http.Json;
using DataRegistry.Access;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Access;

/// <summary>A token cannot make one with a longer life or more rights. Ending a token ends those that depend on it.</summary>
public sealed class TokenIssuerTests : IAsyncLifetime
{
    const string Password = "correct horse battery";

    readonly FakeClock clock = new();
    TestService service = null!;
    Guid robot;

    public async Task InitializeAsync()
    {
        service = await TestService.StartAsync(null, clock, ("Access:MaxTokenDays", "30"));
        robot = await service.NewUserAsync("robot", type: "service_account");
    }

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_token_with_an_end_makes_none_that_ends_later_or_never()
    {
        using var brief = await RobotAsync(clock.GetUtcNow().AddSeconds(8));
        foreach (var (expires, code) in new (DateTimeOffset?, string)[]
        {
            (null, "invalid"), (clock.GetUtcNow().AddSeconds(9), "invalid"), (clock.GetUtcNow().AddYears(90), "invalid"),
        })
        {
            using var refused = await brief.PostAsJsonAsync("/api/v0/tokens/", new { name = "longer", expires });
            var error = (await TestUsers.JsonAsync(refused, HttpStatusCode.BadRequest)).GetProperty("expires").EnumerateArray().Single();
            Assert.Equal(code, error.GetProperty("code").GetString());
        }

        using var child = service.As(
            await service.NewTokenAsync(brief, new { name = "as long", expires = clock.GetUtcNow().AddSeconds(8) }));
        Assert.Equal(HttpStatusCode.OK, await MeAsync(child));
        clock.Move(TimeSpan.FromSeconds(8));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (await MeAsync(brief), await MeAsync(child)));
    }

    [Fact]
    public async Task A_caller_is_told_the_latest_end_of_a_token_that_it_makes()
    {
        await service.NewUserAsync("alice", Password);
        var answer = await TestUsers.JsonAsync(await service.LogInAsync("alice", Password));
        using var login = service.As(answer.GetProperty("token").GetString()!);
        var end = clock.GetUtcNow().AddHours(1);
        using var brief = await RobotAsync(end);
        Assert.Equal(clock.GetUtcNow().AddDays(30), await LatestAsync(login));
        Assert.Equal(end, await LatestAsync(brief));
        Assert.Null(await LatestAsync(service.Http));

        static async Task<DateTimeOffset?> LatestAsync(HttpClient caller) =>
            (await TestUsers.JsonAsync(await caller.SendAsync("GET", "/api/v0/users/me/"))).GetProperty("latest_token_end") is var end
                && end.ValueKind == System.Text.Json.JsonValueKind.Null ? null : end.GetDateTimeOffset();
    }

    [Fact]
    public async Task Tokens_that_a_token_with_an_end_made_go_with_it_in_every_generation_and_on_every_instance()
    {
        await using var second = await TestService.StartAsync(service.Connection, clock);
        var end = clock.GetUtcNow().AddHours(1);
        var generations = new List<HttpClient> { await RobotAsync(end) };
        for (var i = 0; i < 4; i++)
            generations.Add(service.As(await service.NewTokenAsync(generations[^1], new { name = $"generation {i}", expires = end })));
        Assert.Equal(HttpStatusCode.BadRequest, await generations[^1].StatusAsync("POST", "/api/v0/tokens/", Json(end)));
        var texts = generations.ConvertAll(g => g.DefaultRequestHeaders.Authorization!.Parameter!);
        foreach (var there in texts.Select(second.As))
            Assert.Equal(HttpStatusCode.OK, await MeAsync(there));

        // The second token goes, with all after it. The first stays.
        var listed = await service.GetAllAsync($"/api/v0/tokens/?user={robot}");
        var id = TestUsers.Id(listed.Single(t => t.GetProperty("name").GetString() == "generation 0"));
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/tokens/{id}/?user={robot}"));
        foreach (var (text, i) in texts.Select((t, i) => (t, i)))
        {
            using var there = second.As(text);
            Assert.Equal(i == 0 ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, await MeAsync(there));
        }

        // Once they were tried, lists leave expired tokens out.
        Assert.Single(await service.GetAllAsync($"/api/v0/tokens/?user={robot}"));
    }

    [Fact]
    public async Task A_token_for_a_service_account_goes_with_the_token_of_the_administrator_who_made_it()
    {
        var (administrator, free) = await service.NewCallerAsync(("system_admin", "system", null));
        using var _ = free;
        var end = clock.GetUtcNow().AddHours(1);
        using var brief = service.As(await service.NewTokenAsync(free, new { name = "brief", expires = end }));
        Assert.Equal(HttpStatusCode.BadRequest,
            await brief.StatusAsync("POST", "/api/v0/tokens/", $$"""{"name":"t","user":"{{robot}}"}"""));
        using var robots = service.As(await service.NewTokenAsync(brief, new { name = "t", user = robot, expires = end }));
        using var independent = service.As(await service.NewTokenAsync(free, new { name = "t", user = robot }));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await MeAsync(robots), await MeAsync(independent)));

        Assert.Equal(HttpStatusCode.OK,
            await service.Http.StatusAsync("PATCH", $"/api/v0/users/{administrator}/", """{"disabled":true}"""));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await MeAsync(robots), await MeAsync(independent)));
    }

    [Fact]
    public async Task A_jwt_for_client_credentials_makes_tokens_that_end_with_it_and_go_with_the_secret()
    {
        var secret = await service.NewTokenAsync(service.Http, new { name = "secret", user = robot });
        using var jwt = await GrantAsync(secret);
        Assert.Equal(HttpStatusCode.BadRequest, await jwt.StatusAsync("POST", "/api/v0/tokens/", """{"name":"for ever"}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await jwt.StatusAsync("POST", "/api/v0/tokens/", Json(clock.GetUtcNow().AddMinutes(61))));
        using var child = service.As(await service.NewTokenAsync(jwt, new { name = "child", expires = clock.GetUtcNow().AddMinutes(60) }));
        Assert.Equal(HttpStatusCode.OK, await MeAsync(child));

        var id = TestUsers.Id(
            (await service.GetAllAsync($"/api/v0/tokens/?user={robot}")).Single(t => t.GetProperty("name").GetString() == "secret"));
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/tokens/{id}/?user={robot}"));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (await MeAsync(child), await MeAsync(jwt)));
    }

    [Fact]
    public async Task A_log_in_makes_tokens_for_so_many_days_that_outlive_it()
    {
        var alice = await service.NewUserAsync("alice", Password);
        using var http = await LogInAsync();
        Assert.Equal(HttpStatusCode.BadRequest, await http.StatusAsync("POST", "/api/v0/tokens/", """{"name":"for ever"}"""));
        Assert.Equal(HttpStatusCode.BadRequest,
            await http.StatusAsync("POST", "/api/v0/tokens/", Json(clock.GetUtcNow().AddDays(30).AddSeconds(1))));
        using var program = service.As(await service.NewTokenAsync(http, new { name = "log-in", expires = clock.GetUtcNow().AddDays(30) }));

        // As a client's secret, the log-in's token has an end like any other.
        using var jwt = await GrantAsync(http.DefaultRequestHeaders.Authorization!.Parameter!, "alice");
        Assert.Equal(HttpStatusCode.BadRequest, await jwt.StatusAsync("POST", "/api/v0/tokens/", Json(clock.GetUtcNow().AddDays(2))));
        using var brief = service.As(await service.NewTokenAsync(jwt, new { name = "brief", expires = clock.GetUtcNow().AddMinutes(60) }));

        // A new password revokes log-ins and their tokens, even if an administrator sets it. Tokens of programs stay.
        using var another = await LogInAsync();
        using var changed = await http.SendAsync(
            "PATCH", "/api/v0/users/me/", $$"""{"password":"another long one","current_password":"{{Password}}"}""");
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        foreach (var gone in new[] { http, another, jwt, brief })
            Assert.Equal(HttpStatusCode.Unauthorized, await MeAsync(gone));
        Assert.Equal(HttpStatusCode.OK, await MeAsync(program));
        Assert.Equal(2, (await service.GetAllAsync("/api/v0/audit/?action=user.changed"))[0].GetProperty("details")
            .GetProperty("tokens_revoked").GetInt32());

        using var third = await LogInAsync("another long one");
        Assert.Equal(HttpStatusCode.OK,
            await service.Http.StatusAsync("PATCH", $"/api/v0/users/{alice}/", """{"password":"given by somebody"}"""));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await MeAsync(third), await MeAsync(program)));
    }

    [Fact]
    public async Task A_log_in_with_a_password_that_is_changed_meanwhile_gets_nothing()
    {
        var alice = await service.NewUserAsync("alice", Password);
        await using var second = await TestService.StartAsync(service.Connection, clock);
        foreach (var change in new[] { """{"password":"another long one"}""", """{"disabled":true}""" })
        {
            var password = change.Contains("disabled", StringComparison.Ordinal) ? "another long one" : Password;
            var writes = 0;
            // After the attempt's two counts and their two reversals, the new token's rows come next.
            service.Transport.Wrote = () =>
            {
                if (++writes == 4)
                    Assert.Equal(HttpStatusCode.OK,
                        second.Http.StatusAsync("PATCH", $"/api/v0/users/{alice}/", change).GetAwaiter().GetResult());
            };
            using var response = await service.LogInAsync("alice", password);
            service.Transport.Wrote = null;
            Assert.True(writes > 4);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Empty(await service.GetAllAsync($"/api/v0/tokens/?user={alice}"));
        }
    }

    [Fact]
    public async Task Disabling_a_user_revokes_all_tokens_also_one_that_another_instance_is_just_making()
    {
        var (id, http) = await service.NewCallerAsync();
        using var _ = http;
        await using var second = await TestService.StartAsync(service.Connection, clock);
        using var there = second.As(http.DefaultRequestHeaders.Authorization!.Parameter!);
        Assert.Equal(HttpStatusCode.OK, await MeAsync(there));
        second.Transport.Wrote = () =>
        {
            second.Transport.Wrote = null;
            Assert.Equal(
                HttpStatusCode.OK, service.Http.StatusAsync("PATCH", $"/api/v0/users/{id}/", """{"disabled":true}""").GetAwaiter()
                    .GetResult());
        };
        Assert.Equal(HttpStatusCode.Unauthorized, await there.StatusAsync("POST", "/api/v0/tokens/", """{"name":"late"}"""));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", $"/api/v0/users/{id}/", """{"disabled":false}"""));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (await MeAsync(http), await MeAsync(there)));
        Assert.Empty(await service.GetAllAsync($"/api/v0/tokens/?user={id}"));
    }

    [Fact]
    public async Task Disabling_again_revokes_what_a_death_left()
    {
        var (id, http) = await service.NewCallerAsync();
        using var _ = http;
        await service.NewTokenAsync(service.Http, new { name = "two", user = id });
        // The user's row, then the first token's.
        service.Transport.DieAt(1, after: true);
        Assert.NotEqual(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", $"/api/v0/users/{id}/", """{"disabled":true}"""));
        service.Transport.Revive();
        Assert.NotEmpty(await service.GetAllAsync($"/api/v0/tokens/?user={id}"));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", $"/api/v0/users/{id}/", """{"disabled":true}"""));
        Assert.Empty(await service.GetAllAsync($"/api/v0/tokens/?user={id}"));
    }

    [Fact]
    public async Task A_subject_has_at_most_a_thousand_tokens()
    {
        await FillAsync(robot, 999, i => (clock.GetUtcNow().AddDays(1), LogIn: false));
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(
            _ => service.Http.StatusAsync("POST", "/api/v0/tokens/", $$"""{"name":"t","user":"{{robot}}"}""")));
        Assert.InRange(answers.Count(a => a == HttpStatusCode.Created), 0, 1);
        Assert.All(answers, a => Assert.True(a is HttpStatusCode.Created or HttpStatusCode.BadRequest));
        Assert.InRange(await CountAsync(robot), 999, 1000);
        if (await CountAsync(robot) == 999)
            await service.NewTokenAsync(service.Http, new { name = "t", user = robot });
        using var refused = await service.Http.PostAsJsonAsync("/api/v0/tokens/", new { name = "one more", user = robot });
        Assert.Contains("at most 1000 tokens", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.BadRequest, 1000), (refused.StatusCode, await CountAsync(robot)));

        // Expired tokens do not count.
        clock.Move(TimeSpan.FromDays(1));
        await service.NewTokenAsync(service.Http, new { name = "one more", user = robot });
        Assert.Equal(1000, await CountAsync(robot));
    }

    [Fact]
    public async Task A_log_in_takes_the_place_of_the_oldest_one_and_never_of_another_token()
    {
        var alice = await service.NewUserAsync("alice", Password);
        await FillAsync(alice, 1000, i => (clock.GetUtcNow().AddDays(1), LogIn: i is 7 or 8));
        var oldest = (await service.GetAllAsync($"/api/v0/tokens/?user={alice}&limit=1000")).Where((_, i) => i is 7 or 8)
            .Select(TestUsers.Id).ToList();
        for (var i = 0; i < 3; i++)
        {
            using var http = await LogInAsync();
            Assert.Equal(HttpStatusCode.OK, await MeAsync(http));
            Assert.Equal(1000, await CountAsync(alice));
        }

        Assert.All(oldest, id => Assert.Equal(
            HttpStatusCode.NotFound, service.Http.StatusAsync("GET", $"/api/v0/tokens/{id}/?user={alice}").GetAwaiter().GetResult()));
        Assert.Equal(998, (await service.GetAllAsync($"/api/v0/tokens/?user={alice}&limit=1000"))
            .Count(t => t.GetProperty("name").GetString() == "filler"));
    }

    static string Json(DateTimeOffset expires) => $$"""{"name":"t","expires":"{{expires:O}}"}""";

    static Task<HttpStatusCode> MeAsync(HttpClient http) => http.StatusAsync("GET", "/api/v0/users/me/");

    async Task<HttpClient> RobotAsync(DateTimeOffset expires) =>
        service.As(await service.NewTokenAsync(service.Http, new { name = "first", user = robot, expires }));

    async Task<HttpClient> LogInAsync(string password = Password)
    {
        using var response = await service.LogInAsync("alice", password);
        return service.As((await TestUsers.JsonAsync(response)).GetProperty("token").GetString()!);
    }

    async Task<HttpClient> GrantAsync(string secret, string client = "robot")
    {
        using var stranger = service.NewClient();
        using var response = await stranger.PostAsJsonAsync(
            "/api/v1/token", new { grantType = "client_credentials", clientId = client, clientSecret = secret });
        return service.As((await TestUsers.JsonAsync(response)).GetProperty("accessToken").GetString()!);
    }

    async Task<int> CountAsync(Guid subject) => await service.Storage.Tables.GetTableClient("tokens")
        .ReadAsync<RowKeyOnly>(new TableRange(subject.ToString("D"))).CountAsync();

    /// <summary>Adds token rows as lists show them.</summary>
    async Task FillAsync(Guid subject, int count, Func<int, (DateTimeOffset Expires, bool LogIn)> make)
    {
        var table = service.Storage.Tables.GetTableClient("tokens");
        foreach (var some in Enumerable.Range(0, count).Chunk(100))
        {
            await table.TrySubmitAsync([.. some.Select(i => Change.Add(new TokenListRow
            {
                PartitionKey = subject.ToString("D"),
                RowKey = Guid.CreateVersion7(clock.GetUtcNow().AddDays(-1).AddMilliseconds(i)).ToString("D"),
                Hash = $"{i:x64}",
                Name = make(i).LogIn ? LogIn.TokenName : "filler",
                Expires = make(i).Expires,
                CTime = clock.GetUtcNow(),
                LogIn = make(i).LogIn,
            }))]);
        }
    }
}
