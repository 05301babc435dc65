using Azure;
using DataRegistry.Datums;

namespace DataRegistry.Jobs;

/// <summary>
/// Looks after a job while a delivery works on it, and ends the requests to its bucket that are under way: when somebody cancels the job,
/// and before the host ends the whole process because the delivery took too long.
/// </summary>
sealed class JobWatch : IAsyncDisposable
{
    /// <summary>A job is read as often, so a window that takes less time costs no request.</summary>
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>The Functions host ends a function after ten minutes, and its process with it.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);

    readonly CancellationTokenSource stop = new();
    readonly CancellationTokenSource ended = new();
    readonly Task watching;

    public JobWatch(JobTable jobs, JobId id, TimeProvider clock) => watching = WatchAsync(jobs, id, clock);

    /// <summary>Requests to the bucket end with it.</summary>
    public CancellationToken Stop => stop.Token;

    /// <summary>The time of a delivery is up; otherwise, the job does not go on.</summary>
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
            // The next look may succeed, and the worker itself tells what is wrong.
            return false;
        }
    }
}
