using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;

namespace DataRegistry.LocalHost;

/// <summary>
/// One queue and the function bound to it, by the rules of the Functions host's queue listener
/// (Microsoft.Azure.WebJobs.Extensions.Storage.Queues).
/// </summary>
sealed partial class PumpedQueue
{
    /// <summary>The host's suffix. A queue that has it already has no poison queue of its own.</summary>
    const string PoisonSuffix = "-poison";

    readonly QueueFunction function;
    readonly QueueClient queue;
    readonly QueueClient? poison;
    readonly QueueSettings settings;
    readonly IServiceProvider services;
    readonly ILogger logger;

    /// <summary>Touched by the receiving loop only.</summary>
    readonly List<Task> deliveries = [];

    public PumpedQueue(QueueFunction function, QueueServiceClient queues, QueueSettings settings, IServiceProvider services, ILogger logger)
    {
        this.function = function;
        this.settings = settings;
        this.services = services;
        this.logger = logger;
        queue = queues.GetQueueClient(function.Queue);
        poison = function.Queue.EndsWith(PoisonSuffix, StringComparison.Ordinal) ? null : queues.GetQueueClient(function.Queue + PoisonSuffix);
    }

    /// <summary>Ends when <paramref name="receiving"/> is cancelled and every delivery has ended.</summary>
    /// <param name="running">Cancels the functions.</param>
    public async Task RunAsync(CancellationToken receiving, CancellationToken running)
    {
        TimeSpan pause = settings.MinPollingInterval;
        try
        {
            while (true)
            {
                await WaitForRoomAsync(receiving);
                QueueMessage[] batch = await ReceiveAsync(receiving);
                deliveries.AddRange(batch.Select(message => DeliverAsync(message, running)));
                if (batch.Length > 0)
                {
                    pause = settings.MinPollingInterval;
                    continue;
                }

                await Task.Delay(pause, receiving);
                pause = pause * 2 < settings.MaxPollingInterval ? pause * 2 : settings.MaxPollingInterval;
            }
        }
        catch (OperationCanceledException) when (receiving.IsCancellationRequested)
        {
            // Messages of an answer that was on its way come back when their lease lapses.
        }

        await Task.WhenAll(deliveries);
    }

    async Task WaitForRoomAsync(CancellationToken receiving)
    {
        deliveries.RemoveAll(delivery => delivery.IsCompleted);
        while (deliveries.Count > settings.NewBatchThreshold)
        {
            deliveries.Remove(await Task.WhenAny(deliveries).WaitAsync(receiving));
        }
    }

    /// <summary>Empty where the queue is, where it does not exist (yet), and where storage does not answer, which is tried again like an empty queue.</summary>
    async Task<QueueMessage[]> ReceiveAsync(CancellationToken receiving)
    {
        try
        {
            return await queue.ReceiveMessagesAsync(settings.BatchSize, settings.Lease, receiving);
        }
        catch (RequestFailedException exception) when (exception.Status == StatusCodes.Status404NotFound)
        {
            return [];
        }
        catch (Exception exception) when (exception is RequestFailedException or AggregateException)
        {
            Log.NotReceived(logger, function.Queue, exception.Message);
            return [];
        }
    }

    async Task DeliverAsync(QueueMessage message, CancellationToken running)
    {
        await Task.Yield();
        try
        {
            // More deliveries than allowed: whoever had the last one died, or could not reach the poison queue.
            if (poison is not null && message.DequeueCount > settings.MaxDequeueCount)
            {
                await GiveUpAsync(poison, message, message.PopReceipt);
                return;
            }

            var lease = new MessageLease(queue, message, settings.Lease, logger);
            bool succeeded = await TryRunAsync(message, running);
            string popReceipt = await lease.EndAsync();
            await SettleAsync(message, popReceipt, succeeded);
        }
        catch (RequestFailedException exception) when (MessageLease.IsLost(exception))
        {
            // Somebody else has the message, or has already deleted it: it is theirs now.
            Log.Lost(logger, function.Name, message.MessageId);
        }
        catch (Exception exception)
        {
            // Storage could not be told what became of the message: it comes back when its lease lapses.
            Log.NotSettled(logger, function.Name, message.MessageId, exception);
        }
    }

    async Task<bool> TryRunAsync(QueueMessage message, CancellationToken running)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(running);
        timeout.CancelAfter(settings.FunctionTimeout);
        try
        {
            await using AsyncServiceScope scope = services.CreateAsyncScope();
            await function.RunAsync(scope.ServiceProvider, new QueueDelivery(message.Body.ToString(), message.DequeueCount, message.InsertedOn), timeout.Token);
            return true;
        }
        catch (Exception exception)
        {
            // Whatever a function throws means the same: it is to have the message again.
            Log.Failed(logger, function.Name, message.MessageId, message.DequeueCount, exception);
            return false;
        }
    }

    async Task SettleAsync(QueueMessage message, string popReceipt, bool succeeded)
    {
        if (succeeded)
        {
            await queue.DeleteMessageAsync(message.MessageId, popReceipt);
        }
        else if (poison is null)
        {
            // As the host does: left alone until its lease lapses, which keeps it from running round and round.
        }
        else if (message.DequeueCount >= settings.MaxDequeueCount)
        {
            await GiveUpAsync(poison, message, popReceipt);
        }
        else
        {
            await queue.UpdateMessageAsync(message.MessageId, popReceipt, visibilityTimeout: settings.VisibilityTimeout);
        }
    }

    /// <summary>First put, then deleted: a crash between the two leaves the message twice, never lost.</summary>
    async Task GiveUpAsync(QueueClient poisonQueue, QueueMessage message, string popReceipt)
    {
        await poisonQueue.CreateIfNotExistsAsync();
        await poisonQueue.SendMessageAsync(message.Body);
        Log.GivenUp(logger, function.Name, message.MessageId, message.DequeueCount, poisonQueue.Name);
        await queue.DeleteMessageAsync(message.MessageId, popReceipt);
    }

    /// <summary>Messages are named by their id: what they say is nobody's business here.</summary>
    static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Queue {Queue} does not answer: {Reason}")]
        public static partial void NotReceived(ILogger logger, string queue, string reason);

        [LoggerMessage(2, LogLevel.Error, "{Function} failed on message {MessageId}, delivery {DequeueCount}.")]
        public static partial void Failed(ILogger logger, string function, string messageId, long dequeueCount, Exception exception);

        [LoggerMessage(3, LogLevel.Error, "{Function} gave up message {MessageId} after {DequeueCount} deliveries; it is in {Poison}.")]
        public static partial void GivenUp(ILogger logger, string function, string messageId, long dequeueCount, string poison);

        [LoggerMessage(4, LogLevel.Information, "{Function}: message {MessageId} was delivered to somebody else meanwhile.")]
        public static partial void Lost(ILogger logger, string function, string messageId);

        [LoggerMessage(5, LogLevel.Warning, "{Function}: storage could not be told what became of message {MessageId}.")]
        public static partial void NotSettled(ILogger logger, string function, string messageId, Exception exception);
    }
}
