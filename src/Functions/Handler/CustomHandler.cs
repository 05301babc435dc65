using System.Globalization;
using System.Net;

namespace DataRegistry.Functions.Handler;

/// <summary>
/// The app as Azure Functions' custom handler: a child process of the Functions host, which proxies the public requests to
/// it and calls it once for each queue message and timer tick.
/// </summary>
static class CustomHandler
{
    /// <summary>Set by the Functions host: the port to listen on. https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers</summary>
    const string PortVariable = "FUNCTIONS_CUSTOMHANDLER_PORT";

    /// <summary>For requests that run when the host wants the process to end; then they are aborted, and a message comes back.</summary>
    static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(25);

    /// <returns>The process's exit code: 1 where it was not started by the Functions host.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        string? value = Environment.GetEnvironmentVariable(PortVariable);
        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is < 1 or > IPEndPoint.MaxPort)
        {
            await Console.Error.WriteLineAsync(
                $"{PortVariable} is {(value is null ? "not set" : "not a port")}: the Azure Functions host starts this program and sets it. To run Data Registry on your machine: dotnet run --project src/LocalHost");
            return 1;
        }

        await using WebApplication app = Build(args, port);
        await app.RunAsync();
        return 0;
    }

    static WebApplication Build(string[] args, int port)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });

        // App settings are environment variables; a file beside the executable would be a second place to look.
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddEnvironmentVariables();
        builder.Logging.AddSimpleConsole(console => (console.SingleLine, console.IncludeScopes) = (true, true));
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning).AddFilter("Azure", LogLevel.Warning);
        builder.WebHost.UseUrls();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port);
            kestrel.AddServerHeader = false;

            // The host has a limit of its own (100 MiB), and the app one for each endpoint.
            kestrel.Limits.MaxRequestBodySize = null;
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Services.AddDataRegistry(builder.Configuration);
        builder.Services.AddSingleton<StorageReady>();
        builder.Services.AddHostedService(services => services.GetRequiredService<StorageReady>());
        builder.Services.AddSingleton<InvocationEndpoints>();

        WebApplication app = builder.Build();
        app.Use(app.Services.GetRequiredService<InvocationEndpoints>().InvokeAsync);
        app.Use(app.Services.GetRequiredService<StorageReady>().DelayAsync);
        app.MapDataRegistry();
        return app;
    }
}
