using DataRegistry;
using DataRegistry.Functions;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker.Builder;

if (GoneSettings.Find(new ConfigurationBuilder().AddEnvironmentVariables().Build()) is { } gone)
{
    await Console.Error.WriteLineAsync(gone);
    return 1;
}

if (!args.Contains("--functions-uri", StringComparer.Ordinal))
{
    await Console.Error.WriteLineAsync(
        "There is no --functions-uri: the Azure Functions host starts this program. To run Data Registry on your machine: dotnet run "
            + "--project src/LocalHost");
    return 1;
}

FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(args);
// Add it first, so it wraps what the next line adds.
builder.UseMiddleware<HangUps>();
builder.ConfigureFunctionsWebApplication();
builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning).AddFilter("Azure", LogLevel.Warning);
builder.Services.Configure<KestrelServerOptions>(kestrel =>
{
    kestrel.AddServerHeader = false;

    // The host and each endpoint have limits of their own.
    kestrel.Limits.MaxRequestBodySize = null;
});
builder.Services.AddDataRegistry(builder.Configuration);
builder.Services.AddSingleton<StorageReady>();
builder.Services.AddHostedService(services => services.GetRequiredService<StorageReady>());
builder.Services.AddSingleton<AppPipeline>();
builder.Services.AddSingleton<HostCalls>();
try
{
    await builder.Build().RunAsync();
}
catch (OperationCanceledException)
{
    // The host stopped the app during its start.
}

return 0;
