using System.Text;
using System.Text.Json.Serialization;
using DataRegistry.Access;
using DataRegistry.Adoption.Input;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace DataRegistry.Adoption;

static class JobEndpoints
{
    public static readonly JobJson Json = new(WireJson.Options(JobJson.Default));

    public static void MapAdoptionJobs(this IEndpointRouteBuilder api)
    {
        api.MapGet("/adoptions/", ListAsync).AnswersPages<JobBody>("A project's adoption jobs, newest first")
            .RequiresQuery("project", "A project's id").TakesQuery("status", "Only those with it");
        api.MapGet("/adoptions/{id}/", GetAsync).Answers<JobBody>("An adoption job, and how far it is");
        api.MapGet(
            "/adoptions/{id}/results/", ResultsAsync).AnswersPages<AdoptionFailure>(
                $"Every URL that failed or was skipped, or was adopted; with Accept: {JobResults.NdJson} all of them, one a line")
            .OrAnswers<Page<CreatedResult>>(StatusCodes.Status200OK)
            .TakesQuery("outcome", "failed or skipped, both if not given; or created, for each URL and the id of its datum");
        api.MapPost(
            "/adoptions/{id}/cancel/", CancelAsync).Answers<JobBody>(
                "End a job as soon as may be; what it did stays", StatusCodes.Status202Accepted)
            .OrAnswers<DetailBody>(StatusCodes.Status409Conflict);
        api.MapPost(
            "/adoptions/{id}/retry/", RetryAsync).Answers<JobBody>(
                "Make a new job of what failed in one that has ended", StatusCodes.Status202Accepted)
            .OrAnswers<DetailBody>(StatusCodes.Status409Conflict);
    }

    /// <summary>202 with the job that was just made.</summary>
    public static IResult Accepted(JobRow job, AdoptionOrder order) => Results.Json(
        JobBodies.Of(job, default, order.Project, order.Store, job.Started ?? default), Json.JobBody,
        statusCode: StatusCodes.Status202Accepted);

    static async Task<IResult> GetAsync(
        string id, HttpContext context, JobTable jobs, JobBodies bodies, ProjectTable projects, Permissions permissions)
    {
        var (job, project) = await jobs.RequiredAsync(id, context, projects, permissions);
        return Results.Json(await bodies.OfAsync(job, project, context.RequestAborted), Json.JobBody);
    }

    /// <summary>Repeating it changes nothing; a job that has ended otherwise is 409.</summary>
    static async Task<IResult> CancelAsync(
        string id, HttpContext context, JobTable jobs, JobBodies bodies, JobFinisher ends, ProjectTable projects, Permissions permissions,
        AuditTrail trail)
    {
        var (job, project) = await jobs.RequiredAsync(id, context, projects, permissions, Permission.DataAdopt);
        if (await jobs.CancelAsync(job.JobId, context.RequestAborted) is not null)
            await trail.RecordAsync(context, new("adoption.cancelled", job.JobId.ToString()) { Project = project.Id });
        job = await ConcludeCancelledAsync(job, jobs, ends, context.RequestAborted);
        return Results.Json(
            await bodies.OfAsync(job, project, context.RequestAborted), Json.JobBody, statusCode: StatusCodes.Status202Accepted);
    }

    /// <summary>
    /// The job that was cancelled, at its end; 409 for one that has ended otherwise. Whoever cancels again ends what a death left.
    /// </summary>
    public static async Task<JobRow> ConcludeCancelledAsync(
        JobRow job, JobTable jobs, JobFinisher ends, CancellationToken cancellationToken)
    {
        await ends.ConcludeAsync(job.JobId, CancellationToken.None);
        job = await jobs.FindAsync(job.JobId, cancellationToken) ?? job;
        return job.Status is JobStatus.Cancelling or JobStatus.Cancelled ? job
            : throw JobErrors.Ended.With(JobBody.NameOf(job.Status));
    }

    /// <summary>
    /// A new job of what failed; of a prefix that could not be listed to its end, or was cancelled, of the whole prefix again, where what
    /// was adopted exists.
    /// </summary>
    static async Task<IResult> RetryAsync(
        string id, HttpContext context, JobTable jobs, JobResults results, JobBlobs blobs, StoreAccess access, AdoptionRequests requests,
        ProjectTable projects, Permissions permissions, AuditTrail trail, IOptions<JobOptions> options)
    {
        var (job, project) = await jobs.RequiredAsync(id, context, projects, permissions, Permission.DataAdopt);
        if (!job.Status.IsTerminal())
            throw AdoptionErrors.JobNotEnded.With();
        if (await access.FindAsync(context, job.Store.ToString("D"), secret: true) is not { Deleted: false, AllowAdopt: true } store
            || (store.AccessMode == StoreAccessMode.SingleProject && store.Project != project.Id))
            throw AdoptionErrors.JobStoreGone.With();

        var order = new AdoptionOrder(store, project, Caller.Of(context).Name, job.AdoptChanged == true) { Tags = job.AdoptedTags };
        JobRow again;
        if (job is { Prefix: not null, Status: not JobStatus.Completed })
        {
            again = await requests.AcceptAsync(order, KeySelection.Of(job), context.RequestAborted)
                ?? throw AdoptionEndpoints.TooManyJobs();
        }
        else
        {
            results.RequireKept(job);
            await using var urls = new StagedUrls(blobs, options);
            await foreach (var (_, failure) in results.ReadAsync(
                job, AdoptionFailure.Failed, default, Json.AdoptionFailure, context.RequestAborted))
            {
                urls.Add(Encoding.UTF8.GetBytes(failure.Url));
                if (urls.IsFull)
                    await urls.SpillAsync(context.RequestAborted);
            }

            if (urls.Count == 0)
                throw AdoptionErrors.NothingFailed.With();
            again = await requests.AcceptAsync(order, urls, [], context.RequestAborted, context.RequestAborted)
                ?? throw AdoptionEndpoints.TooManyJobs();
        }

        await trail.RecordAsync(
            context,
            new("adoption.accepted", again.JobId.ToString())
            {
                Project = project.Id,
                Details = new() { ["store"] = store.Id.ToString("D"), ["retry_of"] = job.JobId.ToString() },
            });
        return AdoptionEndpoints.Accepted(context, again, order);
    }

    static async Task<IResult> ListAsync(
        HttpContext context, JobTable jobs, JobBodies jobBodies, ProjectTable projects, Permissions permissions)
    {
        var project = await permissions.ProjectAsync(context, projects, context.Request.Query["project"], Permission.DataRead);
        var paging = Paging.From(context.Request);
        var status = JobBody.StatusOf(context.Request);
        var (found, next) = await jobs.ListAsync(
            project.Slot, JobKind.Adoption, status, JobBody.CursorOf(paging), paging.Limit + 1, context.RequestAborted)
            .Where(job => job.Project == project.Id).PageAsync(paging.Limit, job => job.RowKey, context.RequestAborted);
        var bodies = await jobBodies.OfAsync(found, project, context.RequestAborted);
        return Results.Json(
            new Page<JobBody>(paging.Cursor is null && next is null ? bodies.Count : null, Paging.Next(context, next), null, bodies),
            Json.PageJobBody);
    }

    static async Task<IResult> ResultsAsync(
        string id, HttpContext context, JobTable jobs, JobResults results, CreatedResults created, ProjectTable projects,
        Permissions permissions)
    {
        var (job, _) = await jobs.RequiredAsync(id, context, projects, permissions);
        if (Fields.Query(context.Request, "outcome") == CreatedResult.Created)
            return await created.AnswerAsync(context, job);
        return await results.AnswerAsync(
            context, job, [AdoptionFailure.Failed, AdoptionFailure.Skipped], Json.AdoptionFailure, Json.PageAdoptionFailure);
    }

    /// <summary>What the ranges have done so far; nothing for a job at its end, whose own counts are the whole.</summary>
    public static async Task<JobProgress> ProgressAsync(
        JobRow job, WorkTable work, DateTimeOffset now, CancellationToken cancellationToken) =>
        job.Status.IsTerminal() ? default : await work.ProgressAsync(job.JobId, now, cancellationToken);

    /// <summary>
    /// The job that <c>{id}</c> of the route names, and its project. One whose project the caller may not read is not there.
    /// </summary>
    static async Task<(JobRow Job, Project Project)> RequiredAsync(
        this JobTable jobs, string id, HttpContext context, ProjectTable projects, Permissions permissions,
        Permission permission = Permission.DataRead)
    {
        if ((JobId.TryParse(id, out var jobId)
            ? await jobs.FindAsync(jobId, context.RequestAborted)
            : null) is not { Kind: JobKind.Adoption, Status: not JobStatus.Staging } job
            || await projects.FindAsync(job.Project, context.RequestAborted) is not { } project)
        {
            throw CommonErrors.NotFound.With();
        }

        await permissions.RequireAsync(context, Permission.DataRead, permission, Scope.Of(project));
        return (job, project);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(JobBody))]
[JsonSerializable(typeof(Page<JobBody>))]
[JsonSerializable(typeof(Page<AdoptionFailure>))]
[JsonSerializable(typeof(CreatedResult))]
[JsonSerializable(typeof(Page<CreatedResult>))]
sealed partial class JobJson : JsonSerializerContext;
