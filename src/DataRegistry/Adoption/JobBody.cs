using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;

namespace DataRegistry.Adoption;

/// <summary>An adoption job on the wire.</summary>
/// <param name="Ctime">When it was accepted.</param>
/// <param name="Rate">Recent inputs a second; for an ended job, the average. Null if nothing is done yet.</param>
/// <param name="Eta">The estimated end at the present rate; null if unknown. For a prefix it uses the number of inputs
/// of its last adoption.</param>
sealed record JobBody(
    string Id, string Kind, string Status, Guid Store, ProjectBody Project, string CreatedBy, DateTimeOffset Ctime, DateTimeOffset? Started,
    DateTimeOffset? Finished,
    CountsBody Counts, double? Rate, DateTimeOffset? Eta, string? Error)
{
    /// <summary>The reason why it waits; null while it is worked on, waits for its turn in the queue, or has ended.</summary>
    public WaitingBody? Waiting { get; init; }

    /// <summary>The requested prefix or pattern of URLs; null for a list.</summary>
    public string? Prefix { get; init; }

    /// <summary>The requested patterns of keys to leave out.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>The URL of the file that lists the URLs to adopt; null if there was none.</summary>
    public string? Manifest { get; init; }

    /// <summary>The number of URLs in a list, with repetitions; null for a prefix or a manifest.</summary>
    public long? Urls { get; init; }

    /// <summary>Changed objects become datums that replace the adopted ones.</summary>
    public bool AdoptChanged { get; init; }

    /// <summary>The tags of every datum that it creates.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    public static JobBody From(JobRow job, JobProgress progress, Project project, DateTimeOffset now)
    {
        var counts = job.Counts + progress.Done;
        var running = (job.Finished ?? now) - job.Started;
        // Inputs refused by the request took the job no time.
        var rate = job.Status.IsTerminal()
            ? counts.Created + counts.Existing is > 0 and var worked && running > TimeSpan.Zero ? worked / running.Value.TotalSeconds : null
            : progress.Done.Total > 0 ? RecentRate.Of(progress.Recent, running) : null;
        var pace = JobPace.Of(job, rate, (job.Total ?? job.LastTotal) - counts.Total, now);
        return new(
            job.JobId.ToString(), "adoption", JobStatuses.NameOf(job.Status), job.Store, ProjectBody.From(project), job.CreatedBy,
            job.JobId.Value.Time, job.Started, job.Finished,
            new(
                job.Total, counts.Created, counts.Existing, counts.Failed, counts.Skipped, job.Total - counts.Total, counts.Replaced,
                counts.Differing), pace.Rate, pace.Eta, job.Error)
        {
            Waiting = progress.Waiting,
            AdoptChanged = job.AdoptChanged == true,
            Tags = DatumTags.Read(job.AdoptedTags),
        };
    }
}

/// <param name="Total">Null while unknown.</param>
/// <param name="Pending">Inputs that are not done yet, or never will be because the job was cancelled. Null while the
/// total is.</param>
/// <param name="Replaced">The created datums that replaced one whose object had changed.</param>
/// <param name="Changed">The existing inputs whose object differs from the adopted one. A list without
/// <c>adopt_changed</c> does not check them.</param>
sealed record CountsBody(
    long? Total, long Created, long Existing, long Failed, long Skipped, long? Pending, long Replaced, long Changed);
