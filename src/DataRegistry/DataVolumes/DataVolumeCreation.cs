namespace DataRegistry.DataVolumes;

/// <summary>The outcome of creating a data volume.</summary>
abstract record DataVolumeCreation
{
    public sealed record Created : DataVolumeCreation;

    /// <summary>The Idempotency-Key was used before, for the same request.</summary>
    /// <param name="Answer">The body of the first answer.</param>
    public sealed record Repeated(string Answer) : DataVolumeCreation;

    /// <summary>The Idempotency-Key was used before, for another request.</summary>
    public sealed record OtherBody : DataVolumeCreation;

    /// <summary>The project has the most data volumes that it may have.</summary>
    public sealed record TooMany(int Max) : DataVolumeCreation;

    /// <summary>Another data volume of the cluster has the name.</summary>
    public sealed record NameTaken : DataVolumeCreation;
}
