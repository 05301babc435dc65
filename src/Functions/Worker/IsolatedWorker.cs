using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker.Builder;

namespace DataRegistry.Functions.Worker;

/// <summary>
/// The app as a .NET isolated worker of Azure Functions, by <c>-p:IsolatedWorker=true</c>: the host calls it over gRPC for queue messages and timer
/// ticks, and proxies HTTP requests to it.
/// </summary>
static class IsolatedWorker
{
    public static async Task RunAsync(string[] args)
    {
        FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(args);
        builder.ConfigureFunctionsWebApplication();
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning).AddFilter("Azure", LogLevel.Warning);

        // The host has a limit of its own (100 MiB), and the app one for each endpoint.
        builder.Services.Configure<KestrelServerOptions>(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        builder.Services.AddDataRegistry(builder.Configuration);
        builder.Services.AddSingleton<StorageReady>();
        builder.Services.AddHostedService(services => services.GetRequiredService<StorageReady>());
        builder.Services.AddSingleton<AppPipeline>();
        await builder.Build().RunAsync();
    }
}
