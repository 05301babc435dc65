using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;

namespace DataRegistry.LocalHost;

/// <summary>
/// Keeps a received message invisible to others for as long as its function runs, by renewing at half the time. Where the
/// message was lost meanwhile (a renewal came too late), the function runs on all the same: messages may be delivered twice.
/// </summary>
sealed partial class MessageLease
{
    readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly QueueClient queue;
    readonly QueueMessage message;
    readonly TimeSpan duration;
    readonly ILogger logger;
    readonly Task renewing;
    string popReceipt;

    public MessageLease(QueueClient queue, QueueMessage message, TimeSpan duration, ILogger logger)
    {
        this.queue = queue;
        this.message = message;
        this.duration = duration;
        this.logger = logger;
        popReceipt = message.PopReceipt;
        renewing = RenewAsync();
    }

    /// <summary>Somebody else received the message since, or it or its queue is gone.</summary>
    public static bool IsLost(RequestFailedException exception) =>
        exception.ErrorCode == QueueErrorCode.PopReceiptMismatch
        || exception.ErrorCode == QueueErrorCode.MessageNotFound
        || exception.ErrorCode == QueueErrorCode.QueueNotFound
        || exception.ErrorCode == QueueErrorCode.QueueBeingDeleted
        || exception.ErrorCode == QueueErrorCode.QueueDisabled;

    /// <returns>The message's newest pop receipt: each renewal makes another.</returns>
    public async Task<string> EndAsync()
    {
        ended.SetResult();
        await renewing;
        return popReceipt;
    }

    async Task RenewAsync()
    {
        TimeSpan pause = duration / 2;
        while (true)
        {
            await ended.Task.WaitAsync(pause).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ended.Task.IsCompleted)
            {
                return;
            }

            try
            {
                // Not cancelled: whether the service changed the receipt could not be told.
                UpdateReceipt receipt = await queue.UpdateMessageAsync(message.MessageId, popReceipt, visibilityTimeout: duration, cancellationToken: CancellationToken.None);
                popReceipt = receipt.PopReceipt;
                pause = duration / 2;
            }
            catch (RequestFailedException exception) when (IsLost(exception))
            {
                Log.Lost(logger, message.MessageId);
                return;
            }
            catch (Exception exception) when (exception is RequestFailedException or AggregateException)
            {
                // Sooner next time, in what is left of the lease.
                pause = duration / 10;
                Log.NotRenewed(logger, message.MessageId, exception.Message);
            }
        }
    }

    static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Message {MessageId} was delivered to somebody else while its function still runs here.")]
        public static partial void Lost(ILogger logger, string messageId);

        [LoggerMessage(2, LogLevel.Warning, "The lease on message {MessageId} could not be renewed: {Reason}")]
        public static partial void NotRenewed(ILogger logger, string messageId, string reason);
    }
}
