using DataRegistry.Access;
using DataRegistry.Jobs;
using DataRegistry.Stores;
using DataRegistry.Triggers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Rescans;

/// <summary>The room of rescans: it compares datums with the objects in their buckets.</summary>
static class RescansRoom
{
    public static IReadOnlyList<TimerFunction> TimerFunctions { get; } =
    [
        TimerFunction.Of<DueScans>("RescanStores", "0 */5 * * * *", (scans, token) => scans.RunAsync(token)),
    ];

    public static IServiceCollection AddRescans(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<RescanOptions>().Bind(configuration.GetSection(RescanOptions.Section)).Validate(
            o => o.IsValid,
            $"The setting Rescans__KeptReports is a number above 0, and Rescans__Schedule a schedule: {ScanSchedule.Requirement}")
            .ValidateOnStart();
        services.AddSingleton<RescanKind>().AddSingleton<IJobKind>(s => s.GetRequiredService<RescanKind>());
        services.AddSingleton<RescanCollection>().AddSingleton<ICollector>(s => s.GetRequiredService<RescanCollection>());
        services.AddSingleton<ScanRanges>().AddSingleton<DriftMarks>().AddSingleton<ScanAdoption>();
        return services.AddSingleton<RescanRequests>().AddSingleton<RescanJobs>().AddSingleton<DueScans>();
    }

    public static void MapRescans(this Api api) => api.V0.MapRescans();
}
