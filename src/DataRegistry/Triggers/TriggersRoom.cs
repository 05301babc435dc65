using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Triggers;

/// <summary>The room of queue and timer functions.</summary>
static class TriggersRoom
{
    public static IReadOnlyList<TimerFunction> TimerFunctions { get; } =
    [
        new("CollectJobs", "0 20 * * * *", async (services, token) =>
        {
            foreach (var collector in services.GetServices<ICollector>())
                await collector.CollectAsync(token);
        }),
    ];

    public static IServiceCollection AddTriggers(this IServiceCollection services, IEnumerable<QueueFunction> functions)
    {
        foreach (var function in functions)
            services.AddSingleton(function);
        return services.AddSingleton<Deliveries>();
    }
}
