using System.Globalization;
using Microsoft.Azure.Functions.Worker;

namespace DataRegistry.Functions.Worker;

/// <summary>What only the host calls: each hands on to the function of that name in <see cref="Registry"/>.</summary>
sealed class HostFunctions(IServiceProvider services, StorageReady storage)
{
    const string Storage = "AzureWebJobsStorage";

    [Function("AdoptRange")]
    public Task AdoptRange([QueueTrigger("adopt", Connection = Storage)] string message, FunctionContext context) => DeliverAsync(message, context);

    [Function("AdoptPoison")]
    public Task AdoptPoison([QueueTrigger("adopt-poison", Connection = Storage)] string message, FunctionContext context) => DeliverAsync(message, context);

    [Function("HashDatum")]
    public Task HashDatum([QueueTrigger("hash", Connection = Storage)] string message, FunctionContext context) => DeliverAsync(message, context);

    [Function("HashPoison")]
    public Task HashPoison([QueueTrigger("hash-poison", Connection = Storage)] string message, FunctionContext context) => DeliverAsync(message, context);

    [Function("RescanStores")]
    public Task RescanStores([TimerTrigger("0 */5 * * * *")] TimerInfo timer, FunctionContext context) => TickAsync(context);

    [Function("ResumeAdoptions")]
    public Task ResumeAdoptions([TimerTrigger("30 */5 * * * *")] TimerInfo timer, FunctionContext context) => TickAsync(context);

    [Function("CollectJobs")]
    public Task CollectJobs([TimerTrigger("0 20 * * * *")] TimerInfo timer, FunctionContext context) => TickAsync(context);

    async Task DeliverAsync(string message, FunctionContext context)
    {
        QueueFunction function = Registry.QueueFunctions.Single(f => f.Name == context.FunctionDefinition.Name);
        object? count = context.BindingContext.BindingData.GetValueOrDefault("DequeueCount");
        string? time = context.BindingContext.BindingData.GetValueOrDefault("InsertionTime")?.ToString()?.Trim('"');
        var delivery = new QueueDelivery(
            message, count is null ? 1 : Convert.ToInt64(count, CultureInfo.InvariantCulture),
            DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset inserted) ? inserted : null);
        await RunAsync(context, (scope, token) => function.RunAsync(scope, delivery, token));
    }

    Task TickAsync(FunctionContext context) =>
        RunAsync(context, Registry.TimerFunctions.Single(f => f.Name == context.FunctionDefinition.Name).RunAsync);

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
