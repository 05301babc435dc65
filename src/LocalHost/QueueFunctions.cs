using Azure.Storage.Queues.Models;
using Microsoft.Azure.WebJobs;

namespace DataRegistry.LocalHost;

/// <summary>The queue triggers, as attributes that the WebJobs SDK reads.</summary>
public sealed class QueueFunctions(QueueListener listener)
{
    [FunctionName(nameof(AdoptRange))]
    public Task AdoptRange([QueueTrigger("adopt")] QueueMessage message, CancellationToken cancellationToken) =>
        listener.DeliverAsync(nameof(AdoptRange), message, cancellationToken);

    [FunctionName(nameof(AdoptPoison))]
    public Task AdoptPoison([QueueTrigger("adopt-poison")] QueueMessage message, CancellationToken cancellationToken) =>
        listener.DeliverAsync(nameof(AdoptPoison), message, cancellationToken);

    [FunctionName(nameof(HashDatum))]
    public Task HashDatum([QueueTrigger("hash")] QueueMessage message, CancellationToken cancellationToken) =>
        listener.DeliverAsync(nameof(HashDatum), message, cancellationToken);

    [FunctionName(nameof(HashPoison))]
    public Task HashPoison([QueueTrigger("hash-poison")] QueueMessage message, CancellationToken cancellationToken) =>
        listener.DeliverAsync(nameof(HashPoison), message, cancellationToken);
}
