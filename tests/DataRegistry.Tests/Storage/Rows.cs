using DataRegistry.Storage;

namespace DataRegistry.Tests.Storage;

/// <summary>One property of each type a row may have.</summary>
sealed record EveryType : TableRow
{
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

sealed record Note : TableRow
{
    public string? Text { get; init; }

    public string? Other { get; init; }

    public int? Number { get; init; }
}

sealed record Unkeepable : TableRow
{
    public required decimal Price { get; init; }
}
