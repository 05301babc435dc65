using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Selections;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datasets;

/// <summary>Begins a version of a selection. A job makes it.</summary>
sealed class VersionsOfSelections(
    JobTable jobs, VersionJobs versions, DatasetAccess access, DatasetLimits limits, TimeProvider clock)
{
    public async Task<IResult> MakeAsync(
        HttpContext context, DatasetRow dataset, Project project, NewVersion version, string selectionId)
    {
        var key = RequestKey.Of(
            context, project, $"dataset version {dataset.DatasetId} {selectionId} {version.Previous} {version.Name}");
        // A repeated request gets its first answer, also if the selection has expired meanwhile.
        if (await versions.RepeatAsync(project, key, context.RequestAborted) is not { } start)
        {
            await access.RequirePreviousAsync(dataset, version, context.RequestAborted);
            var selection = await RequiredAsync(selectionId, project, context.RequestAborted);
            start = await versions.BeginAsync(dataset, version, selection, key, context.RequestAborted);
        }

        var begun = start switch
        {
            VersionBegun.Begun made => made,
            VersionBegun.Refused refused => throw VersionsOfFiles.ErrorOf(refused.Why, dataset, version.Name),
            VersionBegun.NothingMade nothing => throw VersionErrors.NothingMade.With(nothing.Job.JobId),
            _ => throw JobErrors.TooManyJobs.With().After(TimeSpan.FromSeconds(30)),
        };
        context.Response.Headers.Location = $"{PublicUrl.Of(context.Request)}{VersionJobAccess.PathOf(begun.Job)}/";
        return Results.Json(
            DatasetVersionBody.From(begun.Version), DatasetEndpoints.Json.DatasetVersionBody, statusCode: StatusCodes.Status202Accepted);
    }

    /// <summary>
    /// The frozen selection; a wrong one ends the request. A caller who edits a project's data may see all selections
    /// of it.
    /// </summary>
    async Task<JobRow> RequiredAsync(string id, Project project, CancellationToken cancellationToken)
    {
        if (!JobId.TryParse(id, out var parsed)
            || await jobs.FindAsync(parsed, cancellationToken) is not { Kind: JobKind.Selection, Status: not JobStatus.Staging } selection
            || selection.Project != project.Id)
            throw VersionErrors.NoSelection.On("selection");
        if (selection.Expires < clock.GetUtcNow())
            throw VersionErrors.ExpiredSelection.On("selection");
        if (selection.Status != JobStatus.Completed)
            throw SelectionErrors.SelectionNotFrozen.With(JobStatuses.NameOf(selection.Status));
        return selection.Counts.Done switch
        {
            0 => throw VersionErrors.EmptySelection.On("selection"),
            var count when count > limits.MaxFiles => throw VersionErrors.SelectionTooLarge.On("selection", limits.MaxFiles),
            _ => selection,
        };
    }
}
