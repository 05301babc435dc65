using System.Globalization;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Storage;

namespace DataRegistry.Benchmarks;

/// <summary>
/// A prefix while the service is killed repeatedly, and on a bucket with faults. The totals must be those of a quiet
/// run.
/// </summary>
static class AdoptPrefixFaults
{
    const int Kills = 5;

    public static Benchmark Benchmark { get; } = new(
        "adopt-prefix-faults", "Adopts a prefix, killing the service five times, and on a bucket with faults; the totals must be right.",
        new Scale(100_000, 1), RunAsync);

    static async Task RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        Console.WriteLine($"adopt-prefix-faults: {scale.Objects} objects\n");
        await using var bucket = await BucketProcess.StartAsync(SampleKeys.Shuffled(scale.Objects), cancellationToken);
        var table = new TextTable(
            "run", "created", "datums", "locations", "LISTs", "HEADs", "S3 failures", "transactions", "table requests", "s");
        for (var round = 0; round < scale.Rounds; round++)
        {
            await AddAsync("quiet", kills: 0);
            await AddAsync($"killed {Kills} times", Kills);
            await bucket.FailAsync(new() { SlowDown = 0.05, Cut = 0.01, Delay = 0.05, DelayMilliseconds = 200 }, cancellationToken);
            await AddAsync("5 % 503, 1 % cut, 5 % 200 ms late", kills: 0);
            await bucket.FailAsync(FaultPlan.None, cancellationToken);
        }

        table.Print();

        async Task AddAsync(string name, int kills)
        {
            await using var arena = await Arena.StartAsync(cancellationToken);
            var watch = System.Diagnostics.Stopwatch.StartNew();
            var (end, requests) = await RunAsync(arena, bucket, scale.Objects, kills, cancellationToken);
            watch.Stop();
            var (datums, locations) = (await CountAsync(
                arena, bucket, "datums", cancellationToken), await CountAsync(arena, bucket, "locations", cancellationToken));
            if (end.Status != JobStatus.Completed || end.Created != scale.Objects || end.Counts.Total != scale.Objects
                || datums != scale.Objects || locations != scale.Objects)
                throw new WrongResultException($"{name}: {end.Status} {end.Counts}, {datums} datums, {locations} locations {end.Error}");
            table.Add(
                name, end.Created, datums, locations, Of(RequestCounter.S3, "list"), Of(RequestCounter.S3, "head"),
                requests.Counts.Where(c => c.Key.Service == RequestCounter.S3 && c.Key.Operation.Contains('(')).Sum(c => c.Value),
                Of(RequestCounter.Tables, "transaction"), requests.Total(RequestCounter.Tables), watch.Elapsed);

            long Of(string service, string operation) => requests.Counts.GetValueOrDefault((service, operation));
        }
    }

    static async Task<(JobRow End, RequestCounts Requests)> RunAsync(
        Arena arena, BucketProcess bucket, int objects, int kills, CancellationToken cancellationToken)
    {
        var services = new List<ServiceProcess> { await ServiceProcess.StartAsync(arena, bucket.Store, cancellationToken) };
        try
        {
            var id = await services[0].AcceptAsync(bucket.Store, $"s3://{bucket.Store.Configuration.Bucket}/", cancellationToken);
            var work = new WorkTable(arena.Storage.Tables, TimeProvider.System);
            _ = JobId.TryParse(id, out var job);
            for (var kill = 1; kill <= kills; kill++)
            {
                // Each time a little more is done.
                while ((await work.ListAsync(job, cancellationToken)
                    .ToListAsync(cancellationToken)).Sum(r => r.Created) < (long)objects * kill / (kills + 2))
                    await Task.Delay(20, cancellationToken);
                await services[^1].KillAsync();
                services.Add(await ServiceProcess.StartAsync(arena, bucket.Store, cancellationToken));
            }

            var end = await AdoptPrefix.EndAsync(arena, id, cancellationToken);
            return (end, RequestCounter.Read(services.Select(s => s.Log)));
        }
        finally
        {
            foreach (var service in services)
                await service.DisposeAsync();
        }
    }

    static async Task<int> CountAsync(Arena arena, BucketProcess bucket, string name, CancellationToken cancellationToken)
    {
        var slot = (await new Organization.ProjectTable(
            arena.Storage.Tables, TimeProvider.System).FindAsync(RunningService.ProjectId, cancellationToken))!.Slot;
        var count = 0;
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            var partition = name == "locations"
                ? $"{bucket.Store.Id:N}-{shard:x}"
                : string.Create(CultureInfo.InvariantCulture, $"{slot:x3}{shard:x}");
            count += await arena.Storage.Tables.GetTableClient(name).ReadAsync<RowKeyOnly>(
                new TableRange(partition), 1000, ["RowKey"], cancellationToken).CountAsync(cancellationToken);
        }

        return count;
    }
}
