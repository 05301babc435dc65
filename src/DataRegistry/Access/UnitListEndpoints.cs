using System.Text.Json.Serialization;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;

namespace DataRegistry.Access;

/// <summary>
/// The lists of the organization under <c>/api/v1</c>, with the units that the caller may see. Each page reads all of them: there are
/// thousands, not millions.
/// </summary>
static class UnitListEndpoints
{
    static readonly UnitListJson Json = new(WireJson.Options(UnitListJson.Default));

    public static void MapUnitLists(this IEndpointRouteBuilder api)
    {
        Describe(api.MapGet("/org-unit/projects", ListProjectsAsync).WithName("listOrgUnitProjects")
            .Answers<ProjectListBody>("List the projects that you see"));
        Describe(api.MapGet("/org-unit/departments", ListDepartmentsAsync).WithName("listOrgUnitDepartments")
            .Answers<DepartmentListBody>("List the departments that you have a role in"));
        api.MapGet("/clusters", ListClustersAsync).WithName("listOrgUnitClusters")
            .Answers<ListedClusterBody[]>("List the clusters that you have a role in");
    }

    static async Task<IResult> ListProjectsAsync(HttpContext context, ProjectTable projects, UnitTable units, Permissions permissions)
    {
        var query = ListQuery<ListedUnit>.From(context.Request, ListedUnit.Grammar);
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var (page, next) = query.Page(await projects.ListAllAsync(context.RequestAborted)
            .Where(p => rights.Allow(Permission.ProjectsRead, Scope.Of(p)))
            .Select(p => new ListedUnit(p.Id, p.Name, p.Cluster, p.Department, p.CTime)).ToListAsync(context.RequestAborted));
        var parents = await units.FindDepartmentsAsync(page.Select(p => p.Parent!.Value), context.RequestAborted);
        var bodies = page.Select(p => new ListedProjectBody(
            p.Id, p.Name, p.Cluster, p.Parent!.Value,
            parents.TryGetValue(p.Parent.Value, out var parent) ? new(parent.Id, parent.Name) : null, p.CTime)).ToList();
        return Results.Json(new ProjectListBody(bodies, next), Json.ProjectListBody);
    }

    static async Task<IResult> ListDepartmentsAsync(HttpContext context, UnitTable units, Permissions permissions)
    {
        var query = ListQuery<ListedUnit>.From(context.Request, ListedUnit.Grammar);
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var (page, next) = query.Page(await units.ListDepartmentsAsync(after: null, 1000, context.RequestAborted)
            .Where(d => rights.Allow(Permission.ProjectsRead, Scope.Of(d)))
            .Select(d => new ListedUnit(d.Id, d.Name, d.Cluster, Parent: null, d.CTime)).ToListAsync(context.RequestAborted));
        return Results.Json(
            new DepartmentListBody([.. page.Select(d => new ListedDepartmentBody(d.Id, d.Name, d.Cluster, d.CTime))], next),
            Json.DepartmentListBody);
    }

    /// <summary>Answers a bare array of all clusters.</summary>
    static async Task<IResult> ListClustersAsync(HttpContext context, UnitTable units, Permissions permissions)
    {
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var clusters = await units.ListClustersAsync(after: null, 1000, context.RequestAborted)
            .Where(c => rights.Allow(Permission.ProjectsRead, Scope.Of(c)))
            .Select(c => new ListedClusterBody(c.Id, ListedClusterBody.OnlyTenant, c.Name, c.CTime)).ToArrayAsync(context.RequestAborted);
        return Results.Json(clusters, Json.ListedClusterBodyArray);
    }

    static void Describe(RouteHandlerBuilder endpoint) => endpoint
        .TakesQuery("filterBy", "Filters such as `name==a` or `clusterId==…`, separated by commas.")
        .TakesQuery("search", "A part of the name.")
        .TakesQuery("sortBy", "`name` by default.").TakesQuery("sortOrder", "`asc` (the default) or `desc`.")
        .TakesQuery("offset", "How many to leave out; 0 by default.", JsonSchemaType.Integer)
        .TakesQuery("limit", "The maximum number of results in a page: 1 to 500, 50 by default.", JsonSchemaType.Integer)
        .FailsOn("filterBy", CommonErrors.NotAFilter).FailsOn("sortBy", CommonErrors.NotAChoice)
        .FailsOn("sortOrder", CommonErrors.NotAChoice)
        .FailsOn("offset", CommonErrors.NotInRange).FailsOn("limit", CommonErrors.NotInRange);
}

/// <summary>A unit with the fields by which these lists filter and sort.</summary>
/// <param name="Parent">A project's department; null for others.</param>
sealed record ListedUnit(Guid Id, string Name, Guid Cluster, Guid? Parent, DateTimeOffset CTime)
{
    public static ListGrammar<ListedUnit> Grammar { get; } = new(
        unit => unit.Id, unit => [unit.Name],
        [
            new TextField<ListedUnit>("name", unit => unit.Name),
            new TextField<ListedUnit>("id", unit => unit.Id.ToString("D")),
            new TextField<ListedUnit>("clusterId", unit => unit.Cluster.ToString("D")),
            new TextField<ListedUnit>("parentId", unit => unit.Parent?.ToString("D") ?? ""),
            new TextField<ListedUnit>("departmentId", unit => unit.Parent?.ToString("D") ?? ""),
            new TimeField<ListedUnit>("createdAt", unit => unit.CTime),
        ])
    {
        DefaultSort = "name",
        SizeOf = unit => UnitSize.Of(unit.Name),
    };
}

/// <param name="Next">The next page's offset; left out at the end.</param>
sealed record ProjectListBody(IReadOnlyList<ListedProjectBody> Projects, int? Next);

sealed record DepartmentListBody(IReadOnlyList<ListedDepartmentBody> Departments, int? Next);

/// <param name="ParentId">The id of the department.</param>
sealed record ListedProjectBody(Guid Id, string Name, Guid ClusterId, Guid ParentId, ParentBody? Parent, DateTimeOffset CreatedAt);

sealed record ParentBody(Guid Id, string Name);

sealed record ListedDepartmentBody(Guid Id, string Name, Guid ClusterId, DateTimeOffset CreatedAt);

sealed record ListedClusterBody(Guid Uuid, int TenantId, string Name, DateTimeOffset CreatedAt)
{
    /// <summary>An installation has one tenant.</summary>
    public const int OnlyTenant = 1;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProjectListBody))]
[JsonSerializable(typeof(DepartmentListBody))]
[JsonSerializable(typeof(ListedClusterBody[]))]
sealed partial class UnitListJson : JsonSerializerContext;
