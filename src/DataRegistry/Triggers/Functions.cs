using DataRegistry.Telemetry;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Triggers;

/// <summary>One delivery of a queue message, as a head received it.</summary>
/// <param name="Message">The text of the message.</param>
/// <param name="DequeueCount">1 for the first delivery.</param>
/// <param name="InsertedOn">When the message was put on the queue; null if the head does not know.</param>
public sealed record QueueDelivery(string Message, long DequeueCount, DateTimeOffset? InsertedOn = null);

/// <summary>
/// A function that heads bind to a queue. A message may be delivered twice, even concurrently. A function that throws gets its message
/// again.
/// </summary>
public sealed record QueueFunction(string Name, string Queue, Func<IServiceProvider, QueueDelivery, CancellationToken, Task> RunAsync)
{
    /// <summary>A function that a service of the app runs, through <see cref="Deliveries"/>.</summary>
    internal static QueueFunction Of<T>(string name, string queue, Func<T, QueueDelivery, CancellationToken, Task> run) where T : notnull =>
        new(name, queue, (services, delivery, token) =>
        {
            Metrics.Delivered(queue, services.GetRequiredService<TimeProvider>().GetUtcNow() - delivery.InsertedOn, delivery.DequeueCount);
            return services.GetRequiredService<Deliveries>()
                .RunAsync(queue, delivery, () => run(services.GetRequiredService<T>(), delivery, token), token);
        });
}

/// <summary>A function that heads bind to a timer.</summary>
/// <param name="Schedule">Six-field NCRONTAB (seconds first), in UTC.</param>
public sealed record TimerFunction(string Name, string Schedule, Func<IServiceProvider, CancellationToken, Task> RunAsync)
{
    /// <summary>A function that a service of the app runs.</summary>
    internal static TimerFunction Of<T>(string name, string schedule, Func<T, CancellationToken, Task> run) where T : notnull =>
        new(name, schedule, (services, token) => run(services.GetRequiredService<T>(), token));
}

/// <summary>The hourly cleaning of a room. Each room registers its own, and they run in the order of the rooms.</summary>
interface ICollector
{
    /// <summary>Deletes expired data. Repeating it changes nothing.</summary>
    Task CollectAsync(CancellationToken cancellationToken);
}
