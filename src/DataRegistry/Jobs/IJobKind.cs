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

    /// <summary>The making of a dataset's version of a selection.</summary>
    DatasetVersion,

    /// <summary>The export of a dataset's version.</summary>
    DatasetExport,
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
    Task EndedAsync(JobRow job, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Adds the counts of a window, or of a request's refusals, to the service's metrics.</summary>
    void Measure(Counts counts)
    {
    }

    /// <summary>Whether such a job adds to its project. The project cannot be deleted before the job has ended.</summary>
    bool AddsToProject => false;

    /// <summary>
    /// Whether results are deleted <c>Adoption__ResultDays</c> after the job's end. If not, the room deletes them itself, or the job has a
    /// time in <see cref="JobRow.Expires"/>.
    /// </summary>
    bool ResultsExpire => false;

    /// <summary>A sentence that tells a user what to do after a failure; null for none.</summary>
    string? Remedy => null;
}

/// <summary>The kinds of all rooms.</summary>
sealed class JobKinds(IEnumerable<IJobKind> kinds)
{
    public IJobKind Of(JobRow job) => kinds.Single(k => k.Kind == job.Kind);
}

/// <summary>The outcome of opening a job.</summary>
abstract record JobOpening
{
    JobOpening() { }

    public sealed record Opened(JobRun Run) : JobOpening;

    /// <summary>The job cannot go on, and fails with this error.</summary>
    public sealed record Failed(string Error) : JobOpening;
}
