using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.StandIn;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Host;

/// <summary>Adoption with the published app. Every request comes through a stand-in for the Functions host.</summary>
[Collection(PublishedApp.Collection)]
public sealed class AdoptThroughTheHostTests : IAsyncLifetime
{
    const string Token = "a-token-of-the-tests-only";

    StorageAccount storage = null!;
    BucketServer server = null!;
    StandInHost app = null!;

    public async Task InitializeAsync()
    {
        var connection = await AzuriteFixture.NewAccountAsync();
        storage = StorageAccount.FromConnectionString(connection);
        server = await BucketServer.StartAsync();
        server.CreateBucket("bucket");
        app = await WorkerRun.StartAsync(
            connection, ("Access__AdministratorToken", Token), ("Stores__AllowPrivateEndpoints", "true"),
            ("Stores__SecretKey", Convert.ToBase64String(new byte[32])), ("Http__PublicUrl", "https://registry.example.org"));
        app.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Token", Token);
    }

    public async Task DisposeAsync()
    {
        await app.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_list_is_adopted_by_queue_invocations_of_which_the_first_fails_and_the_last_comes_twice()
    {
        var project = await CreateAsync("/api/v0/projects/", new { name = "demo" });
        var store = await CreateAsync(
            "/api/v0/stores/",
            new
            {
                name = "store",
                configuration = new { bucket = "bucket", endpoint_url = server.Url, access_key_id = "key", secret_access_key = "secret" },
            });
        var keys = Enumerable.Range(0, 250).Select(i => $"ü {i:D3}").ToArray();
        foreach (var key in keys)
            server.Buckets["bucket"].Put(key, "x"u8);

        using var accepted = await app.Client.PostAsJsonAsync(
            $"/api/v0/stores/{store}/adopt/", new { urls = keys.Select(k => $"s3://bucket/{k}"), project });
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        var job = accepted.Headers.Location!;
        Assert.StartsWith("https://registry.example.org/api/v0/adoptions/", job.ToString(), StringComparison.Ordinal);

        var queue = storage.Queues.GetQueueClient("adopt");
        var message = Assert.Single((await queue.ReceiveMessagesAsync(32, TimeSpan.FromMinutes(10))).Value);
        server.Faults = new() { InternalError = 1 };
        var failed = await app.InvokeAsync("AdoptRange", message.MessageText);
        Assert.Contains("500", failed, StringComparison.Ordinal);

        server.Faults = FaultPlan.None;
        for (var delivery = 2; delivery <= 3; delivery++)
        {
            Assert.Null(await app.InvokeAsync("AdoptRange", message.MessageText, delivery));
        }

        var finished = await app.Client.GetFromJsonAsync<JsonElement>(job.AbsolutePath);
        Assert.Equal("completed", finished.GetProperty("status").GetString());
        Assert.Equal(
            (250, 250),
            (finished.GetProperty("counts").GetProperty("total").GetInt32(), finished.GetProperty("counts").GetProperty("created")
                .GetInt32()));
        var data = await app.Client.GetFromJsonAsync<JsonElement>($"/api/v0/data/?project={project}&limit=9000");
        Assert.Equal(250, data.GetProperty("results").GetArrayLength());
    }

    async Task<string> CreateAsync(string path, object body)
    {
        using var response = await app.Client.PostAsJsonAsync(path, body);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
    }
}
