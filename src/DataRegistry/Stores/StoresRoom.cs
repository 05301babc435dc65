using System.Net;
using Azure.Core;
using DataRegistry.Access;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataRegistry.Stores;

/// <summary>The room of stores: buckets, their credentials and the requests to them.</summary>
static class StoresRoom
{
    public static IServiceCollection AddStores(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<StoreOptions>().Bind(configuration.GetSection(StoreOptions.Section)).Validate(
            o => o.IsValid,
            "The setting Stores__WebIdentityEndpoint is an http or https address, and with it Stores__WebIdentityAudience is set.")
            .ValidateOnStart();
        services.TryAddSingleton<HostResolver>(_ => (host, token) => Dns.GetHostAddressesAsync(host, token));
        services.AddSingleton<EndpointGuard>();
        services.TryAddSingleton(s => new Buckets(BucketsOptionsOf(s), clock: s.GetRequiredService<TimeProvider>()));
        services.AddTable<StoreTable>().AddTable<ScanTable>();
        return services.AddSingleton<IProjectContents, ProjectStores>()
            .AddSingleton<SecretProtector>().AddSingleton<StoreAccess>().AddSingleton<StoreRequests>();
    }

    public static void MapStores(this Api api) => api.V0.MapStores();

    internal static BucketsOptions BucketsOptionsOf(IServiceProvider services) =>
        new() { Connect = services.GetRequiredService<EndpointGuard>().ConnectAsync, WebIdentity = WebIdentityOf(services) };

    static WebIdentity? WebIdentityOf(IServiceProvider services) =>
        services.GetRequiredService<IOptions<StoreOptions>>().Value is { WebIdentityAudience: { Length: > 0 } audience } options
            ? new(
                services.GetRequiredService<TokenCredential>(), audience, options.WebIdentityEndpoint,
                services.GetRequiredService<ILogger<WebIdentity>>())
            : null;
}
