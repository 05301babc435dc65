using System.Globalization;
using System.Net;
using System.Text.Json;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Stores;

/// <summary>
/// Stores that are read as a role, with the real SDK against the test's own security token service and embedded bucket.
/// </summary>
public sealed class RoleTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    const string Role = "arn:aws:iam::123456789012:role/reader";

    TestService service = null!;
    TokenService sts = null!;

    public async Task InitializeAsync()
    {
        service = await shared.ForTestAsync();
        sts = new TokenService(service.Server);
    }

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_store_with_a_role_assumes_it_once_and_reads_with_the_session()
    {
        var store = await CreateAsync();
        // The probe of the bucket had a session of its own.
        Assert.Single(sts.Assumed);
        service.Put("a", "b", "c");
        await Task.WhenAll("abc".Select(key => AdoptAsync(store, key.ToString())));
        Assert.Equal(2, sts.Assumed.Count);
        Assert.Equal(
            ("AssumeRole", Role, "data-registry", "3600"),
            (sts.Assumed[1]["Action"], sts.Assumed[1]["RoleArn"], sts.Assumed[1]["RoleSessionName"], sts.Assumed[1]["DurationSeconds"]));
        Assert.Contains("Credential=base/", sts.Assumed[1]["authorization"], StringComparison.Ordinal);
        Assert.DoesNotContain("ExternalId", sts.Assumed[1].Keys);
        Assert.Empty(sts.Unsigned);
        Assert.DoesNotContain("session-secret", service.Logs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_external_id_is_told_to_the_service_and_in_the_stores_body_and_the_trail()
    {
        var store = await CreateAsync(externalId: "tenant-7");
        Assert.Equal("tenant-7", sts.Assumed[0]["ExternalId"]);
        var configuration = (await service.GetAsync($"/api/v0/stores/{store}/")).GetProperty("configuration");
        Assert.Equal(
            (Role, "tenant-7"), (configuration.GetProperty("role_arn").GetString(), configuration.GetProperty("external_id").GetString()));
        var created = Assert.Single(
            await service.GetAllAsync("/api/v0/audit/?action=store.created"), e => e.GetProperty("target").GetString() == store);
        Assert.Equal(Role, created.GetProperty("details").GetProperty("role_arn").GetString());
    }

    [Fact]
    public async Task Many_who_need_a_session_at_once_assume_the_role_once()
    {
        var bucket = Open();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => bucket.HeadAsync("a")));
        Assert.Single(sts.Assumed);
        Assert.Empty(sts.Unsigned);
    }

    [Fact]
    public async Task A_session_that_is_over_before_it_begins_is_told_from_missing_credentials()
    {
        sts.Life = TimeSpan.FromSeconds(-1);
        await AssertRefusedAsync("invalid_credentials", "clock");
    }

    [Fact]
    public async Task A_session_that_soon_ends_is_renewed_while_it_still_serves()
    {
        sts.Life = TimeSpan.FromMinutes(10);
        var bucket = Open();
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
        var count = sts.Assumed.Count;
        await bucket.HeadAsync("a");
        Assert.Equal(count, sts.Assumed.Count);
        Assert.Empty(sts.Unsigned);
    }

    [Fact]
    public async Task A_download_never_outlives_the_session_that_signed_it()
    {
        sts.Life = TimeSpan.FromMinutes(5);
        var store = await CreateAsync();
        service.Put("a");
        var id = await AdoptAsync(store, "a");
        var url = new Uri((await service.GetAsync($"/api/v0/data/{id}/download/")).GetProperty("url").GetString()!);
        var query = QueryHelpers.ParseQuery(url.Query);
        Assert.InRange(int.Parse(query["X-Amz-Expires"].ToString(), CultureInfo.InvariantCulture), 1, 300);
        Assert.StartsWith("session-token-", query["X-Amz-Security-Token"].ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(403, "AccessDenied", "role_refused", "its trust policy")]
    [InlineData(400, "ValidationError", "role_refused", "cannot be assumed")]
    [InlineData(404, "NoSuchEntity", "role_refused", "cannot be assumed")]
    [InlineData(403, "InvalidClientTokenId", "invalid_credentials", "does not know the access key that assumes the role")]
    [InlineData(403, "SignatureDoesNotMatch", "invalid_credentials", "secret access key that assumes the role")]
    [InlineData(405, "MethodNotAllowed", "role_refused", "may not be a security token service")]
    public async Task A_role_that_cannot_be_assumed_is_refused_when_the_store_is_made_and_says_why(
        int status, string answer, string code, string says)
    {
        sts.Failure = (status, answer);
        await AssertRefusedAsync(code, says);
    }

    [Fact]
    public async Task A_server_without_a_token_service_is_told_from_a_role_that_is_refused()
    {
        sts.Speaks = false;
        await AssertRefusedAsync("role_refused", "security token service");
    }

    [Fact]
    public async Task A_role_that_is_taken_away_is_told_and_one_that_is_given_again_serves()
    {
        var store = await CreateAsync();
        service.Put("a");
        sts.Failure = (403, "AccessDenied");
        using var refusal = await PostAsync(store, "a");
        Assert.Contains("role_refused", await refusal.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        sts.Failure = null;
        await AdoptAsync(store, "a");
    }

    [Fact]
    public async Task Another_role_needs_the_secret_anew()
    {
        var store = await CreateAsync();
        var other = $$$"""{"configuration":{"role_arn":"{{{Role}}}2"}}""";
        using var refusal = await service.Http.SendAsync("PATCH", $"/api/v0/stores/{store}/", other);
        Assert.Contains("secret_access_key", await refusal.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, refusal.StatusCode);
        Assert.Equal(
            HttpStatusCode.OK,
            await service.Http.StatusAsync(
                "PATCH", $"/api/v0/stores/{store}/",
                other.Replace("{\"role", "{\"secret_access_key\":\"secret\",\"role", StringComparison.Ordinal)));
        Assert.Equal(Role + "2", sts.Assumed[^1]["RoleArn"]);
    }

    [Fact]
    public async Task The_token_service_is_guarded_as_the_bucket_is()
    {
        using var buckets = new Buckets(new()
        {
            Connect = new EndpointGuard(
                Microsoft.Extensions.Options.Options.Create(new StoreOptions()),
                (host, token) => Dns.GetHostAddressesAsync(host, token)).ConnectAsync,
        });
        var probe = await buckets.ProbeAsync(Configured(), default);
        Assert.Equal(BucketFault.EndpointRefused, probe.Fault);
        Assert.Empty(sts.Assumed);
    }

    Store Configured() =>
        service.Store with
        {
            Id = Guid.NewGuid(),
            Name = "role",
            Configuration = new("bucket", null, service.Server.Url, "base", "secret", Role),
        };

    Bucket Open() => service.Services.GetRequiredService<Buckets>().Open(Configured());

    async Task<string> CreateAsync(string? externalId = null)
    {
        using var response = await service.Http.SendAsync("POST", "/api/v0/stores/", Body(externalId));
        return TestUsers.Id(await TestUsers.JsonAsync(response, HttpStatusCode.Created)).ToString();
    }

    string Body(string? externalId = null) => JsonSerializer.Serialize(new
    {
        name = $"role-{Guid.NewGuid():N}",
        configuration = new
        {
            bucket = "bucket",
            endpoint_url = service.Server.Url,
            access_key_id = "base",
            secret_access_key = "secret",
            role_arn = Role,
            external_id = externalId,
        },
    });

    Task<HttpResponseMessage> PostAsync(string store, string key) =>
        service.Http.SendAsync(
            "POST", $"/api/v0/stores/{store}/adopt/", $$"""{"url":"s3://bucket/{{key}}","project":"{{service.Project.Id}}"}""");

    async Task<string> AdoptAsync(string store, string key)
    {
        using var response = await PostAsync(store, key);
        return (await TestUsers.JsonAsync(response)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
    }

    async Task AssertRefusedAsync(string code, string says)
    {
        using var response = await service.Http.SendAsync("POST", "/api/v0/stores/", Body());
        var error = (await TestUsers.JsonAsync(response, HttpStatusCode.BadRequest)).GetProperty("configuration")[0];
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Contains(says, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }
}
