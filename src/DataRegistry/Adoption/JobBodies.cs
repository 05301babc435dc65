using DataRegistry.Adoption.Input;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Stores;

namespace DataRegistry.Adoption;

/// <summary>Adoption jobs on the wire, with what they were asked for.</summary>
sealed class JobBodies(WorkTable work, StoreTable stores, TimeProvider clock)
{
    /// <summary>A read of the store, and one of the ranges of a job that has not ended.</summary>
    public async Task<JobBody> OfAsync(JobRow job, Project project, CancellationToken cancellationToken) =>
        await OfAsync(job, project, await stores.FindAsync(job.Store, cancellationToken), cancellationToken);

    /// <summary>The same of several; each store is read once.</summary>
    public async Task<List<JobBody>> OfAsync(IReadOnlyList<JobRow> jobs, Project project, CancellationToken cancellationToken)
    {
        var known = new Dictionary<Guid, Store?>();
        var bodies = new List<JobBody>();
        foreach (var job in jobs)
        {
            if (!known.TryGetValue(job.Store, out var store))
                known[job.Store] = store = await stores.FindAsync(job.Store, cancellationToken);
            bodies.Add(await OfAsync(job, project, store, cancellationToken));
        }

        return bodies;
    }

    /// <param name="store">Null where nothing is known of it any more.</param>
    public static JobBody Of(JobRow job, JobProgress progress, Project project, Store? store, DateTimeOffset now) =>
        JobBody.From(job, progress, project, now) with
        {
            Prefix = UrlOf(store, job.Pattern ?? job.Prefix),
            Exclude = [.. KeyPatterns.Read(job.Exclude).Select(p => p.Pattern)],
            Manifest = UrlOf(store, job.Manifest),
            Urls = job.Prefix is null && job.Manifest is null ? job.Total : null,
        };

    async Task<JobBody> OfAsync(JobRow job, Project project, Store? store, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        return Of(job, await JobEndpoints.ProgressAsync(job, work, now, cancellationToken), project, store, now);
    }

    static string? UrlOf(Store? store, string? key) =>
        store is null || key is null ? null : new S3Url(store.Configuration.Bucket, key).ToString();
}
