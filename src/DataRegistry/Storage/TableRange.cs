namespace DataRegistry.Storage;

/// <summary>
/// The rows of one partition whose row key lies between two bounds, in ordinal order. A long upper bound is not sent to the
/// service, since a filter with two long keys outgrows request lines: it is only where the client stops reading.
/// </summary>
/// <param name="PartitionKey">The only partition that is asked.</param>
public sealed record TableRange(string PartitionKey)
{
    /// <summary>Rows with exactly this key or a later one; null for no bound. Not together with <see cref="After"/>.</summary>
    public string? From { get; init; }

    /// <summary>Rows with a key after this one; null for no bound.</summary>
    public string? After { get; init; }

    /// <summary>Rows with a key before this one; null for no bound.</summary>
    public string? Before { get; init; }
}
