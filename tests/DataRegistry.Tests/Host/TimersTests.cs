using DataRegistry.LocalHost;
using DataRegistry.Triggers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace DataRegistry.Tests.Host;

public sealed class TimersTests
{
    readonly CapturedLog<Timers> log = new();
    readonly FakeTimeProvider clock = new();
    readonly List<DateTimeOffset> ran = [];

    [Fact]
    public async Task A_function_runs_at_each_occurrence_once()
    {
        await RunAsync(_ => Task.CompletedTask, () => TickUntilAsync(3));
        Assert.Equal(ran.Count, ran.Select(time => time.ToUnixTimeSeconds()).Distinct().Count());
    }

    [Fact]
    public async Task A_function_that_throws_runs_again_at_the_next_occurrence()
    {
        await RunAsync(_ => throw new InvalidOperationException("no"), () => TickUntilAsync(2));
        Assert.Contains(log.Lines, line => line.Level == LogLevel.Error && line.Text.StartsWith("Test failed.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_function_that_still_runs_is_not_started_again()
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await RunAsync(_ => end.Task, async () =>
        {
            await TickUntilAsync(1);
            clock.Advance(TimeSpan.FromSeconds(2.5));
            Assert.Single(ran);
            end.SetResult();
            await TickUntilAsync(2);
        });
        // It was due twice meanwhile.
        Assert.True(ran[1] - ran[0] > TimeSpan.FromSeconds(2), $"{ran[0]}, {ran[1]}");
    }

    [Fact]
    public void Every_schedule_of_the_registry_can_be_read()
    {
        Assert.All(Registry.TimerFunctions, function => NCrontab.CrontabSchedule.Parse(
            function.Schedule, new NCrontab.CrontabSchedule.ParseOptions { IncludingSeconds = true }));
    }

    async Task RunAsync(Func<CancellationToken, Task> run, Func<Task> meanwhile)
    {
        await using ServiceProvider services = new ServiceCollection().BuildServiceProvider();
        var function = new TimerFunction("Test", "* * * * * *", (_, cancellationToken) =>
        {
            ran.Add(clock.GetUtcNow());
            return run(cancellationToken);
        });
        using var timers = new Timers([function], services, clock, log);
        await timers.StartAsync(CancellationToken.None);
        await meanwhile();
        await timers.StopAsync(CancellationToken.None).WithinDeadlineAsync();
    }

    /// <summary>Moves the clock in steps, because the timer begins each wait a little later.</summary>
    Task TickUntilAsync(int runs) => Eventually.IsTrueAsync(
        () =>
        {
            if (ran.Count < runs)
                clock.Advance(TimeSpan.FromSeconds(0.25));
            return ran.Count >= runs;
        },
        $"{runs} runs");
}
