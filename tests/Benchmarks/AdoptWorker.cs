using System.CommandLine;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Jobs;
using DataRegistry.StandIn;

namespace DataRegistry.Benchmarks;

/// <summary>
/// A prefix through the published worker, under a stand-in for the Functions host: exact counts, and the worker's
/// processor time.
/// </summary>
static class AdoptWorker
{
    /// <summary>Tries of a message, from host.json.</summary>
    const int MaxDequeueCount = 10;

    public static Command Command()
    {
        var folder = new Argument<string>("folder")
        {
            Description = "Where the app was published to: dotnet publish src/Functions -c Release -o {folder}.",
        };
        var objects = new Option<int>("--objects") { DefaultValueFactory = _ => 100_000 };
        var command = new Command(
            "adopt-worker", "Adopts a prefix through the published worker, and the same prefix again.") { folder, objects };
        command.SetAction(async (parsed, cancellationToken) =>
            await RunAsync(Path.GetFullPath(parsed.GetValue(folder)!), parsed.GetValue(objects), cancellationToken));
        return command;
    }

    static async Task RunAsync(string folder, int objects, CancellationToken cancellationToken)
    {
        await using var bucket = await BucketProcess.StartAsync(SampleKeys.Shuffled(objects), cancellationToken);
        await using var arena = await Arena.StartAsync(cancellationToken);
        await using var host = await StandInHost.StartAsync(folder, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["AzureWebJobsStorage"] = arena.Connection,
            ["Access__AdministratorToken"] = RunningService.Token,
            ["Stores__AllowPrivateEndpoints"] = "true",
            ["Stores__SecretKey"] = Convert.ToBase64String(new byte[32]),
        });
        host.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Token", RunningService.Token);
        var configuration = bucket.Store.Configuration;
        var project = await PostAsync("/api/v0/projects/", new { name = "benchmark" });
        var store = await PostAsync("/api/v0/stores/", new
        {
            name = "store",
            configuration = new
            {
                bucket = configuration.Bucket,
                endpoint_url = configuration.EndpointUrl,
                access_key_id = "key",
                secret_access_key = "secret",
            },
        });

        var table = new TextTable("run", "objects/s", "s", "CPU s", "CPU µs/object", "peak MiB");
        foreach (var (run, created, existing) in new[] { ("worker", objects, 0), ("again", 0, objects) })
        {
            var before = host.WorkerProcessorTime;
            var watch = Stopwatch.StartNew();
            var job = await PostAsync($"/api/v0/stores/{store}/adopt/", new { prefix = $"s3://{configuration.Bucket}/", project });
            var end = AdoptPrefix.EndAsync(arena, job, cancellationToken);
            await host.PumpAsync(arena.Storage.Queues, Queues(), MaxDequeueCount, () => Task.FromResult(end.IsCompleted));
            watch.Stop();
            if (await end is not { Status: JobStatus.Completed } row || row.Created != created || row.Existing != existing
                || row.Failed + row.Skipped != 0)
                throw new WrongResultException($"Not {created} created and {existing} existing.");
            var used = host.WorkerProcessorTime - before;
            table.Add(
                run, objects / watch.Elapsed.TotalSeconds, watch.Elapsed, used, used.TotalMicroseconds / objects,
                Measured.PeakOf(host.WorkerProcess) ?? double.NaN);
        }

        table.Print();

        async Task<string> PostAsync(string path, object body)
        {
            using var response = await host.Client.PostAsJsonAsync(path, body, cancellationToken);
            if (!response.IsSuccessStatusCode)
                throw new WrongResultException(
                    $"{path}: {response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
            return (await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("id").GetString()!;
        }
    }

    static Dictionary<string, string> Queues() => Registry.QueueFunctions.ToDictionary(f => f.Queue, f => f.Name, StringComparer.Ordinal);
}
