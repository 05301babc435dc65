using System.Text.Json.Serialization;
using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Adoption;

static class JobEndpoints
{
    public static readonly JobJson Json = new(WireJson.Options(JobJson.Default));

    public static void MapAdoptionJobs(this IEndpointRouteBuilder api)
    {
        api.MapGet("/adoptions/", ListAsync).WithName("listAdoptions")
            .AnswersPages<JobBody>("List the adoption jobs of a project, newest first")
            .RequiresQuery("project", "A project's id.").TakesQuery("status", "Only jobs with this status.")
            .FailsOn("project", CommonErrors.Required, OrganizationErrors.NotAProjectId, OrganizationErrors.NoProject)
            .FailsOn("status", CommonErrors.NotAChoice).Fails(AccessErrors.NotPermitted);
        api.MapGet("/adoptions/{id}/", GetAsync).WithName("getAdoption").Answers<JobBody>("Get an adoption job and its progress");
        api.MapGet("/adoptions/{id}/results/", ResultsAsync).WithName("getAdoptionResults")
            .AnswersPages<AdoptionResult>(
                "List the URLs that failed or were skipped, or those that were created")
            .WithDescription(JobResults.LinesDescription)
            .OrAnswersContent(StatusCodes.Status200OK, JobResults.NdJson)
            .TakesQuery("outcome", "`failed`, `skipped` or `created`. Without it failed and skipped URLs are listed.")
            .FailsOn("outcome", CommonErrors.NotAChoice)
            .Fails(JobErrors.ResultsGone);
        api.MapPost("/adoptions/{id}/cancel/", CancelAsync).WithName("cancelAdoption")
            .Answers<JobBody>("Cancel a job. Its results so far stay", StatusCodes.Status202Accepted, "JobBody.cancelling")
            .Fails(JobErrors.Ended, AccessErrors.NotPermitted);
        api.MapPost("/adoptions/{id}/retry/", RetryAsync).WithName("retryAdoption")
            .Answers<JobBody>("Create a job from the failed URLs of an ended job", StatusCodes.Status202Accepted, "JobBody.accepted")
            .Fails(
                AdoptionErrors.JobNotEnded, AdoptionErrors.JobStoreGone, AdoptionErrors.NothingFailed, JobErrors.TooManyJobs,
                    JobErrors.ResultsGone,
                AccessErrors.NotPermitted);
    }

    public static IResult Answer(JobBody job, int status = StatusCodes.Status200OK) => Results.Json(job, Json.JobBody, statusCode: status);

    static async Task<IResult> ListAsync(HttpContext context, AdoptionJobs jobs) =>
        Results.Json(await jobs.ListAsync(context), Json.PageJobBody);

    static async Task<IResult> GetAsync(string id, HttpContext context, AdoptionJobs jobs)
    {
        var (job, project) = await jobs.RequiredAsync(context, id);
        return Answer(await jobs.ShowAsync(job, project, context.RequestAborted));
    }

    static async Task<IResult> ResultsAsync(
        string id, HttpContext context, AdoptionJobs jobs, JobResults results, CreatedResults created)
    {
        var (job, _) = await jobs.RequiredAsync(context, id);
        if (Fields.Query(context.Request, "outcome") == CreatedResult.Created)
            return await created.AnswerAsync(context, job);
        return await results.AnswerAsync(
            context, job, [AdoptionFailure.Failed, AdoptionFailure.Skipped], Json.AdoptionFailure, Json.PageAdoptionFailure);
    }

    /// <summary>A repeated call changes nothing. 409 for a job that has ended in another way.</summary>
    static async Task<IResult> CancelAsync(string id, HttpContext context, AdoptionJobs jobs, JobControl control, AuditTrail trail)
    {
        var (job, project) = await jobs.RequiredAsync(context, id, Permission.DataAdopt);
        var ended = await control.CancelAsync(
            job, () => trail.RecordAsync(context, new("adoption.cancelled", job.JobId.ToString()) { Project = project.Id }),
            context.RequestAborted);
        return Answer(await jobs.ShowAsync(ended, project, context.RequestAborted), StatusCodes.Status202Accepted);
    }

    static async Task<IResult> RetryAsync(
        string id, HttpContext context, AdoptionJobs jobs, StoreAccess access, AdoptionRetry retry, AuditTrail trail)
    {
        var (job, project) = await jobs.RequiredAsync(context, id, Permission.DataAdopt);
        if (!job.Status.IsTerminal())
            throw AdoptionErrors.JobNotEnded.With();
        if (await access.FindAsync(context, job.Store.ToString("D"), secret: true) is not { Deleted: false, AllowAdopt: true } store
            || (store.AccessMode == StoreAccessMode.SingleProject && store.Project != project.Id))
            throw AdoptionErrors.JobStoreGone.With();
        var order = new AdoptionOrder(store, project, Caller.Of(context).Name, job.AdoptChanged == true) { Tags = job.AdoptedTags };
        var again = AdoptionEndpoints.StartedOf(await retry.AcceptAsync(job, order, context.RequestAborted));
        await trail.RecordAsync(
            context,
            new("adoption.accepted", again.JobId.ToString())
            {
                Project = project.Id,
                Details = new() { ["store"] = store.Id.ToString("D"), ["retry_of"] = job.JobId.ToString() },
            });
        return AdoptionEndpoints.Accepted(context, again, order);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(JobBody))]
[JsonSerializable(typeof(Page<JobBody>))]
[JsonSerializable(typeof(Page<AdoptionFailure>))]
[JsonSerializable(typeof(CreatedResult))]
[JsonSerializable(typeof(Page<CreatedResult>))]
sealed partial class JobJson : JsonSerializerContext;
