namespace DataRegistry.DataVolumes;

/// <summary>What became of making a data volume.</summary>
abstract record DataVolumeCreation
{
    public sealed record Created : DataVolumeCreation;

    /// <summary>The Idempotency-Key was used before, for the same.</summary>
    /// <param name="Answer">The body that was answered then.</param>
    public sealed record Repeated(string Answer) : DataVolumeCreation;

    /// <summary>The Idempotency-Key was used before, for something else.</summary>
    public sealed record OtherBody : DataVolumeCreation;

    /// <summary>The project has as many as it may.</summary>
    public sealed record TooMany(int Max) : DataVolumeCreation;

    /// <summary>Another data volume of the cluster has the name.</summary>
    public sealed record NameTaken : DataVolumeCreation;
}
