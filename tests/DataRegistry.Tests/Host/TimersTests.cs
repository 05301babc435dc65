using DataRegistry.LocalHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Tests.Host;

public sealed class TimersTests
{
    readonly CapturedLog<Timers> log = new();

    [Fact]
    public async Task A_function_runs_at_each_occurrence_once()
    {
        var ran = new List<DateTimeOffset>();
        await RunAsync(new TimerFunction("Test", "* * * * * *", (_, _) =>
        {
            ran.Add(DateTimeOffset.UtcNow);
            return Task.CompletedTask;
        }), () => ran.Count >= 3);

        Assert.Equal(ran.Count, ran.Select(time => time.ToUnixTimeSeconds()).Distinct().Count());
    }

    [Fact]
    public async Task A_function_that_throws_runs_again_at_the_next_occurrence()
    {
        int runs = 0;
        await RunAsync(new TimerFunction("Test", "* * * * * *", (_, _) =>
        {
            runs++;
            throw new InvalidOperationException("no");
        }), () => runs >= 2);

        Assert.Contains(log.Lines, line => line.Level == LogLevel.Error && line.Text.StartsWith("Test failed.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_function_that_still_runs_is_not_started_again()
    {
        int running = 0, most = 0, runs = 0;
        await RunAsync(new TimerFunction("Test", "* * * * * *", async (_, cancellationToken) =>
        {
            most = Math.Max(most, ++running);
            await Task.Delay(TimeSpan.FromSeconds(2.5), cancellationToken);
            running--;
            runs++;
        }), () => runs >= 1);

        Assert.Equal(1, most);
    }

    [Fact]
    public void Every_schedule_of_the_registry_can_be_read()
    {
        Assert.All(Registry.TimerFunctions, function => NCrontab.CrontabSchedule.Parse(
            function.Schedule, new NCrontab.CrontabSchedule.ParseOptions { IncludingSeconds = true }));
    }

    async Task RunAsync(TimerFunction function, Func<bool> until)
    {
        await using ServiceProvider services = new ServiceCollection().BuildServiceProvider();
        using var timers = new Timers([function], services, TimeProvider.System, log);
        await timers.StartAsync(CancellationToken.None);
        await Eventually.IsTrueAsync(until, "enough runs");
        await timers.StopAsync(CancellationToken.None).WithinDeadlineAsync();
    }
}
