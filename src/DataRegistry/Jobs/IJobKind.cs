using DataRegistry.Access;

namespace DataRegistry.Jobs;

enum JobKind
{
    Adoption,

    /// <summary>A scan of a store: compares its datums with its bucket.</summary>
    Rescan,

    /// <summary>The freezing of a selection.</summary>
    Selection,

    /// <summary>An action on a selection.</summary>
    SelectionAction,
}

/// <summary>
/// The work of one kind of job. Each room with jobs registers its own kind. Messages, ranges, checkpoints and ends are
/// the same for all kinds.
/// </summary>
interface IJobKind
{
    JobKind Kind { get; }

    /// <summary>Opens a job for a delivery.</summary>
    Task<JobOpening> OpenAsync(JobRow job, CancellationToken cancellationToken);

    /// <summary>The event of the audit trail for a job at its end.</summary>
    AuditEvent Finished(JobRow job);

    /// <summary>
    /// Called when the job has ended. It may be called twice, and after a death not at all, so a caller that depends on
    /// it also reads the job.
    /// </summary>
    Task EndedAsync(JobRow job, CancellationToken cancellationToken);
}

/// <summary>The outcome of opening a job.</summary>
abstract record JobOpening
{
    JobOpening() { }

    public sealed record Opened(JobRun Run) : JobOpening;

    /// <summary>The job cannot go on, and fails with this error.</summary>
    public sealed record Failed(string Error) : JobOpening;
}
