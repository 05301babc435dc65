namespace DataRegistry.Benchmarks;

/// <summary>
/// Single URLs, each answered at once, one after the other and 16 at a time, against a bare loop of the necessary
/// requests.
/// </summary>
static class AdoptOne
{
    const int Clients = 16;

    public static Benchmark Benchmark { get; } = new(
        "adopt-one", "Adopts single URLs, one after the other and 16 at a time; and bare HEAD, query and three writes.", new Scale(500, 3),
        RunAsync);

    static async Task RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        // Half of the keys for each of the two.
        var keys = SampleKeys.Shuffled(2 * scale.Objects);
        await using var bucket = await BucketProcess.StartAsync(keys, cancellationToken);
        Console.WriteLine($"adopt-one: {scale.Objects} objects either way, {scale.Rounds} rounds\n");

        await RoundAsync(0, bucket, keys, cancellationToken);
        var rounds = new List<Round>();
        for (var number = 1; number <= scale.Rounds; number++)
            rounds.Add(await RoundAsync(number, bucket, keys, cancellationToken));
        Print(rounds, scale.Objects);
    }

    static async Task<Round> RoundAsync(int number, BucketProcess bucket, string[] keys, CancellationToken cancellationToken)
    {
        if (number % 2 == 0)
        {
            var service = await ServiceAsync(bucket, keys, cancellationToken);
            return new(service, await BareAsync(bucket, keys, cancellationToken));
        }

        var bare = await BareAsync(bucket, keys, cancellationToken);
        return new(await ServiceAsync(bucket, keys, cancellationToken), bare);
    }

    static async Task<Arm> ServiceAsync(BucketProcess bucket, string[] keys, CancellationToken cancellationToken)
    {
        await using var arena = await Arena.StartAsync(cancellationToken);
        await using var service = await RunningService.StartAsync(arena, bucket.Store, cancellationToken);
        return await RunAsync(
            arena, bucket, keys, (key, token) => service.AdoptOneAsync($"s3://{bucket.Store.Configuration.Bucket}/{key}", token),
            cancellationToken);
    }

    static async Task<Arm> BareAsync(BucketProcess bucket, string[] keys, CancellationToken cancellationToken)
    {
        await using var arena = await Arena.StartAsync(cancellationToken);
        using var bare = new BareLoop(arena, bucket.Store);
        await bare.PrepareAsync(cancellationToken);
        return await RunAsync(arena, bucket, keys, bare.AdoptOneAsync, cancellationToken);
    }

    static async Task<Arm> RunAsync(
        Arena arena, BucketProcess bucket, string[] keys, Func<string, CancellationToken, Task> adopt, CancellationToken cancellationToken)
    {
        var half = keys.Length / 2;
        return new(await RunAsync(keys[..half], 1), await RunAsync(keys[half..], Clients));

        Task<Measured> RunAsync(string[] part, int clients) => Measured.RunAsync(part.Length, arena, bucket, () => Parallel.ForEachAsync(
            part,
            new ParallelOptions { MaxDegreeOfParallelism = clients, CancellationToken = cancellationToken },
            async (key, token) => await adopt(key, token)));
    }

    static void Print(List<Round> rounds, int objects)
    {
        var table = new TextTable("arm", "adoptions/s", "CPU s here", "Azurite", "bucket", "requests each");
        for (var i = 0; i < rounds.Count; i++)
        {
            Add($"service {i + 1}, one by one", rounds[i].Service.Sequential);
            Add($"bare    {i + 1}, one by one", rounds[i].Bare.Sequential);
            Add($"service {i + 1}, {Clients} at a time", rounds[i].Service.Concurrent);
            Add($"bare    {i + 1}, {Clients} at a time", rounds[i].Bare.Concurrent);
        }

        table.Print();
        Ratio("rate, one by one", r => r.Service.Sequential.PerSecond / r.Bare.Sequential.PerSecond);
        Ratio($"rate, {Clients} at a time", r => r.Service.Concurrent.PerSecond / r.Bare.Concurrent.PerSecond);
        Ratio("emulator's processor time, one by one", r => r.Service.Sequential.Processor.Azurite / r.Bare.Sequential.Processor.Azurite);
        Ratio(
            $"emulator's processor time, {Clients} at a time",
            r => r.Service.Concurrent.Processor.Azurite / r.Bare.Concurrent.Processor.Azurite);

        void Add(string arm, Measured m) => table.Add(
            arm, m.PerSecond, m.Processor.Self, m.Processor.Azurite, m.Processor.Bucket,
            $"s3: {m.Requests.Describe(RequestCounter.S3, objects)}; tables: {m.Requests.Describe(RequestCounter.Tables, objects)}");

        void Ratio(string name, Func<Round, double> ratio) =>
            Console.WriteLine($"{name}, service/bare: {rounds.Select(ratio).DescribePairs()}");
    }

    sealed record Arm(Measured Sequential, Measured Concurrent);

    sealed record Round(Arm Service, Arm Bare);
}
