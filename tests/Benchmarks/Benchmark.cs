using System.CommandLine;

namespace DataRegistry.Benchmarks;

/// <param name="Objects">Objects in the bucket, all of which are adopted.</param>
/// <param name="Rounds">Measured rounds; a round is every arm once. One more round before them is not counted.</param>
sealed record Scale(int Objects, int Rounds);

/// <summary>The run measured something else than intended. It prints the reason and ends with 1.</summary>
sealed class WrongResultException(string message) : Exception(message);

/// <summary>A benchmark of the command line.</summary>
/// <param name="RunAsync">Prints its tables; throws <see cref="WrongResultException"/> instead if its results are
/// wrong.</param>
sealed record Benchmark(string Name, string Description, Scale Default, Func<Scale, CancellationToken, Task> RunAsync)
{
    public Command Command()
    {
        var objects = Positive("--objects", "How many objects.", Default.Objects);
        var rounds = Positive("--rounds", "How many measured rounds.", Default.Rounds);
        var command = new Command(Name, Description) { objects, rounds };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                await RunAsync(new(parsed.GetValue(objects), parsed.GetValue(rounds)), cancellationToken);
                return 0;
            }
            catch (WrongResultException e)
            {
                await Console.Error.WriteLineAsync($"FAILED: {e.Message}");
                return 1;
            }
        });
        return command;
    }

    static Option<int> Positive(string name, string description, int value)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError($"{name} is 1 or more.");
        });
        return option;
    }
}
