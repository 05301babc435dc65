using System.Net.Sockets;
using System.Security.Cryptography;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Connections;

namespace DataRegistry.LocalHost;

/// <summary>
/// The app in this process: the library that Azure Functions runs, with the queue listener and the timers beside it.
/// </summary>
static class LocalApp
{
    /// <summary>Polling an empty queue costs nothing here, and people wait for their jobs.</summary>
    static readonly TimeSpan PollingInterval = TimeSpan.FromSeconds(1);

    /// <summary>The setting of the administrator's token; empty if nobody has set one.</summary>
    public const string TokenSetting = "Access:AdministratorToken";

    /// <summary>The setting of the key for secrets: 32 bytes, in base64.</summary>
    const string SecretKeySetting = "Stores:SecretKey";

    public static string NewToken() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));

    /// <exception cref="StartException">A setting is wrong.</exception>
    public static WebApplication Build(Options options, LocalState state, string storage, string token)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddEnvironmentVariables();
        string secretKey = builder.Configuration[SecretKeySetting] is { Length: > 0 } set
            ? set
            : state.Keep("secret-key", () => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            [StorageAccount.Setting] = storage,
            [TokenSetting] = token,
            [SecretKeySetting] = secretKey,
            // The demo bucket is on this machine.
            ["Stores:AllowPrivateEndpoints"] = "true",
        });

        builder.Logging.AddSimpleConsole(console => (console.SingleLine, console.IncludeScopes) = (true, true));
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning).AddFilter("Azure", LogLevel.Warning);

        // Kestrel reports a taken port with a page of stack trace; Program reports it in one line.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.WebHost.UseUrls(options.Urls.Split(';'));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
        });

        builder.Services.AddDataRegistry(builder.Configuration);
        builder.Services.AddSingleton<IHostedService>(services => new QueueListener(
            storage, Registry.QueueFunctions, services, queues => queues.MaxPollingInterval = PollingInterval));
        builder.Services.AddSingleton<IHostedService>(services => new Timers(
            Registry.TimerFunctions, services, TimeProvider.System, services.GetRequiredService<ILogger<Timers>>()));

        WebApplication app = builder.Build();
        try
        {
            app.MapDataRegistry();
        }
        catch (InvalidOperationException exception)
        {
            // A setting is wrong; the message says which one.
            throw new StartException(exception.Message, exception);
        }

        app.MapGet("/", () => Results.Redirect("/console/"));
        return app;
    }

    /// <exception cref="StartException">An address is taken.</exception>
    public static async Task StartAsync(WebApplication app, Options options, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException exception) when (exception.InnerException is AddressInUseException)
        {
            throw new StartException(
                $"{options.Urls} is taken by another program: stop it, or choose another address with --urls.", exception);
        }
        catch (Exception exception) when (exception is IOException or SocketException or InvalidOperationException)
        {
            throw new StartException($"The service cannot listen on {options.Urls}: {exception.Message.Split('\n')[0].Trim()}", exception);
        }
    }
}
