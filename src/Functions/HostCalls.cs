using Azure.Storage.Queues.Models;
using DataRegistry.Triggers;
using Microsoft.Azure.Functions.Worker;

namespace DataRegistry.Functions;

/// <summary>Hands an invocation of the host on to the function of that name in <see cref="Registry"/>.</summary>
sealed class HostCalls(IServiceProvider services, StorageReady storage)
{
    public Task DeliverAsync(QueueMessage message, FunctionContext context)
    {
        QueueFunction function = Registry.QueueFunctions.Single(f => f.Name == context.FunctionDefinition.Name);
        var delivery = new QueueDelivery(message.Body.ToString(), message.DequeueCount, message.InsertedOn);
        return RunAsync(context, (scope, token) => function.RunAsync(scope, delivery, token));
    }

    public async Task TickAsync(FunctionContext context)
    {
        TimerFunction function = Registry.TimerFunctions.Single(f => f.Name == context.FunctionDefinition.Name);
        try
        {
            await RunAsync(context, function.RunAsync);
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            // The instance stops. Another instance does the rest at the next tick.
        }
    }

    /// <exception cref="InvalidOperationException">Storage is not there yet; the host brings the message again.</exception>
    async Task RunAsync(FunctionContext context, Func<IServiceProvider, CancellationToken, Task> work)
    {
        if (!await storage.WaitAsync(context.CancellationToken))
        {
            throw new InvalidOperationException($"{context.FunctionDefinition.Name} was called before storage was ready.");
        }

        await using AsyncServiceScope scope = services.CreateAsyncScope();
        await work(scope.ServiceProvider, context.CancellationToken);
    }
}
