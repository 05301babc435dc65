using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Triggers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Jobs;

/// <summary>The room of long work, of any kind.</summary>
static class JobsRoom
{
    public static IReadOnlyList<QueueFunction> QueueFunctions { get; } =
    [
        QueueFunction.Of<RangeFunction>("AdoptRange", RangeQueue.Name, (function, delivery, token) => function.RunAsync(delivery, token)),
        QueueFunction.Of<RangePoisonFunction>(
            "AdoptPoison", RangeQueue.PoisonName, (function, delivery, token) => function.RunAsync(delivery, token)),
    ];

    public static IReadOnlyList<TimerFunction> TimerFunctions { get; } =
    [
        TimerFunction.Of<StalledJobs>("ResumeAdoptions", "30 */5 * * * *", (jobs, token) => jobs.RunAsync(token)),
    ];

    public static IServiceCollection AddJobs(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<JobOptions>().Bind(configuration.GetSection(JobOptions.Section))
            .Validate(
                o => o.IsValid,
                "The settings Adoption__… are numbers above 0 (Adoption__RangeSeconds: or 0), Adoption__WorkersPerStore at most 100.")
            .Validate(o => !o.IsValid || o.WindowsEndInTime, JobOptions.WindowsEndInTimeRequirement).ValidateOnStart();
        services.AddTable<JobTable>().AddTable<WorkTable>().AddTable<StoreLeases>();
        services.AddSingleton<IProjectContents, ProjectJobs>();
        services.AddSingleton<JobCollection>().AddSingleton<ICollector>(s => s.GetRequiredService<JobCollection>());
        services.AddSingleton<ICollector, JobKeyCollection>();
        services.AddSingleton<JobBlobs>().AddSingleton<RangeQueue>().AddSingleton<JobResults>();
        services.AddSingleton<JobStarter>().AddSingleton<JobFinisher>().AddSingleton<JobControl>().AddSingleton<StalledJobs>();
        services.AddSingleton<StoreTurns>().AddSingleton<JobKinds>();
        return services.AddSingleton<RangeWorker>().AddSingleton<RangeFunction>().AddSingleton<RangePoisonFunction>();
    }
}
