using Azure;
using DataRegistry.Datums;

namespace DataRegistry.Jobs;

/// <summary>
/// Watches a job while a delivery works on it. It ends the delivery's requests to the bucket when somebody cancels the
/// job. It also ends them before the host would end the whole process, because the delivery took too long.
/// </summary>
sealed class JobWatch : IAsyncDisposable
{
    /// <summary>The interval of reading the job's row. A shorter window costs no request.</summary>
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>The Functions host ends a function after ten minutes, and its process with it.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);

    readonly CancellationTokenSource stop = new();
    readonly CancellationTokenSource ended = new();
    readonly Task watching;

    public JobWatch(JobTable jobs, JobId id, TimeProvider clock) => watching = WatchAsync(jobs, id, clock);

    /// <summary>Cancelled when requests to the bucket must end.</summary>
    public CancellationToken Stop => stop.Token;

    /// <summary>Whether the delivery's time is over. If not, the job was stopped.</summary>
    public bool IsOverdue { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await watching;
        ended.Dispose();
        stop.Dispose();
    }

    async Task WatchAsync(JobTable jobs, JobId id, TimeProvider clock)
    {
        var began = clock.GetTimestamp();
        try
        {
            while (true)
            {
                await Task.Delay(Interval, clock, ended.Token);
                IsOverdue = clock.GetElapsedTime(began) >= Limit;
                if (IsOverdue || await IsOverAsync(jobs, id))
                    break;
            }

            await stop.CancelAsync();
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
        }
    }

    async Task<bool> IsOverAsync(JobTable jobs, JobId id)
    {
        try
        {
            return await jobs.FindAsync(id, ended.Token) is not { Status: JobStatus.Running };
        }
        catch (Exception e) when (e is RequestFailedException or AggregateException)
        {
            // The next check may succeed, and the worker itself reports the error.
            return false;
        }
    }
}
