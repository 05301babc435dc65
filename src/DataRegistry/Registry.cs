using System.Net;
using Azure.Core;
using DataRegistry.Access;
using DataRegistry.Adoption;
using DataRegistry.DataVolumes;
using DataRegistry.Datums;
using DataRegistry.Health;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Rescans;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Telemetry;
using DataRegistry.WebConsole;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry;

/// <summary>One delivery of a queue message, as a head received it.</summary>
/// <param name="Message">The message's text, as it was put.</param>
/// <param name="DequeueCount">1 for the first delivery.</param>
/// <param name="InsertedOn">When it was put; null where the head does not know.</param>
public sealed record QueueDelivery(string Message, long DequeueCount, DateTimeOffset? InsertedOn = null);

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
        Measured("AdoptRange", AdoptQueue.Name, (services, delivery, token) => services.GetRequiredService<AdoptRange>().RunAsync(delivery, token)),
        Measured("AdoptPoison", AdoptQueue.PoisonName, (services, delivery, token) => services.GetRequiredService<AdoptPoison>().RunAsync(delivery, token)),
        Measured("HashDatum", HashQueue.Name, (services, delivery, token) => services.GetRequiredService<HashDatum>().RunAsync(delivery, token)),
        Measured("HashPoison", HashQueue.PoisonName, (services, delivery, token) => services.GetRequiredService<HashPoison>().RunAsync(delivery, token)),
    ];

    public static IReadOnlyList<TimerFunction> TimerFunctions { get; } =
    [
        new("RescanStores", "0 */5 * * * *", (services, token) => services.GetRequiredService<DueScans>().RunAsync(token)),
        new("ResumeAdoptions", "30 */5 * * * *", (services, token) => services.GetRequiredService<StalledJobs>().RunAsync(token)),
        new("CollectJobs", "0 20 * * * *", async (services, token) =>
        {
            await services.GetRequiredService<AttemptTable>().CollectAsync(token);
            await services.GetRequiredService<JobCollection>().RunAsync(token);
            await services.GetRequiredService<RescanCollection>().RunAsync(token);
        }),
    ];

    /// <summary>Adds the service's parts. What is registered already (a clock, buckets, a storage account) is kept.</summary>
    public static IServiceCollection AddDataRegistry(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddTelemetryExport(configuration);
        services.Configure<HttpOptions>(configuration.GetSection(HttpOptions.Section));
        services.AddOptions<AccessOptions>().Bind(configuration.GetSection(AccessOptions.Section))
            .Validate(o => o.IsValid, "The settings Access__LogIn… and Access__ClientTokenMinutes (at most 1440) are numbers above 0, Access__ForwardedHops is 0 or more, and Access__SigningKey is empty or 32 bytes in base64.").ValidateOnStart();
        services.PostConfigure<AccessOptions>(o => o.DeriveSigningKey(configuration["Stores:SecretKey"]));
        services.AddOptions<OidcOptions>().Bind(configuration.GetSection(OidcOptions.Section))
            .Validate(o => o.IsValid, "The setting Oidc__Issuer is an https address, and with it Oidc__Audience is set; Oidc__UserClaim is not empty, and Oidc__TimeoutSeconds is from 1 to 60.").ValidateOnStart();
        services.AddOptions<LimitOptions>().Bind(configuration.GetSection(LimitOptions.Section)).Validate(o => o.IsValid, "The settings Limits__… are numbers above 0.").ValidateOnStart();
        services.AddOptions<StoreOptions>().Bind(configuration.GetSection(StoreOptions.Section))
            .Validate(o => o.IsValid, "The setting Stores__WebIdentityEndpoint is an http or https address, and with it Stores__WebIdentityAudience is set.").ValidateOnStart();
        services.AddOptions<DatumOptions>().Bind(configuration.GetSection(DatumOptions.Section))
            .Validate(o => o.IsValid, "The settings Datums__… are numbers above 0 (Datums__HashAtOnceBytes: or 0), Datums__DownloadSeconds at most 604800.").ValidateOnStart();
        services.AddOptions<AdoptionOptions>().Bind(configuration.GetSection(AdoptionOptions.Section))
            .Validate(o => o.IsValid, "The settings Adoption__… are numbers above 0 (Adoption__RangeSeconds: or 0), Adoption__WorkersPerStore at most 100.")
            .Validate(o => !o.IsValid || o.WindowsEndInTime, AdoptionOptions.WindowsEndInTimeRequirement).ValidateOnStart();

        services.AddOptions<RescanOptions>().Bind(configuration.GetSection(RescanOptions.Section))
            .Validate(o => o.IsValid, $"The setting Rescans__KeptReports is a number above 0, and Rescans__Schedule a schedule: {ScanSchedule.Requirement}").ValidateOnStart();

        services.Configure<KestrelServerOptions>(RequestLimits.Raise);
        services.AddOptions<DataVolumeOptions>().Bind(configuration.GetSection(DataVolumeOptions.Section))
            .Validate(o => o.IsValid, "The setting DataVolumes__AgentSilenceSeconds is a number above 0.").ValidateOnStart();

        services.AddApiDescription("DataVolumes/openapi.json");

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => StorageAccount.IdentityOf(configuration));
        services.TryAddSingleton(_ => StorageAccount.FromConfiguration(configuration));
        services.TryAddSingleton(s => s.GetRequiredService<StorageAccount>().Tables);
        services.TryAddSingleton(s => s.GetRequiredService<StorageAccount>().Queues);
        services.TryAddSingleton(s => s.GetRequiredService<StorageAccount>().Blobs);
        services.TryAddSingleton<HostResolver>(_ => (host, token) => Dns.GetHostAddressesAsync(host, token));
        services.AddSingleton<EndpointGuard>();
        services.TryAddSingleton(s => new Buckets(BucketsOptionsOf(s), clock: s.GetRequiredService<TimeProvider>()));

        services.AddTable<ProjectTable>().AddTable<UnitTable>().AddTable<SubjectTable>().AddTable<RoleTable>().AddTable<TokenTable>().AddTable<AttemptTable>().AddTable<AuditTable>().AddTable<StoreTable>().AddTable<ScanTable>().AddTable<LocationTable>().AddTable<DatumTable>().AddTable<AliasTable>().AddTable<JobTable>().AddTable<WorkTable>().AddTable<StoreLeases>().AddTable<DataVolumeTable>();
        services.AddAccess(configuration);
        services.AddSingleton<Scopes>();
        // What a project holds, from the room that is asked fastest to the slowest.
        services.AddSingleton<IProjectContents, ProjectJobs>();
        services.AddSingleton<IProjectContents, ProjectDataVolumes>();
        services.AddSingleton<IProjectContents, ProjectStores>();
        services.AddSingleton<IProjectContents, ProjectDatums>();
        services.AddSingleton<LogIn>();
        services.AddSingleton<AuditTrail>();
        services.AddSingleton<SecretProtector>();
        services.AddSingleton<StoreAccess>();
        services.AddSingleton<StoreRequests>();
        services.AddSingleton<DatumLookup>();
        services.AddSingleton<ScannedStores>();
        services.AddSingleton<DatumPurge>();
        services.AddSingleton<AdoptedObjects>();
        services.AddSingleton<ContentTokens>();
        services.AddSingleton<Deliveries>();
        services.AddSingleton<HashQueue>();
        services.AddSingleton<DatumHashing>();
        services.AddSingleton<HashDatum>();
        services.AddSingleton<HashPoison>();
        services.AddSingleton<DatumVersions>();
        services.AddSingleton<ObjectFinder>();
        services.AddSingleton<Adopter>();
        services.AddSingleton<JobBlobs>();
        services.AddSingleton<AdoptQueue>();
        services.AddSingleton<ManifestStaging>();
        services.AddSingleton<DryRun>();
        services.AddSingleton<JobCollection>();
        services.AddSingleton<JobEnds>();
        services.AddSingleton<JobStarts>();
        services.AddSingleton<JobResults>();
        services.AddSingleton<IJobKind, AdoptionKind>();
        services.AddSingleton<RangeWorker>();
        services.AddSingleton<AdoptionRequests>();
        services.AddSingleton<AdoptRange>();
        services.AddSingleton<AdoptPoison>();
        services.AddSingleton<StalledJobs>();
        services.AddSingleton<DriftMarks>();
        services.AddSingleton<RescanKind>().AddSingleton<IJobKind>(s => s.GetRequiredService<RescanKind>());
        services.AddSingleton<RescanRequests>();
        services.AddSingleton<DueScans>();
        services.AddSingleton<RescanCollection>();
        services.AddSingleton<ClusterAgents>();
        services.AddSingleton<DataVolumeAccess>();
        services.AddSingleton<DataVolumeViews>();
        services.AddSingleton<Readiness>();
        return services;
    }

    /// <summary>Creates the tables, queues and containers that are missing. Repeating it changes nothing.</summary>
    public static async Task CreateStorageAsync(this IServiceProvider services, CancellationToken cancellationToken = default)
    {
        await Task.WhenAll(
        [
            .. services.GetServices<IStoredTable>().Select(t => t.Table.CreateIfNotExistsAsync(cancellationToken)),
            .. QueueFunctions.Select(f => services.GetRequiredService<StorageAccount>().Queues.GetQueueClient(f.Queue).CreateIfNotExistsAsync(cancellationToken: cancellationToken)),
            services.GetRequiredService<StorageAccount>().Queues.GetQueueClient(Deliveries.UnreadableQueue).CreateIfNotExistsAsync(cancellationToken: cancellationToken),
            services.GetRequiredService<JobBlobs>().Container.CreateIfNotExistsAsync(cancellationToken: cancellationToken),
        ]);
        await services.GetRequiredService<UnitTable>().EnsureDefaultsAsync(cancellationToken);
    }

    /// <summary>Resumes every unfinished job at once. A head calls it at its start if its last process may have died with messages.</summary>
    public static Task ResumeJobsAsync(this IServiceProvider services, CancellationToken cancellationToken = default) =>
        services.GetRequiredService<StalledJobs>().ResumeAsync(cancellationToken);

    /// <summary>Maps every public route. Call it on an application that nothing else answers for.</summary>
    public static WebApplication MapDataRegistry(this WebApplication app)
    {
        app.UseDataRegistry();
        return app;
    }

    /// <summary>The same for a pipeline of its own, such as one within another application.</summary>
    public static IApplicationBuilder UseDataRegistry(this IApplicationBuilder app)
    {
        app.UseRequestIds().UseSecurityHeaders().UseApiErrors().UseRequestLimits().UseHeadAsGet().UseApiPage();
        // A bad administrator's token ends the start.
        app.ApplicationServices.GetRequiredService<ApiTokens>();
        app.UseRouting().Use(app.ApplicationServices.GetRequiredService<RateLimits>().RequireStrangersTurnAsync);
        return app.UseAuthorization().UseRateLimiter().UseEndpoints(MapEndpoints);
    }

    static void MapEndpoints(IEndpointRouteBuilder app)
    {
        app.MapGroup("/api/health").MapHealth();
        app.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous().RequireRateLimiting(RateLimits.Description);
        app.MapGroup("/api/v0").MapLogIn();
        app.MapGroup("/api/v1").MapClientTokens();
        app.MapGroup("/api/v0").RequireRateLimiting(RateLimits.Content)
            .WithMetadata(new ProducesResponseTypeMetadata(StatusCodes.Status429TooManyRequests, typeof(DetailBody), ["application/json"])).MapContent();
        var adoption = app.MapGroup("/api/v0").RequireAuthorization().RequireRateLimiting(RateLimits.InFlight);
        adoption.MapProjects();
        adoption.MapOrganization();
        adoption.MapClusterAgents();
        adoption.MapUsers();
        adoption.MapRoles();
        adoption.MapTokens();
        adoption.MapAudit();
        adoption.MapStores();
        adoption.MapStoreDeletion();
        adoption.MapDatums();
        adoption.MapDownloads();
        adoption.MapDatumLists();
        adoption.MapMetadata();
        adoption.MapAliases();
        adoption.MapAdoption();
        adoption.MapAdoptionJobs();
        adoption.MapTrace();
        adoption.MapRescans();

        var volumes = app.MapGroup("/api/v1").RequireAuthorization().RequireRateLimiting(RateLimits.InFlight);
        volumes.MapUnitLists();
        volumes.MapDataVolumes();
        volumes.MapDataVolumeLists();
        volumes.MapSharedScopes();
        volumes.MapAgents();

        app.MapConsole();
    }

    internal static BucketsOptions BucketsOptionsOf(IServiceProvider services) =>
        new() { Connect = services.GetRequiredService<EndpointGuard>().ConnectAsync, WebIdentity = WebIdentityOf(services) };

    static WebIdentity? WebIdentityOf(IServiceProvider services) =>
        services.GetRequiredService<IOptions<StoreOptions>>().Value is { WebIdentityAudience: { Length: > 0 } audience } options
            ? new(services.GetRequiredService<TokenCredential>(), audience, options.WebIdentityEndpoint, services.GetRequiredService<ILogger<WebIdentity>>())
            : null;

    static QueueFunction Measured(string name, string queue, Func<IServiceProvider, QueueDelivery, CancellationToken, Task> run) => new(name, queue, (services, delivery, token) =>
    {
        Measures.Delivered(queue, services.GetRequiredService<TimeProvider>().GetUtcNow() - delivery.InsertedOn, delivery.DequeueCount);
        return services.GetRequiredService<Deliveries>().RunAsync(queue, delivery, () => run(services, delivery, token), token);
    });

    static IServiceCollection AddTable<T>(this IServiceCollection services) where T : class, IStoredTable =>
        services.AddSingleton<T>().AddSingleton<IStoredTable>(s => s.GetRequiredService<T>());
}
