namespace DataRegistry.Storage;

/// <summary>
/// The rows of one partition with a row key between two bounds, in ordinal order. A filter with two long keys outgrows a request line,
/// so a long upper bound is not sent: the client stops reading there.
/// </summary>
/// <param name="PartitionKey">The partition of the rows.</param>
public sealed record TableRange(string PartitionKey)
{
    /// <summary>Rows with exactly this key or a later one; null for no bound. Not together with <see cref="After"/>.</summary>
    public string? From { get; init; }

    /// <summary>Rows with a key after this one; null for no bound.</summary>
    public string? After { get; init; }

    /// <summary>Rows with a key before this one; null for no bound.</summary>
    public string? Before { get; init; }
}
