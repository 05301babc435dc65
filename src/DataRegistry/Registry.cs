using DataRegistry.Access;
using DataRegistry.Adoption;
using DataRegistry.Datasets;
using DataRegistry.DataVolumes;
using DataRegistry.Datums;
using DataRegistry.Health;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Rescans;
using DataRegistry.Selections;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Telemetry;
using DataRegistry.Triggers;
using DataRegistry.WebConsole;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry;

/// <summary>The only composition root: it lists the service's rooms, and the functions that the heads bind.</summary>
public static class Registry
{
    public static IReadOnlyList<QueueFunction> QueueFunctions { get; } = [.. JobsRoom.QueueFunctions, .. DatumsRoom.QueueFunctions];

    public static IReadOnlyList<TimerFunction> TimerFunctions { get; } =
        [.. RescansRoom.TimerFunctions, .. JobsRoom.TimerFunctions, .. TriggersRoom.TimerFunctions];

    /// <summary>
    /// Adds the service's rooms. Keeps services that are already registered (a clock, buckets, a storage account).
    /// </summary>
    public static IServiceCollection AddDataRegistry(this IServiceCollection services, IConfiguration configuration) => services
        .AddTelemetryExport(configuration)
        .AddStorage(configuration)
        .AddTriggers(QueueFunctions)
        .AddHttp(configuration, DataVolumesRoom.Contract)
        .AddOrganization()
        .AddAccess(configuration)
        .AddStores(configuration)
        .AddDatums(configuration)
        .AddJobs(configuration)
        .AddAdoption()
        .AddRescans(configuration)
        .AddSelections()
        .AddDatasets()
        .AddDataVolumes(configuration)
        .AddHealth();

    static void MapEndpoints(IEndpointRouteBuilder app)
    {
        var api = Api.Of(app);
        api.MapHealth();
        api.MapAccess();
        api.MapStores();
        api.MapDatums();
        api.MapAdoption();
        api.MapRescans();
        api.MapSelections();
        api.MapDatasets();
        api.MapDataVolumes();
        api.MapConsole();
    }

    /// <summary>Creates missing tables, queues and containers. A repeated call changes nothing.</summary>
    public static async Task CreateStorageAsync(this IServiceProvider services, CancellationToken cancellationToken = default)
    {
        var queues = services.GetRequiredService<StorageAccount>().Queues;
        await Task.WhenAll(
        [
            .. services.GetServices<IStoredTable>().Select(t => t.Table.CreateIfNotExistsAsync(cancellationToken)),
            .. QueueFunctions.Select(f => f.Queue).Append(Deliveries.UnreadableQueue)
                .Select(queue => queues.GetQueueClient(queue).CreateIfNotExistsAsync(cancellationToken: cancellationToken)),
            services.GetRequiredService<JobBlobs>().Container.CreateIfNotExistsAsync(cancellationToken: cancellationToken),
            services.GetRequiredService<ManifestBlobs>().Container.CreateIfNotExistsAsync(cancellationToken: cancellationToken),
        ]);
        await services.GetRequiredService<UnitTable>().EnsureDefaultsAsync(cancellationToken);
    }

    /// <summary>
    /// Resumes every unfinished job at once. A head calls it at its start if its last process may have died with
    /// messages.
    /// </summary>
    public static Task ResumeJobsAsync(this IServiceProvider services, CancellationToken cancellationToken = default) =>
        services.GetRequiredService<StalledJobs>().ResumeAsync(cancellationToken);

    /// <summary>Maps every public route. The application must have no other endpoints.</summary>
    public static WebApplication MapDataRegistry(this WebApplication app)
    {
        app.UseDataRegistry();
        return app;
    }

    /// <summary>The same for a separate pipeline, such as one inside another application.</summary>
    public static IApplicationBuilder UseDataRegistry(this IApplicationBuilder app)
    {
        app.UseRequestIds().UseSecurityHeaders().UseApiErrors().UseRequestLimits().UseCrossOrigin().UseHeadAsGet().UseApiPage();
        // An invalid administrator's token ends the start.
        app.ApplicationServices.GetRequiredService<ApiTokens>();
        var limits = app.ApplicationServices.GetRequiredService<RateLimits>();
        app.UseRouting().Use(limits.RequireStrangersTurnAsync);
        return app.UseAuthorization().Use(limits.RequireTurnAsync).UseEndpoints(MapEndpoints);
    }
}
