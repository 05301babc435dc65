using System.Net;
using System.Net.Http.Json;
using DataRegistry.Access;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Access;

public sealed class TokenTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(null, clock);

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_token_is_shown_once_listed_without_its_secret_and_revoked()
    {
        var (_, http) = await service.NewCallerAsync(("editor", "project", service.Project.Id));
        using var _http = http;
        // Ids ascend with their milliseconds, and so does the list.
        clock.Move(TimeSpan.FromSeconds(1));
        using var created = await http.PostAsJsonAsync(
            "/api/v0/tokens/", new { name = "build ü", expires = "2026-04-01", projects = new[] { service.Project.Id } });
        var text = (await TestUsers.JsonAsync(created, HttpStatusCode.Created)).GetProperty("token").GetString()!;
        Assert.Matches("^dr_[A-Za-z0-9_-]{43}$", text);
        await Wire.AssertAsync("token-created", created);

        using var list = await http.GetAsync(new Uri("/api/v0/tokens/", UriKind.Relative));
        Assert.DoesNotContain(text, await list.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await Wire.AssertAsync("tokens", list);

        using var use = service.As(text);
        Assert.Equal(HttpStatusCode.OK, await use.StatusAsync("GET", $"/api/v0/data/?project={service.Project.Id}"));
        var token = TestUsers.Id(await TestUsers.JsonAsync(created, HttpStatusCode.Created));
        Assert.Equal(
            "build ü",
            (await TestUsers.JsonAsync(await http.SendAsync("GET", $"/api/v0/tokens/{token}/"))).GetProperty("name").GetString());
        Assert.Equal(HttpStatusCode.NoContent, await http.StatusAsync("DELETE", $"/api/v0/tokens/{token}/"));
        // At once, because tokens are not cached.
        Assert.Equal(HttpStatusCode.Unauthorized, await use.StatusAsync("GET", "/api/v0/users/me/"));
        Assert.Equal(HttpStatusCode.NotFound, await http.StatusAsync("DELETE", $"/api/v0/tokens/{token}/"));
        Assert.Equal(HttpStatusCode.NotFound, await http.StatusAsync("GET", $"/api/v0/tokens/{token}/"));
    }

    [Fact]
    public async Task Only_the_hash_of_a_token_is_kept()
    {
        var (id, http) = await service.NewCallerAsync();
        using var _ = http;
        var text = await service.NewTokenAsync(http, new { name = "secret" });
        Assert.True(AccessToken.TryParse(text, out var token));
        var rows = service.Storage.Tables.GetTableClient("tokens");
        Assert.Equal(id, (await rows.FindAsync<TokenRow>(token.Hash[..2], token.Hash))!.Subject);
        Assert.DoesNotContain(text[AccessToken.Prefix.Length..], token.Hash, StringComparison.Ordinal);
        Assert.DoesNotContain(text, token.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_over_when_it_expires()
    {
        var (_, http) = await service.NewCallerAsync();
        using var _http = http;
        using var brief = service.As(
            await service.NewTokenAsync(http, new { name = "brief", expires = clock.GetUtcNow().AddMinutes(10).ToString("O") }));
        clock.Move(TimeSpan.FromMinutes(9.9));
        Assert.Equal(HttpStatusCode.OK, await brief.StatusAsync("GET", "/api/v0/users/me/"));
        clock.Move(TimeSpan.FromMinutes(0.1));
        Assert.Equal(HttpStatusCode.Unauthorized, await brief.StatusAsync("GET", "/api/v0/users/me/"));
        Assert.Equal(HttpStatusCode.OK, await http.StatusAsync("GET", "/api/v0/users/me/"));
    }

    [Fact]
    public async Task A_token_for_projects_sees_those_only_and_handles_no_tokens()
    {
        var other = await service.NewAsync("/api/v0/projects/", new { name = "other" });
        using var limited = service.As(await service.NewTokenAsync(service.Http, new { name = "limited", projects = new[] { other } }));
        Assert.Equal(HttpStatusCode.OK, await limited.StatusAsync("GET", $"/api/v0/data/?project={other}"));
        Assert.Equal(HttpStatusCode.Forbidden, await limited.StatusAsync("GET", $"/api/v0/data/?project={service.Project.Id}"));
        Assert.Equal(HttpStatusCode.NotFound, await limited.StatusAsync("GET", $"/api/v0/projects/{service.Project.Id}/"));
        var listed = (await TestUsers.JsonAsync(await limited.SendAsync("GET", "/api/v0/projects/"))).GetProperty("results")
            .EnumerateArray().Select(TestUsers.Id);
        Assert.Equal([other], listed);
        foreach (var (method, path) in new[] { ("GET", "/api/v0/tokens/"), ("GET", "/api/v0/users/"), ("GET", "/api/v0/audit/") })
            Assert.Equal(HttpStatusCode.Forbidden, await limited.StatusAsync(method, path));
        Assert.Equal(HttpStatusCode.Forbidden, await limited.StatusAsync("POST", "/api/v0/tokens/", """{"name":"wider"}"""));
        var me = await TestUsers.JsonAsync(await limited.SendAsync("GET", "/api/v0/users/me/"));
        Assert.Equal(other, me.GetProperty("projects").EnumerateArray().Single().GetGuid());
    }

    [Fact]
    public async Task A_role_that_is_taken_counts_no_more_here_at_once_and_elsewhere_after_fifteen_seconds()
    {
        await using var second = await TestService.StartAsync(service.Connection, clock);
        var id = await service.NewUserAsync("robot", type: "service_account");
        await service.GiveAsync(id, "viewer", "project", service.Project.Id);
        var token = await service.NewTokenAsync(service.Http, new { name = "t", user = id });
        using var here = service.As(token);
        using var there = second.As(token);
        var path = $"/api/v0/projects/{service.Project.Id}/";
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await here.StatusAsync("GET", path), await there.StatusAsync("GET", path)));
        Assert.Equal(
            HttpStatusCode.NoContent,
            await service.Http.StatusAsync("DELETE", $"/api/v0/users/{id}/roles/viewer-project-{service.Project.Id}/"));
        Assert.Equal(HttpStatusCode.NotFound, await here.StatusAsync("GET", path));
        clock.Move(AccessOptions.CachedFor);
        Assert.Equal(HttpStatusCode.NotFound, await there.StatusAsync("GET", path));
    }

    [Fact]
    public async Task A_disabled_user_is_out_within_fifteen_seconds_and_a_deleted_one_too()
    {
        await using var second = await TestService.StartAsync(service.Connection, clock);
        var id = await service.NewUserAsync("robot", type: "service_account");
        var token = await service.NewTokenAsync(service.Http, new { name = "t", user = id });
        using var here = service.As(token);
        using var there = second.As(token);
        Assert.Equal(
            (HttpStatusCode.OK, HttpStatusCode.OK),
            (await here.StatusAsync("GET", "/api/v0/users/me/"), await there.StatusAsync("GET", "/api/v0/users/me/")));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", $"/api/v0/users/{id}/", """{"disabled":true}"""));
        clock.Move(AccessOptions.CachedFor);
        Assert.Equal(
            (HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized),
            (await here.StatusAsync("GET", "/api/v0/users/me/"), await there.StatusAsync("GET", "/api/v0/users/me/")));

        // After being enabled again, the user needs a new token.
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", $"/api/v0/users/{id}/", """{"disabled":false}"""));
        Assert.Equal(HttpStatusCode.Unauthorized, await here.StatusAsync("GET", "/api/v0/users/me/"));
        using var anew = service.As(await service.NewTokenAsync(service.Http, new { name = "t", user = id }));
        Assert.Equal(HttpStatusCode.OK, await anew.StatusAsync("GET", "/api/v0/users/me/"));
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/users/{id}/"));
        clock.Move(AccessOptions.CachedFor);
        Assert.Equal(
            (HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized),
            (await here.StatusAsync("GET", "/api/v0/users/me/"), await there.StatusAsync("GET", "/api/v0/users/me/")));
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("DELETE", $"/api/v0/users/{id}/"));
        // The name is free again.
        await service.NewUserAsync("Robot");
    }

    [Fact]
    public async Task Nobody_makes_a_token_for_another_user_nor_sees_or_revokes_anothers()
    {
        var user = await service.NewUserAsync("alice");
        Assert.Equal(
            HttpStatusCode.BadRequest, await service.Http.StatusAsync("POST", "/api/v0/tokens/", $$"""{"name":"t","user":"{{user}}"}"""));
        var (robot, http) = await service.NewCallerAsync(("department_admin", "system", null));
        using var _ = http;
        Assert.Equal(HttpStatusCode.Forbidden, await http.StatusAsync("POST", "/api/v0/tokens/", $$"""{"name":"t","user":"{{user}}"}"""));
        var own = (await service.GetAllAsync($"/api/v0/tokens/?user={robot}")).Single().GetProperty("id").GetGuid();
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("DELETE", $"/api/v0/tokens/{own}/"));
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/tokens/{own}/?user={robot}"));
        Assert.Equal(HttpStatusCode.Unauthorized, await http.StatusAsync("GET", "/api/v0/users/me/"));
    }

    [Fact]
    public async Task The_last_use_is_noted_once_an_hour()
    {
        var (id, http) = await service.NewCallerAsync();
        using var _ = http;
        Assert.Null((await LastUsedAsync()).GetString());
        await http.StatusAsync("GET", "/api/v0/users/me/");
        var first = (await LastUsedAsync()).GetString();
        clock.Move(TimeSpan.FromMinutes(59));
        await http.StatusAsync("GET", "/api/v0/users/me/");
        Assert.Equal(first, (await LastUsedAsync()).GetString());
        clock.Move(TimeSpan.FromMinutes(1));
        await http.StatusAsync("GET", "/api/v0/users/me/");
        Assert.NotEqual(first, (await LastUsedAsync()).GetString());

        async Task<System.Text.Json.JsonElement> LastUsedAsync() =>
            (await service.GetAllAsync($"/api/v0/tokens/?user={id}")).Single().GetProperty("last_used");
    }

    [Fact]
    public async Task A_use_that_cannot_be_noted_fails_no_request()
    {
        var (_, http) = await service.NewCallerAsync();
        using var _http = http;
        service.Transport.LoseNextAnswer = true;
        Assert.Equal(HttpStatusCode.OK, await http.StatusAsync("GET", "/api/v0/users/me/"));
        Assert.False(service.Transport.LoseNextAnswer);
    }

    [Fact]
    public async Task A_name_of_a_hundred_characters_is_taken_and_a_longer_one_is_not()
    {
        await service.NewTokenAsync(service.Http, new { name = new string('ü', 100) });
        Assert.Equal(
            HttpStatusCode.BadRequest,
            await service.Http.StatusAsync("POST", "/api/v0/tokens/", $$"""{"name":"{{new string('a', 101)}}"}"""));
    }

    [Fact]
    public async Task Tokens_of_the_same_name_made_at_once_are_several()
    {
        var texts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => service.NewTokenAsync(service.Http, new { name = "same" })));
        Assert.Equal(8, texts.Distinct().Count());
        Assert.Equal(8, (await service.GetAllAsync("/api/v0/tokens/?limit=3")).Count);
    }
}
