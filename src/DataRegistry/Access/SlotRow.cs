using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Storage;

namespace DataRegistry.Access;

/// <summary>Slots of an instance.</summary>
sealed record SlotHolder(Guid Instance, int Count, DateTimeOffset Until);

sealed record SlotRow : TableRow
{
    /// <summary>A list of <see cref="SlotHolder"/>.</summary>
    public required byte[] Json { get; init; }

    public List<SlotHolder> Read() => JsonSerializer.Deserialize(Json, SlotRows.Default.ListSlotHolder) ?? [];

    public static SlotRow Of(string hash, List<SlotHolder> holders) =>
        new() { PartitionKey = hash[..1], RowKey = hash, Json = JsonSerializer.SerializeToUtf8Bytes(holders, SlotRows.Default.ListSlotHolder) };
}

[JsonSerializable(typeof(List<SlotHolder>))]
sealed partial class SlotRows : JsonSerializerContext;
