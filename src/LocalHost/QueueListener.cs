using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Host;
using Microsoft.Azure.WebJobs.Hosting;

namespace DataRegistry.LocalHost;

/// <summary>
/// Runs queue functions on the WebJobs SDK, whose listener the Functions host has too, by the settings of <c>host.json</c>. It has services
/// of its own, so that the SDK changes none of the app's. A dead process keeps its messages hidden for ten minutes.
/// </summary>
public sealed class QueueListener : IHostedService, IDisposable
{
    readonly CancellationTokenSource stopping = new();
    readonly IHost host;

    /// <param name="storage">The connection string of the account whose queues are listened to.</param>
    /// <param name="services">The app's. Each delivery gets a scope of its own.</param>
    /// <param name="configure">Changes what <c>host.json</c> says.</param>
    public QueueListener(string storage, IReadOnlyList<QueueFunction> functions, IServiceProvider services, Action<QueuesOptions>? configure = null)
    {
        var hostJson = new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, "host.json")).Build();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([new("AzureWebJobsStorage", storage)]);
        builder.Services.AddSingleton(services.GetRequiredService<ILoggerFactory>());
        builder.Services.AddSingleton(new QueueFunctions(functions, services, stopping.Token));
        builder.Services.AddSingleton<ITypeLocator>(new FunctionTypes());
        builder.Services.AddWebJobs(_ => { })
            .AddAzureStorageCoreServices()
            .AddAzureStorageQueues(queues =>
            {
                hostJson.GetSection("extensions:queues").Bind(queues);
                configure?.Invoke(queues);
            });
        builder.Services.Configure<JobHostFunctionTimeoutOptions>(timeout => timeout.Timeout = hostJson.GetValue<TimeSpan>("functionTimeout"));
        builder.Services.AddHostedService<JobHostService>();
        host = builder.Build();
    }

    public Task StartAsync(CancellationToken cancellationToken) => host.StartAsync(cancellationToken);

    /// <summary>Takes no more messages, cancels the functions that run, and waits for their end.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await host.StopAsync(cancellationToken);
    }

    public void Dispose()
    {
        host.Dispose();
        stopping.Dispose();
    }

    /// <summary>The one class of functions; by default the SDK would look through all assemblies.</summary>
    sealed class FunctionTypes : ITypeLocator
    {
        public IReadOnlyList<Type> GetTypes() => [typeof(QueueFunctions)];
    }
}
