using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;

namespace DataRegistry.Benchmarks;

/// <summary>
/// Scans of a store whose objects are all adopted. First unchanged, against a bare loop of the same LISTs and reads.
/// Then with some objects changed, deleted and added at random. Then the same once more, while the service is killed
/// repeatedly. Every scan must find exactly the differences.
/// </summary>
static class Rescan
{
    const int Kills = 5;

    /// <summary>MiB. A million objects are two million rows, of some 2 KiB each in the emulator's memory.</summary>
    const int EmulatorMemory = 12 * 1024;

    static readonly string[] RowTables = ["locations", "datums"];

    public static Benchmark Benchmark { get; } = new(
        "rescan", "Scans an adopted store: unchanged against bare LISTs and reads, with changes, and while the service is killed.",
        new Scale(100_000, 3), RunAsync);

    static async Task RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        var some = Math.Min(1000, scale.Objects / 20);
        Console.WriteLine(
            $"rescan: {scale.Objects} objects, {scale.Rounds} rounds unchanged, then {some} each changed, deleted and added\n");
        var keys = SampleKeys.Shuffled(scale.Objects);
        await using var bucket = await BucketProcess.StartAsync(keys, cancellationToken);
        await using var arena = await Arena.StartAsync(cancellationToken, EmulatorMemory);
        await AdoptAsync(arena, bucket, scale.Objects, cancellationToken);
        var services = new List<ServiceProcess> { await ServiceProcess.StartAsync(arena, bucket.Store, cancellationToken) };
        try
        {
            var project = await new ProjectTable(
                arena.Storage.Tables, TimeProvider.System).FindAsync(RunningService.ProjectId, cancellationToken)
                ?? throw new WrongResultException("The project is missing.");
            using var bare = new BareLoop(arena, bucket.Store, project);
            var runs = new List<(string Name, Run Run)>();
            var ratios = await UnchangedAsync(arena, bucket, services[0], bare, scale, runs, cancellationToken);
            // Scattered, because the keys are in random order.
            string[] changed = keys[..some], deleted = keys[some..(2 * some)], added = [
                .. keys[(2 * some)..(3 * some)].Select(k => $"{k}.new")];
            await bucket.PutAsync(changed.Select(k => (k, 9000)).Concat(added.Select(k => (k, 500))), cancellationToken);
            await bucket.DeleteAsync(deleted, cancellationToken);
            var expected = new Counts { Unchanged = scale.Objects - (2 * some), Changed = some, Missing = some, New = some };
            foreach (var (name, kills) in new[] { ("with changes", 0), ("again", 0), ($"killed {Kills} times", Kills) })
            {
                var run = await ScanAsync(arena, bucket, services, kills, scale.Objects, cancellationToken);
                Equal(expected, run.End.Counts with { Requests = 0 }, name);
                await ExpectItemsAsync(services[^1], run.End, changed, deleted, added, cancellationToken);
                await ExpectDriftAsync(services[^1], changed, deleted, cancellationToken);
                runs.Add((name, run));
                // A run of a million takes long, so print each result before the run may be interrupted.
                Console.WriteLine(
                    string.Create(CultureInfo.InvariantCulture, $"{name}: exactly those found, in {run.Elapsed.TotalSeconds:0.000} s"));
            }

            Print(runs, scale.Objects);
            Console.WriteLine($"wall time unchanged, service/bare: {ratios.DescribePairs()}");
        }
        finally
        {
            foreach (var service in services)
                await service.DisposeAsync();
        }
    }

    /// <summary>Adopts with a separate service, whose requests do not count for the scans.</summary>
    static async Task AdoptAsync(Arena arena, BucketProcess bucket, int objects, CancellationToken cancellationToken)
    {
        await using var service = await ServiceProcess.StartAsync(arena, bucket.Store, cancellationToken);
        var run = await AdoptPrefix.RunJobAsync(arena, bucket, [service], SampleKeys.Prefix, objects, 0, cancellationToken);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{objects} objects adopted in {run.Elapsed.TotalSeconds:0} s, peak {run.PeakMebibytes:0} MiB; {string.Join(
                ", ",
                run.Requests.Counts.OrderBy(
                    c => $"{c.Key.Service} {c.Key.Operation}", StringComparer.Ordinal).Select(
                        c => $"{c.Key.Service} {c.Key.Operation} {c.Value}"))}\n"));
    }

    /// <summary>Scans and bare loops in turns; returns the ratios of their times.</summary>
    static async Task<List<double>> UnchangedAsync(
        Arena arena, BucketProcess bucket, ServiceProcess service, BareLoop bare, Scale scale, List<(string Name, Run Run)> runs,
        CancellationToken cancellationToken)
    {
        var ratios = new List<double>();
        // One more round before them, so that everything has been used once.
        for (var round = 0; round <= scale.Rounds; round++)
        {
            var loop = await Measured.RunAsync(scale.Objects, arena, bucket, async () =>
                Equal(
                    (scale.Objects, scale.Objects),
                    await bare.CompareAsync<ScannedRow>(SampleKeys.Prefix, ScannedRow.Columns, cancellationToken), "bare"));
            var run = await ScanAsync(arena, bucket, [service], kills: 0, scale.Objects, cancellationToken);
            Equal(new Counts { Unchanged = scale.Objects }, run.End.Counts with { Requests = 0 }, "unchanged");
            Equal(0L, RowTables.Sum(t => Writes(run, t)), "rows of locations and datums written");
            if (round == 0)
                continue;
            runs.Add(($"unchanged {round}", run));
            ratios.Add(run.Elapsed / loop.Elapsed);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"unchanged {round}: {run.Elapsed.TotalSeconds:0.000} s; bare loop: {loop.Elapsed.TotalSeconds:0.000} s, {Requests(
                    loop.Requests, RequestCounter.S3)}; tables {Requests(loop.Requests, RequestCounter.Tables)}"));
        }

        return ratios;

        static string Requests(RequestCounts counts, string service) =>
            string.Join(", ", counts.Counts.Where(c => c.Key.Service == service).Select(c => $"{c.Key.Operation} {c.Value}"));
    }

    static async Task<Run> ScanAsync(
        Arena arena, BucketProcess bucket, List<ServiceProcess> services, int kills, int objects, CancellationToken cancellationToken)
    {
        var before = RequestCounter.Read(services.Select(s => s.Log), byTable: true);
        var watch = Stopwatch.StartNew();
        var id = await services[^1].AcceptScanAsync(bucket.Store, cancellationToken);
        _ = JobId.TryParse(id, out var job);
        var work = new WorkTable(arena.Storage.Tables, TimeProvider.System);
        for (var kill = 1; kill <= kills; kill++)
        {
            // Each time a little more is done.
            while ((await work.SumAsync(job, cancellationToken)).Total < (long)objects * kill / (kills + 2))
                await Task.Delay(20, cancellationToken);
            await services[^1].KillAsync();
            services.Add(await ServiceProcess.StartAsync(arena, bucket.Store, cancellationToken));
        }

        var end = await AdoptPrefix.EndAsync(arena, id, cancellationToken);
        watch.Stop();
        if (end.Status != JobStatus.Completed)
            throw new WrongResultException($"The scan {end.Status}: {end.Error}");
        return new(
            end, watch.Elapsed, RequestCounter.Read(services.Select(s => s.Log), byTable: true) - before,
            services.Count == 1 ? services[0].PeakMebibytes : services[^1].PeakMebibytes);
    }

    static async Task ExpectItemsAsync(
        ServiceProcess service, JobRow scan, string[] changed, string[] deleted, string[] added, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get,
            new Uri($"/api/v0/rescans/{scan.JobId}/results/", UriKind.Relative))
        { Headers = { { "Accept", JobResults.NdJson } } };
        using var response = await service.Http.SendAsync(request, cancellationToken);
        var items = (await response.Content.ReadAsStringAsync(cancellationToken)).Split(
            '\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        foreach (var (outcome, keys) in new[] { ("changed", changed), ("missing", deleted), ("new", added) })
        {
            var told = items.Where(i => i.GetProperty("outcome").GetString() == outcome).Select(i => i.GetProperty("url").GetString()!);
            if (!told.Order(StringComparer.Ordinal).SequenceEqual(
                keys.Select(k => $"s3://bucket/{k}").Order(StringComparer.Ordinal), StringComparer.Ordinal))
                throw new WrongResultException($"What is told as {outcome} is not what is.");
        }
    }

    static async Task ExpectDriftAsync(ServiceProcess service, string[] changed, string[] deleted, CancellationToken cancellationToken)
    {
        foreach (var (state, keys) in new[] { ("changed", changed), ("missing", deleted) })
        {
            var page = await service.Http.GetFromJsonAsync<JsonElement>(
                new Uri($"/api/v0/data/?project={RunningService.ProjectId}&drift={state}&limit=9000", UriKind.Relative), cancellationToken);
            var listed = page.GetProperty("results").EnumerateArray().Select(d => d.GetProperty("uri").GetString()!);
            if (!listed.Order(StringComparer.Ordinal).SequenceEqual(
                keys.Select(k => $"s3://bucket/{k}").Order(StringComparer.Ordinal), StringComparer.Ordinal))
                throw new WrongResultException($"The datums listed as {state} are not those that are.");
        }
    }

    static void Print(List<(string Name, Run Run)> runs, int objects)
    {
        var table = new TextTable(
            "scan", "s", "objects/s", "LISTs", "HEADs", "location reads", "datum reads", "location writes", "datum writes",
            "all table requests", "peak MiB");
        foreach (var (name, run) in runs)
        {
            table.Add(
                name, run.Elapsed, objects / run.Elapsed.TotalSeconds, Of(run, RequestCounter.S3, "list"),
                Of(run, RequestCounter.S3, "head"), Reads(run, "locations"), Reads(run, "datums"),
                Writes(run, "locations"), Writes(run, "datums"), run.Requests.Total(RequestCounter.Tables), run.PeakMebibytes);
        }

        Console.WriteLine();
        table.Print();
        Console.WriteLine(
            "Writes are requests: a transaction has up to 100 rows. Peak memory is that of the service's process since its start.\n");
        foreach (var (name, run) in runs.DistinctBy(r => r.Name.Split(' ')[0]))
            Console.WriteLine(
                $"{name}: {string.Join(
                    ", ",
                    run.Requests.Counts.OrderBy(
                        c => $"{c.Key.Service} {c.Key.Operation}", StringComparer.Ordinal).Select(
                            c => $"{c.Key.Service} {c.Key.Operation} {c.Value}"))}");
    }

    static long Of(Run run, string service, string operation) => run.Requests.Counts.GetValueOrDefault((service, operation));

    static long Reads(Run run, string table) => Sum(run, table, "query", "get");

    static long Writes(Run run, string table) => Sum(run, table, "insert", "update", "merge", "delete", "transaction");

    static long Sum(Run run, string table, params string[] operations) => run.Requests.Counts
        .Where(
            c => c.Key.Service == RequestCounter.Tables && c.Key.Operation.EndsWith($" {table}", StringComparison.Ordinal)
                && operations.Contains(c.Key.Operation.Split(' ')[0], StringComparer.Ordinal))
        .Sum(c => c.Value);

    static void Equal<T>(T expected, T actual, string what)
    {
        if (!Equals(expected, actual))
            throw new WrongResultException($"{what}: {actual}, not {expected}.");
    }

    sealed record Run(JobRow End, TimeSpan Elapsed, RequestCounts Requests, double PeakMebibytes);
}
