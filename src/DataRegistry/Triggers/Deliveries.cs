using System.Text.Json;
using Azure.Storage.Queues;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Triggers;

/// <summary>The text of a message that its queue's function can never read.</summary>
public sealed class UnreadableMessageException(string message, Exception? innerException = null) : FormatException(message, innerException);

/// <summary>The version in the text of a message, whatever its other fields: a newer app may have sent it.</summary>
static class MessageVersion
{
    /// <returns>Null if there is none.</returns>
    public static int? Of(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("v", out var version)
                && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) ? number : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>
/// Runs a queue function once for a delivery. An unreadable message is kept in a queue without a function. If the instance stops first,
/// the message is put on its queue again, because a function that throws counts as a failed delivery. A function that reaches the host's
/// time-out has failed: its message would otherwise come for ever.
/// </summary>
sealed partial class Deliveries(QueueServiceClient queues, TimeProvider clock, ILogger<Deliveries> logger)
{
    /// <summary>The queue of unreadable messages, for inspection. No function reads it, and its messages do not expire.</summary>
    public const string UnreadableQueue = "unreadable-poison";

    /// <summary>The host waits five seconds after it has cancelled.</summary>
    static readonly TimeSpan HandOnTimeout = TimeSpan.FromSeconds(3);

    /// <summary>
    /// A little less than <c>functionTimeout</c> of <c>host.json</c>, after which the host cancels a function as it does when it stops.
    /// </summary>
    public static readonly TimeSpan FunctionTimeout = TimeSpan.FromSeconds(595);

    static readonly TimeSpan Never = TimeSpan.FromSeconds(-1);

    public async Task RunAsync(string queue, QueueDelivery delivery, Func<Task> run, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        try
        {
            await run();
        }
        catch (UnreadableMessageException e)
        {
            // A message that is delivered twice is kept twice.
            await SendAsync(UnreadableQueue, delivery, cancellationToken);
            Log.Unreadable(logger, queue, UnreadableQueue, e.Message);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested && clock.GetElapsedTime(started) < FunctionTimeout)
        {
            using var timeout = new CancellationTokenSource(HandOnTimeout);
            await SendAsync(queue, delivery, timeout.Token);
            Log.HandedOn(logger, queue);
        }
    }

    async Task SendAsync(string queue, QueueDelivery delivery, CancellationToken cancellationToken) =>
        await queues.GetQueueClient(queue).SendMessageAsync(
            delivery.Message, visibilityTimeout: null, timeToLive: Never, cancellationToken);

    static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "A message of the queue {Queue} cannot be read and is kept in {Kept}: {Error}")]
        public static partial void Unreadable(ILogger logger, string queue, string kept, string error);

        [LoggerMessage(LogLevel.Information, "A delivery of the queue {Queue} is cancelled: its message is handed on")]
        public static partial void HandedOn(ILogger logger, string queue);
    }
}
