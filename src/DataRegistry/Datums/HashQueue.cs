using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Storage.Queues;
using DataRegistry.Storage;
using DataRegistry.Telemetry;
using DataRegistry.Triggers;

namespace DataRegistry.Datums;

/// <summary>
/// Datums to hash: <c>{"v":1,"datums":["…"]}</c>. It contains ids only. The function skips datums that have hashes by
/// then.
/// </summary>
/// <param name="Traceparent">The span that asked for the hashes, as W3C Trace Context; null if none. No row stands
/// behind the message, so it is in the message.</param>
/// <param name="V">The message's version. An unknown one is refused: the message becomes poison, and is not
/// lost.</param>
sealed record HashMessage(int V, IReadOnlyList<Guid> Datums, string? Traceparent = null)
{
    public const int Version = 1;

    [JsonIgnore] public IEnumerable<DatumId> Ids => Datums.Select(d => new DatumId(TimedId.FromGuid(d)));

    /// <exception cref="UnreadableMessageException">The text is no such message.</exception>
    /// <exception cref="NotSupportedException">A newer app wrote it, while an older instance still runs.</exception>
    public static HashMessage Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, HashMessageJson.Default.HashMessage) switch
            {
                { V: Version } message => message,
                { } other => throw new NotSupportedException($"A hash message of version {other.V}; this app knows {Version}."),
                null => throw new UnreadableMessageException("Not a hash message: null."),
            };
        }
        catch (JsonException e)
        {
            if (MessageVersion.Of(text) is { } version && version != Version)
                throw new NotSupportedException($"A hash message of version {version}; this app knows {Version}.", e);
            throw new UnreadableMessageException($"Not a hash message ({text.Length} characters).", e);
        }
    }

    public override string ToString() => JsonSerializer.Serialize(this, HashMessageJson.Default.HashMessage);

    /// <summary>The span of a delivery, in the trace that asked for the hashes.</summary>
    public Activity DeliveryOf(string queue, QueueDelivery delivery) =>
        Spans.Continue($"process {queue}", ActivityKind.Consumer, Traceparent)
        .SetTag(
            "messaging.system", "azure_queue_storage").SetTag(
                "messaging.operation.type", "process").SetTag("messaging.destination.name", queue)
        .SetTag("dataregistry.delivery", delivery.DequeueCount).SetTag("dataregistry.datums", Datums.Count);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(HashMessage))]
sealed partial class HashMessageJson : JsonSerializerContext;

/// <summary>The queue of datums whose hashes are to be computed.</summary>
sealed class HashQueue(QueueServiceClient queues)
{
    public const string Name = "hash";
    public const string PoisonName = Name + "-poison";

    /// <summary>39 KB of JSON, of the 64 KiB that a message holds; a million datums are a thousand messages.</summary>
    const int MaxDatums = 1000;

    readonly QueueClient queue = queues.GetQueueClient(Name);

    /// <param name="delay">How long the messages stay invisible; null for no delay.</param>
    public async Task SendAsync(IEnumerable<DatumId> datums, TimeSpan? delay, CancellationToken cancellationToken)
    {
        foreach (var some in datums.Chunk(MaxDatums))
        {
            var message = new HashMessage(HashMessage.Version, [.. some.Select(d => d.Value.ToGuid())], Spans.Current);
            // The message does not expire, like all messages of the app.
            await queue.SendMessageAsync(message.ToString(), delay, timeToLive: TimeSpan.FromSeconds(-1), cancellationToken);
        }
    }

    public Task SendAsync(IEnumerable<DatumId> datums, CancellationToken cancellationToken) =>
        SendAsync(datums, delay: null, cancellationToken);
}
