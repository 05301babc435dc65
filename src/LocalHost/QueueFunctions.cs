using Azure.Storage.Queues.Models;
using Microsoft.Azure.WebJobs;

namespace DataRegistry.LocalHost;

/// <summary>The queue triggers. Each hands its message on to the function of its name, and logs a failure once.</summary>
/// <param name="stopping">Cancels the functions when the listener stops: the SDK itself would wait for their end.</param>
public sealed partial class QueueFunctions(IReadOnlyList<QueueFunction> functions, IServiceProvider services, CancellationToken stopping)
{
    readonly ILogger<QueueFunctions> logger = services.GetRequiredService<ILogger<QueueFunctions>>();

    [FunctionName(nameof(AdoptRange))]
    public Task AdoptRange([QueueTrigger("adopt")] QueueMessage message, CancellationToken cancellationToken) =>
        RunAsync(nameof(AdoptRange), message, cancellationToken);

    [FunctionName(nameof(AdoptPoison))]
    public Task AdoptPoison([QueueTrigger("adopt-poison")] QueueMessage message, CancellationToken cancellationToken) =>
        RunAsync(nameof(AdoptPoison), message, cancellationToken);

    [FunctionName(nameof(HashDatum))]
    public Task HashDatum([QueueTrigger("hash")] QueueMessage message, CancellationToken cancellationToken) =>
        RunAsync(nameof(HashDatum), message, cancellationToken);

    [FunctionName(nameof(HashPoison))]
    public Task HashPoison([QueueTrigger("hash-poison")] QueueMessage message, CancellationToken cancellationToken) =>
        RunAsync(nameof(HashPoison), message, cancellationToken);

    async Task RunAsync(string name, QueueMessage message, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
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

    static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "{Function} failed on message {MessageId}, delivery {DequeueCount}.")]
        public static partial void Failed(ILogger logger, string function, string messageId, long dequeueCount, Exception exception);
    }
}
