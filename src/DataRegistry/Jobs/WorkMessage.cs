using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Storage.Queues;
using DataRegistry.Datums;
using DataRegistry.Storage;
using DataRegistry.Triggers;

namespace DataRegistry.Jobs;

/// <summary>
/// A pointer to a work row: <c>{"v":1,"job":"…","range":0,"epoch":1}</c>. It contains ids only; the row describes the
/// work.
/// </summary>
/// <param name="V">The message's version. An unknown one is refused: the message becomes poison, and is not
/// lost.</param>
sealed record WorkMessage(int V, Guid Job, int Range, int Epoch)
{
    public const int Version = 1;

    [JsonIgnore] public JobId JobId => new(TimedId.FromGuid(Job));

    /// <exception cref="UnreadableMessageException">The text is no work message.</exception>
    /// <exception cref="NotSupportedException">A newer app wrote it, while an older instance still runs.</exception>
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

/// <summary>The queue of range workers.</summary>
sealed class RangeQueue(QueueServiceClient queues, WorkTable work)
{
    public const string Name = "adopt";
    public const string PoisonName = Name + "-poison";

    /// <summary>
    /// The service's value for a message that does not expire. By default it would after seven days, and a job without
    /// its message never ends.
    /// </summary>
    static readonly TimeSpan Never = TimeSpan.FromSeconds(-1);

    public QueueClient Queue { get; } = queues.GetQueueClient(Name);

    /// <summary>
    /// Queues the message of a range's epoch, then notes it as sent. A death between the two sends it again later,
    /// which is harmless: of two deliveries only one can write the next checkpoint.
    /// </summary>
    /// <param name="delay">How long the message stays invisible; null for no delay.</param>
    /// <param name="waiting">The reason for the wait; null for the one in the row.</param>
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
