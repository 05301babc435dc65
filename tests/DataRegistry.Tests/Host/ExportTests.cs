using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.StandIn;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Telemetry;

namespace DataRegistry.Tests.Host;

/// <summary>What the published app sends to a collector, by OpenTelemetry's own variables.</summary>
public sealed class ExportTests : IAsyncLifetime
{
    const string Token = "a-token-of-the-tests-only";

    OtlpReceiver receiver = null!;
    BucketServer server = null!;
    string connection = "";

    public async Task InitializeAsync()
    {
        connection = await AzuriteFixture.NewAccountAsync();
        receiver = await OtlpReceiver.StartAsync();
        server = await BucketServer.StartAsync();
        server.CreateBucket("bucket");
    }

    public async Task DisposeAsync()
    {
        await receiver.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Traces_metrics_and_logs_are_sent_at_the_latest_when_the_app_ends()
    {
        await using var app = await StartAsync(("OTEL_SERVICE_NAME", "the-registry"));
        var project = await CreateAsync(app, "/api/v0/projects/", new { name = "demo" });
        var store = await CreateAsync(app, "/api/v0/stores/", new { name = "store", configuration = new { bucket = "bucket", endpoint_url = server.Url, access_key_id = "key", secret_access_key = "secret" } });
        for (var i = 0; i < 101; i++)
            server.Buckets["bucket"].Put($"k{i:D3}", "x"u8);
        using var accepted = await app.Client.PostAsJsonAsync($"/api/v0/stores/{store}/adopt/", new { prefix = "s3://bucket/k", project });
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        var message = Assert.Single((await StorageAccount.FromConnectionString(connection).Queues.GetQueueClient("adopt").ReceiveMessagesAsync(32)).Value);
        Assert.Null(await app.InvokeAsync("AdoptRange", message.MessageText, 2));
        Assert.Equal(0, await app.TerminateAsync());

        var delivery = Assert.Single(receiver.Spans, s => s.Name == "process adopt");
        Assert.Equal("the-registry", delivery.Service);
        Assert.Equal("POST /api/v0/stores/{id}/adopt/", Assert.Single(receiver.Spans, s => s.Id == delivery.Parent).Name);
        Assert.Contains(receiver.Spans, s => s.Trace == delivery.Trace && s.Name == "S3 list");
        Assert.Contains(receiver.Spans, s => s.Trace == delivery.Trace && s.Name == "table transaction datums");
        Assert.Contains(receiver.Logs, l => l.Trace == delivery.Trace && l.Text.Contains("window 0 done, 101 created", StringComparison.Ordinal));
        Assert.Contains(receiver.Points, p => p is { Name: "dataregistry.adoptions", Value: 101 } && p.Tags["outcome"] == "created");
        Assert.Contains(receiver.Points, p => p is { Name: "dataregistry.queue.age", Value: 1 } && p.Tags["queue"] == "adopt");
        Assert.Contains(receiver.Points, p => p is { Name: "dataregistry.retries", Value: 1 } && p.Tags["what"] == "adopt");
        Assert.Contains(receiver.Points, p => p is { Name: "dataregistry.job.duration", Value: 1 } && p.Tags["status"] == "completed");
        Assert.Contains(receiver.Points, p => p.Name == "dataregistry.s3.requests" && p.Tags["operation"] == "list" && p.Tags["status"] == "200");
        Assert.Contains(receiver.Points, p => p.Name == "dataregistry.table.requests" && p.Tags["table"] == "locations");
        Assert.Contains(receiver.Points, p => p.Name == "http.server.request.duration");
        // The console has the same ids.
        Assert.Contains(app.Output.Split('\n'), l => l.Contains($"TraceId:{delivery.Trace}", StringComparison.Ordinal) && l.Contains("window 0 done", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_is_sent_where_the_sdk_is_disabled()
    {
        await using var app = await StartAsync(("OTEL_SDK_DISABLED", "true"));
        Assert.Equal(HttpStatusCode.OK, await app.Client.StatusAsync("GET", "/api/v0/projects/"));
        Assert.Equal(0, await app.TerminateAsync());
        Assert.Empty(receiver.Bodies);
    }

    async Task<StandInHost> StartAsync(params (string, string)[] more)
    {
        var app = await WorkerRun.StartAsync(
            connection, [.. receiver.Settings, ("Access__AdministratorToken", Token), ("Stores__AllowPrivateEndpoints", "true"), ("Stores__SecretKey", Convert.ToBase64String(new byte[32])), .. more]);
        app.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Token", Token);
        return app;
    }

    static async Task<string> CreateAsync(StandInHost app, string path, object body)
    {
        using var response = await app.Client.PostAsJsonAsync(path, body);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
    }
}
