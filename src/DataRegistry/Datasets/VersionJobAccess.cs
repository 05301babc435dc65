using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Selections;
using DataRegistry.Selections.Exports;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datasets;

/// <summary>The jobs of versions, for callers who may see them.</summary>
sealed class VersionJobAccess(
    JobTable jobs, JobControl control, ProjectTable projects, Permissions permissions, ExportLinks links, SelectionLimits limits,
    TimeProvider clock)
{
    /// <summary>
    /// The job of a version that the route names, also where the version has been given up or deleted. One whose project the caller may not
    /// read is not there. One that has expired is 410.
    /// </summary>
    public async Task<(JobRow Job, Project Project)> RequiredAsync(string id, string jobId, HttpContext context)
    {
        if (!JobId.TryParse(jobId, out var parsed) || !DatasetVersionId.TryParse(id, out var version)
            || await jobs.FindAsync(parsed, context.RequestAborted) is not { Status: not JobStatus.Staging } job
            || job.Kind is not (JobKind.DatasetVersion or JobKind.DatasetExport)
            || VersionOrder.Read(job.Parameters!).Version != version.ToGuid()
            || await projects.FindAsync(job.Project, context.RequestAborted) is not { } project)
            throw CommonErrors.NotFound.With();
        await permissions.RequireAsync(context, Permission.DataRead, Permission.DataRead, Scope.Of(project));
        return job.Expires < clock.GetUtcNow() ? throw VersionErrors.JobExpired.With(limits.KeptFor.TotalDays) : (job, project);
    }

    /// <summary>Ends the request with 403 unless the caller may cancel the job: its own export, or with the right to edit data.</summary>
    public Task RequireCancelAsync(HttpContext context, JobRow job, Project project) =>
        job.Kind == JobKind.DatasetExport && job.CreatedBy == Caller.Of(context).Name
            ? Task.CompletedTask
            : permissions.RequireAsync(context, Permission.DataEdit, Scope.Of(project));

    public static string PathOf(JobRow job) =>
        $"/api/v0/dataset-versions/{DatasetVersionId.Of(VersionOrder.Read(job.Parameters!).Version)}/jobs/{job.JobId}";

    public async Task<IResult> AnswerAsync(HttpContext context, JobRow job, Project project, int status)
    {
        var progress = await control.ProgressAsync(job, context.RequestAborted);
        var files = job.Kind == JobKind.DatasetExport ? await links.OfAsync(context, job, PathOf(job)) : null;
        return Results.Json(
            DatasetVersionJobBody.From(job, progress, project, files, clock.GetUtcNow()), VersionJobEndpoints.Json.DatasetVersionJobBody,
            statusCode: status);
    }
}
