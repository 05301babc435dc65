using System.Net;
using System.Text.Json;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Stores;

/// <summary>A service whose requests to buckets never leave this machine, even if a guard fails.</summary>
public sealed class ServiceWithoutAmazon : SharedService
{
    protected override (string Setting, string Value)[] Settings => [("Stores:HostBuckets", "data-{project} shared-*")];

    public override Task InitializeAsync()
    {
        // The SDK does not look for a metadata service.
        Environment.SetEnvironmentVariable("AWS_EC2_METADATA_DISABLED", "true");
        return base.InitializeAsync();
    }

    protected override void Replace(IServiceCollection services) => services.AddSingleton(_ => new Buckets(new()
    {
        MaxRetries = 0,
        Connect = (_, _) => throw new BucketException(BucketFault.Unreachable, "Tests do not reach Amazon."),
    }));
}

/// <summary>
/// Stores at Amazon without an access key, a role and <c>anonymous</c>, which would use the credentials of the
/// registry's host.
/// </summary>
public sealed class HostCredentialTests(ServiceWithoutAmazon shared) : IClassFixture<ServiceWithoutAmazon>, IAsyncLifetime
{
    TestService service = null!;
    HttpClient manager = null!;

    public async Task InitializeAsync()
    {
        service = await shared.ForTestAsync();
        (_, manager) = await service.NewCallerAsync(("department_admin", "project", service.Project.Id));
    }

    public async Task DisposeAsync()
    {
        manager.Dispose();
        await service.DisposeAsync();
    }

    [Theory]
    [InlineData("secret-bucket", "{}")]
    [InlineData("secret-bucket", """{"access_key_id":"","role_arn":"","endpoint_url":""}""")]
    [InlineData("secret-bucket", """{"anonymous":false,"region":"eu-west-1","requester_pays":true}""")]
    [InlineData("shared", "{}")]
    [InlineData("my-shared-data", "{}")]
    [InlineData("Shared-data", "{}")]
    [InlineData("data-5b0c1c5e-3b1a-4d8e-9f0a-2d6f7a8b9c0d", "{}")]
    public async Task Who_manages_a_projects_stores_names_only_the_buckets_that_the_operator_lists(string bucket, string configuration) =>
        await AssertGuardedAsync(await SendAsync(manager, "POST", "/api/v0/stores/", Body(bucket, configuration)));

    [Fact]
    public async Task The_listed_buckets_and_those_of_a_system_administrator_are_asked()
    {
        await AssertAskedAsync(await SendAsync(manager, "POST", "/api/v0/stores/", Body($"data-{service.Project.Id}")));
        await AssertAskedAsync(await SendAsync(manager, "POST", "/api/v0/stores/", Body("shared-data")));
        await AssertAskedAsync(await SendAsync(service.Http, "POST", "/api/v0/stores/", Body("secret-bucket")));
        // Never the host's credentials: not signed, or signed with the store's own key, or sent to another server.
        await AssertAskedAsync(await SendAsync(manager, "POST", "/api/v0/stores/", Body("secret-bucket", """{"anonymous":true}""")));
        await AssertAskedAsync(
            await SendAsync(
                manager, "POST", "/api/v0/stores/", Body("secret-bucket", """{"access_key_id":"k","secret_access_key":"s"}""")));
        await AssertAskedAsync(
            await SendAsync(manager, "POST", "/api/v0/stores/", Body("secret-bucket", """{"endpoint_url":"http://127.0.0.1:1"}""")));
    }

    [Theory]
    [InlineData("""{"access_key_id":"key","secret_access_key":"secret"}""", """{"access_key_id":""}""")]
    [InlineData("""{"anonymous":true}""", """{"anonymous":false}""")]
    [InlineData("""{"endpoint_url":"http://127.0.0.1:1"}""", """{"endpoint_url":""}""")]
    [InlineData(
        """{"role_arn":"arn:aws:iam::123456789012:role/r","access_key_id":"k","secret_access_key":"s"}""",
        """{"role_arn":"","access_key_id":""}""")]
    public async Task A_change_that_leaves_the_hosts_credentials_is_guarded_as_a_new_store_is(string before, string change)
    {
        var path = await AddAsync("secret-bucket", before, service.Project.Id);

        await AssertGuardedAsync(await SendAsync(manager, "PATCH", path, $$"""{"configuration":{{change}}}"""));
        await AssertGuardedAsync(await SendAsync(manager, "PUT", path, Body("secret-bucket")));
    }

    [Fact]
    public async Task A_store_of_the_hosts_credentials_is_not_moved_to_another_project_nor_read_otherwise_but_may_be_closed()
    {
        var other = await service.NewAsync("/api/v0/projects/", new { name = "other" });
        var (_, both) = await service.NewCallerAsync(
            ("department_admin", "project", service.Project.Id), ("department_admin", "project", other));
        using (both)
        {
            var path = await AddAsync($"data-{service.Project.Id}", "{}", service.Project.Id);
            await AssertGuardedAsync(await SendAsync(both, "PATCH", path, $$"""{"project":"{{other}}"}"""));
            var made = await AddAsync("secret-bucket", "{}", service.Project.Id);
            await AssertGuardedAsync(await SendAsync(both, "PATCH", made, """{"configuration":{"region":"eu-west-1"}}"""));
            Assert.Equal(HttpStatusCode.OK, await both.StatusAsync("PATCH", made, """{"allow_read":false}"""));
        }
    }

    string Body(string bucket, string configuration = "{}")
    {
        var fields = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(configuration)!;
        fields["bucket"] = JsonSerializer.SerializeToElement(bucket);
        return JsonSerializer.Serialize(new { name = $"s-{Guid.NewGuid()}", project = service.Project.Id, configuration = fields });
    }

    /// <summary>Adds a store without a request to its bucket.</summary>
    async Task<string> AddAsync(string bucket, string configuration, Guid project)
    {
        var fields = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(configuration)!;
        string? Text(string name) => fields.TryGetValue(name, out var value) ? value.GetString() : null;
        var store = await service.Services.GetRequiredService<StoreTable>().CreateAsync(
            new()
            {
                Id = Guid.NewGuid(),
                Name = $"s-{Guid.NewGuid()}",
                Project = project,
                Configuration = new(
                    bucket, null, Text("endpoint_url"), Text("access_key_id"), Text("secret_access_key"), Text("role_arn"),
                    Anonymous: fields.ContainsKey("anonymous")),
            },
            default);
        return $"/api/v0/stores/{store!.Id}/";
    }

    static Task<HttpResponseMessage> SendAsync(HttpClient http, string method, string path, string body) =>
        http.SendAsync(method, path, body);

    static async Task AssertGuardedAsync(HttpResponseMessage response)
    {
        var error = (await TestUsers.JsonAsync(response, HttpStatusCode.BadRequest)).GetProperty("configuration")[0];
        Assert.Equal("access_denied", error.GetProperty("code").GetString());
        Assert.Contains("Stores__HostBuckets", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    /// <summary>The guard allows it, and the probe of the bucket fails.</summary>
    static async Task AssertAskedAsync(HttpResponseMessage response)
    {
        var error = (await TestUsers.JsonAsync(response, HttpStatusCode.BadRequest)).GetProperty("configuration")[0];
        Assert.DoesNotContain("Stores__HostBuckets", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains(error.GetProperty("code").GetString(), (string[])["bucket_unavailable", "invalid_credentials"]);
    }
}
