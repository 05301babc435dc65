using DataRegistry.Access;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Jobs;

enum JobKind
{
    Adoption,

    /// <summary>A scan of a store: what was adopted from it is compared with what is there.</summary>
    Rescan,
}

/// <summary>
/// What the jobs of one kind do. Each room that has jobs registers its own; messages, ranges, checkpoints and ends are common to all.
/// </summary>
interface IJobKind
{
    JobKind Kind { get; }

    /// <summary>Opens a job for a delivery, or tells why it cannot go on, with which it fails.</summary>
    Task<(JobRun? Run, string? Error)> OpenAsync(JobRow job, CancellationToken cancellationToken);

    /// <summary>What the audit trail tells of a job at its end.</summary>
    AuditEvent Finished(JobRow job);

    /// <summary>
    /// The job has come to its end. May be called again, and not at all after a death: whoever depends on it looks at the job, too.
    /// </summary>
    Task EndedAsync(JobRow job, CancellationToken cancellationToken);
}

/// <summary>A job in a worker's hands.</summary>
abstract class JobRun(JobRow job, Store store)
{
    public JobRow Job { get; } = job;

    public Store Store { get; } = store;

    /// <summary>
    /// At most so many ranges are made of the job's first one. More of them are more even, and cost requests at their ends.
    /// </summary>
    public virtual int MaxRanges => int.MaxValue;

    /// <summary>
    /// Whether a bucket that refuses to be listed ends the job: of keys that nobody knows it cannot be said what became of them.
    /// </summary>
    public abstract bool NeedsListing { get; }

    /// <summary>The work on a range, or what became of it.</summary>
    /// <param name="lease">The range's now; others follow it, see <paramref name="pace"/>. Null for who gives up.</param>
    /// <param name="pace">What requests to the bucket wait for, at a share of what they may be.</param>
    /// <param name="giveUp">As for <see cref="RangeWork.RunAsync"/>.</param>
    public abstract Task<OpenedRange> OpenAsync(
        WorkRow range, StoreLease? lease, Func<double, CancellationToken, ValueTask> pace, BucketException? giveUp,
        CancellationToken cancellationToken);
}

/// <summary>A range that is to be worked on.</summary>
/// <param name="Work">Null where there was something else to do than windows of keys.</param>
/// <param name="Error">Why its job cannot go on, with which that fails.</param>
/// <param name="IsDone">It is done already.</param>
sealed record OpenedRange(RangeWork? Work, string? Error = null, bool IsDone = false);

/// <summary>A window that is done. It counts once the range's checkpoint says so.</summary>
/// <param name="Results">Where those of its inputs stand that are told one by one; null for none.</param>
/// <param name="After">Of a range of keys: every key up to this one is in the window, or before it.</param>
/// <param name="Ends">It is the range's last.</param>
sealed record WindowDone(Counts Counts, ResultsRow? Results, string? After, bool Ends);

/// <summary>What is done with a range's windows, one after the other.</summary>
abstract class RangeWork
{
    /// <summary>Does the range's next window. Repeating it, also while it still runs elsewhere, comes to the same.</summary>
    /// <param name="delivery">Names blobs, so that those of several deliveries are apart.</param>
    /// <param name="goesOn">The next window follows, so that what it needs may be asked for meanwhile; else somebody else will.</param>
    /// <param name="giveUp">Null to ask S3; else S3 is not asked, and what needs it fails with this.</param>
    /// <exception cref="BucketException">The bucket cannot be listed.</exception>
    public abstract Task<WindowDone> RunAsync(
        WorkRow range, Guid delivery, bool goesOn, BucketException? giveUp, CancellationToken cancellationToken);

    /// <summary>Cuts the range in two, so that another worker can share it.</summary>
    /// <returns>The range, shorter or with what was learned about it, and the new one with the rest, if any; null where the range's row has
    /// changed meanwhile.</returns>
    public virtual Task<(WorkRow Range, WorkRow? Other)?> CutAsync(WorkRow range, CancellationToken cancellationToken) =>
        Task.FromResult<(WorkRow, WorkRow?)?>((range, null));
}
