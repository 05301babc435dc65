using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Selections.Exports;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Selections;

/// <summary>Starts actions on selections, and answers with their jobs.</summary>
sealed class SelectionActions(
    SelectionAccess access, SelectionRequests requests, JobStarter starts, JobControl control, ExportLinks links, TimeProvider clock)
{
    public static Permission PermissionOf(SelectionAction action) => action switch
    {
        SelectionAction.Purge => Permission.DataManage,
        SelectionAction.Export => Permission.DataRead,
        _ => Permission.DataEdit,
    };

    public async Task<IResult> StartAsync(string id, HttpContext context, SelectionAction action, Permission permission)
    {
        var (selection, project) = await access.FoundAsync(id, context, permission);
        var order = await OrderAsync(context, selection, action);
        var key = RequestKey.Of(context, project, $"action\n{order.Write()}");
        // A repeated request gets its first answer, also if the selection has expired meanwhile.
        if (await starts.RepeatAsync(project.Slot, key, context.RequestAborted) is not { } job)
        {
            access.RequireFrozen(selection);
            job = await requests.ActAsync(selection, order, Caller.Of(context).Name, key, context.RequestAborted)
                ?? throw JobErrors.TooManyJobs.With().After(TimeSpan.FromSeconds(30));
        }

        context.Response.Headers.Location = $"{PublicUrl.Of(context.Request)}/api/v0/selections/{id}/jobs/{job.JobId}/";
        return await AnswerAsync(context, job, project, StatusCodes.Status202Accepted);
    }

    public async Task<IResult> AnswerAsync(HttpContext context, JobRow job, Project project, int status)
    {
        var progress = await control.ProgressAsync(job, context.RequestAborted);
        var order = SelectionOrder.Read(job.Parameters!);
        var path = $"/api/v0/selections/{new JobId(TimedId.FromGuid(order.Selection))}/jobs/{job.JobId}";
        var files = order.Action == SelectionAction.Export ? await links.OfAsync(context, job, path) : null;
        return Results.Json(
            SelectionJobBody.From(job, progress, project, files, clock.GetUtcNow()),
            SelectionEndpoints.Json.SelectionJobBody, statusCode: status);
    }

    /// <summary>The page of a project's actions for the request. Files are named only by a job itself, since each asks for them.</summary>
    public Task<Page<SelectionJobBody>> ListAsync(HttpContext context)
    {
        var selection = Fields.Query(context.Request, "selection") is { } text ? Fields.Id("selection", text) : (Guid?)null;
        return access.ListAsync(
            context, JobKind.SelectionAction, job => selection is null || SelectionOrder.Read(job.Parameters!).Selection == selection,
            async (job, project) => SelectionJobBody.From(
                job, await control.ProgressAsync(job, context.RequestAborted), project, files: null, clock.GetUtcNow()));
    }

    static async Task<SelectionOrder> OrderAsync(HttpContext context, JobRow selection, SelectionAction action)
    {
        var order = new SelectionOrder(selection.Id, action);
        switch (action)
        {
            case SelectionAction.Tag or SelectionAction.Untag:
                var tags = await RequestBody.ReadJsonAsync(context, SelectionEndpoints.Json.NewTagsBody, SelectionEndpoints.MaxBodyBytes);
                var parsed = DatumTags.Parse("tags", tags.Tags ?? throw CommonErrors.Required.On("tags"));
                return parsed.Count > 0 ? order with { Tags = parsed } : throw SelectionErrors.NoTags.On("tags");
            case SelectionAction.Export:
                var export = await RequestBody.ReadJsonAsync(
                    context, SelectionEndpoints.Json.NewExportBody, SelectionEndpoints.MaxBodyBytes);
                return order with { Format = Fields.Choice<ExportFormat>("format", export.Format) };
            default:
                return order;
        }
    }
}
