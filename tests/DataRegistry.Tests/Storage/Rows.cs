using System.Text.Json.Serialization;
using Azure;
using DataRegistry.Storage;

namespace DataRegistry.Tests.Storage;

/// <summary>One property of each type a row may have.</summary>
sealed record EveryType : ITableEntity
{
    public required string PartitionKey { get; init; }

    public required string RowKey { get; init; }

    [JsonIgnore]
    public ETag ETag { get; init; }

    public DateTimeOffset? Timestamp { get; init; }

    public string? Text { get; init; }

    public bool Flag { get; init; }

    public bool? MaybeFlag { get; init; }

    public int Number { get; init; }

    public int? MaybeNumber { get; init; }

    public long Big { get; init; }

    public long? MaybeBig { get; init; }

    public double Real { get; init; }

    public double? MaybeReal { get; init; }

    public Guid Id { get; init; }

    public Guid? MaybeId { get; init; }

    public DateTimeOffset Time { get; init; } = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public DateTimeOffset? MaybeTime { get; init; }

    public byte[]? Blob { get; init; }

    public DayOfWeek Day { get; init; }

    public DayOfWeek? MaybeDay { get; init; }
}

sealed class Note : ITableEntity
{
    public string PartitionKey { get; set; } = "";

    public string RowKey { get; set; } = "";

    [JsonIgnore]
    public ETag ETag { get; set; }

    public string? Text { get; set; }

    public string? Other { get; set; }

    public int? Number { get; set; }
}

/// <summary>The bare minimum, with constructor parameters.</summary>
sealed record Point(string PartitionKey, string RowKey, long? Size = null) : ITableEntity
{
    [JsonIgnore]
    public ETag ETag { get; init; }
}

sealed record Unkeepable(string PartitionKey, string RowKey, decimal Price) : ITableEntity
{
    [JsonIgnore]
    public ETag ETag { get; init; }
}

[JsonSerializable(typeof(EveryType))]
[JsonSerializable(typeof(Note))]
[JsonSerializable(typeof(Point))]
[JsonSerializable(typeof(Unkeepable))]
sealed partial class Rows : JsonSerializerContext;
