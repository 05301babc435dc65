using System.Net;
using System.Text.Json;
using Azure.Core;
using Azure.Identity;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace DataRegistry.Tests.Stores.S3;

/// <summary>
/// Stores that the app's own identity reads, with the real AWS SDK against the test's own security token service and
/// embedded bucket.
/// </summary>
public sealed class WebIdentityTests : IAsyncLifetime
{
    const string Role = "arn:aws:iam::123456789012:role/reader";
    const string Audience = "api://data-registry";

    readonly Identity identity = new();
    TestService service = null!;
    TokenService sts = null!;

    public async Task InitializeAsync()
    {
        // The endpoint's port is known only once the service runs, and the setting is read at its first use.
        service = await TestService.StartAsync(
            null, null, services => services.AddSingleton<TokenCredential>(identity),
            ("Stores:WebIdentityAudience", Audience), ("Stores:WebIdentityEndpoint", "http://127.0.0.1:1"),
            ("Stores:AssumableRoles", "arn:aws:iam::123456789012:role/data-{project} arn:aws:iam::123456789012:role/shared/*"));
        service.Services.GetRequiredService<IOptions<StoreOptions>>().Value.WebIdentityEndpoint = service.Server.Url;
        sts = new TokenService(service.Server);
    }

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_store_with_a_role_and_no_key_is_read_by_a_session_for_the_identitys_token()
    {
        var store = await CreateAsync();
        service.Put("a", "b", "c");
        await Task.WhenAll("abc".Select(key => AdoptAsync(store, key.ToString())));

        // One session for the probe of the bucket, and one for all later requests.
        Assert.Equal(2, sts.Assumed.Count);
        Assert.Equal(
            ("AssumeRoleWithWebIdentity", Role, $"data-registry-{store}", "3600", "identity-token-2", ""),
            (sts.Assumed[
                1]["Action"], sts.Assumed[1]["RoleArn"], sts.Assumed[1]["RoleSessionName"], sts.Assumed[1]["DurationSeconds"],
                sts.Assumed[1]["WebIdentityToken"], sts.Assumed[1]["authorization"]));
        Assert.Equal([$"{Audience}/.default"], identity.Asked.Distinct());
        Assert.Empty(sts.Unsigned);
        Assert.DoesNotContain("identity-token", service.Logs, StringComparison.Ordinal);
        Assert.DoesNotContain("session-secret", service.Logs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_that_soon_ends_is_renewed_with_another_token_while_it_still_serves()
    {
        sts.Life = TimeSpan.FromMinutes(10);
        var store = await service.Services.GetRequiredService<StoreTable>().FindAsync(Guid.Parse(await CreateAsync()), default);
        var bucket = service.Services.GetRequiredService<Buckets>().Open(store!);
        await bucket.HeadAsync("a");
        var first = sts.Used;
        sts.Life = TimeSpan.FromHours(1);
        await Host.Eventually.IsTrueAsync(
            async () =>
            {
                await bucket.HeadAsync("a");
                return sts.Used != first && sts.Used == $"session-token-{sts.Assumed.Count}"
                    && sts.Ends[sts.Assumed.Count - 1] > DateTime.UtcNow.AddMinutes(30);
            },
            "a later session serves");
        Assert.Equal($"identity-token-{sts.Assumed.Count}", sts.Assumed[^1]["WebIdentityToken"]);
        Assert.Empty(sts.Unsigned);
    }

    [Theory]
    [InlineData(403, "AccessDenied", "role_refused", "sts:AssumeRoleWithWebIdentity to that identity's 'sub'")]
    [InlineData(400, "InvalidIdentityToken", "role_refused", "OpenID Connect provider")]
    [InlineData(403, "IDPRejectedClaim", "role_refused", "OpenID Connect provider")]
    [InlineData(400, "ExpiredTokenException", "invalid_credentials", "have expired")]
    [InlineData(405, "MethodNotAllowed", "role_refused", "may not be a security token service")]
    public async Task What_the_token_service_refuses_is_told_when_the_store_is_made(int status, string answer, string code, string says)
    {
        sts.Failure = (status, answer);
        await AssertRefusedAsync(service.Http, Body(), code, says);
    }

    [Fact]
    public async Task An_identity_without_a_token_is_told_without_what_its_host_said()
    {
        identity.Failure = "the metadata service at 169.254.169.254 says no";
        await AssertRefusedAsync(service.Http, Body(), "invalid_credentials", "Stores__WebIdentityAudience", hides: "169.254");
        Assert.Contains("169.254", service.Logs, StringComparison.Ordinal);
        Assert.Empty(sts.Assumed);
    }

    [Fact]
    public async Task The_token_goes_to_no_endpoint_that_a_store_names()
    {
        await AssertRefusedAsync(service.Http, Body(endpoint: service.Server.Url + "/other"), "required", "'access_key_id' is missing");
        Assert.Empty(sts.Assumed);
        Assert.Empty(identity.Asked);
    }

    [Fact]
    public async Task A_key_of_the_stores_own_assumes_the_role_without_the_identity()
    {
        await CreateAsync(Body(key: "base"));
        Assert.Equal("AssumeRole", Assert.Single(sts.Assumed)["Action"]);
        Assert.Empty(identity.Asked);
    }

    [Fact]
    public async Task An_external_id_is_refused_where_the_exchange_has_none() =>
        await AssertRefusedAsync(service.Http, Body(externalId: "tenant-7"), "not_supported", "external_id");

    [Fact]
    public async Task Who_manages_a_projects_stores_names_only_the_roles_that_the_operator_lists()
    {
        var project = service.Project.Id;
        var (_, manager) = await service.NewCallerAsync(("department_admin", "project", project));
        using (manager)
        {
            await AssertRefusedAsync(manager, Body(project: project), "role_refused", "system administrator");
            await AssertRefusedAsync(
                manager, Body(project: project, role: $"arn:aws:iam::123456789012:role/data-{Guid.NewGuid()}"), "role_refused",
                "system administrator");
            Assert.Empty(sts.Assumed);
            var store = await CreateAsync(Body(project: project, role: $"arn:aws:iam::123456789012:role/data-{project}"), manager);
            await CreateAsync(Body(project: project, role: "arn:aws:iam::123456789012:role/shared/images"), manager);

            // Neither by a change, nor by one that removes the store's key.
            await AssertRefusedAsync(
                manager, $$$"""{"configuration":{"role_arn":"{{{Role}}}"}}""", "role_refused", "system administrator",
                path: $"/api/v0/stores/{store}/", method: "PATCH");
            var keyed = await CreateAsync(Body(project: project, key: "base"), manager);
            await AssertRefusedAsync(
                manager, """{"configuration":{"access_key_id":""}}""", "role_refused", "system administrator",
                path: $"/api/v0/stores/{keyed}/", method: "PATCH");
        }
    }

    [Fact]
    public async Task A_manager_may_change_what_is_no_role_of_a_store_that_an_administrator_made()
    {
        var project = service.Project.Id;
        var store = await CreateAsync(Body(project: project));
        var (_, manager) = await service.NewCallerAsync(("department_admin", "project", project));
        using (manager)
            Assert.Equal(HttpStatusCode.OK, await manager.StatusAsync("PATCH", $"/api/v0/stores/{store}/", """{"allow_read":false}"""));
    }

    string Body(Guid? project = null, string? role = null, string? endpoint = null, string? key = null, string? externalId = null) =>
        JsonSerializer.Serialize(new
        {
            name = $"role-{Guid.NewGuid()}",
            project,
            configuration = new
            {
                bucket = "bucket",
                endpoint_url = endpoint ?? service.Server.Url,
                role_arn = role
            ?? Role,
                access_key_id = key,
                secret_access_key = key is null ? null : "secret",
                external_id = externalId
            },
        });

    async Task<string> CreateAsync(string? body = null, HttpClient? http = null)
    {
        using var response = await (http ?? service.Http).SendAsync("POST", "/api/v0/stores/", body ?? Body());
        return TestUsers.Id(await TestUsers.JsonAsync(response, HttpStatusCode.Created)).ToString();
    }

    Task<HttpResponseMessage> PostAsync(string store, string key) =>
        service.Http.SendAsync(
            "POST", $"/api/v0/stores/{store}/adopt/", $$"""{"url":"s3://bucket/{{key}}","project":"{{service.Project.Id}}"}""");

    async Task AdoptAsync(string store, string key)
    {
        using var response = await PostAsync(store, key);
        Assert.Single((await TestUsers.JsonAsync(response)).GetProperty("created").EnumerateObject());
    }

    static async Task AssertRefusedAsync(
        HttpClient http, string body, string code, string says, string? hides = null, string path = "/api/v0/stores/",
        string method = "POST")
    {
        using var response = await http.SendAsync(method, path, body);
        var error = (await TestUsers.JsonAsync(response, HttpStatusCode.BadRequest)).GetProperty("configuration")[0];
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Contains(says, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        if (hides is not null)
            Assert.DoesNotContain(hides, error.GetRawText(), StringComparison.Ordinal);
    }

    /// <summary>A credential without a cache, so that each request of the service for a token shows.</summary>
    sealed class Identity : TokenCredential
    {
        public List<string> Asked { get; } = [];

        public string? Failure { get; set; }

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            if (Failure is { } failure)
                throw new CredentialUnavailableException(failure);
            lock (Asked)
            {
                Asked.AddRange(requestContext.Scopes);
                return new($"identity-token-{Asked.Count}", DateTimeOffset.UtcNow.AddHours(24));
            }
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));
    }
}
