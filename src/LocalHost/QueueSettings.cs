namespace DataRegistry.LocalHost;

/// <summary>
/// How messages are taken, tried again and given up, as <c>host.json</c> says it to the Functions host, with the host's own
/// defaults where it says nothing: https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue#hostjson-settings
/// </summary>
public sealed record QueueSettings
{
    /// <summary>Messages taken at once; the service allows 32.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>The next batch is taken when no more than so many messages still run; so up to this plus <see cref="BatchSize"/> run at once.</summary>
    public int NewBatchThreshold { get; init; } = 8;

    /// <summary>Deliveries before a message goes to the poison queue. A delivery whose process died counts.</summary>
    public int MaxDequeueCount { get; init; } = 5;

    /// <summary>Before a failed message can be received again; not for one whose process died, see <see cref="Lease"/>.</summary>
    public TimeSpan VisibilityTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>The longest pause between two looks at an empty queue.</summary>
    public TimeSpan MaxPollingInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The pause after the first look that found nothing; it doubles from there. The host's constant.</summary>
    public TimeSpan MinPollingInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How long a received message stays invisible; renewed at half of it while its function runs, so that it is also how long
    /// a message takes to come back when its process dies. Ten minutes is the host's constant.
    /// </summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A function that runs for longer is cancelled.</summary>
    public TimeSpan FunctionTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>For functions that run when the pump is stopped; then they are cancelled.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidOperationException">A setting is not of its type.</exception>
    public static QueueSettings Read(string hostJson)
    {
        IConfigurationRoot host = new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(hostJson)).Build();
        IConfigurationSection queues = host.GetSection("extensions:queues");
        var defaults = new QueueSettings();
        int batchSize = queues.GetValue("batchSize", defaults.BatchSize);
        return new QueueSettings
        {
            BatchSize = batchSize,
            NewBatchThreshold = queues.GetValue("newBatchThreshold", batchSize / 2),
            MaxDequeueCount = queues.GetValue("maxDequeueCount", defaults.MaxDequeueCount),
            VisibilityTimeout = queues.GetValue("visibilityTimeout", defaults.VisibilityTimeout),
            MaxPollingInterval = queues.GetValue("maxPollingInterval", defaults.MaxPollingInterval),
            FunctionTimeout = host.GetValue("functionTimeout", defaults.FunctionTimeout),
        };
    }
}
