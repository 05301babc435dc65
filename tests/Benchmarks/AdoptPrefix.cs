using System.Diagnostics;
using System.Globalization;
using DataRegistry.Datums;
using DataRegistry.Jobs;

namespace DataRegistry.Benchmarks;

/// <summary>
/// A prefix through queue and functions, against a bare loop of LIST and insert. Then the same prefix again, when all
/// objects exist, against a bare loop of LIST and read. Then the first one with two processes.
/// </summary>
static class AdoptPrefix
{
    static readonly TimeSpan JobPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Concurrent transactions of the bare loop; the best of these is used.</summary>
    static readonly int[] Concurrencies = [4, 8, 16];

    const int WarmUpObjects = 10_000;

    /// <summary>More objects use one process only: each arm of a million takes the emulator a quarter of an hour.</summary>
    const int MostObjectsOfTwo = 250_000;

    /// <summary>MiB. A million objects are two million rows of some 2 KiB each.</summary>
    const int EmulatorMemory = 12 * 1024;

    public static Benchmark Benchmark { get; } = new(
        "adopt-prefix", "Adopts a prefix as a job; once more; with two processes; and bare LIST and insert, LIST and read.",
        new Scale(100_000, 3), RunAsync);

    static async Task RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        Console.WriteLine($"adopt-prefix: {scale.Objects} objects, {scale.Rounds} rounds");
        var inFlight = await BestConcurrencyAsync(cancellationToken);
        await using var bucket = await BucketProcess.StartAsync(
            [.. SampleKeys.WarmUp(WarmUpObjects), .. SampleKeys.Shuffled(scale.Objects)], cancellationToken);
        var rounds = new List<Round>();
        for (var number = 1; number <= scale.Rounds; number++)
        {
            var bareFirst = number % 2 == 1;
            var bare = bareFirst ? await BareAsync() : null;
            var one = await ServiceAsync(bucket, scale.Objects, processes: 1, cancellationToken);
            Tell("service", one.First.Elapsed, one.Again.Elapsed);
            bare ??= await BareAsync();
            rounds.Add(new(
                one, bare,
                scale.Objects <= MostObjectsOfTwo ? await ServiceAsync(bucket, scale.Objects, processes: 2, cancellationToken) : null));
        }

        Print(rounds, scale.Objects);

        async Task<BareArm> BareAsync()
        {
            var arm = await AdoptPrefix.BareAsync(bucket, scale.Objects, inFlight, cancellationToken);
            Tell("bare", arm.First.Elapsed, arm.Again.Elapsed);
            return arm;
        }
    }

    static async Task<int> BestConcurrencyAsync(CancellationToken cancellationToken)
    {
        await using var bucket = await BucketProcess.StartAsync(
            [.. SampleKeys.WarmUp(WarmUpObjects), .. SampleKeys.Shuffled(WarmUpObjects)], cancellationToken);
        var rates = new Dictionary<int, double>();
        for (var pass = 0; pass < 2; pass++)
        {
            foreach (var inFlight in Concurrencies)
                rates[inFlight] =
                    WarmUpObjects / (await BareAsync(bucket, WarmUpObjects, inFlight, cancellationToken)).First.Elapsed.TotalSeconds;
        }

        var best = rates.MaxBy(r => r.Value).Key;
        Console.WriteLine(
            $"bare transactions in flight: {string.Join(
                ", ", rates.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Key}: {r.Value:0}/s")))}; taken: {best}\n");
        return best;
    }

    static async Task<ServiceArm> ServiceAsync(BucketProcess bucket, int objects, int processes, CancellationToken cancellationToken)
    {
        await using var arena = await Arena.StartAsync(cancellationToken, EmulatorMemory);
        var services = new List<ServiceProcess>();
        try
        {
            for (var n = 0; n < processes; n++)
                services.Add(await ServiceProcess.StartAsync(arena, bucket.Store, cancellationToken));
            // A new process compiles at first, unlike the bare loop's.
            await RunJobAsync(arena, bucket, services, SampleKeys.WarmUpPrefix, WarmUpObjects, 0, cancellationToken);
            var first = await RunJobAsync(arena, bucket, services, SampleKeys.Prefix, objects, 0, cancellationToken);
            var again = await RunJobAsync(arena, bucket, services, SampleKeys.Prefix, 0, objects, cancellationToken);
            return new(first, again);
        }
        finally
        {
            foreach (var service in services)
                await service.DisposeAsync();
        }
    }

    /// <summary>Adopts a prefix to its end. Fails unless it has the expected counts of created and existing.</summary>
    internal static async Task<Run> RunJobAsync(
        Arena arena, BucketProcess bucket, List<ServiceProcess> services, string prefix, int created, int existing,
        CancellationToken cancellationToken)
    {
        var before = RequestCounter.Read(services.Select(s => s.Log));
        var allocated = await AllocatedAsync();
        var processor = (Services: services.Select(s => s.ProcessorTime).ToList(), arena.ProcessorTime);
        var watch = Stopwatch.StartNew();
        var job = await services[0].AcceptAsync(bucket.Store, $"s3://{bucket.Store.Configuration.Bucket}/{prefix}", cancellationToken);
        var end = await EndAsync(arena, job, cancellationToken);
        watch.Stop();
        if (end.Status != JobStatus.Completed || end.Created != created || end.Existing != existing || end.Failed + end.Skipped != 0)
            throw new WrongResultException($"Not {created} created and {existing} existing: {end.Status} {end.Counts} {end.Error}");
        return new(
            watch.Elapsed, RequestCounter.Read(services.Select(s => s.Log)) - before, services.Max(s => s.PeakMebibytes),
            TimeSpan.FromTicks(services.Zip(processor.Services, (s, t) => (s.ProcessorTime - t).Ticks).Sum()),
            arena.ProcessorTime - processor.ProcessorTime, await AllocatedAsync() - allocated);

        async Task<long> AllocatedAsync() => (await Task.WhenAll(services.Select(s => s.AllocatedAsync(cancellationToken)))).Sum();
    }

    /// <summary>The job's row at its end. Read directly, because the service's requests are counted.</summary>
    internal static async Task<JobRow> EndAsync(Arena arena, string id, CancellationToken cancellationToken)
    {
        var jobs = new JobTable(arena.Storage.Tables, TimeProvider.System);
        if (!JobId.TryParse(id, out var jobId))
            throw new WrongResultException($"'{id}' is no job id.");
        while (true)
        {
            if (await jobs.FindAsync(jobId, cancellationToken) is { } job && job.Status.IsTerminal())
                return job;
            await Task.Delay(JobPause, cancellationToken);
        }
    }

    static async Task<BareArm> BareAsync(BucketProcess bucket, int objects, int inFlight, CancellationToken cancellationToken)
    {
        await using var arena = await Arena.StartAsync(cancellationToken, EmulatorMemory);
        using var bare = new BareLoop(arena, bucket.Store);
        await bare.PrepareAsync(cancellationToken);
        Equal(WarmUpObjects, await bare.ListAsync(SampleKeys.WarmUpPrefix, inFlight, cancellationToken));
        var first = await Measured.RunAsync(
            objects, arena, bucket, async () => Equal(objects, await bare.ListAsync(SampleKeys.Prefix, inFlight, cancellationToken)));
        var again = await Measured.RunAsync(
            objects, arena, bucket,
            async () => Equal(
                (objects, objects), await bare.CompareAsync<LocatedRow>(SampleKeys.Prefix, LocatedRow.Columns, cancellationToken)));
        return new(first, again);

        static void Equal<T>(T expected, T actual)
        {
            if (!Equals(expected, actual))
                throw new WrongResultException($"The bare loop did {actual}, not {expected}.");
        }
    }

    /// <summary>A run of a million takes long, so print each result before the run may be interrupted.</summary>
    static void Tell(string arm, TimeSpan first, TimeSpan again) =>
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{arm}: {first.TotalSeconds:0.0} s, again {again.TotalSeconds:0.0} s"));

    static void Print(List<Round> rounds, int objects)
    {
        Console.WriteLine();
        var table = new TextTable("arm", "objects/s", "s", "CPU s service", "CPU µs/object", "KB/object", "Azurite", "peak MiB");
        for (var i = 0; i < rounds.Count; i++)
        {
            var (one, bare, two) = rounds[i];
            Add($"service {i + 1}", one.First);
            table.Add(
                $"bare    {i + 1}", bare.First.PerSecond, bare.First.Elapsed, bare.First.Processor.Self,
                PerObject(bare.First.Processor.Self), KilobytesPerObject(bare.First.Allocated), bare.First.Processor.Azurite,
                bare.First.PeakMebibytes);
            if (two is not null)
                Add($"two     {i + 1}", two.First);
            Add($"service {i + 1}, again", one.Again);
            table.Add(
                $"bare    {i + 1}, again", bare.Again.PerSecond, bare.Again.Elapsed, bare.Again.Processor.Self,
                PerObject(bare.Again.Processor.Self), KilobytesPerObject(bare.Again.Allocated), bare.Again.Processor.Azurite,
                bare.Again.PeakMebibytes);
        }

        table.Print();
        Console.WriteLine("Peak memory is that of a service's whole process since its start; of the bare loop, of this process.\n");
        Ratio("rate, service/bare", r => r.Bare.First.Elapsed / r.One.First.Elapsed);
        if (rounds.TrueForAll(r => r.Two is not null))
            Ratio("rate, two processes/one", r => r.One.First.Elapsed / r.Two!.First.Elapsed);
        Ratio("emulator's processor time, service/bare", r => r.One.First.Azurite / r.Bare.First.Processor.Azurite);
        Ratio("rate again, service/bare", r => r.Bare.Again.Elapsed / r.One.Again.Elapsed);
        Console.WriteLine();

        var last = rounds[^1];
        var requests = new TextTable("requests per 1,000 objects", "service", "bare", "again", "bare again");
        (RequestCounts Requests, string Name)[] arms = [
            (last.One.First.Requests, "service"), (last.Bare.First.Requests, "bare"), (last.One.Again.Requests, "again"),
            (last.Bare.Again.Requests, "bare again")];
        foreach (var key in arms.SelectMany(
            a => a.Requests.Counts.Keys).Distinct().OrderBy(k => $"{k.Service} {k.Operation}", StringComparer.Ordinal))
            requests.Add(
                [$"{key.Service} {key.Operation}", .. arms.Select(
                    a => (object)(a.Requests.Counts.GetValueOrDefault(key) * 1000.0 / objects))]);
        requests.Print();
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"all table requests of the service: {last.One.First.Requests.Total(RequestCounter.Tables)
                    * 1000.0 / objects:0.00} per 1,000, again {last.One.Again.Requests.Total(RequestCounter.Tables)
                        * 1000.0 / objects:0.00}"));

        void Ratio(string name, Func<Round, double> ratio) => Console.WriteLine($"{name}: {rounds.Select(ratio).DescribePairs()}");

        void Add(string arm, Run run) =>
            table.Add(
                arm, objects / run.Elapsed.TotalSeconds, run.Elapsed, run.Processor, PerObject(run.Processor),
                KilobytesPerObject(run.Allocated), run.Azurite, run.PeakMebibytes);

        double PerObject(TimeSpan processor) => processor.TotalMicroseconds / objects;

        double KilobytesPerObject(long bytes) => bytes / 1000.0 / objects;
    }

    internal sealed record Run(
        TimeSpan Elapsed, RequestCounts Requests, double PeakMebibytes, TimeSpan Processor, TimeSpan Azurite, long Allocated);

    sealed record ServiceArm(Run First, Run Again);

    sealed record BareArm(Measured First, Measured Again);

    sealed record Round(ServiceArm One, BareArm Bare, ServiceArm? Two);
}
