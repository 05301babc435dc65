using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry;

/// <summary>One delivery of a queue message, as a head received it.</summary>
/// <param name="Message">The message's text, as it was put.</param>
/// <param name="DequeueCount">1 for the first delivery.</param>
public sealed record QueueDelivery(string Message, long DequeueCount);

/// <summary>A function that heads bind to a queue. It may be delivered twice, also at the same time; it throws to have the message again.</summary>
public sealed record QueueFunction(string Name, string Queue, Func<IServiceProvider, QueueDelivery, CancellationToken, Task> RunAsync);

/// <summary>A function that heads bind to a timer.</summary>
/// <param name="Schedule">Six-field NCRONTAB (seconds first), in UTC.</param>
public sealed record TimerFunction(string Name, string Schedule, Func<IServiceProvider, CancellationToken, Task> RunAsync);

/// <summary>The only composition root: what the service is made of, and what the heads have to bind.</summary>
public static class Registry
{
    public static IReadOnlyList<QueueFunction> QueueFunctions { get; } =
    [
        new("AdoptRange", "adopt", (_, _, _) => throw new NotSupportedException()),
        new("AdoptPoison", "adopt-poison", (_, _, _) => throw new NotSupportedException()),
    ];

    public static IReadOnlyList<TimerFunction> TimerFunctions { get; } =
    [
        new("RescanStores", "0 */5 * * * *", (_, _) => throw new NotSupportedException()),
    ];

    public static IServiceCollection AddDataRegistry(this IServiceCollection services, IConfiguration configuration) => services;

    /// <summary>Creates the tables, queues and containers that are missing. Repeating it changes nothing.</summary>
    public static Task CreateStorageAsync(this IServiceProvider services, CancellationToken cancellationToken = default) => Task.CompletedTask;

    public static IEndpointRouteBuilder MapDataRegistry(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/api/health/live", () => "ok");
        return endpoints;
    }
}
