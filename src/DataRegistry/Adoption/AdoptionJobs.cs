using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Adoption;

/// <summary>Adoption jobs, as far as the caller may read their projects' data.</summary>
sealed class AdoptionJobs(
    JobTable jobs, JobControl control, StoreTable stores, ProjectTable projects, Permissions permissions, TimeProvider clock)
{
    /// <summary>The job of the route's <c>{id}</c>, and its project. 404 if the caller may not read the project.</summary>
    public async Task<(JobRow Job, Project Project)> RequiredAsync(
        HttpContext context, string id, Permission permission = Permission.DataRead)
    {
        var job = JobId.TryParse(id, out var jobId) ? await jobs.FindAsync(jobId, context.RequestAborted) : null;
        if (job is not { Kind: JobKind.Adoption, Status: not JobStatus.Staging }
            || await projects.FindAsync(job.Project, context.RequestAborted) is not { } project)
        {
            throw CommonErrors.NotFound.With();
        }

        await permissions.RequireAsync(context, Permission.DataRead, permission, Scope.Of(project));
        return (job, project);
    }

    /// <summary>The job's body. Reads the store, and the ranges of a job that has not ended.</summary>
    public async Task<JobBody> ShowAsync(JobRow job, Project project, CancellationToken cancellationToken) =>
        await ShowAsync(job, project, await stores.FindAsync(job.Store, cancellationToken), cancellationToken);

    /// <summary>The job's body, with its request.</summary>
    /// <param name="store">Null if the store is not known any more.</param>
    public static JobBody BodyOf(JobRow job, JobProgress progress, Project project, Store? store, DateTimeOffset now) =>
        JobBody.From(job, progress, project, now) with
        {
            Prefix = UrlOf(store, job.Pattern ?? job.Prefix),
            Exclude = [.. KeyGlobs.Read(job.Exclude).Patterns.Select(p => p.Pattern)],
            Manifest = UrlOf(store, job.Manifest),
            Urls = job.Prefix is null && job.Manifest is null ? job.Total : null,
        };

    async Task<JobBody> ShowAsync(JobRow job, Project project, Store? store, CancellationToken cancellationToken) =>
        BodyOf(job, await control.ProgressAsync(job, cancellationToken), project, store, clock.GetUtcNow());

    static string? UrlOf(Store? store, string? key) =>
        store is null || key is null ? null : new S3Url(store.Configuration.Bucket, key).ToString();

    /// <summary>The page of a project's jobs for the request.</summary>
    public async Task<Page<JobBody>> ListAsync(HttpContext context)
    {
        var project = await permissions.ProjectAsync(context, projects, context.Request.Query["project"], Permission.DataRead);
        var paging = Paging.From(context.Request);
        var status = JobStatuses.Of(context.Request);
        var (found, next) = await jobs.ListAsync(
            project.Slot, JobKind.Adoption, status, JobTable.CursorOf(paging), paging.Limit + 1, context.RequestAborted)
            .Where(job => job.Project == project.Id).PageAsync(paging.Limit, job => job.RowKey, context.RequestAborted);
        var known = new Dictionary<Guid, Store?>();
        var bodies = new List<JobBody>();
        foreach (var job in found)
        {
            if (!known.TryGetValue(job.Store, out var store))
                known[job.Store] = store = await stores.FindAsync(job.Store, context.RequestAborted);
            bodies.Add(await ShowAsync(job, project, store, context.RequestAborted));
        }

        return new(paging.Cursor is null && next is null ? bodies.Count : null, Paging.Next(context, next), null, bodies);
    }
}
