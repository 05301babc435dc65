using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Selections;

/// <summary>Finds selections and their jobs, and checks the caller's permission.</summary>
sealed class SelectionAccess(
    JobTable jobs, JobControl control, JobResults results, ProjectTable projects, Permissions permissions, SelectionLimits limits,
    TimeProvider clock)
{
    /// <summary>Items that a selection shows with itself.</summary>
    const int SampleItems = 10;

    public Task<Project> ProjectAsync(HttpContext context, string? id) =>
        permissions.ProjectAsync(context, projects, id, Permission.DataRead);

    /// <summary>The selection of the route's <c>{id}</c>, also if it has expired. 404 if the caller may not read its project.</summary>
    public Task<(JobRow Job, Project Project)> FoundAsync(string id, HttpContext context, Permission permission) =>
        FoundAsync(id, JobKind.Selection, context, permission);

    /// <summary>The same with 410 if it has expired.</summary>
    public async Task<(JobRow Job, Project Project)> SelectionAsync(string id, HttpContext context)
    {
        var (job, project) = await FoundAsync(id, context, Permission.DataRead);
        RequireKept(job);
        return (job, project);
    }

    /// <summary>Ends the request unless the selection can be acted on: 410 if it has expired, 409 if it is not frozen.</summary>
    public void RequireFrozen(JobRow selection)
    {
        RequireKept(selection);
        if (selection.Status != JobStatus.Completed)
            throw SelectionErrors.SelectionNotFrozen.With(JobStatuses.NameOf(selection.Status));
    }

    /// <summary>The page of a project's jobs for the request, newest first, without those that have expired.</summary>
    /// <param name="where">Takes a job into the list.</param>
    /// <param name="show">A job's body.</param>
    public async Task<Page<T>> ListAsync<T>(
        HttpContext context, JobKind kind, Func<JobRow, bool> where, Func<JobRow, Project, Task<T>> show)
    {
        var project = await ProjectAsync(context, context.Request.Query["project"]);
        var (paging, now) = (Paging.From(context.Request), clock.GetUtcNow());
        var (found, next) = await jobs.ListAsync(
            project.Slot, kind, JobStatuses.Of(context.Request), JobTable.CursorOf(paging), paging.Limit + 1, context.RequestAborted)
            .Where(job => job.Project == project.Id && job.Expires >= now && where(job))
            .PageAsync(paging.Limit, job => job.RowKey, context.RequestAborted);
        var bodies = new List<T>();
        foreach (var job in found)
            bodies.Add(await show(job, project));
        return new(paging.Cursor is null && next is null ? bodies.Count : null, Paging.Next(context, next), null, bodies);
    }

    /// <summary>The job of a selection that the route names.</summary>
    public async Task<(JobRow Job, Project Project)> ActionAsync(string id, string jobId, HttpContext context)
    {
        var (job, project) = await FoundAsync(jobId, JobKind.SelectionAction, context, Permission.DataRead);
        RequireKept(job);
        return JobId.TryParse(id, out var selection) && SelectionOrder.Read(job.Parameters!).Selection == selection.Value.ToGuid()
            ? (job, project)
            : throw CommonErrors.NotFound.With();
    }

    /// <summary>Ends the request with 403 unless its caller may do the job's action.</summary>
    public Task RequireAsync(HttpContext context, Project project, Permission permission) =>
        permissions.RequireAsync(context, permission, Scope.Of(project));

    /// <summary>Ends the request with 403 unless the caller may cancel the job: its own, or with the permission.</summary>
    public Task RequireCancelAsync(HttpContext context, JobRow job, Project project, Permission permission) =>
        job.CreatedBy == Caller.Of(context).Name ? Task.CompletedTask : RequireAsync(context, project, permission);

    public async Task<IResult> AnswerAsync(HttpContext context, JobRow job, Project project, int status)
    {
        var progress = await control.ProgressAsync(job, context.RequestAborted);
        var some = await results.ReadAsync(job, "", default, SelectionEndpoints.Json.SelectionItem, context.RequestAborted)
            .Select(r => r.Result).Take(SampleItems).ToListAsync(context.RequestAborted);
        return Results.Json(
            SelectionBody.From(job, progress.Done, project, some), SelectionEndpoints.Json.SelectionBody, statusCode: status);
    }

    void RequireKept(JobRow job)
    {
        if (job.Expires < clock.GetUtcNow())
            throw SelectionErrors.SelectionExpired.With(limits.KeptFor.TotalDays);
    }

    async Task<(JobRow Job, Project Project)> FoundAsync(string id, JobKind kind, HttpContext context, Permission permission)
    {
        if (!JobId.TryParse(id, out var jobId)
            || await jobs.FindAsync(jobId, context.RequestAborted) is not { Status: not JobStatus.Staging } job || job.Kind != kind
            || await projects.FindAsync(job.Project, context.RequestAborted) is not { } project)
            throw CommonErrors.NotFound.With();
        await permissions.RequireAsync(context, Permission.DataRead, permission, Scope.Of(project));
        return (job, project);
    }
}
