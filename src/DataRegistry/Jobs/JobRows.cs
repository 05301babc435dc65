using System.Runtime.Serialization;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Jobs;

enum JobStatus
{
    /// <summary>Its input is being put away; nobody was told of it yet.</summary>
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

/// <summary>A job. Its counts are those of its input (what was refused at the door) until it is finished, then the whole.</summary>
sealed record JobRow : CountedRow
{
    public required Guid Id { get; init; }
    public JobKind Kind { get; init; }
    public required Guid Store { get; init; }

    /// <summary>Into which is adopted; of a scan the store's, and empty where that has none.</summary>
    public required Guid Project { get; init; }
    public required string CreatedBy { get; init; }
    public required JobStatus Status { get; init; }

    /// <summary>What a prefix job adopts: keys that begin with it. Null for a list.</summary>
    public string? Prefix { get; init; }

    /// <summary>Only the keys that it matches; null for all of the prefix.</summary>
    public string? Pattern { get; init; }

    /// <summary>Patterns of keys that are left out, a JSON array; null for none.</summary>
    public string? Exclude { get; init; }

    /// <summary>The key of the file that lists what to adopt; null where there is none.</summary>
    public string? Manifest { get; init; }

    /// <summary>Changed objects become datums in the place of those that were adopted. Null for not.</summary>
    public bool? AdoptChanged { get; init; }

    /// <inheritdoc cref="AdoptedRow.AdoptedTags"/>
    public string? AdoptedTags { get; init; }

    /// <summary>What a job of a selection was asked for, in its room's own words. Null for other kinds.</summary>
    public string? Parameters { get; init; }

    /// <summary>When everything but this row is deleted; null where that follows from the kind.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Of a scan: also a bucket that lists nothing at all is believed. Null for not.</summary>
    public bool? Forced { get; init; }

    /// <summary>Its results are not kept any more, and it is not listed: it stays for the sake of what it adopted. Null for not.</summary>
    public bool? Forgotten { get; init; }

    /// <summary>All inputs; null while unknown.</summary>
    public long? Total { get; init; }

    /// <summary>Of a prefix: how many inputs it had when it was last adopted; null where that is not known.</summary>
    public long? LastTotal { get; init; }
    public long RefusedFailed { get; init; }
    public long RefusedSkipped { get; init; }
    public DateTimeOffset? Started { get; init; }
    public DateTimeOffset? Finished { get; init; }
    public string? Error { get; init; }

    /// <summary>Which call ended it, so that it knows its own write after a lost answer. Null while it has not ended.</summary>
    public Guid? EndedBy { get; init; }

    /// <summary>The request that made it, as W3C Trace Context; null for none.</summary>
    public string? Traceparent { get; init; }

    [IgnoreDataMember] public JobId JobId => new(TimedId.FromGuid(Id));

    /// <summary>What was refused at the door.</summary>
    [IgnoreDataMember]
    public Counts Refused
    {
        get => new() { Failed = RefusedFailed, Skipped = RefusedSkipped };
        init => (RefusedFailed, RefusedSkipped) = (value.Failed, value.Skipped);
    }
}

/// <summary>What a work row's message does.</summary>
enum WorkKind
{
    /// <summary>Adopts a range of the input.</summary>
    Range,

    /// <summary>Reads the input from a manifest, which makes the job's ranges.</summary>
    Manifest,
}

/// <summary>That a job is under way, and how far it was when the timer last looked.</summary>
sealed record ActiveJobRow : TableRow
{
    /// <summary>A number that changes with every checkpoint; null before the first look.</summary>
    public long? Progress { get; init; }

    /// <summary>Since when it is that.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>How often new messages were sent since then.</summary>
    public int Resumes { get; init; }

    [IgnoreDataMember] public JobId JobId => new(TimedId.FromGuid(Guid.ParseExact(RowKey, "N")));
}

/// <summary>
/// A range of a job's input, and how far it has come: the truth that messages only point at. A list's range is windows
/// <see cref="Next"/> to <see cref="End"/> of its staged input; a prefix's is keys <see cref="After"/> to <see cref="Until"/>, and has
/// its <see cref="End"/> when it is found.
/// </summary>
sealed record WorkRow : CountedRow
{
    public required Guid Job { get; init; }
    public required int Range { get; init; }

    public WorkKind Kind { get; init; }

    /// <summary>Which message may work on the range: one with another epoch is stale.</summary>
    public required int Epoch { get; init; }

    /// <summary>The last epoch whose message is known to be queued. Behind <see cref="Epoch"/>: to be sent, perhaps again.</summary>
    public int Sent { get; init; }

    /// <summary>When its message comes that was put off last: a sign that somebody is at it.</summary>
    public DateTimeOffset? Postponed { get; init; }

    /// <summary>The window to be done next.</summary>
    public required int Next { get; init; }

    /// <summary>The window after the last.</summary>
    public required int End { get; init; }

    /// <summary>Of a prefix: every key up to this one is done, or another range's; null for none yet.</summary>
    public string? After { get; init; }

    /// <summary>Of a prefix: the range's last key, whether or not it exists; null for the prefix's end.</summary>
    public string? Until { get; init; }

    /// <summary>Of a prefix: nothing was seen from here on to <see cref="Until"/>. Only where to cut the range depends on it.</summary>
    public string? Upper { get; init; }

    /// <summary>Requests that were spent on finding where to cut the range.</summary>
    public int Probes { get; init; }

    /// <summary>Inputs a second, of late, at <see cref="RecentSince"/> (see <see cref="RecentRate"/>).</summary>
    public double Recent { get; init; }
    public DateTimeOffset? RecentSince { get; init; }

    /// <summary>Which delivery wrote the last checkpoint, so that it knows its own after a lost answer.</summary>
    public Guid? Delivery { get; init; }

    /// <summary>How often poison made the next window be tried anew.</summary>
    public int Replans { get; init; }

    /// <summary>When a request to the bucket timed out first, with no window done since; null for none.</summary>
    public DateTimeOffset? Unanswered { get; init; }

    /// <summary>Why the last delivery failed; for people.</summary>
    public string? LastError { get; init; }

    /// <summary>What the next window waits for, and since when; null where it is worked on, or has its turn to come.</summary>
    public string? WaitingFor { get; init; }
    public DateTimeOffset? WaitingSince { get; init; }

    /// <summary>
    /// Which span made the range, as W3C Trace Context: every delivery of its messages is a part of that trace. Null for none.
    /// </summary>
    public string? Traceparent { get; init; }

    [IgnoreDataMember] public bool IsDone => Next >= End;

    /// <summary>What the range waits for from now on, or goes on waiting for.</summary>
    public WaitingBody WaitingOf(string reason, DateTimeOffset now) => new(reason, WaitingSince ?? now);

    /// <summary>The range ends where it is.</summary>
    public WorkRow Ended() => this with { End = Next };

    [IgnoreDataMember] public JobId JobId => new(TimedId.FromGuid(Job));
}

/// <summary>That a range's message is queued; merged into its row.</summary>
sealed record WorkSentRow : TableRow
{
    public required int Sent { get; init; }
    public DateTimeOffset? Postponed { get; init; }
    public string? WaitingFor { get; init; }
    public DateTimeOffset? WaitingSince { get; init; }
}

/// <summary>Why a range's delivery failed; merged into its row.</summary>
sealed record WorkErrorRow : TableRow
{
    public required string LastError { get; init; }
    public required string WaitingFor { get; init; }
    public required DateTimeOffset WaitingSince { get; init; }

    /// <inheritdoc cref="WorkRow.Unanswered"/>
    public DateTimeOffset? Unanswered { get; init; }
}

/// <summary>
/// Where those inputs of one window stand that are told one by one, and how many of each outcome they are. Inserted in the transaction of
/// the
/// window's checkpoint, so it speaks of the attempt that counted.
/// </summary>
sealed record ResultsRow : CountedRow
{
    /// <summary>Name of the blob, one result a line; empty where there are only files.</summary>
    public required string Blob { get; init; }

    /// <summary>Files that the window made, in its room's own words; null for none.</summary>
    public string? Files { get; init; }
}
