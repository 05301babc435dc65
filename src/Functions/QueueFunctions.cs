using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;

namespace DataRegistry.Functions;

/// <summary>The functions that the host calls with a queue's messages.</summary>
sealed class QueueFunctions(HostCalls calls)
{
    const string Storage = "AzureWebJobsStorage";

    [Function("AdoptRange")]
    public Task AdoptRange([QueueTrigger("adopt", Connection = Storage)] QueueMessage message, FunctionContext context) =>
        calls.DeliverAsync(message, context);

    [Function("AdoptPoison")]
    public Task AdoptPoison([QueueTrigger("adopt-poison", Connection = Storage)] QueueMessage message, FunctionContext context) =>
        calls.DeliverAsync(message, context);

    [Function("HashDatum")]
    public Task HashDatum([QueueTrigger("hash", Connection = Storage)] QueueMessage message, FunctionContext context) =>
        calls.DeliverAsync(message, context);

    [Function("HashPoison")]
    public Task HashPoison([QueueTrigger("hash-poison", Connection = Storage)] QueueMessage message, FunctionContext context) =>
        calls.DeliverAsync(message, context);
}
