using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Storage.Queues;
using DataRegistry.Datums;
using DataRegistry.Storage;
using DataRegistry.Triggers;

namespace DataRegistry.Jobs;

/// <summary>
/// A pointer to a work row: <c>{"v":1,"job":"…","range":0,"epoch":1}</c>. It holds ids only; what is to be done stands in the row.
/// </summary>
/// <param name="V">The message's version: one that is not known here is refused, so that it is poison, not lost.</param>
sealed record WorkMessage(int V, Guid Job, int Range, int Epoch)
{
    public const int Version = 1;

    [JsonIgnore] public JobId JobId => new(TimedId.FromGuid(Job));

    /// <exception cref="UnreadableMessageException">Not a work message at all.</exception>
    /// <exception cref="NotSupportedException">One of another version: of a newer app, while an older instance still runs.</exception>
    public static WorkMessage Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, WorkMessageJson.Default.WorkMessage) switch
            {
                { V: Version } message => message,
                { } other => throw new NotSupportedException($"A work message of version {other.V}; this app knows {Version}."),
                null => throw new UnreadableMessageException("Not a work message: null."),
            };
        }
        catch (JsonException e)
        {
            if (MessageVersion.Of(text) is { } version && version != Version)
                throw new NotSupportedException($"A work message of version {version}; this app knows {Version}.", e);
            throw new UnreadableMessageException($"Not a work message ({text.Length} characters).", e);
        }
    }

    public override string ToString() => JsonSerializer.Serialize(this, WorkMessageJson.Default.WorkMessage);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(WorkMessage))]
sealed partial class WorkMessageJson : JsonSerializerContext;

/// <summary>The queue that range workers are fed by.</summary>
sealed class RangeQueue(QueueServiceClient queues, WorkTable work)
{
    public const string Name = "adopt";
    public const string PoisonName = Name + "-poison";

    /// <summary>
    /// The service's word for a message that does not expire. By default it would after seven days, and a job whose message is gone never
    /// ends.
    /// </summary>
    static readonly TimeSpan Never = TimeSpan.FromSeconds(-1);

    public QueueClient Queue { get; } = queues.GetQueueClient(Name);

    /// <summary>
    /// Queues the message of a range's epoch, then notes it as sent. A death between the two sends it once more later, which is
    /// harmless: of two deliveries only one can write the next checkpoint.
    /// </summary>
    /// <param name="delay">How long the message stays invisible; null for not at all.</param>
    /// <param name="waiting">What the range waits for meanwhile; null for what its row says.</param>
    public async Task SendAsync(WorkRow range, TimeSpan? delay, WaitingBody? waiting, CancellationToken cancellationToken)
    {
        var sent = await Queue.SendMessageAsync(
            new WorkMessage(WorkMessage.Version, range.Job, range.Range, range.Epoch).ToString(), delay, timeToLive: Never,
            cancellationToken);
        await work.NoteSentAsync(range, delay is null ? null : sent.Value.TimeNextVisible, waiting, cancellationToken);
    }

    public Task SendAsync(WorkRow range, CancellationToken cancellationToken) =>
        SendAsync(range, delay: null, waiting: null, cancellationToken);
}
