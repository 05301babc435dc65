using System.Net;
using Azure;
using DataRegistry.Access;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;

namespace DataRegistry.Tests.Access;

/// <summary>Tokens of an identity provider.</summary>
public sealed class OidcTests : IAsyncLifetime
{
    static readonly RsaSecurityKey Rsa = IdentityProvider.NewRsa("rsa");
    static readonly ECDsaSecurityKey Ec = IdentityProvider.NewEc("ec");

    readonly FakeClock clock = new();
    IdentityProvider provider = null!;
    TestService service = null!;
    Guid alice;

    public async Task InitializeAsync()
    {
        provider = await IdentityProvider.StartAsync(clock, Rsa, Ec);
        service = await StartAsync();
        alice = await service.NewUserAsync("alice");
        await service.NewUserAsync("robot", type: "service_account");
    }

    public async Task DisposeAsync()
    {
        await service.DisposeAsync();
        await provider.DisposeAsync();
    }

    Task<TestService> StartAsync(params (string, string)[] settings) => TestService.StartAsync(
        null, clock,
        [("Oidc:Issuer", provider.Url), ("Oidc:Audience", IdentityProvider.Audience), ("Oidc:TimeoutSeconds", "1"), .. settings]);

    [Fact]
    public async Task A_user_gets_in_with_the_providers_tokens_rsa_or_ec_and_has_its_roles()
    {
        await service.GiveAsync(alice, "viewer", "project", service.Project.Id);
        foreach (var (key, algorithm) in new (SecurityKey, string)[]
        {
            (Rsa, SecurityAlgorithms.RsaSha256), (Rsa, SecurityAlgorithms.RsaSsaPssSha512), (Ec, SecurityAlgorithms.EcdsaSha256),
        })
        {
            using var http = Bearer(provider.Token(key, "Alice", algorithm));
            var me = await TestUsers.JsonAsync(await http.SendAsync("GET", "/api/v0/users/me/"));
            Assert.Equal(alice, TestUsers.Id(me));
            Assert.Equal(HttpStatusCode.OK, await http.StatusAsync("GET", $"/api/v0/projects/{service.Project.Id}/"));
            Assert.Equal(HttpStatusCode.OK, await http.StatusAsync("GET", "/api/v1/org-unit/projects"));
        }

        Assert.Equal(1, provider.Reads);
        Assert.Single(await service.GetAllAsync("/api/v0/audit/?action=user.linked"));
    }

    [Fact]
    public async Task An_identity_stays_with_its_user_and_a_name_that_moves_on_opens_nothing()
    {
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(provider.Token(Rsa, "alice", subject: "1")));
        // She is renamed at the provider, and another person gets her name.
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(provider.Token(Rsa, "alicia", subject: "1")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(provider.Token(Rsa, "alice", subject: "2")));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", $"/api/v0/users/{alice}/", """{"disabled":true}"""));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(provider.Token(Rsa, "alice", subject: "1")));
        // A user who is deleted and created again can be bound again.
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/users/{alice}/"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(provider.Token(Rsa, "alice", subject: "1")));
        await service.NewUserAsync("alice");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(provider.Token(Rsa, "alice", subject: "1")));
    }

    [Fact]
    public async Task Of_two_identities_that_come_for_a_user_at_once_one_gets_in()
    {
        var statuses = await Task.WhenAll(
            Enumerable.Range(0, 6).Select(i => StatusAsync(provider.Token(Rsa, "alice", subject: $"{i % 2}"))));
        Assert.Equal(3, statuses.Count(s => s == HttpStatusCode.OK));
        Assert.Equal(3, statuses.Count(s => s == HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task Where_the_setting_says_so_an_unknown_user_is_made_without_roles_once()
    {
        await using var making = await StartAsync(("Oidc:CreateUsers", "true"));
        var token = provider.Token(Rsa, "carol", change: d => (d.Claims["name"], d.Claims["email"]) = ("Carol C", "carol@example.org"));
        var statuses = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => StatusAsync(token, making)));
        Assert.All(statuses, s => Assert.Equal(HttpStatusCode.OK, s));
        var carol = Assert.Single(await making.GetAllAsync("/api/v0/users/"));
        Assert.Equal(
            ("carol", "Carol C", "carol@example.org"),
            (carol.GetProperty("username").GetString(), carol.GetProperty("display_name").GetString(), carol.GetProperty("email")
                .GetString()));
        Assert.Equal(0, (await making.GetAsync($"/api/v0/users/{TestUsers.Id(carol)}/roles/")).GetProperty("count").GetInt32());
        Assert.Single(await making.GetAllAsync("/api/v0/audit/?action=user.created"));
    }

    [Fact]
    public async Task An_email_counts_only_if_it_is_verified()
    {
        await using var byMail = await StartAsync(("Oidc:UserClaim", "email"));
        await byMail.NewUserAsync("dave@example.org");
        string Token(object? verified) => provider.Token(Rsa, "dave", change: d =>
        {
            d.Claims["email"] = "dave@example.org";
            if (verified is not null)
                d.Claims["email_verified"] = verified;
        });
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(Token(null), byMail));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(Token(false), byMail));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Token(true), byMail));
    }

    [Fact]
    public async Task A_new_key_is_found_at_once_and_an_unknown_one_asked_for_once_a_minute()
    {
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(provider.Token(Rsa, "alice")));
        clock.Move(TimeSpan.FromMinutes(2));
        var rotated = IdentityProvider.NewRsa("rotated");
        provider.Keys.Add(rotated);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(provider.Token(rotated, "alice")));
        Assert.Equal(2, provider.Reads);
        var junk = provider.Token(IdentityProvider.NewRsa("junk"), "alice");
        for (var i = 0; i < 5; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(junk));
        Assert.Equal(2, provider.Reads);
        clock.Move(TimeSpan.FromMinutes(1));
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => StatusAsync(junk)));
        Assert.Equal(3, provider.Reads);
    }

    [Fact]
    public async Task A_key_that_the_provider_withdraws_is_no_good_after_an_hour()
    {
        var token = provider.Token(Ec, "alice", change: d => d.Expires = clock.GetUtcNow().AddHours(9).UtcDateTime);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(token));
        provider.Keys.RemoveAll(k => k.KeyId == "ec");
        clock.Move(TimeSpan.FromHours(1));
        // The request that notices does not wait.
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(token));
        await Host.Eventually.IsTrueAsync(async () => await StatusAsync(token) == HttpStatusCode.Unauthorized, "the token is refused");
    }

    [Fact]
    public async Task After_hours_without_a_request_a_withdrawn_key_opens_nothing_not_even_once()
    {
        var token = provider.Token(Ec, "alice", change: d => d.Expires = clock.GetUtcNow().AddHours(9).UtcDateTime);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(token));
        provider.Keys.RemoveAll(k => k.KeyId == "ec");
        clock.Move(TimeSpan.FromHours(2));
        Assert.All(
            await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => StatusAsync(token))), s => Assert.Equal(HttpStatusCode.Unauthorized, s));
        Assert.Equal(2, provider.Reads);
        // If the provider fails, known identities still work.
        var good = provider.Token(Rsa, "alice", change: d => d.Expires = clock.GetUtcNow().AddHours(9).UtcDateTime);
        provider.Fault = context => { context.Response.StatusCode = 500; return Task.CompletedTask; };
        clock.Move(TimeSpan.FromHours(3));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(good));
    }

    [Fact]
    public async Task Keys_that_could_not_be_read_for_hours_are_read_before_they_are_used_again()
    {
        var token = provider.Token(Ec, "alice", change: d => d.Expires = clock.GetUtcNow().AddDays(2).UtcDateTime);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(token));
        provider.Fault = context => { context.Response.StatusCode = 500; return Task.CompletedTask; };
        clock.Move(TimeSpan.FromHours(3));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(token));
        Assert.Equal(2, provider.Reads);
        // The provider is back, without the key: its tokens are no longer accepted.
        provider.Fault = null;
        provider.Keys.RemoveAll(k => k.KeyId == "ec");
        clock.Move(TimeSpan.FromHours(12));
        Assert.All(
            await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => StatusAsync(token))), s => Assert.Equal(HttpStatusCode.Unauthorized, s));
    }

    [Fact]
    public async Task The_providers_token_makes_tokens_for_so_many_days_only()
    {
        await using var limited = await StartAsync(("Access:MaxTokenDays", "30"));
        var subject = await limited.NewUserAsync("alice");
        using var http = Bearer(provider.Token(Rsa, "alice"), limited);
        foreach (var json in new[] { """{"name":"for ever"}""", $$"""{"name":"t","expires":"{{clock.GetUtcNow().AddDays(31):O}}"}""" })
            Assert.Equal(HttpStatusCode.BadRequest, await http.StatusAsync("POST", "/api/v0/tokens/", json));
        using var program = limited.As(await limited.NewTokenAsync(http, new { name = "t", expires = clock.GetUtcNow().AddDays(30) }));
        clock.Move(TimeSpan.FromDays(29));
        Assert.Equal(HttpStatusCode.OK, await program.StatusAsync("GET", "/api/v0/users/me/"));
        Assert.Equal(HttpStatusCode.OK, await limited.Http.StatusAsync("PATCH", $"/api/v0/users/{subject}/", """{"disabled":true}"""));
        Assert.Equal(HttpStatusCode.OK, await limited.Http.StatusAsync("PATCH", $"/api/v0/users/{subject}/", """{"disabled":false}"""));
        Assert.Equal(HttpStatusCode.Unauthorized, await program.StatusAsync("GET", "/api/v0/users/me/"));
    }

    [Fact]
    public async Task A_caller_who_hangs_up_while_the_token_is_looked_at_is_no_error_of_the_log()
    {
        service.Transport.Hangs = true;
        using var http = Bearer(provider.Token(Rsa, "alice"));
        using var hangUp = new CancellationTokenSource();
        var before = service.Transport.Requests;
        var asked = http.GetAsync(new Uri("/api/v0/users/me/", UriKind.Relative), hangUp.Token);
        await Host.Eventually.IsTrueAsync(() => service.Transport.Requests > before, "a look at the tables");
        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        service.Transport.Hangs = false;
        // Later requests wait for the later answer.
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(provider.Token(Rsa, "alice")));
        Assert.DoesNotContain("JwtBearer", service.Logs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_who_has_a_password_is_not_taken_over_by_who_comes_with_the_name()
    {
        await using var making = await StartAsync(("Oidc:CreateUsers", "true"));
        await making.NewUserAsync("erin", password: "a long password");
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(provider.Token(Rsa, "erin"), making));
        Assert.Empty(await making.GetAllAsync("/api/v0/audit/?action=user.linked"));
    }

    [Theory]
    [InlineData("error")]
    [InlineData("hang")]
    [InlineData("nonsense")]
    [InlineData("huge")]
    [InlineData("another issuer")]
    public async Task A_provider_that_fails_is_503_and_not_asked_again_at_once(string fault)
    {
        provider.Fault = fault switch
        {
            "error" => context => { context.Response.StatusCode = 500; return Task.CompletedTask; }
            ,
            "hang" => context => Task.Delay(Timeout.Infinite, context.RequestAborted),
            "nonsense" => context => context.Response.WriteAsync("<html>"),
            "huge" => context => context.Response.WriteAsync(new string(' ', 2 * 1024 * 1024)),
            _ =>
                context => context.Response.WriteAsJsonAsync(
                    new { issuer = "https://another.example.org", jwks_uri = $"{provider.Url}/keys" }),
        };
        var token = provider.Token(Rsa, "alice");
        var many = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => StatusAsync(token)));
        Assert.All(many, s => Assert.Equal(HttpStatusCode.ServiceUnavailable, s));
        using var http = Bearer(token);
        using var response = await http.SendAsync("GET", "/api/v0/users/me/");
        await Wire.AssertAsync("identity-provider-unavailable", response);
        Assert.Equal(TimeSpan.FromSeconds(10), response.Headers.RetryAfter!.Delta);
        Assert.Equal(1, provider.Reads);
        // All other requests go on meanwhile, and the provider is asked again later.
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("GET", "/api/v0/users/me/"));
        provider.Fault = null;
        clock.Move(TimeSpan.FromSeconds(10));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(provider.Token(Rsa, "alice")));
    }

    [Fact]
    public async Task Keys_that_are_known_go_on_working_while_the_provider_fails()
    {
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(provider.Token(Rsa, "alice")));
        provider.Fault = context => { context.Response.StatusCode = 500; return Task.CompletedTask; };
        for (var i = 0; i < 3; i++)
        {
            clock.Move(TimeSpan.FromHours(1));
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(provider.Token(Rsa, "alice")));
        }
    }

    [Fact]
    public async Task While_the_tables_are_away_a_good_token_is_503_and_not_401()
    {
        service.Transport.Fault = new RequestFailedException(503, "Not now.");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(provider.Token(Rsa, "alice")));
        service.Transport.Fault = null;
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(provider.Token(Rsa, "alice")));
    }

    [Fact]
    public async Task Without_a_provider_in_the_settings_its_tokens_are_not_familiar()
    {
        await using var without = await TestService.StartAsync(service.Connection, clock);
        using var http = without.NewClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", provider.Token(Rsa, "alice"));
        using var response = await http.SendAsync("GET", "/api/v0/users/me/");
        await Wire.AssertAsync("issuer-not-familiar", response);
        Assert.Equal(0, provider.Reads);
    }

    [Theory]
    [InlineData("http://idp.example.org", true)]
    [InlineData("idp", true)]
    [InlineData("https://idp.example.org", false)]
    public void A_provider_without_https_or_an_audience_is_refused_at_the_start(string issuer, bool audience) =>
        Assert.False(new OidcOptions { Issuer = issuer, Audience = audience ? "registry" : null }.IsValid);

    HttpClient Bearer(string token, TestService? instance = null) =>
        new() { BaseAddress = (instance ?? service).Http.BaseAddress, DefaultRequestHeaders = { Authorization = new("Bearer", token) } };

    async Task<HttpStatusCode> StatusAsync(string token, TestService? instance = null)
    {
        using var http = Bearer(token, instance);
        return await http.StatusAsync("GET", "/api/v0/users/me/");
    }
}
