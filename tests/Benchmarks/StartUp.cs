using System.CommandLine;
using System.Diagnostics;
using DataRegistry.StandIn;

namespace DataRegistry.Benchmarks;

/// <summary>
/// The time from the start of the published app's process to its first answer, through the stand-in host. It starts
/// several published folders in turns, to compare them.
/// </summary>
static class StartUp
{
    public static Command Command()
    {
        var folders = new Argument<string[]>("folders")
        {
            Description = "Where the app was published to: dotnet publish src/Functions -c Release -o {folder}.",
            Arity = ArgumentArity.OneOrMore,
        };
        var rounds = new Option<int>("--rounds") { Description = "How often each is started.", DefaultValueFactory = _ => 10 };
        var command = new Command(
            "start-up", "From the start of the published app's process to its first answer, in milliseconds.") { folders, rounds };
        command.SetAction(
            async (parsed, cancellationToken) => await RunAsync(parsed.GetValue(folders)!, parsed.GetValue(rounds), cancellationToken));
        return command;
    }

    static async Task RunAsync(string[] folders, int rounds, CancellationToken cancellationToken)
    {
        await using var arena = await Arena.StartAsync(cancellationToken);
        var measured = folders.ToDictionary(folder => folder, _ => new List<double>(), StringComparer.Ordinal);
        // The first round reads the files from disk, and creates the tables.
        for (var round = -1; round < rounds; round++)
            foreach (var folder in measured.Keys)
            {
                var taken = await StartAsync(Path.GetFullPath(folder), arena.Connection, cancellationToken);
                if (round >= 0)
                    measured[folder].Add(taken.TotalMilliseconds);
            }

        var table = new TextTable("published app", "median ms", "least", "most");
        foreach (var (folder, taken) in measured)
            table.Add(folder, taken.Median(), taken.Min(), taken.Max());
        table.Print();
    }

    static async Task<TimeSpan> StartAsync(string folder, string storage, CancellationToken cancellationToken)
    {
        await using var host = await StandInHost.StartAsync(
            folder, new Dictionary<string, string>(StringComparer.Ordinal) { ["AzureWebJobsStorage"] = storage });
        using var answer = await host.Client.GetAsync(new Uri("api/health/live", UriKind.Relative), cancellationToken);
        return answer.IsSuccessStatusCode
            ? Stopwatch.GetElapsedTime(host.WorkerStarted)
            : throw new WrongResultException($"The first answer is {answer.StatusCode}.\n{host.Output}");
    }
}
