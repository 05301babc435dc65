using System.Globalization;
using System.Text.Json;

namespace DataRegistry.Benchmarks;

/// <summary>
/// A list of URLs in random order, as a job, against a bare loop of LIST and insert. Then the same list again, when all
/// objects exist.
/// </summary>
static class AdoptList
{
    static readonly int[] Concurrencies = [4, 8, 16];

    /// <summary>Enough to compile everything, and to find the bare loop's best concurrency.</summary>
    const int WarmUpObjects = 10_000;

    const int WarmUpRounds = 2;

    /// <summary>More than a request answers at once.</summary>
    const int MissingObjects = 200;

    public static Benchmark Benchmark { get; } = new(
        "adopt-list", "Adopts a list of URLs as a job; once more; and bare LIST and insert.", new Scale(10_000, 3), RunAsync);

    static async Task RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        Console.WriteLine($"adopt-list: {scale.Objects} objects, {scale.Rounds} rounds");
        var inFlight = await WarmUpAsync(Math.Min(scale.Objects, WarmUpObjects), cancellationToken);

        await using var input = await Input.CreateAsync(scale.Objects, cancellationToken);
        var rounds = new List<Round>();
        for (var number = 1; number <= scale.Rounds; number++)
            rounds.Add(await RoundAsync(number, input, inFlight, cancellationToken));
        Print(rounds, scale.Objects);
    }

    /// <summary>Returns only the bare loop's best concurrency, from the last of its passes.</summary>
    static async Task<int> WarmUpAsync(int objects, CancellationToken cancellationToken)
    {
        await using var input = await Input.CreateAsync(objects, cancellationToken);
        var rates = new Dictionary<int, double>();
        for (var round = 0; round < WarmUpRounds; round++)
        {
            await ServiceAsync(input, cancellationToken);
            foreach (var inFlight in Concurrencies)
                rates[inFlight] = (await BareAsync(input, inFlight, cancellationToken)).PerSecond;
        }

        var best = rates.MaxBy(r => r.Value).Key;
        Console.WriteLine(
            $"bare transactions in flight: {string.Join(
                ", ", rates.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Key}: {r.Value:0}/s")))}; taken: {best}\n");
        return best;
    }

    /// <summary>The arms take turns in going first, so that a machine whose speed changes favours neither.</summary>
    static async Task<Round> RoundAsync(int number, Input input, int inFlight, CancellationToken cancellationToken)
    {
        if (number % 2 == 0)
        {
            var service = await ServiceAsync(input, cancellationToken);
            return new(service, await BareAsync(input, inFlight, cancellationToken));
        }

        var bare = await BareAsync(input, inFlight, cancellationToken);
        return new(await ServiceAsync(input, cancellationToken), bare);
    }

    static async Task<ServiceArm> ServiceAsync(Input input, CancellationToken cancellationToken)
    {
        await using var arena = await Arena.StartAsync(cancellationToken);
        await using var service = await RunningService.StartAsync(arena, input.Bucket.Store, cancellationToken);
        // Missing objects use the emulator and every connection, but nothing is adopted.
        await service.AdoptListAsync(input.Missing, cancellationToken);
        var (first, accepted) = await AdoptAsync("created");
        var (again, _) = await AdoptAsync("existing");
        return new(first, accepted, again);

        async Task<(Measured Measured, TimeSpan Accepted)> AdoptAsync(string expected)
        {
            TimeSpan accepted = default;
            JsonElement counts = default;
            var measured = await Measured.RunAsync(
                input.Objects, arena, input.Bucket,
                async () => (accepted, counts) = await service.AdoptListAsync(input.Body, cancellationToken));
            if (counts.GetProperty(expected).GetInt64() != input.Objects || counts.GetProperty("total").GetInt64() != input.Objects)
                throw new WrongResultException($"{expected} is not {input.Objects}: {counts}");
            return (measured, accepted);
        }
    }

    static async Task<Measured> BareAsync(Input input, int inFlight, CancellationToken cancellationToken)
    {
        await using var arena = await Arena.StartAsync(cancellationToken);
        using var bare = new BareLoop(arena, input.Bucket.Store);
        await bare.PrepareAsync(cancellationToken);
        return await Measured.RunAsync(input.Objects, arena, input.Bucket, async () =>
        {
            if (await bare.ListAsync("", inFlight, cancellationToken) is var done && done != input.Objects)
                throw new WrongResultException($"The bare loop inserted {done} of {input.Objects} objects.");
        });
    }

    static void Print(List<Round> rounds, int objects)
    {
        var table = new TextTable("arm", "objects/s", "s", "s from 202", "CPU s here", "Azurite", "bucket", "peak MiB");
        for (var i = 0; i < rounds.Count; i++)
        {
            var (service, bare) = rounds[i];
            Add($"service {i + 1}", service.First, service.First.Elapsed - service.Accepted);
            Add($"bare    {i + 1}", bare, null);
            Add($"again   {i + 1}", service.Again, null);
        }

        table.Print();
        Console.WriteLine(
            "Peak memory is that of this whole process: service, client, the list's own strings, and what the arms before left to the "
                + "collector.\n");

        Ratio("rate, service/bare", rounds.Select(r => r.Service.First.PerSecond / r.Bare.PerSecond));
        // Processor time is steadier than the rate on a busy machine. The emulator is the bottleneck.
        Ratio("emulator's processor time, service/bare", rounds.Select(r => r.Service.First.Processor.Azurite / r.Bare.Processor.Azurite));
        Ratio("processor time of all, service/bare", rounds.Select(r => r.Service.First.Processor.Total / r.Bare.Processor.Total));
        Console.WriteLine();

        var last = rounds[^1];
        var requests = new TextTable("requests per 1,000 objects", "service", "bare", "again");
        foreach (var service in new[] { RequestCounter.S3, RequestCounter.Tables, RequestCounter.Blobs, RequestCounter.Queues })
        {
            foreach (var operation in Operations(service))
                requests.Add(
                    $"{service} {operation}", Per(last.Service.First, operation), Per(last.Bare, operation),
                    Per(last.Service.Again, operation));

            double Per(Measured arm, string operation) => arm.Requests.Counts.GetValueOrDefault((service, operation)) * 1000.0 / objects;
        }

        requests.Print();
        Console.WriteLine("Queue receives are mostly the listener's looks at empty queues, every 100 ms.");

        static void Ratio(string name, IEnumerable<double> ratios) => Console.WriteLine($"{name}: {ratios.DescribePairs()}");

        void Add(string arm, Measured m, TimeSpan? fromAccepted) =>
            table.Add(
                arm, m.PerSecond, m.Elapsed, fromAccepted, m.Processor.Self, m.Processor.Azurite, m.Processor.Bucket, m.PeakMebibytes);

        IEnumerable<string> Operations(string service) => new[] { last.Service.First, last.Bare, last.Service.Again }
            .SelectMany(
                m => m.Requests.Counts.Keys).Where(
                    k => k.Service == service).Select(k => k.Operation).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
    }

    /// <summary>A bucket, the request that adopts all of its objects, and one that adopts nothing.</summary>
    sealed record Input(BucketProcess Bucket, byte[] Body, byte[] Missing, int Objects) : IAsyncDisposable
    {
        public static async Task<Input> CreateAsync(int objects, CancellationToken cancellationToken)
        {
            var keys = SampleKeys.Shuffled(objects);
            var bucket = await BucketProcess.StartAsync(keys, cancellationToken);
            return new(bucket, BodyOf(keys), BodyOf(Enumerable.Range(0, MissingObjects).Select(n => $"missing/{n}")), objects);

            byte[] BodyOf(IEnumerable<string> some) =>
                SampleKeys.AdoptionBody(some, bucket.Store.Configuration.Bucket, RunningService.ProjectId);
        }

        public ValueTask DisposeAsync() => Bucket.DisposeAsync();
    }

    sealed record ServiceArm(Measured First, TimeSpan Accepted, Measured Again);

    sealed record Round(ServiceArm Service, Measured Bare);
}
