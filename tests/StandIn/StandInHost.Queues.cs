using System.Text.Json;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using DataRegistry.StandIn.Protocol;
using Google.Protobuf;

namespace DataRegistry.StandIn;

/// <content>Messages of queues, and timers.</content>
public sealed partial class StandInHost
{
    /// <summary>Delivers a message's text to a queue function. Returns the failure's text; null after success.</summary>
    public async Task<string?> InvokeAsync(string function, string text, long dequeueCount = 1, CancellationToken cancel = default)
    {
        var now = DateTimeOffset.UtcNow;
        var content = JsonSerializer.Serialize(new
        {
            MessageId = Guid.NewGuid(),
            PopReceipt = "AgAAAAMAAAAAAAAA",
            MessageText = text,
            DequeueCount = dequeueCount,
            NextVisibleOn = now.AddMinutes(10),
            InsertedOn = now,
            ExpiresOn = now.AddDays(7),
        });
        var data = new TypedData
        {
            ModelBindingData = new()
            {
                Version = "1.0",
                Source = "AzureStorageQueues",
                ContentType = "application/json",
                Content = ByteString.CopyFromUtf8(content),
            },
        };
        return await InvokeAsync(function, data, cancel);
    }

    /// <summary>
    /// Delivers the messages of queues like the host's listener, until all are done. A message that fails, or whose
    /// worker dies, is visible again, and goes to the poison queue after the last try.
    /// </summary>
    /// <param name="functions">Queues and the functions that take their messages.</param>
    /// <param name="maxDequeueCount">Tries, from host.json.</param>
    public async Task PumpAsync(
        QueueServiceClient queues, IReadOnlyDictionary<string, string> functions, int maxDequeueCount, Func<Task<bool>> isDone)
    {
        while (!await isDone())
        {
            foreach (var (name, function) in functions)
            {
                var queue = queues.GetQueueClient(name);
                var messages = (await queue.ReceiveMessagesAsync(8, TimeSpan.FromMinutes(10))).Value;
                await Task.WhenAll(messages.Select(message => DeliverAsync(queue, message, function)));
            }

            await Task.Delay(50);
        }

        async Task DeliverAsync(QueueClient queue, QueueMessage message, string function)
        {
            string? failure;
            try
            {
                failure = await InvokeAsync(function, message.MessageText, message.DequeueCount);
            }
            catch (Exception e) when (e is InvalidOperationException or IOException or Grpc.Core.RpcException or OperationCanceledException)
            {
                failure = e.Message;
            }

            if (failure is not null && message.DequeueCount < maxDequeueCount)
            {
                await queue.UpdateMessageAsync(message.MessageId, message.PopReceipt, visibilityTimeout: TimeSpan.Zero);
                return;
            }

            if (failure is not null)
            {
                var poison = queues.GetQueueClient(queue.Name + "-poison");
                await poison.CreateIfNotExistsAsync();
                await poison.SendMessageAsync(message.MessageText);
            }

            await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt);
        }
    }

    /// <summary>Runs a timer function.</summary>
    public Task<string?> TickAsync(string function, CancellationToken cancel = default) => InvokeAsync(
        function, new TypedData { Json = """{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":false}""" }, cancel);
}
