using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Benchmarks;

/// <summary>A job alone, and the same job behind forty others at a store whose server answers a byte at a time.</summary>
static class SlowStore
{
    const int Jobs = 40;
    const int Objects = 10_000;

    public static Command Command()
    {
        var command = new Command(
            "slow-store", $"Adopts {Objects} objects alone, and behind {Jobs} jobs at a store that drips its answers.");
        command.SetAction(async (_, cancellationToken) => await RunAsync(cancellationToken));
        return command;
    }

    static async Task RunAsync(CancellationToken cancellationToken)
    {
        string[] parts = ["warm", "alone", "behind"];
        string[] keys = [.. parts.SelectMany(part => SampleKeys.Shuffled(Objects).Select(key => $"{part}/{key}"))];
        await using var bucket = await BucketProcess.StartAsync(keys, cancellationToken);
        await using var drips = await BucketServer.StartAsync(cancellationToken: cancellationToken);
        drips.CreateBucket("slow");
        drips.Intercept = DripAsync;
        await using var arena = await Arena.StartAsync(cancellationToken);
        await using var service = await RunningService.StartAsync(arena, bucket.Store, cancellationToken);
        var slow = await service.Find<StoreTable>().EnsureAsync(
            new() { Id = Guid.NewGuid(), Name = "slow", Configuration = new("slow", null, drips.Url, "key", "secret", null) },
            cancellationToken);

        await AdoptAsync(service, bucket.Store, "warm", cancellationToken);
        var alone = await AdoptAsync(service, bucket.Store, "alone", cancellationToken);
        for (var i = 0; i < Jobs; i++)
        {
            var urls = Enumerable.Range(0, 101).Select(n => $"s3://slow/{i}/{n}");
            await PostAsync(service, slow, new { urls, project = RunningService.ProjectId }, cancellationToken);
        }

        var behind = await AdoptAsync(service, bucket.Store, "behind", cancellationToken);
        Console.WriteLine(
            $"{Objects} objects of a prefix: alone {alone.TotalSeconds:F1} s, behind {Jobs} jobs of a slow store "
                + $"{behind.TotalSeconds:F1} s ({behind / alone:F2} times)");
    }

    static async Task<TimeSpan> AdoptAsync(RunningService service, Store store, string prefix, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var body = new { prefix = $"s3://{store.Configuration.Bucket}/{prefix}/", project = RunningService.ProjectId };
        var job = await PostAsync(service, store, body, cancellationToken);
        while (true)
        {
            var now = await service.Http.GetFromJsonAsync<JsonElement>(job, cancellationToken);
            if (now.GetProperty("status").GetString() is "completed")
                return now.GetProperty("counts").GetProperty("created").GetInt32() == Objects
                    ? watch.Elapsed
                    : throw new InvalidOperationException($"Wrong counts: {now}");
            await Task.Delay(50, cancellationToken);
        }
    }

    static async Task<Uri> PostAsync(RunningService service, Store store, object body, CancellationToken cancellationToken)
    {
        using var response = await service.Http.PostAsJsonAsync($"/api/v0/stores/{store.Id}/adopt/", body, cancellationToken);
        return response.StatusCode == HttpStatusCode.Accepted
            ? response.Headers.Location!
            : throw new InvalidOperationException($"{response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
    }

    /// <summary>A byte a second.</summary>
    static async Task<bool> DripAsync(HttpContext http, string kind)
    {
        try
        {
            while (true)
            {
                await Task.Delay(1000, http.RequestAborted);
                if (kind == "head")
                    continue;
                await http.Response.WriteAsync(" ", http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            http.Abort();
        }

        return true;
    }
}
