using DataRegistry.Stores.S3;

namespace DataRegistry.Jobs;

/// <summary>A job that a worker has opened.</summary>
/// <param name="leased">What its windows take leases of: a store, or another thing that so many workers may be at.</param>
/// <param name="bucket">Names that in errors.</param>
abstract class JobRun(JobRow job, Guid leased, string bucket)
{
    public JobRow Job { get; } = job;

    public Guid Leased { get; } = leased;

    public string Bucket { get; } = bucket;

    /// <summary>
    /// The most ranges that are made of the job's first one. More ranges are more even, and each costs requests at its end.
    /// </summary>
    public virtual int MaxRanges => int.MaxValue;

    /// <summary>Whether a bucket that refuses to be listed ends the job: the keys that nobody knows have no results.</summary>
    public abstract bool NeedsListing { get; }

    /// <summary>Opens a range for a delivery.</summary>
    /// <exception cref="BucketException">The bucket cannot be listed.</exception>
    public abstract Task<RangeOpening> OpenAsync(WorkRow range, RangeDelivery delivery, CancellationToken cancellationToken);
}

/// <summary>The outcome of opening a range.</summary>
abstract record RangeOpening
{
    RangeOpening() { }

    /// <summary>Its windows can be worked on.</summary>
    public sealed record Opened(RangeWork Work) : RangeOpening;

    /// <summary>It has no windows, and all of its work is done.</summary>
    public sealed record Done : RangeOpening;

    /// <summary>It has no windows, and another delivery goes on with its work.</summary>
    public sealed record HandedOn : RangeOpening;

    /// <summary>The job cannot go on, and fails with this error.</summary>
    public sealed record Failed(string Error) : RangeOpening;
}
