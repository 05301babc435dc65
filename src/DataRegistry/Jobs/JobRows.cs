using System.Runtime.Serialization;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Jobs;

enum JobStatus
{
    /// <summary>Its input is being staged, and no answer has named the job yet.</summary>
    Staging,
    Accepted,
    Running,
    Cancelling,
    Completed,
    Cancelled,
    Failed,
}

static class JobStatuses
{
    public static string NameOf(JobStatus status) => status.ToString().ToLowerInvariant();

    /// <summary>The status that a list is asked for; null for any.</summary>
    public static JobStatus? Of(HttpRequest request)
    {
        var known = Enum.GetValues<JobStatus>().Where(s => s != JobStatus.Staging);
        // By name only: Enum.TryParse would take numbers too.
        return request.Query["status"].ToString() is not { Length: > 0 } text ? null
            : known.Where(s => NameOf(s) == text).Cast<JobStatus?>().FirstOrDefault()
            ?? throw CommonErrors.NotAChoice.On("status", string.Join(", ", known.Select(NameOf)));
    }

    public static bool IsTerminal(this JobStatus status) => status is JobStatus.Completed or JobStatus.Cancelled or JobStatus.Failed;
}

/// <summary>
/// A job. Until it is finished, its counts are those of inputs that the request refused; then they are complete.
/// </summary>
sealed record JobRow : CountedRow
{
    public required Guid Id { get; init; }
    public JobKind Kind { get; init; }
    public required Guid Store { get; init; }

    /// <summary>The project to adopt into. A scan has its store's project, empty if there is none.</summary>
    public required Guid Project { get; init; }
    public required string CreatedBy { get; init; }
    public required JobStatus Status { get; init; }

    /// <summary>
    /// The prefix of the keys that the job adopts. Null for a list. A selection that reads locations has it, too; null if it reads datums.
    /// </summary>
    public string? Prefix { get; init; }

    /// <summary>Only keys that match it are adopted; null for all of the prefix.</summary>
    public string? Pattern { get; init; }

    /// <summary>Patterns of keys to leave out, a JSON array; null if none.</summary>
    public string? Exclude { get; init; }

    /// <summary>The key of the file that lists the URLs to adopt; null if there is none.</summary>
    public string? Manifest { get; init; }

    /// <summary>Changed objects become datums that replace the adopted ones. Null means no.</summary>
    public bool? AdoptChanged { get; init; }

    /// <inheritdoc cref="AdoptedRow.AdoptedTags"/>
    public string? AdoptedTags { get; init; }

    /// <summary>The parameters of a selection's job, in its room's own format. Null for other kinds.</summary>
    public string? Parameters { get; init; }

    /// <summary>When everything except this row is deleted; null if the kind decides.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Of a scan: accept even a bucket that lists no objects. Null means no.</summary>
    public bool? Forced { get; init; }

    /// <summary>
    /// The results are deleted, and lists leave the job out. It stays because its datums refer to it. Null means no.
    /// </summary>
    public bool? Forgotten { get; init; }

    /// <summary>All inputs; null while unknown.</summary>
    public long? Total { get; init; }

    /// <summary>Of a prefix: the number of inputs when it was last adopted; null if unknown.</summary>
    public long? LastTotal { get; init; }
    public long RefusedFailed { get; init; }
    public long RefusedSkipped { get; init; }
    public DateTimeOffset? Started { get; init; }
    public DateTimeOffset? Finished { get; init; }
    public string? Error { get; init; }

    /// <summary>
    /// The id of the call that ended the job. After a lost answer, the call recognizes its own write. Null until then.
    /// </summary>
    public Guid? EndedBy { get; init; }

    /// <summary>The request that made it, as W3C Trace Context; null if none.</summary>
    public string? Traceparent { get; init; }

    [IgnoreDataMember] public JobId JobId => new(TimedId.FromGuid(Id));

    /// <summary>The error if these counts are not those of all inputs; null if they are, or if the total is unknown.</summary>
    public string? MissingOf(Counts counts) =>
        Total is { } total && total != counts.Total ? $"Only {counts.Total} of {total} inputs are counted." : null;

    /// <summary>The counts of inputs that the request refused.</summary>
    [IgnoreDataMember]
    public Counts Refused
    {
        get => new() { Failed = RefusedFailed, Skipped = RefusedSkipped };
        init => (RefusedFailed, RefusedSkipped) = (value.Failed, value.Skipped);
    }
}

/// <summary>The purpose of a work row's message.</summary>
enum WorkKind
{
    /// <summary>Works on a range of the job's input.</summary>
    Range,

    /// <summary>Reads the input from a manifest and makes the job's ranges.</summary>
    Manifest,
}

/// <summary>A job in progress, and its progress at the timer's last check.</summary>
sealed record ActiveJobRow : TableRow
{
    /// <summary>A number that changes with every checkpoint; null before the first check.</summary>
    public long? Progress { get; init; }

    /// <summary>When the number last changed.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>How many times new messages were sent since then.</summary>
    public int Resumes { get; init; }

    [IgnoreDataMember] public JobId JobId => new(TimedId.FromGuid(Guid.ParseExact(RowKey, "N")));
}

/// <summary>
/// A range of a job's input, and its progress. Messages only point at it. A list's range is windows <see cref="Next"/>
/// to <see cref="End"/> of its staged input. A prefix's range is keys <see cref="After"/> to <see cref="Until"/>; its
/// <see cref="End"/> is set when it is known.
/// </summary>
sealed record WorkRow : CountedRow
{
    public required Guid Job { get; init; }
    public required int Range { get; init; }

    public WorkKind Kind { get; init; }

    /// <summary>The epoch of the message that may work on the range. A message of another epoch is stale.</summary>
    public required int Epoch { get; init; }

    /// <summary>
    /// The last epoch whose message is known to be queued. If it is less than <see cref="Epoch"/>, the message must be
    /// sent, perhaps again.
    /// </summary>
    public int Sent { get; init; }

    /// <summary>When its last postponed message becomes visible. It shows that the range has a message.</summary>
    public DateTimeOffset? Postponed { get; init; }

    /// <summary>The next window to do.</summary>
    public required int Next { get; init; }

    /// <summary>The window after the last one.</summary>
    public required int End { get; init; }

    /// <summary>Of a prefix: every key up to this one is done, or belongs to another range; null if none yet.</summary>
    public string? After { get; init; }

    /// <summary>Of a prefix: the range's last key, which need not exist; null for the prefix's end.</summary>
    public string? Until { get; init; }

    /// <summary>Of a prefix: no key was seen from here on to <see cref="Until"/>. Used only to decide about cuts.</summary>
    public string? Upper { get; init; }

    /// <summary>Requests spent on finding places to cut the range.</summary>
    public int Probes { get; init; }

    /// <summary>Recent inputs a second, at <see cref="RecentSince"/> (see <see cref="RecentRate"/>).</summary>
    public double Recent { get; init; }
    public DateTimeOffset? RecentSince { get; init; }

    /// <summary>The delivery that wrote the last checkpoint. After a lost answer, it recognizes its own write.</summary>
    public Guid? Delivery { get; init; }

    /// <summary>How many times the poison function has retried the next window.</summary>
    public int Replans { get; init; }

    /// <summary>When a request to the bucket first timed out, with no window done since; null if none.</summary>
    public DateTimeOffset? Unanswered { get; init; }

    /// <summary>The error of the last failed delivery, for people.</summary>
    public string? LastError { get; init; }

    /// <summary>The reason why the next window waits; null if it is worked on, or only waits in the queue.</summary>
    public string? WaitingFor { get; init; }
    public DateTimeOffset? WaitingSince { get; init; }

    /// <summary>
    /// The span that made the range, as W3C Trace Context; null if none. Every delivery of its messages belongs to that
    /// trace.
    /// </summary>
    public string? Traceparent { get; init; }

    [IgnoreDataMember] public bool IsDone => Next >= End;

    /// <summary>A wait for this reason; a wait that goes on keeps its begin.</summary>
    public WaitingBody WaitingOf(string reason, DateTimeOffset now) => new(reason, WaitingSince ?? now);

    /// <summary>The range, ended at its present window.</summary>
    public WorkRow Ended() => this with { End = Next };

    [IgnoreDataMember] public JobId JobId => new(TimedId.FromGuid(Job));
}

/// <summary>The mark that a range's message is queued; merged into its row.</summary>
sealed record WorkSentRow : TableRow
{
    public required int Sent { get; init; }
    public DateTimeOffset? Postponed { get; init; }
    public string? WaitingFor { get; init; }
    public DateTimeOffset? WaitingSince { get; init; }
}

/// <summary>The error of a range's failed delivery; merged into its row.</summary>
sealed record WorkErrorRow : TableRow
{
    public required string LastError { get; init; }
    public required string WaitingFor { get; init; }
    public required DateTimeOffset WaitingSince { get; init; }

    /// <inheritdoc cref="WorkRow.Unanswered"/>
    public DateTimeOffset? Unanswered { get; init; }
}

/// <summary>
/// The place and the counts of a window's single results. It is inserted with the window's checkpoint, in one
/// transaction, so it belongs to the delivery that counted.
/// </summary>
sealed record ResultsRow : CountedRow
{
    /// <summary>Name of the blob, one result a line; empty if there are only files.</summary>
    public required string Blob { get; init; }

    /// <summary>Files that the window made, in its room's own format; null if none.</summary>
    public string? Files { get; init; }

    /// <summary>
    /// Joins small windows of one job to windows of another: for each, the blobs of the results, with spaces between them. Each window is a
    /// checkpoint.
    /// </summary>
    /// <param name="most">Items that a joined window may have. A single one may have more.</param>
    public static List<string> Joined(IEnumerable<ResultsRow> rows, long most)
    {
        var windows = new List<string>();
        var items = 0L;
        foreach (var row in rows)
        {
            var joins = windows.Count > 0 && items + row.Counts.Done <= most;
            if (joins)
                windows[^1] += ' ' + row.Blob;
            else
                windows.Add(row.Blob);
            items = joins ? items + row.Counts.Done : row.Counts.Done;
        }

        return windows;
    }
}
