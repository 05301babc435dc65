using DataRegistry.Triggers;
using NCrontab;

namespace DataRegistry.LocalHost;

/// <summary>
/// Runs timer functions on their schedules, in this process. A function never overlaps itself: occurrences during a run
/// are skipped, as in the Functions host. Occurrences while no process ran are lost.
/// </summary>
public sealed partial class Timers(
    IEnumerable<TimerFunction> functions, IServiceProvider services, TimeProvider time, ILogger<Timers> logger) : BackgroundService
{
    /// <summary>The longest time until a changed clock, or the end of the machine's sleep, is noticed.</summary>
    static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(functions.Select(function => RunAsync(function, stoppingToken)));

    async Task RunAsync(TimerFunction function, CancellationToken stopping)
    {
        CrontabSchedule schedule = CrontabSchedule.Parse(function.Schedule, new CrontabSchedule.ParseOptions { IncludingSeconds = true });
        DateTime last = DateTime.MinValue;
        while (!stopping.IsCancellationRequested)
        {
            // A timer may fire a little early. Do not run the same occurrence twice.
            DateTime now = time.GetUtcNow().UtcDateTime;
            last = schedule.GetNextOccurrence(now > last ? now : last);
            await WaitUntilAsync(last, stopping);
            if (!stopping.IsCancellationRequested)
            {
                await RunOnceAsync(function, stopping);
            }
        }
    }

    async Task WaitUntilAsync(DateTime due, CancellationToken stopping)
    {
        TimeSpan left;
        while ((left = due - time.GetUtcNow().UtcDateTime) > TimeSpan.Zero && !stopping.IsCancellationRequested)
        {
            await Task.Delay(
                left < LongestWait ? left : LongestWait, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task RunOnceAsync(TimerFunction function, CancellationToken stopping)
    {
        try
        {
            await using AsyncServiceScope scope = services.CreateAsyncScope();
            await function.RunAsync(scope.ServiceProvider, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
        catch (Exception exception)
        {
            // After any error, the schedule's next occurrence is the next attempt.
            Log.Failed(logger, function.Name, exception);
        }
    }

    static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "{Function} failed.")]
        public static partial void Failed(ILogger logger, string function, Exception exception);
    }
}
