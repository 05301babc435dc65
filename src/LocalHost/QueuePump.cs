using Azure.Storage.Queues;

namespace DataRegistry.LocalHost;

/// <summary>
/// Runs queue functions as the Functions host would, in this process: takes messages, keeps them while their function runs,
/// deletes them when it succeeded, has them again when it failed, and gives them up to the poison queue.
/// </summary>
/// <param name="queues">Its clients must not encode messages: <c>messageEncoding</c> is <c>none</c> in host.json.</param>
/// <param name="services">Each delivery gets a scope of its own.</param>
public sealed class QueuePump(
    QueueServiceClient queues, IEnumerable<QueueFunction> functions, QueueSettings settings, IServiceProvider services, ILogger<QueuePump> logger)
    : IHostedService, IDisposable
{
    /// <summary>For functions that were cancelled to give up, after which stopping waits no longer.</summary>
    static readonly TimeSpan GiveUpTimeout = TimeSpan.FromSeconds(3);

    readonly CancellationTokenSource receiving = new();
    readonly CancellationTokenSource running = new();
    Task loops = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        loops = Task.WhenAll(functions.Select(function =>
        {
            var queue = new PumpedQueue(function, queues, settings, services, logger);
            return Task.Run(() => queue.RunAsync(receiving.Token, running.Token), CancellationToken.None);
        }));
        return Task.CompletedTask;
    }

    /// <summary>
    /// Takes nothing more, waits for what runs, then cancels it. A function that still does not end is left behind: its message
    /// comes back when the lease lapses, like that of a process that died.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await receiving.CancelAsync();
        if (!await EndsAsync(settings.DrainTimeout, cancellationToken))
        {
            await running.CancelAsync();
            await EndsAsync(GiveUpTimeout, CancellationToken.None);
        }
    }

    public void Dispose()
    {
        receiving.Dispose();
        running.Dispose();
    }

    async Task<bool> EndsAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        await Task.WhenAny(loops, Task.Delay(timeout, cancellationToken));
        return loops.IsCompleted;
    }
}
