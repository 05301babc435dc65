using DataRegistry.Stores.S3;

namespace DataRegistry.Jobs;

/// <summary>A job that a worker has opened.</summary>
/// <param name="leased">The thing that its windows take leases of: a store, or another thing with a limit of
/// workers.</param>
/// <param name="server">The server that the windows ask. Errors begin with these words.</param>
abstract class JobRun(JobRow job, Guid leased, string server)
{
    public JobRow Job { get; } = job;

    public Guid Leased { get; } = leased;

    public string Server { get; } = server;

    /// <summary>
    /// The most ranges to make from the job's first one. More ranges are more even, but each costs requests at its end.
    /// </summary>
    public virtual int MaxRanges => int.MaxValue;

    /// <summary>Whether a bucket that refuses listing ends the job: keys that nobody knows cannot have results.</summary>
    public abstract bool NeedsListing { get; }

    /// <summary>Opens a range for a delivery.</summary>
    /// <exception cref="BucketException">The bucket cannot be listed.</exception>
    public abstract Task<RangeOpening> OpenAsync(WorkRow range, RangeDelivery delivery, CancellationToken cancellationToken);
}

/// <summary>A job that asks no bucket. Its windows take leases of the project.</summary>
abstract class TableJobRun(JobRow job) : JobRun(job, job.Project, "The storage")
{
    public sealed override bool NeedsListing => false;

    /// <summary>A range that is given up fails its job with the last error.</summary>
    public sealed override async Task<RangeOpening> OpenAsync(
        WorkRow range, RangeDelivery delivery, CancellationToken cancellationToken) =>
        delivery.BucketUnavailable is { } givenUp
            ? new RangeOpening.Failed(givenUp.Message)
            : new RangeOpening.Opened(await WorkAsync(cancellationToken));

    /// <summary>The windows of a range.</summary>
    protected abstract Task<RangeWork> WorkAsync(CancellationToken cancellationToken);
}

/// <summary>The outcome of opening a range.</summary>
abstract record RangeOpening
{
    RangeOpening() { }

    /// <summary>The range has windows to work on.</summary>
    public sealed record Opened(RangeWork Work) : RangeOpening;

    /// <summary>The range has no windows, and all of its work is done.</summary>
    public sealed record Done : RangeOpening;

    /// <summary>The range has no windows, and another delivery continues its work.</summary>
    public sealed record HandedOn : RangeOpening;

    /// <summary>The job cannot go on, and fails with this error.</summary>
    public sealed record Failed(string Error) : RangeOpening;
}
