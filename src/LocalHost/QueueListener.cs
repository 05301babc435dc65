using Azure.Storage.Queues.Models;
using DataRegistry.Storage;
using DataRegistry.Triggers;
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Host;
using Microsoft.Azure.WebJobs.Hosting;

namespace DataRegistry.LocalHost;

/// <summary>
/// Runs queue functions on the WebJobs SDK, whose listener the Functions host has too, by the settings of <c>host.json</c>. The SDK has
/// services of its own, so that it changes none of the app's. The messages of a dead process stay hidden for ten minutes.
/// </summary>
public sealed partial class QueueListener : IHostedService, IDisposable
{
    static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    readonly CancellationTokenSource stopping = new();
    readonly IReadOnlyList<QueueFunction> functions;
    readonly IServiceProvider services;
    readonly ILogger logger;
    readonly IHost host;

    /// <param name="storage">The connection string of the account whose queues are listened to.</param>
    /// <param name="services">The app's. Each delivery gets a scope of its own.</param>
    /// <param name="configure">Changes what <c>host.json</c> says.</param>
    public QueueListener(
        string storage, IReadOnlyList<QueueFunction> functions, IServiceProvider services, Action<QueuesOptions>? configure = null)
    {
        (this.functions, this.services) = (functions, services);
        logger = services.GetRequiredService<ILogger<QueueListener>>();
        var hostJson = new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, "host.json")).Build();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(
        [
            new(StorageAccount.Setting, storage),
            // The SDK ends the process when its client gives up, so that one tries until storage answers again.
            new($"{StorageAccount.Setting}:Retry:MaxRetries", $"{int.MaxValue}"),
            new($"{StorageAccount.Setting}:Retry:Mode", "Fixed"),
            new($"{StorageAccount.Setting}:Retry:Delay", "00:00:05"),
        ]);
        // With the app's own loggers the SDK's scopes would be in every line. A failed function is logged below, once; "Azure" is every
        // request of this process that is slow or not answered with 2xx.
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning)
            .AddFilter("Host.Results", LogLevel.None).AddFilter("Function", LogLevel.None).AddFilter("Azure", LogLevel.None);
        builder.Services.AddSingleton(this);
        builder.Services.AddSingleton<ITypeLocator>(new FunctionTypes());
        builder.Services.AddWebJobs(_ => { })
            .AddAzureStorageCoreServices()
            .AddAzureStorageQueues(queues =>
            {
                hostJson.GetSection("extensions:queues").Bind(queues);
                configure?.Invoke(queues);
            });
        builder.Services.Configure<JobHostFunctionTimeoutOptions>(
            timeout => timeout.Timeout = hostJson.GetValue<TimeSpan>("functionTimeout"));
        builder.Services.AddHostedService<JobHostService>();
        host = builder.Build();
    }

    public Task StartAsync(CancellationToken cancellationToken) => host.StartAsync(cancellationToken);

    /// <summary>
    /// Takes no more messages, cancels the functions that run, and waits a little for their end. The SDK alone would let them finish, and
    /// would wait for storage that does not answer. A message that is left behind comes again, like that of a dead process.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await host.StopAsync(CancellationToken.None).WaitAsync(
            StopTimeout, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Leaves the SDK's services to the end of the process. The SDK does not wait for a message that it takes while it stops, and ends the
    /// process with an error where its services are gone before that message's function has returned.
    /// </summary>
    public void Dispose() => stopping.Dispose();

    /// <summary>Hands a message on to the function of that name.</summary>
    /// <exception cref="Exception">The function failed, which is logged; the message comes again.</exception>
    internal async Task DeliverAsync(string name, QueueMessage message, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping.Token);
        try
        {
            await using AsyncServiceScope scope = services.CreateAsyncScope();
            var delivery = new QueueDelivery(message.Body.ToString(), message.DequeueCount, message.InsertedOn);
            await functions.Single(f => f.Name == name).RunAsync(scope.ServiceProvider, delivery, ending.Token);
        }
        catch (Exception exception) when (!stopping.IsCancellationRequested)
        {
            Log.Failed(logger, name, message.MessageId, message.DequeueCount, exception);
            throw;
        }
    }

    /// <summary>The one class of functions. By default the SDK would look through every assembly.</summary>
    sealed class FunctionTypes : ITypeLocator
    {
        public IReadOnlyList<Type> GetTypes() => [typeof(QueueFunctions)];
    }

    /// <summary>A message is named by its id. Its text is never logged.</summary>
    static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "{Function} failed on message {MessageId}, delivery {DequeueCount}.")]
        public static partial void Failed(ILogger logger, string function, string messageId, long dequeueCount, Exception exception);
    }
}
