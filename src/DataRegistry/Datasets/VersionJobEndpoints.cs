using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Selections;
using DataRegistry.Selections.Exports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Datasets;

/// <summary>The jobs that make and export versions. To make one is to edit data; to export is to read.</summary>
static class VersionJobEndpoints
{
    public static readonly VersionJobJson Json = new(WireJson.Options(VersionJobJson.Default));

    public static void MapVersionJobs(this IEndpointRouteBuilder api)
    {
        api.MapPost("/dataset-versions/{id}/export/", ExportAsync).WithName("exportDatasetVersion").Takes<NewExportBody>()
            .FailsOn("format", CommonErrors.Required, CommonErrors.NotAChoice)
            .TakesIdempotencyKey()
            .Answers<DatasetVersionJobBody>(
                "Write the list of a version's files to files. The job names their URLs",
                StatusCodes.Status202Accepted)
            .Fails(DatasetErrors.VersionNotCompleted, JobErrors.TooManyJobs, JobErrors.FirstNotDone);
        api.MapGet("/dataset-versions/{id}/jobs/{job}/", GetAsync).WithName("getDatasetVersionJob")
            .Answers<DatasetVersionJobBody>("Get a job that creates or exports a version, and its progress")
            .Fails(VersionErrors.JobExpired);
        api.MapGet("/dataset-versions/{id}/jobs/{job}/results/", ResultsAsync).WithName("getDatasetVersionJobResults")
            .AnswersSkipped("List the datums of the selection that the version leaves out, and why")
            .Fails(VersionErrors.JobExpired);
        api.MapPost("/dataset-versions/{id}/jobs/{job}/cancel/", CancelAsync).WithName("cancelDatasetVersionJob")
            .Answers<DatasetVersionJobBody>(
                "Cancel a job. The name of an incomplete version is free again", StatusCodes.Status202Accepted)
            .Fails(AccessErrors.NotPermitted, JobErrors.Ended, VersionErrors.JobExpired);
    }

    public static void MapVersionExportContent(this IEndpointRouteBuilder api) => api
        .MapGet("/dataset-versions/{id}/jobs/{job}/files/{name}/content/", ExportContent.SendAsync)
        .WithName("getExportedVersionFile").SendsExport();

    static async Task<IResult> ExportAsync(
        string id, HttpContext context, DatasetAccess access, VersionExports exports, VersionJobAccess answers)
    {
        var (version, project) = await access.VersionAsync(id, context);
        var body = await RequestBody.ReadJsonAsync(context, SelectionEndpoints.Json.NewExportBody, SelectionEndpoints.MaxBodyBytes);
        var format = Fields.Choice<ExportFormat>("format", body.Format);
        if (version.Status != DatasetVersionStatus.Completed)
            throw DatasetErrors.VersionNotCompleted.With();
        var key = RequestKey.Of(context, project, $"export of dataset version {version.VersionId} {Fields.WireName(format)}");
        var job = await exports.BeginAsync(version, format, Caller.Of(context).Name, key, context.RequestAborted)
            ?? throw JobErrors.TooManyJobs.With().After(TimeSpan.FromSeconds(30));
        context.Response.Headers.Location = $"{PublicUrl.Of(context.Request)}{VersionJobAccess.PathOf(job)}/";
        return await answers.AnswerAsync(context, job, project, StatusCodes.Status202Accepted);
    }

    static async Task<IResult> GetAsync(string id, string job, HttpContext context, VersionJobAccess access)
    {
        var (row, project) = await access.RequiredAsync(id, job, context);
        return await access.AnswerAsync(context, row, project, StatusCodes.Status200OK);
    }

    static async Task<IResult> ResultsAsync(string id, string job, HttpContext context, VersionJobAccess access, JobResults results)
    {
        var (row, _) = await access.RequiredAsync(id, job, context);
        return await results.AnswerAsync(
            context, row, [SkippedItem.Skipped], SelectionEndpoints.Json.SkippedItem, SelectionEndpoints.Json.PageSkippedItem);
    }

    /// <summary>
    /// The version's row decides between a cancellation and the job's end: only one of the two can change it. Repeating it changes nothing;
    /// a job that has ended otherwise is 409.
    /// </summary>
    static async Task<IResult> CancelAsync(
        string id, string job, HttpContext context, VersionJobAccess access, DatasetVersions versions, JobControl control)
    {
        var (row, project) = await access.RequiredAsync(id, job, context);
        await access.RequireCancelAsync(context, row, project);
        if (row.Kind == JobKind.DatasetVersion
            && !await versions.AbandonAsync(DatasetVersionId.Of(VersionOrder.Read(row.Parameters!).Version), context.RequestAborted))
            throw JobErrors.Ended.With(JobStatuses.NameOf(JobStatus.Completed));
        row = await control.CancelAsync(row, marked: null, context.RequestAborted);
        return await access.AnswerAsync(context, row, project, StatusCodes.Status202Accepted);
    }
}
