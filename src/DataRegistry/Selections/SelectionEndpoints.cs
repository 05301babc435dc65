using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Selections;

/// <summary>The endpoints of selections, for callers who may read the project's data.</summary>
static class SelectionEndpoints
{
    public static readonly SelectionJson Json = new(WireJson.Options(SelectionJson.Default));

    public const int MaxBodyBytes = 64 * 1024;

    public static void MapSelections(this IEndpointRouteBuilder api)
    {
        api.MapPost("/selections/", CreateAsync).WithName("createSelection").Takes<NewSelectionBody>().TakesIdempotencyKey()
            .Answers<SelectionBody>("Select the datums of a project that match a filter, and freeze the set", StatusCodes.Status201Created)
            .WithDescription("202 means that a job still freezes the set. Wait until the selection is `completed`.")
            .OrAnswers<SelectionBody>(StatusCodes.Status202Accepted)
            .FailsOn("project", CommonErrors.Required, OrganizationErrors.NotAProjectId, OrganizationErrors.NoProject)
            .FailsOn("filter", CommonErrors.Required, CommonErrors.NotAnObject, SelectionErrors.EmptyFilter)
            .Fails(
                AccessErrors.NotPermitted, SelectionErrors.JobStillRuns, JobErrors.TooManyJobs, JobErrors.FirstNotDone);
        api.MapGet("/selections/", ListAsync).WithName("listSelections")
            .AnswersPages<ListedSelectionBody>("List the selections of a project, newest first")
            .RequiresQuery("project", "A project's id.").TakesQuery("status", "Only selections with this status.")
            .FailsOn("project", CommonErrors.Required, OrganizationErrors.NotAProjectId, OrganizationErrors.NoProject)
            .FailsOn("status", CommonErrors.NotAChoice).Fails(AccessErrors.NotPermitted);
        api.MapGet("/selections/{id}/", GetAsync).WithName("getSelection").Answers<SelectionBody>("Get a selection and its progress")
            .Fails(SelectionErrors.SelectionExpired);
        api.MapGet("/selections/{id}/items/", ItemsAsync).WithName("listSelectionItems").AnswersPages<SelectionItem>(
                "List the datums of a selection").WithDescription(JobResults.LinesDescription)
            .OrAnswersContent(StatusCodes.Status200OK, JobResults.NdJson)
            .Fails(SelectionErrors.SelectionExpired);
        api.MapPost("/selections/{id}/cancel/", CancelAsync).WithName("cancelSelection").Answers<SelectionBody>(
                "Stop freezing a selection, which cannot be acted on then", StatusCodes.Status202Accepted)
            .Fails(AccessErrors.NotPermitted, JobErrors.Ended, SelectionErrors.SelectionExpired);
    }

    static async Task<IResult> CreateAsync(
        HttpContext context, SelectionAccess access, SelectionRequests requests, StoreAccess stores, JobTable jobs, JobStarter starts)
    {
        var body = await RequestBody.ReadJsonAsync(context, Json.SelectionInput, MaxBodyBytes);
        var project = await access.ProjectAsync(context, body.Project);
        var filter = SelectionFilterInput.Parse(body.Filter);
        var key = RequestKey.Of(context, project, $"selection\n{filter.Write()}");
        // A repeated request gets its first answer, also if the store or the job has changed meanwhile.
        if (await starts.RepeatAsync(project.Slot, key, context.RequestAborted) is not { } job)
        {
            await RequireStoreAsync(context, filter, stores);
            await RequireEndedAsync(filter, project, jobs, context.RequestAborted);
            job = await requests.FreezeAsync(project, filter, Caller.Of(context).Name, key, context.RequestAborted)
                ?? throw JobErrors.TooManyJobs.With().After(TimeSpan.FromSeconds(30));
        }

        context.Response.Headers.Location = $"{PublicUrl.Of(context.Request)}/api/v0/selections/{job.JobId}/";
        return await access.AnswerAsync(
            context, job, project, job.Status.IsTerminal() ? StatusCodes.Status201Created : StatusCodes.Status202Accepted);
    }

    static async Task<IResult> ListAsync(HttpContext context, SelectionAccess access, JobControl control) =>
        Results.Json(
            await access.ListAsync(
                context, JobKind.Selection, _ => true,
                async (job, project) => ListedSelectionBody.From(
                    job, (await control.ProgressAsync(job, context.RequestAborted)).Done, project)),
            Json.PageListedSelectionBody);

    static async Task<IResult> GetAsync(string id, HttpContext context, SelectionAccess access)
    {
        var (job, project) = await access.SelectionAsync(id, context);
        return await access.AnswerAsync(context, job, project, StatusCodes.Status200OK);
    }

    static async Task<IResult> ItemsAsync(string id, HttpContext context, SelectionAccess access, JobResults results)
    {
        var (job, _) = await access.SelectionAsync(id, context);
        return await results.AnswerAsync(context, job, [], Json.SelectionItem, Json.PageSelectionItem);
    }

    /// <summary>A repeated call changes nothing. 409 for a selection that has ended in another way.</summary>
    static async Task<IResult> CancelAsync(string id, HttpContext context, SelectionAccess access, JobControl control)
    {
        var (job, project) = await access.SelectionAsync(id, context);
        await access.RequireCancelAsync(context, job, project, Permission.DataEdit);
        job = await control.CancelAsync(job, marked: null, context.RequestAborted);
        return await access.AnswerAsync(context, job, project, StatusCodes.Status202Accepted);
    }

    /// <summary>Refuses a missing store, and a bucket that is not the store's: the selection would be empty.</summary>
    static async Task RequireStoreAsync(HttpContext context, SelectionFilter filter, StoreAccess stores)
    {
        if (filter.Store is not { } id)
            return;
        var store = await stores.FindAsync(context, id.ToString("D")) ?? throw SelectionErrors.NoSelectedStore.On("store");
        if (filter.Bucket is not null && filter.Bucket != store.Configuration.Bucket)
            throw SelectionErrors.PrefixOfAnotherBucket.On("prefix", store.Configuration.Bucket);
    }

    /// <summary>Refuses a job that runs. An adoption that was answered at once has no row, and has ended.</summary>
    static async Task RequireEndedAsync(SelectionFilter filter, Project project, JobTable jobs, CancellationToken cancellationToken)
    {
        if (filter.Job is not { } id || await jobs.FindAsync(new(Storage.TimedId.FromGuid(id)), cancellationToken) is not { } job)
            return;
        if (job.Kind is not (JobKind.Adoption or JobKind.Rescan) || (job.Kind == JobKind.Adoption && job.Project != project.Id))
            throw SelectionErrors.NoSelectedJob.On("job");
        if (!job.Status.IsTerminal())
            throw SelectionErrors.JobStillRuns.With();
    }
}
