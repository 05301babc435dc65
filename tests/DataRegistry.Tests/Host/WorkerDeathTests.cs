using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.StandIn;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Host;

/// <summary>Long work on the published worker, while the host stops it or it dies.</summary>
[Collection(PublishedApp.Collection)]
public sealed class WorkerDeathTests : IAsyncLifetime
{
    const int MaxDequeueCount = 10;

    static readonly Dictionary<string, string> Functions = Registry.QueueFunctions.ToDictionary(
        f => f.Queue, f => f.Name, StringComparer.Ordinal);

    StorageAccount storage = null!;
    BucketServer server = null!;
    StandInHost host = null!;
    string project = "";
    string store = "";

    public Task InitializeAsync() => Task.CompletedTask;

    async Task StartAsync(int objects, int windowKeys)
    {
        var connection = await AzuriteFixture.NewAccountAsync();
        storage = StorageAccount.FromConnectionString(connection);
        server = await BucketServer.StartAsync();
        server.CreateBucket("bucket");
        for (var i = 0; i < objects; i++)
            server.Buckets["bucket"].AddSynthetic(string.Create(CultureInfo.InvariantCulture, $"data/{i:D6}"), 100);
        host = await WorkerRun.StartAsync(
            connection, ("Access__AdministratorToken", TestService.Token), ("Stores__AllowPrivateEndpoints", "true"),
            ("Stores__SecretKey", Convert.ToBase64String(new byte[32])),
            ("Adoption__WindowKeys", windowKeys.ToString(CultureInfo.InvariantCulture)));
        host.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Token", TestService.Token);
        project = await PostAsync("/api/v0/projects/", new { name = "demo" });
        store = await PostAsync(
            "/api/v0/stores/",
            new
            {
                name = "store",
                configuration = new { bucket = "bucket", endpoint_url = server.Url, access_key_id = "key", secret_access_key = "secret" },
            });
    }

    public async Task DisposeAsync()
    {
        await host.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_range_in_progress_is_handed_on_when_the_instance_stops()
    {
        await StartAsync(objects: 4000, windowKeys: 20);
        var job = await PostAsync($"/api/v0/stores/{store}/adopt/", new { prefix = "s3://bucket/data/", project });
        var queue = storage.Queues.GetQueueClient("adopt");
        var message = (await queue.ReceiveMessagesAsync(1, TimeSpan.FromMinutes(10))).Value.Single();
        // The range ends after the host has asked the instance to stop, not before: no page comes between its first window and that.
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Intercept = async (_, kind) =>
        {
            if (kind == "list" && host.Output.Contains("window 0 done", StringComparison.Ordinal))
                await told.Task;
            return false;
        };
        using var stop = new CancellationTokenSource();
        var delivery = host.InvokeAsync("AdoptRange", message.MessageText, cancel: stop.Token);
        await Eventually.IsTrueAsync(() => host.Output.Contains("window 0 done", StringComparison.Ordinal), "a window");
        await stop.CancelAsync();
        told.SetResult();

        // The function returns. The host reads that as success and deletes the message.
        Assert.Null(await delivery);
        await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt);
        Assert.Contains("is handed on", host.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Logs, l => l.Level is "Error" or "Critical");

        await PumpAsync(job);
        await AssertCreatedAsync(job, 4000);
    }

    [Fact]
    public async Task A_worker_killed_five_times_adopts_all_objects_exactly_once()
    {
        const int Objects = 6000;
        await StartAsync(Objects, windowKeys: 100);
        var job = await PostAsync($"/api/v0/stores/{store}/adopt/", new { prefix = "s3://bucket/data/", project });
        var pump = PumpAsync(job);
        for (var kill = 1; kill <= 5; kill++)
        {
            await Eventually.IsTrueAsync(
                async () =>
                {
                    // Without the pump nothing goes on, and its exception tells why.
                    if (pump.IsFaulted)
                        await pump;
                    return await RowsAsync() >= kill * 1000;
                },
                "progress");
            await host.KillWorkerAsync();
            var waiting = host.Client.GetAsync(new Uri($"/api/v0/adoptions/{job}/", UriKind.Relative));
            await host.StartWorkerAsync();
            Assert.Equal(HttpStatusCode.OK, (await waiting).StatusCode);
        }

        await pump;
        await AssertCreatedAsync(job, Objects);
    }

    [Fact]
    public async Task Requests_wait_while_a_worker_is_started_again_and_deliveries_of_the_dead_one_fail()
    {
        await StartAsync(objects: 0, windowKeys: 500);
        using var worker = System.Diagnostics.Process.GetProcessById(host.WorkerProcess);
        var job = await PostAsync($"/api/v0/stores/{store}/adopt/", new { prefix = "s3://bucket/data/", project });
        // The function waits for a bucket that never answers. Only the host notices that its worker is gone.
        server.Intercept = async (http, _) => { await Task.Delay(Timeout.Infinite, http.RequestAborted); return true; };
        var before = server.Requests.Total;
        var message = (await storage.Queues.GetQueueClient("adopt").ReceiveMessagesAsync(1, TimeSpan.FromMinutes(10))).Value.Single();
        var delivery = host.InvokeAsync("AdoptRange", message.MessageText);
        await Eventually.IsTrueAsync(() => server.Requests.Total > before, "a request to the bucket");
        worker.Kill();
        await Assert.ThrowsAsync<InvalidOperationException>(() => delivery.WithinDeadlineAsync());
        server.Intercept = null;

        var starting = host.StartWorkerAsync();
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => host.Client.GetAsync(new Uri($"/api/v0/adoptions/{job}/", UriKind.Relative))));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        await starting;
    }

    async Task<int> RowsAsync()
    {
        var rows = 0;
        for (var shard = 0; shard < Shards.Count; shard++)
            rows += await storage.Tables.GetTableClient("locations").ReadAsync<RowKeyOnly>(
                new TableRange($"{Guid.Parse(store):N}-{shard:x}"), 1000, []).CountAsync();
        return rows;
    }

    Task PumpAsync(string job) => host.PumpAsync(storage.Queues, Functions, MaxDequeueCount, async () =>
    {
        try
        {
            return (await host.Client.GetFromJsonAsync<JsonElement>($"/api/v0/adoptions/{job}/")).GetProperty("status")
                .GetString() == "completed";
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // The worker is just starting, or was killed in the middle of its answer.
            return false;
        }
    });

    async Task AssertCreatedAsync(string job, int created)
    {
        var counts = (await host.Client.GetFromJsonAsync<JsonElement>($"/api/v0/adoptions/{job}/")).GetProperty("counts");
        Assert.Equal(
            (created, 0, 0),
            (counts.GetProperty("created").GetInt32(), counts.GetProperty("existing").GetInt32(), counts.GetProperty("failed").GetInt32()));
        Assert.Equal(created, await RowsAsync());
    }

    async Task<string> PostAsync(string path, object body)
    {
        using var response = await host.Client.PostAsJsonAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement.GetProperty("id").GetString()!;
    }
}
