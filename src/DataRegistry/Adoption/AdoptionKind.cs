using DataRegistry.Access;
using DataRegistry.Adoption.Input;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Stores;
using DataRegistry.Telemetry;

namespace DataRegistry.Adoption;

/// <summary>Jobs that adopt a list, a manifest or a prefix.</summary>
sealed class AdoptionKind(
    StoreTable stores, ProjectTable projects, ManifestStaging manifests, WindowReaders readers, WindowWriter writer) : IJobKind
{
    public JobKind Kind => JobKind.Adoption;
    public bool AddsToProject => true;
    public bool ResultsExpire => true;
    public string? Remedy => "Adopted datums stay; adopt the rest again.";

    void IJobKind.Measure(Counts counts) => Measure(counts);

    /// <summary>Adds outcomes of an adoption to the service's metrics.</summary>
    public static void Measure(Counts counts)
    {
        Metrics.Adopted("created", counts.Created);
        Metrics.Adopted("existing", counts.Existing);
        Metrics.Adopted("failed", counts.Failed);
        Metrics.Adopted("skipped", counts.Skipped);
    }

    /// <inheritdoc/>
    public async Task<JobOpening> OpenAsync(JobRow job, CancellationToken cancellationToken)
    {
        var store = await stores.FindAsync(job.Store, cancellationToken);
        var project = await projects.FindAsync(job.Project, cancellationToken);
        if (store is not { Deleted: false })
            return new JobOpening.Failed("The job's store is deleted. Adopted datums stay.");
        if (project is null)
            return new JobOpening.Failed("The job's project is deleted. Adopted datums stay.");
        var scope = new AdoptionOrder(store, project, job.CreatedBy, job.AdoptChanged == true) { Tags = job.AdoptedTags }
            .ScopeOf(job.JobId, atOnce: false);
        return new JobOpening.Opened(new AdoptionRun(job, scope, manifests, readers, writer));
    }

    /// <inheritdoc/>
    public AuditEvent Finished(JobRow job) => new("adoption.finished", job.JobId.ToString())
    {
        Project = job.Project,
        Details = new()
        {
            ["status"] = job.Status.ToString().ToLowerInvariant(),
            ["created"] = job.Created,
            ["existing"] = job.Existing,
            ["failed"] = job.Failed,
            ["skipped"] = job.Skipped,
        },
    };
}
