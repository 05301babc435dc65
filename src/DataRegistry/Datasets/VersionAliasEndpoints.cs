using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Datasets;

/// <summary>Names of versions that can move, as aliases of datums do.</summary>
static class VersionAliasEndpoints
{
    public static void MapVersionAliases(this IEndpointRouteBuilder api)
    {
        api.MapGet("/dataset-version-aliases/", ListAsync).WithName("listDatasetVersionAliases")
            .AnswersPages<VersionAliasBody>("List the aliases of versions by project, dataset and name")
            .TakesQuery("dataset", "A dataset's id. Without it the list has the aliases of all datasets.")
            .TakesQuery("project", "A project's id. Without it the list has the aliases of all projects that you may read.")
            .FailsOn("dataset", DatasetErrors.NotADatasetId, DatasetErrors.NoDataset)
            .FailsOn("project", OrganizationErrors.NotAProjectId, OrganizationErrors.NoProject).Fails(AccessErrors.NotPermitted);
        api.MapPost("/dataset-version-aliases/", PointAsync).WithName("setDatasetVersionAlias").TakesJsonOrForm<NewVersionAliasBody>()
            .Answers<VersionAliasBody>("Create an alias of a version (201), or move it to another version of the dataset (200)")
            .OrAnswers<VersionAliasBody>(StatusCodes.Status201Created)
            .FailsOn(
                "name", CommonErrors.Required, DatasetErrors.NotADatasetName, DatasetErrors.NotAVersionName,
                DatasetErrors.AliasedVersionExists)
            .FailsOn(
                "dataset_version", CommonErrors.Required, DatasetErrors.NotAVersionId, DatasetErrors.NoAliasedVersion,
                DatasetErrors.AliasedVersionNotCompleted)
            .Fails(AccessErrors.NotPermitted);
        api.MapGet("/dataset-version-aliases/{id}/", GetAsync).WithName("getDatasetVersionAlias")
            .Answers<VersionAliasBody>("Get an alias of a version");
        api.MapDelete("/dataset-version-aliases/{id}/", DeleteAsync).WithName("deleteDatasetVersionAlias")
            .AnswersNothing("Delete an alias of a version. Its history stays").Fails(AccessErrors.NotPermitted);
        api.MapGet("/dataset-version-aliases/{id}/history/", HistoryAsync).WithName("getDatasetVersionAliasHistory")
            .AnswersPages<VersionAliasChangeBody>(
                "List the changes of an alias of versions, newest first, also of a deleted one");
    }

    static async Task<IResult> ListAsync(
        HttpContext context, DatasetAccess access, DatasetTable datasets, ProjectTable projects, Permissions permissions)
    {
        var named = Fields.Query(context.Request, "dataset") is { } text ? await access.NamedAsync(context, text) : default;
        var listed = await ProjectPages.ProjectsAsync(context, projects, permissions);
        if (named.Project is not null)
            listed = [.. listed.Where(p => p.Id == named.Project.Id)];
        var pages = new ProjectPages<VersionAliasRow>(
            (project, limit, after, token) => datasets.ListAliasesAsync(project, named.Dataset?.DatasetId, limit, after, token),
            row => (row.Project, row.Place), place => VersionAliasRow.TryParsePlace(place, out _, out _));
        var list = await pages.ReadAsync(listed, Paging.From(context.Request), context.RequestAborted);
        var versions = await datasets.FindVersionsAsync(
            list.Rows.Select(r => DatasetVersionId.Of(r.Version)), context.RequestAborted);
        list = list.Within(r => RowSize.Of(r) + (versions.TryGetValue(r.Version, out var version) ? RowSize.Of(version) : 0));
        var byId = listed.ToDictionary(p => p.Id);
        return Results.Json(
            new Page<VersionAliasBody>(
                list.Count, Paging.Next(context, list.Next), null,
                [.. list.Rows.Select(r => VersionAliasBody.From(r, byId[r.Project], versions.GetValueOrDefault(r.Version)))]),
            DatasetEndpoints.Json.PageVersionAliasBody);
    }

    static async Task<IResult> PointAsync(HttpContext context, DatasetAccess access, DatasetTable datasets, AuditTrail trail)
    {
        var body = await RequestBody.ReadJsonOrFormAsync(
            context, DatasetEndpoints.Json.NewVersionAliasBody, DatasetEndpoints.MaxBodyBytes);
        var name = DatasetEndpoints.VersionName(body.Name);
        var (version, project) = await access.AliasedAsync(context, body.DatasetVersion);
        var outcome = await datasets.PointAsync(version, name, Caller.Of(context).Name, context.RequestAborted);
        var (alias, from) = outcome switch
        {
            VersionAliasOutcome.Created created => (created.Alias, (Guid?)null),
            VersionAliasOutcome.Moved moved => (moved.Alias, moved.From),
            VersionAliasOutcome.Unchanged unchanged => (unchanged.Alias, null),
            VersionAliasOutcome.IsVersion => throw DatasetErrors.AliasedVersionExists.On("name", name),
            _ => throw DatasetErrors.NoAliasedVersion.On("dataset_version", version.VersionId),
        };
        if (outcome is not VersionAliasOutcome.Unchanged)
            await trail.RecordAsync(
                context,
                new($"dataset_version_alias.{(from is null ? "created" : "moved")}", alias.AliasId.ToString())
                {
                    Project = project.Id,
                    Details = new()
                    {
                        ["name"] = alias.Name,
                        ["dataset"] = alias.DatasetId.ToString(),
                        ["from"] = from?.ToString("D"),
                        ["to"] = alias.Version.ToString("D"),
                    },
                });
        return Results.Json(
            VersionAliasBody.From(alias, project, version), DatasetEndpoints.Json.VersionAliasBody,
            statusCode: outcome is VersionAliasOutcome.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    static async Task<IResult> GetAsync(string id, HttpContext context, DatasetAccess access, DatasetTable datasets)
    {
        var (alias, project) = await access.AliasAsync(id, context, Permission.DataRead);
        var version = await datasets.FindVersionAsync(DatasetVersionId.Of(alias.Version), context.RequestAborted);
        return Results.Json(VersionAliasBody.From(alias, project, version), DatasetEndpoints.Json.VersionAliasBody);
    }

    static async Task<IResult> DeleteAsync(
        string id, HttpContext context, DatasetAccess access, DatasetTable datasets, AuditTrail trail)
    {
        var (alias, project) = await access.AliasAsync(id, context, Permission.AliasesEdit);
        if (!await datasets.DeleteAliasAsync(alias, onlyAt: null, Caller.Of(context).Name, context.RequestAborted))
            throw CommonErrors.NotFound.With();
        await trail.RecordAsync(context, new("dataset_version_alias.deleted", alias.AliasId.ToString())
        {
            Project = project.Id,
            Details = new() { ["name"] = alias.Name, ["dataset"] = alias.DatasetId.ToString() },
        });
        return Results.NoContent();
    }

    static async Task<IResult> HistoryAsync(string id, HttpContext context, DatasetAccess access, DatasetTable datasets)
    {
        var place = await access.AliasPlaceAsync(id, context, Permission.DataRead);
        var paging = Paging.From(context.Request);
        if (paging.Cursor is { } cursor && !(cursor.Length == 10 && cursor.All(char.IsAsciiDigit)))
            throw Paging.BadCursor();
        var (rows, next) = await datasets.HistoryAsync(place.Id, paging.Limit, paging.Cursor, context.RequestAborted);
        return Results.Json(
            new Page<VersionAliasChangeBody>(
                paging.Cursor is null && next is null ? rows.Count : null, Paging.Next(context, next), null,
                [.. rows.Select(r => new VersionAliasChangeBody(r.Time, r.User, r.From, r.To))]),
            DatasetEndpoints.Json.PageVersionAliasChangeBody);
    }
}
