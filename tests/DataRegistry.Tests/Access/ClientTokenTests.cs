using System.Net;
using System.Text;
using DataRegistry.Access;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace DataRegistry.Tests.Access;

/// <summary>Client credentials, and the tokens that they give.</summary>
public sealed class ClientTokenTests : IAsyncLifetime
{
    const string Path = "/api/v1/token";

    readonly FakeClock clock = new();
    TestService service = null!;
    Guid robot;
    string secret = "";

    public async Task InitializeAsync()
    {
        service = await TestService.StartAsync(null, clock, Settings);
        robot = await service.NewUserAsync("Robot", type: "service_account");
        await service.GiveAsync(robot, "viewer", "project", service.Project.Id);
        secret = await service.NewTokenAsync(service.Http, new { name = "secret", user = robot });
    }

    public async Task DisposeAsync() => await service.DisposeAsync();

    static (string, string)[] Settings => [("Access:LogInFailures", "3"), ("Access:LogInFailuresPerAddress", "6")];

    [Fact]
    public async Task A_client_gets_a_token_that_both_apis_take_on_every_instance_until_it_expires()
    {
        using var response = await GrantAsync(
            $$"""{"grantType":"client_credentials","clientId":"{{robot}}","clientSecret":"{{secret}}"}""");
        var text = (await TestUsers.JsonAsync(response)).GetProperty("accessToken").GetString()!;
        await Wire.AssertAsync("client-token", response, ("jwt", text));
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        var jwt = new JsonWebToken(text);
        Assert.Equal(clock.GetUtcNow().AddMinutes(60).UtcDateTime, jwt.ValidTo);
        Assert.DoesNotContain(secret, Encoding.UTF8.GetString(Base64UrlEncoder.DecodeBytes(text.Split('.')[1])), StringComparison.Ordinal);

        await using var second = await TestService.StartAsync(service.Connection, clock, Settings);
        foreach (var instance in new[] { service, second })
        {
            using var http = Bearer(instance, text);
            Assert.Equal(robot, TestUsers.Id(await TestUsers.JsonAsync(await http.SendAsync("GET", "/api/v0/users/me/"))));
            var projects = await TestUsers.JsonAsync(await http.SendAsync("GET", "/api/v1/org-unit/projects"));
            Assert.Equal(service.Project.Id, TestUsers.Id(projects.GetProperty("projects").EnumerateArray().Single()));
        }

        using var late = Bearer(service, text);
        clock.Move(TimeSpan.FromMinutes(60) - TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await late.StatusAsync("GET", "/api/v0/users/me/"));
        clock.Move(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await late.StatusAsync("GET", "/api/v0/users/me/"));
    }

    [Fact]
    public async Task Names_of_properties_are_read_in_any_case_and_under_their_former_names_in_json_and_forms()
    {
        foreach (var json in new[]
        {
            $$"""{"grantType":"client_credentials","clientID":"{{robot}}","clientSecret":"{{secret}}"}""",
            $$"""{"GrantType":"client_credentials","AppId":"robot","AppSecret":"{{secret}}","username":null,"code":null}""",
            $$"""{"grant_type":"client_credentials","client_id":"ROBOT","client_secret":"{{secret}}","other":[1]}""",
            $$"""{"grantType":"app_token","appID":"{{robot.ToString().ToUpperInvariant()}}","appSecret":"{{secret}}"}""",
        })
        {
            using var response = await GrantAsync(json);
            Assert.True(response.StatusCode == HttpStatusCode.OK, json);
        }

        using var stranger = service.NewClient();
        using var form = await stranger.PostAsync(
            new Uri(Path, UriKind.Relative),
            new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("client_id", "robot"), new("client_secret", secret)]));
        Assert.Equal(HttpStatusCode.OK, form.StatusCode);
    }

    [Fact]
    public async Task A_token_ends_at_once_with_its_secret_and_within_fifteen_seconds_with_its_client()
    {
        using var http = Bearer(service, await TokenAsync(robot.ToString(), secret));
        Assert.Equal(HttpStatusCode.OK, await http.StatusAsync("GET", "/api/v0/users/me/"));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", $"/api/v0/users/{robot}/", """{"disabled":true}"""));
        clock.Move(AccessOptions.CachedFor);
        Assert.Equal(HttpStatusCode.Unauthorized, await http.StatusAsync("GET", "/api/v0/users/me/"));
        using var refused = await GrantAsync($$"""{"grantType":"client_credentials","clientId":"{{robot}}","clientSecret":"{{secret}}"}""");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", $"/api/v0/users/{robot}/", """{"disabled":false}"""));
        // Disabling has revoked the secret.
        using var again = Bearer(
            service, await TokenAsync("robot", await service.NewTokenAsync(service.Http, new { name = "new", user = robot })));
        Assert.Equal(HttpStatusCode.OK, await again.StatusAsync("GET", "/api/v0/users/me/"));

        var token = (await service.GetAllAsync($"/api/v0/tokens/?user={robot}")).Single();
        Assert.Equal(
            HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/tokens/{TestUsers.Id(token)}/?user={robot}"));
        Assert.Equal(HttpStatusCode.Unauthorized, await again.StatusAsync("GET", "/api/v0/users/me/"));
    }

    [Fact]
    public async Task A_token_allows_no_more_and_lasts_no_longer_than_its_secret()
    {
        var other = await service.NewAsync("/api/v0/projects/", new { name = "other" });
        await service.GiveAsync(robot, "viewer", "system", null);
        var brief = await service.NewTokenAsync(
            service.Http,
            new { name = "brief", user = robot, projects = new[] { other }, expires = clock.GetUtcNow().AddMinutes(10).ToString("O") });
        using var response = await GrantAsync($$"""{"grantType":"client_credentials","clientId":"{{robot}}","clientSecret":"{{brief}}"}""");
        Assert.Equal(600, (await TestUsers.JsonAsync(response)).GetProperty("expiresIn").GetInt32());
        using var http = Bearer(service, (await TestUsers.JsonAsync(response)).GetProperty("accessToken").GetString()!);
        Assert.Equal(HttpStatusCode.OK, await http.StatusAsync("GET", $"/api/v0/projects/{other}/"));
        Assert.Equal(HttpStatusCode.NotFound, await http.StatusAsync("GET", $"/api/v0/projects/{service.Project.Id}/"));
        Assert.Equal(HttpStatusCode.Forbidden, await http.StatusAsync("GET", "/api/v0/tokens/"));
    }

    [Fact]
    public async Task Wrong_credentials_are_refused_alike_and_limited()
    {
        var another = await service.NewUserAsync("another", type: "service_account");
        foreach (var (client, text) in new[]
        {
            ("robot", "wrong"), (another.ToString(), secret), ("nobody", secret), ("robot", secret + "A"), ("robot", "wrong"),
        })
        {
            using var response = await GrantAsync(
                $$"""{"grantType":"client_credentials","clientId":"{{client}}","clientSecret":"{{text}}"}""");
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Contains(
                "The client id or the client secret is wrong.", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using var limited = await GrantAsync("""{"grantType":"client_credentials","clientId":"ROBOT","clientSecret":"wrong"}""");
        Assert.Equal(HttpStatusCode.TooManyRequests, limited.StatusCode);
        Assert.InRange(limited.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 900);
        // A caller who knows the client's id cannot lock it out.
        await TokenAsync("robot", secret);
        await TokenAsync(robot.ToString(), secret);
        clock.Move(TimeSpan.FromSeconds(900));
        using var anew = await GrantAsync("""{"grantType":"client_credentials","clientId":"robot","clientSecret":"wrong"}""");
        Assert.Equal(HttpStatusCode.Unauthorized, anew.StatusCode);
    }

    [Theory]
    [InlineData("{}", "grantType")]
    [InlineData("""{"grantType":"password","clientId":"a","clientSecret":"b"}""", "grantType")]
    [InlineData("""{"grantType":7}""", "grantType")]
    [InlineData("""{"grantType":"client_credentials","clientSecret":"b"}""", "clientId")]
    [InlineData("""{"grantType":"client_credentials","clientId":"a"}""", "clientSecret")]
    [InlineData("""{"grantType":"client_credentials","clientId":"a","appId":"b","clientSecret":"b"}""", "clientId")]
    [InlineData("""{"grantType":"client_credentials","clientId":"\ud800","clientSecret":"b"}""", "clientId")]
    [InlineData("[]", "object")]
    [InlineData("{", "JSON")]
    public async Task A_malformed_request_is_a_400_that_says_what(string json, string said)
    {
        using var response = await GrantAsync(json);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(said, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_key_there_are_no_tokens_and_with_another_none_of_the_old_ones()
    {
        var text = await TokenAsync("robot", secret);
        await using var rekeyed = await TestService.StartAsync(
            service.Connection, clock, ("Access:SigningKey", Convert.ToBase64String(new byte[48])));
        using var http = Bearer(rekeyed, text);
        Assert.Equal(HttpStatusCode.Unauthorized, await http.StatusAsync("GET", "/api/v0/users/me/"));
        Assert.False(new SignedTokens(clock, Options.Create(new AccessOptions())).IsPossible);
        Assert.False(new AccessOptions { SigningKey = "c2hvcnQ=" }.IsValid);
    }

    [Fact]
    public async Task A_token_that_is_changed_in_any_part_is_401()
    {
        var parts = (await TokenAsync("robot", secret)).Split('.');
        var payload = Encoding.UTF8.GetString(Base64UrlEncoder.DecodeBytes(parts[1]));
        var forged = Base64UrlEncoder.Encode(
            payload.Replace(robot.ToString(), Caller.AdministratorId.ToString(), StringComparison.Ordinal));
        var unsigned = Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""");
        foreach (var text in new[]
        {
            $"{parts[0]}.{forged}.{parts[2]}", $"{unsigned}.{parts[1]}.", $"{unsigned}.{parts[1]}.{parts[2]}", $"{parts[0]}.{parts[1]}.",
            $"{parts[0]}.{parts[1]}.{parts[2][..^4]}",
            $"{parts[0]}..{parts[2]}", "..", "a.b.c", $"{parts[0]}.{Base64UrlEncoder.Encode("[]")}.{parts[2]}",
            $"{parts[0]}.{Base64UrlEncoder.Encode("{\"iss\":7}")}.{parts[2]}",
        })
        {
            using var http = Bearer(service, text);
            Assert.True(await http.StatusAsync("GET", "/api/v0/users/me/") == HttpStatusCode.Unauthorized, text);
        }
    }

    static HttpClient Bearer(TestService instance, string token) =>
        new() { BaseAddress = instance.Http.BaseAddress, DefaultRequestHeaders = { Authorization = new("Bearer", token) } };

    async Task<HttpResponseMessage> GrantAsync(string json)
    {
        using var stranger = service.NewClient();
        return await stranger.SendAsync("POST", Path, json);
    }

    async Task<string> TokenAsync(string client, string text)
    {
        using var response = await GrantAsync($$"""{"grantType":"client_credentials","clientId":"{{client}}","clientSecret":"{{text}}"}""");
        return (await TestUsers.JsonAsync(response)).GetProperty("accessToken").GetString()!;
    }
}
