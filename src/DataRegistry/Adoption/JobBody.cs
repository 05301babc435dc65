using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;

namespace DataRegistry.Adoption;

/// <summary>An adoption job on the wire.</summary>
/// <param name="Ctime">When it was accepted.</param>
/// <param name="Rate">Inputs a second: of late, or at its end over all; null if nothing is done yet.</param>
/// <param name="Eta">When it will be done if it goes on like this, which for a prefix rests on how much it held when it was last adopted;
/// null if that cannot be said.</param>
sealed record JobBody(
    string Id, string Kind, string Status, Guid Store, ProjectBody Project, string CreatedBy, DateTimeOffset Ctime, DateTimeOffset? Started,
    DateTimeOffset? Finished,
    CountsBody Counts, double? Rate, DateTimeOffset? Eta, string? Error)
{
    /// <summary>What it waits for; null while it is worked on, waits for its turn on the queue, or has ended.</summary>
    public WaitingBody? Waiting { get; init; }

    /// <summary>What was asked for: the beginning of URLs, or their pattern; null for a list.</summary>
    public string? Prefix { get; init; }

    /// <summary>The patterns of what was to be left out.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>The URL of the file that lists what was asked for; null if there was none.</summary>
    public string? Manifest { get; init; }

    /// <summary>How many URLs a list had, repetitions counted; null for a prefix or a manifest.</summary>
    public long? Urls { get; init; }

    /// <summary>Changed objects become datums in the place of those that were adopted.</summary>
    public bool AdoptChanged { get; init; }

    /// <summary>The tags of all that it creates.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>The longest estimate, for a job that nearly stands still.</summary>
    const double MaxSeconds = 10.0 * 365 * 24 * 3600;

    public static JobBody From(JobRow job, JobProgress progress, Project project, DateTimeOffset now)
    {
        var counts = job.Counts + progress.Done;
        var running = (job.Finished ?? now) - job.Started;
        // Inputs refused by the request took the job no time.
        var rate = job.Status.IsTerminal()
            ? counts.Created + counts.Existing is > 0 and var worked && running > TimeSpan.Zero ? worked / running.Value.TotalSeconds : null
            : progress.Done.Total > 0 ? RecentRate.Of(progress.Recent, running) : null;
        if (rate is { } exact)
            rate = Math.Round(exact, 1);
        var left = (job.Total ?? job.LastTotal) - counts.Total;
        return new(
            job.JobId.ToString(), "adoption", JobStatuses.NameOf(job.Status), job.Store, ProjectBody.From(project), job.CreatedBy,
            job.JobId.Value.Time, job.Started, job.Finished,
            new(
                job.Total, counts.Created, counts.Existing, counts.Failed, counts.Skipped, job.Total - counts.Total, counts.Replaced,
                counts.Differing), rate,
            rate > 0 && left > 0 && !job.Status.IsTerminal() ? now.AddSeconds(Math.Min(left.Value / rate.Value, MaxSeconds)) : null,
            job.Error)
        {
            Waiting = progress.Waiting,
            AdoptChanged = job.AdoptChanged == true,
            Tags = DatumTags.Read(job.AdoptedTags),
        };
    }
}

/// <param name="Total">Null while unknown.</param>
/// <param name="Pending">What was not done yet, or will not be since the job was cancelled; null while the total is.</param>
/// <param name="Replaced">Of those created: how many took the place of a datum whose object had changed.</param>
/// <param name="Changed">Of those that existed: how many the adoption saw to differ from what was adopted. A list that is not asked to
/// <c>adopt_changed</c> does not look at them.</param>
sealed record CountsBody(
    long? Total, long Created, long Existing, long Failed, long Skipped, long? Pending, long Replaced, long Changed);
