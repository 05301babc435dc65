using System.Runtime.ExceptionServices;
using Azure.Storage.Queues.Models;
using DataRegistry.Storage;
using DataRegistry.Triggers;
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Host;
using Microsoft.Azure.WebJobs.Host.Timers;
using Microsoft.Azure.WebJobs.Hosting;

namespace DataRegistry.LocalHost;

/// <summary>
/// Runs queue functions on the WebJobs SDK, whose listener the Functions host also uses, with the settings of
/// <c>host.json</c>. The SDK has services of its own, so it does not change the app's. The messages of a dead process
/// stay hidden for ten minutes.
/// </summary>
public sealed partial class QueueListener : IHostedService, IDisposable
{
    static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    readonly CancellationTokenSource stopping = new();
    readonly IReadOnlyList<QueueFunction> functions;
    readonly IServiceProvider services;
    readonly ILogger logger;
    readonly IHost host;

    /// <param name="storage">The connection string of the account with the queues.</param>
    /// <param name="services">The app's services. Each delivery gets a scope of its own.</param>
    /// <param name="configure">Changes the settings of <c>host.json</c>.</param>
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
            // The SDK ends the process when its client gives up, so its client retries until storage answers again.
            new($"{StorageAccount.Setting}:Retry:MaxRetries", $"{int.MaxValue}"),
            new($"{StorageAccount.Setting}:Retry:Mode", "Fixed"),
            new($"{StorageAccount.Setting}:Retry:Delay", "00:00:05"),
        ]);
        // With the app's own loggers the SDK's scopes would be in every line. A failed function is logged once, below.
        // "Azure" logs every slow or failed request of this process.
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
        builder.Services.AddSingleton<IWebJobsExceptionHandler>(
            its => new ErrorHandler(its.GetRequiredService<IHost>(), stopping.Token));
        builder.Services.Configure<JobHostFunctionTimeoutOptions>(
            timeout => timeout.Timeout = hostJson.GetValue<TimeSpan>("functionTimeout"));
        builder.Services.AddHostedService<JobHostService>();
        host = builder.Build();
    }

    public Task StartAsync(CancellationToken cancellationToken) => host.StartAsync(cancellationToken);

    /// <summary>
    /// Takes no more messages, cancels the running functions, and waits a little for their end. The SDK alone would let
    /// them finish, and would wait for storage that does not answer. An unfinished message comes again, like that of a
    /// dead process.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await host.StopAsync(CancellationToken.None).WaitAsync(
            StopTimeout, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Does not dispose the SDK's services. The SDK does not wait for a message that it takes while it stops. If its
    /// services were disposed before that message's function returns, the process would end with an error.
    /// </summary>
    public void Dispose() => stopping.Dispose();

    /// <summary>Runs the function of this name with a message.</summary>
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

    /// <summary>The one class of functions. By default the SDK would search every assembly.</summary>
    sealed class FunctionTypes : ITypeLocator
    {
        public IReadOnlyList<Type> GetTypes() => [typeof(QueueFunctions)];
    }

    /// <summary>
    /// The SDK ends the process if its client throws. A stop that cancels the second try of a request makes the client throw, so errors
    /// of a listener that stops are left alone.
    /// </summary>
    sealed class ErrorHandler(IHost host, CancellationToken stopping) : IWebJobsExceptionHandler
    {
        readonly WebJobsExceptionHandler own = new(host);

        public Task OnTimeoutExceptionAsync(ExceptionDispatchInfo exceptionInfo, TimeSpan timeoutGracePeriod) =>
            own.OnTimeoutExceptionAsync(exceptionInfo, timeoutGracePeriod);

        public Task OnUnhandledExceptionAsync(ExceptionDispatchInfo exceptionInfo) =>
            stopping.IsCancellationRequested ? Task.CompletedTask : own.OnUnhandledExceptionAsync(exceptionInfo);
    }

    /// <summary>Log lines name a message by its id, and never contain its text.</summary>
    static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "{Function} failed on message {MessageId}, delivery {DequeueCount}.")]
        public static partial void Failed(ILogger logger, string function, string messageId, long dequeueCount, Exception exception);
    }
}
