using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Selections;

/// <summary>
/// The actions on a selection. Tagging is editing data, and exporting is reading. Purging many datums at once takes a
/// permission of its own, which managers have: adopting an object again undoes one purge, but a selection may be a
/// project's whole data.
/// </summary>
static class ActionEndpoints
{
    public static void MapSelectionActions(this IEndpointRouteBuilder api)
    {
        api.MapPost("/selections/{id}/purge/", (string id, HttpContext context, SelectionActions actions) =>
                actions.StartAsync(id, context, SelectionAction.Purge, Permission.DataManage))
            .WithName("purgeSelection").TakesIdempotencyKey().Answers<SelectionJobBody>(
                "Purge the datums of a selection, which also undoes an adoption",
                StatusCodes.Status202Accepted)
            .Fails(
                AccessErrors.NotPermitted, SelectionErrors.SelectionNotFrozen, SelectionErrors.ActionRuns, SelectionErrors.ActionBegins,
                SelectionErrors.SelectionExpired, JobErrors.TooManyJobs, JobErrors.FirstNotDone);
        MapTagging(api, "tag", SelectionAction.Tag, "Add tags to the datums of a selection");
        MapTagging(api, "untag", SelectionAction.Untag, "Take tags away from the datums of a selection");
        api.MapPost("/selections/{id}/export/", (string id, HttpContext context, SelectionActions actions) =>
                actions.StartAsync(id, context, SelectionAction.Export, Permission.DataRead))
            .WithName("exportSelection").Takes<NewExportBody>().TakesIdempotencyKey()
            .FailsOn("format", CommonErrors.Required, CommonErrors.NotAChoice)
            .Answers<SelectionJobBody>(
                "Write the datums of a selection to files. The job names their URLs",
                StatusCodes.Status202Accepted)
            .Fails(
                SelectionErrors.SelectionNotFrozen, SelectionErrors.ActionRuns, SelectionErrors.ActionBegins,
                SelectionErrors.SelectionExpired, JobErrors.TooManyJobs, JobErrors.FirstNotDone);
        api.MapGet("/selection-jobs/", ListAsync).WithName("listSelectionJobs")
            .AnswersPages<SelectionJobBody>("List the jobs that act on the selections of a project, newest first")
            .RequiresQuery("project", "A project's id.").TakesQuery("selection", "Only jobs of this selection.")
            .TakesQuery("status", "Only jobs with this status.")
            .FailsOn("project", CommonErrors.Required, OrganizationErrors.NotAProjectId, OrganizationErrors.NoProject)
            .FailsOn("selection", CommonErrors.NotAnId).FailsOn("status", CommonErrors.NotAChoice).Fails(AccessErrors.NotPermitted);
        api.MapGet("/selections/{id}/jobs/{job}/", GetAsync).WithName("getSelectionJob")
            .Answers<SelectionJobBody>("Get a job of a selection and its progress")
            .Fails(SelectionErrors.SelectionExpired);
        api.MapGet("/selections/{id}/jobs/{job}/results/", ResultsAsync).WithName("getSelectionJobResults")
            .AnswersSkipped("List the datums that the job skipped, and why")
            .Fails(SelectionErrors.SelectionExpired);
        api.MapPost("/selections/{id}/jobs/{job}/cancel/", CancelAsync).WithName("cancelSelectionJob").Answers<SelectionJobBody>(
                "Cancel a job. Its changes so far stay", StatusCodes.Status202Accepted)
            .Fails(AccessErrors.NotPermitted, JobErrors.Ended, SelectionErrors.SelectionExpired);
    }

    /// <summary>The endpoint lists the datums that a job skipped, for jobs of all rooms.</summary>
    public static RouteHandlerBuilder AnswersSkipped(this RouteHandlerBuilder endpoint, string summary) => endpoint
        .AnswersPages<SkippedItem>(summary).WithDescription(JobResults.LinesDescription)
        .OrAnswersContent(StatusCodes.Status200OK, JobResults.NdJson)
        .TakesQuery("outcome", "`skipped`, which is the outcome of all of them.").FailsOn("outcome", CommonErrors.NotAChoice);

    static void MapTagging(IEndpointRouteBuilder api, string verb, SelectionAction action, string summary) =>
        api.MapPost($"/selections/{{id}}/{verb}/", (string id, HttpContext context, SelectionActions actions) =>
                actions.StartAsync(id, context, action, Permission.DataEdit))
            .WithName($"{verb}Selection").Takes<NewTagsBody>().TakesIdempotencyKey()
            .FailsOn("tags", CommonErrors.Required, SelectionErrors.NoTags, DatumErrors.TooManyTags, DatumErrors.TagsTooLong)
            .Answers<SelectionJobBody>(summary, StatusCodes.Status202Accepted)
            .Fails(
                AccessErrors.NotPermitted, SelectionErrors.SelectionNotFrozen, SelectionErrors.ActionRuns, SelectionErrors.ActionBegins,
                SelectionErrors.SelectionExpired, JobErrors.TooManyJobs, JobErrors.FirstNotDone);

    static async Task<IResult> ListAsync(HttpContext context, SelectionActions actions) =>
        Results.Json(await actions.ListAsync(context), SelectionEndpoints.Json.PageSelectionJobBody);

    static async Task<IResult> GetAsync(string id, string job, HttpContext context, SelectionAccess access, SelectionActions actions)
    {
        var (row, project) = await access.ActionAsync(id, job, context);
        return await actions.AnswerAsync(context, row, project, StatusCodes.Status200OK);
    }

    static async Task<IResult> ResultsAsync(string id, string job, HttpContext context, SelectionAccess access, JobResults results)
    {
        var (row, _) = await access.ActionAsync(id, job, context);
        return await results.AnswerAsync(
            context, row, [SkippedItem.Skipped], SelectionEndpoints.Json.SkippedItem, SelectionEndpoints.Json.PageSkippedItem);
    }

    /// <summary>Repeating it changes nothing; a job that has ended otherwise is 409.</summary>
    static async Task<IResult> CancelAsync(
        string id, string job, HttpContext context, SelectionAccess access, SelectionActions actions, JobControl control)
    {
        var (row, project) = await access.ActionAsync(id, job, context);
        var permission = SelectionActions.PermissionOf(SelectionOrder.Read(row.Parameters!).Action);
        await access.RequireCancelAsync(
            context, row, project, permission == Permission.DataRead ? Permission.DataEdit : permission);
        row = await control.CancelAsync(row, marked: null, context.RequestAborted);
        return await actions.AnswerAsync(context, row, project, StatusCodes.Status202Accepted);
    }
}
