using System.CommandLine;

namespace DataRegistry.Benchmarks;

/// <param name="Objects">Objects in the bucket, of which all are adopted.</param>
/// <param name="Rounds">Measured rounds; a round is every arm once. One more before them is not counted.</param>
sealed record Scale(int Objects, int Rounds);

/// <summary>What was measured is not what was meant: the run says so and ends with 1.</summary>
sealed class WrongResultException(string message) : Exception(message);

/// <summary>A benchmark as the command line knows it.</summary>
/// <param name="RunAsync">Prints its tables; throws <see cref="WrongResultException"/> rather than to report numbers of something
/// else.</param>
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
