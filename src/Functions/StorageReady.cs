namespace DataRegistry.Functions;

/// <summary>
/// Creates missing tables, queues and containers while the process already listens. The Functions host gives a worker up to a minute to
/// listen, and storage may be away for longer. It tries again until it succeeds. Instances may do it concurrently.
/// </summary>
sealed partial class StorageReady(IServiceProvider services, IHostApplicationLifetime lifetime, ILogger<StorageReady> logger)
    : BackgroundService
{
    /// <summary>How long a request waits for storage; the host's own limit for an HTTP answer is 230 seconds.</summary>
    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <returns>False if storage is still not there after a while.</returns>
    public async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        if (ready.Task.IsCompleted)
        {
            return true;
        }

        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task delay = Task.Delay(Timeout, waiting.Token);
        await Task.WhenAny(ready.Task, delay);
        await waiting.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return ready.Task.IsCompleted;
    }

    /// <summary>
    /// Middleware: a request of the API waits for storage for a limited time. Then it goes on, and the API answers the error.
    /// Health and pages never wait.
    /// </summary>
    public async Task DelayAsync(HttpContext context, RequestDelegate next)
    {
        PathString path = context.Request.Path;
        if (!ready.Task.IsCompleted && path.StartsWithSegments("/api", StringComparison.Ordinal)
            && !path.StartsWithSegments("/api/health", StringComparison.Ordinal))
        {
            await WaitAsync(context.RequestAborted);
        }

        await next(context);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The code that creates storage is compiled first, so let the start go on meanwhile.
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration started = lifetime.ApplicationStarted.Register(listening.SetResult);
        await listening.Task.WaitAsync(stoppingToken);
        for (TimeSpan pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await services.CreateStorageAsync(stoppingToken);
                ready.SetResult();
                return;
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // An operator or time can mend every cause (unreachable, refused, throttled), so try again.
                Log.NotReady(logger, pause.TotalSeconds, exception);
                await Task.Delay(pause, stoppingToken);
            }
        }
    }

    static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Storage is not ready; trying again in {Seconds} s.")]
        public static partial void NotReady(ILogger logger, double seconds, Exception exception);
    }
}
