using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Selections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Datasets;

static class DatasetVersionEndpoints
{
    /// <summary>Enough for as many files as there may be, with long keys.</summary>
    const int MaxBodyBytes = 32 * 1024 * 1024;

    /// <summary>The example of a version with its files.</summary>
    const string WithFiles = "DatasetVersionBody.files";

    public static void MapDatasetVersions(this IEndpointRouteBuilder api)
    {
        api.MapGet("/dataset-versions/", ListAsync).WithName("listDatasetVersions")
            .AnswersPages<DatasetVersionBody>("List the versions of a dataset, oldest first, without their files")
            .RequiresQuery("dataset", "A dataset's id.")
            .FailsOn("dataset", CommonErrors.Required, DatasetErrors.NotADatasetId, DatasetErrors.NoDataset);
        api.MapPost("/dataset-versions/", CreateAsync).WithName("createDatasetVersion").Takes<NewDatasetVersionBody>()
            .Answers<DatasetVersionBody>("Create a version of a dataset, which never changes", StatusCodes.Status201Created)
            .WithDescription("A version of files is created at once (201), one of a selection by a job (202).")
            .OrAnswers<DatasetVersionBody>(StatusCodes.Status202Accepted, "DatasetVersionBody.creating")
            .FailsOn(
                "name", CommonErrors.Required, DatasetErrors.NotADatasetName, DatasetErrors.NotAVersionName,
                DatasetErrors.VersionExists, DatasetErrors.VersionAliasExists)
            .FailsOn("dataset", CommonErrors.Required, DatasetErrors.NotADatasetId, DatasetErrors.NoDataset)
            .FailsOn(
                "files", DatasetErrors.NoFiles, DatasetErrors.FileNotNamed, DatasetErrors.NotADatumReference,
                DatasetErrors.NoDatumOfFile, DatasetErrors.SeveralDatumsOfFile, DatasetErrors.DatumOfFilePurged,
                DatasetErrors.NotAPath, DatasetErrors.DatumTwice, DatasetErrors.PathTwice)
            .FailsOn(
                "selection", VersionErrors.NoSelection, VersionErrors.ExpiredSelection, VersionErrors.EmptySelection,
                VersionErrors.SelectionTooLarge, VersionErrors.FilesAndSelection)
            .TakesIdempotencyKey()
            .FailsOn("previous_version", DatasetErrors.NotAVersionId, DatasetErrors.NoPreviousVersion)
            .Fails(AccessErrors.NotPermitted, DatasetErrors.TooManyFiles, DatasetErrors.VersionDeletedMeanwhile,
                SelectionErrors.SelectionNotFrozen, JobErrors.TooManyJobs, VersionErrors.NothingMade,
                JobErrors.FirstNotDone);
        api.MapGet("/dataset-versions/resolve/", ResolveAsync).WithName("resolveDatasetVersion")
            .Answers<DatasetVersionBody>("Get the version that a `dataset://` URI stands for now", example: WithFiles)
            .RequiresQuery("uri", "`dataset://name/version`. The version may be an alias or `latest`.")
            .RequiresQuery("project", "A project's id.")
            .FailsOn("uri", CommonErrors.Required, DatasetErrors.NotADatasetUri)
            .FailsOn("project", CommonErrors.Required, OrganizationErrors.NotAProjectId, OrganizationErrors.NoProject)
            .Fails(AccessErrors.NotPermitted, CommonErrors.NotFound);
        api.MapGet("/dataset-versions/{id}/", GetAsync).WithName("getDatasetVersion").Answers<DatasetVersionBody>(
            $"Get a version with its first {VersionFiles.Max} files", example: WithFiles)
            .TakesQuery("exclude", "files: without them").FailsOn("exclude", CommonErrors.GivenTwice);
        api.MapDelete("/dataset-versions/{id}/", DeleteAsync).WithName("deleteDatasetVersion").AnswersNothing(
            "Delete a version and the aliases that name it. The datums stay").Fails(AccessErrors.NotPermitted);
    }

    static async Task<IResult> ListAsync(HttpContext context, DatasetAccess access, DatasetTable datasets)
    {
        var (dataset, _) = await access.NamedAsync(context, Fields.Query(context.Request, "dataset"));
        var paging = Paging.From(context.Request);
        if (paging.Cursor is { } cursor && !DatasetVersionId.IsPlace(cursor))
            throw Paging.BadCursor();
        var (rows, next) = await datasets.ListVersionsAsync(
            dataset.DatasetId, paging.Limit, paging.Cursor, context.RequestAborted);
        return Results.Json(
            new Page<DatasetVersionBody>(
                paging.Cursor is null && next is null ? rows.Count : null, Paging.Next(context, next), null,
                [.. rows.Select(DatasetVersionBody.From)]),
            DatasetEndpoints.Json.PageDatasetVersionBody);
    }

    static async Task<IResult> CreateAsync(
        HttpContext context, DatasetAccess access, VersionsOfFiles ofFiles, VersionsOfSelections ofSelections)
    {
        var body = await RequestBody.ReadJsonAsync(context, DatasetEndpoints.Json.DatasetVersionInput, MaxBodyBytes);
        var name = DatasetEndpoints.VersionName(body.Name);
        var (dataset, project) = await access.NamedAsync(context, body.Dataset, Permission.DataEdit);
        if (body is { Files: not null, Selection: not null })
            throw VersionErrors.FilesAndSelection.On("selection");
        var version = new NewVersion(name, Caller.Of(context).Name, PreviousOf(body.PreviousVersion), Job: null);
        return body.Selection is { } selection
            ? await ofSelections.MakeAsync(context, dataset, project, version, selection)
            : await ofFiles.MakeAsync(context, dataset, project, version, body.Files);
    }

    static async Task<IResult> ResolveAsync(
        HttpContext context, DatasetTable datasets, ProjectTable projects, Permissions permissions, ManifestReader manifests)
    {
        var project = await permissions.ProjectAsync(
            context, projects, Fields.Query(context.Request, "project"), Permission.DataRead);
        var text = Fields.Query(context.Request, "uri") ?? throw CommonErrors.Required.On("uri");
        if (!DatasetUri.TryParse(text, out var uri))
            throw DatasetErrors.NotADatasetUri.On("uri");
        var version = await datasets.FindAsync(project, uri.Dataset, context.RequestAborted) is { } dataset
            ? await datasets.ResolveAsync(dataset, uri, context.RequestAborted)
            : null;
        return await new VersionAnswer(version ?? throw CommonErrors.NotFound.With(), manifests).ResultAsync(context);
    }

    static async Task<IResult> GetAsync(string id, HttpContext context, DatasetAccess access, ManifestReader manifests)
    {
        var (version, _) = await access.VersionAsync(id, context);
        return await new VersionAnswer(version, manifests).ResultAsync(context);
    }

    static async Task<IResult> DeleteAsync(
        string id, HttpContext context, DatasetAccess access, DatasetVersions versions, AuditTrail trail)
    {
        var (version, project) = await access.VersionAsync(id, context, Permission.DataEdit);
        if (!await versions.DeleteAsync(version.VersionId, Caller.Of(context).Name, context.RequestAborted))
            throw CommonErrors.NotFound.With();
        await trail.RecordAsync(context, new("dataset_version.deleted", version.VersionId.ToString())
        {
            Project = project.Id,
            Details = new() { ["uri"] = version.Uri, ["dataset"] = version.DatasetId.ToString(), ["count"] = version.Count },
        });
        return Results.NoContent();
    }

    static Guid? PreviousOf(string? text) => string.IsNullOrEmpty(text) ? null
        : DatasetVersionId.TryParse(text, out var id) ? id.ToGuid()
        : throw DatasetErrors.NotAVersionId.On("previous_version");
}
