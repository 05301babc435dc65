using DataRegistry.Access;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Datasets;

static class DatasetEndpoints
{
    public static readonly DatasetJson Json = new(WireJson.Options(DatasetJson.Default));

    /// <summary>Of bodies without a list.</summary>
    public const int MaxBodyBytes = 16 * 1024;

    public static void MapDatasets(this IEndpointRouteBuilder api)
    {
        api.MapGet("/datasets/", ListAsync).WithName("listDatasets").AnswersPages<DatasetBody>("List datasets by project and name")
            .TakesQuery("project", "A project's id. Without it the list has the datasets of all projects that you may read.")
            .TakesQuery("name", "Only the dataset with this name.")
            .FailsOn("project", OrganizationErrors.NotAProjectId, OrganizationErrors.NoProject).Fails(AccessErrors.NotPermitted);
        api.MapPost("/datasets/", CreateAsync).WithName("createDataset").TakesJsonOrForm<NewDatasetBody>()
            .Answers<DatasetBody>("Create a dataset", StatusCodes.Status201Created)
            .FailsOn("name", CommonErrors.Required, DatasetErrors.NotADatasetName, DatasetErrors.DatasetExists)
            .FailsOn("project", DatasetErrors.ProjectNotNamed, OrganizationErrors.NotAProjectId, OrganizationErrors.NoProject)
            .FailsOn("root", DatasetErrors.NotARoot).Fails(AccessErrors.NotPermitted);
        api.MapGet("/datasets/{id}/", GetAsync).WithName("getDataset").Answers<DatasetBody>("Get a dataset and its latest version");
        api.MapDelete("/datasets/{id}/", DeleteAsync).WithName("deleteDataset").AnswersNothing(
            "Delete a dataset with its versions and their aliases. The datums stay").Fails(AccessErrors.NotPermitted);
    }

    /// <summary>A name is a point read in each project.</summary>
    static async Task<IResult> ListAsync(
        HttpContext context, DatasetTable datasets, ProjectTable projects, UnitTable units, Permissions permissions)
    {
        var listed = await ProjectPages.ProjectsAsync(context, projects, permissions);
        var paging = Paging.From(context.Request);
        var name = Fields.Query(context.Request, "name") is { } given
            ? DatasetName.TryParse(given, out var parsed) ? parsed : (DatasetName?)null
            : null;
        // No dataset has a name that none may have.
        var list = Fields.Query(context.Request, "name") is not null && name is null
            ? new([], null, 0, r => r.Name)
            : await PagesOf(datasets, name).ReadAsync(listed, paging, context.RequestAborted);
        list = list.Within(RowSize.Of);
        var byId = listed.ToDictionary(p => p.Id);
        var departments = await units.FindDepartmentsAsync(
            list.Rows.Select(r => byId[r.Project].Department), context.RequestAborted);
        return Results.Json(
            new Page<DatasetBody>(
                list.Count, Paging.Next(context, list.Next), null,
                [.. list.Rows.Select(r => DatasetBody.From(r, byId[r.Project], departments))]),
            Json.PageDatasetBody);
    }

    /// <param name="name">The only one that is listed; null for all.</param>
    static ProjectPages<DatasetRow> PagesOf(DatasetTable datasets, DatasetName? name) => new(
        async (project, limit, after, token) => name is not { } only
            ? await datasets.ListAsync(project, limit, DatasetName.TryParse(after, out var place) ? place : null, token)
            : after is null && await datasets.FindAsync(project, only, token) is { } row ? ([row], null)
            : ([], null),
        row => (row.Project, row.Name), place => DatasetName.TryParse(place, out _));

    static async Task<IResult> CreateAsync(
        HttpContext context, DatasetAccess access, DatasetTable datasets, UnitTable units, AuditTrail trail)
    {
        var body = await RequestBody.ReadJsonOrFormAsync(context, Json.NewDatasetBody, MaxBodyBytes);
        var name = Name(body.Name);
        var root = string.IsNullOrEmpty(body.Root) ? null
            : DatasetPath.TryParseRoot(body.Root, out var parsed) ? parsed : throw DatasetErrors.NotARoot.On("root");
        var project = await access.ProjectAsync(context, body.Project, Permission.DataEdit);
        var row = await datasets.CreateAsync(project, name, root, Caller.Of(context).Name, context.RequestAborted)
            ?? throw DatasetErrors.DatasetExists.On("name", name);
        await trail.RecordAsync(context, new("dataset.created", row.DatasetId.ToString())
        {
            Project = project.Id,
            Details = new() { ["name"] = row.Name, ["root"] = row.Root },
        });
        context.Response.Headers.Location = $"{PublicUrl.Of(context.Request)}/api/v0/datasets/{row.DatasetId}/";
        return await AnswerAsync(context, row, project, units, StatusCodes.Status201Created);
    }

    static async Task<IResult> GetAsync(string id, HttpContext context, DatasetAccess access, UnitTable units)
    {
        var (row, project) = await access.RequiredAsync(id, context);
        return await AnswerAsync(context, row, project, units, StatusCodes.Status200OK);
    }

    /// <summary>Repeating it while versions still go helps with that, and is answered alike. After that it is 404.</summary>
    static async Task<IResult> DeleteAsync(
        string id, HttpContext context, DatasetAccess access, DatasetTable datasets, DatasetDeletion deletion, AuditTrail trail)
    {
        if (!DatasetId.TryParse(id, out var dataset))
            throw CommonErrors.NotFound.With();
        var row = await datasets.FindAsync(dataset, context.RequestAborted);
        var left = row is null ? await datasets.FindLeftoverAsync(dataset, context.RequestAborted) : null;
        var project = await access.ProjectAsync(
            row?.Project ?? left?.Project ?? throw CommonErrors.NotFound.With(), context, Permission.DataEdit);
        if (await deletion.DeleteAsync(dataset, context.RequestAborted) && row is not null)
            await trail.RecordAsync(context, new("dataset.deleted", dataset.ToString())
            {
                Project = project.Id,
                Details = new() { ["name"] = row.Name, ["latest_version"] = row.LatestName },
            });
        return Results.NoContent();
    }

    static async Task<IResult> AnswerAsync(HttpContext context, DatasetRow row, Project project, UnitTable units, int status) =>
        Results.Json(
            DatasetBody.From(row, project, await units.FindDepartmentsAsync([project.Department], context.RequestAborted)),
            Json.DatasetBody, statusCode: status);

    /// <summary>A new name of a dataset.</summary>
    public static DatasetName Name(string? text) =>
        string.IsNullOrEmpty(text) ? throw CommonErrors.Required.On("name")
        : DatasetName.TryParse(text, out var name) ? name
        : throw DatasetErrors.NotADatasetName.On("name");

    /// <summary>A new name of a version, or of an alias of versions.</summary>
    public static DatasetName VersionName(string? text) => Name(text) is var name && name.Value != DatasetName.Latest
        ? name
        : throw DatasetErrors.NotAVersionName.On("name");
}
