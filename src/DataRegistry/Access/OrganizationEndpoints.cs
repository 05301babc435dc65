using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Access;

/// <summary>Clusters and departments. Who has a role at one, or above it, sees it.</summary>
static class OrganizationEndpoints
{
    public static void MapOrganization(this IEndpointRouteBuilder api)
    {
        api.MapGet("/clusters/", ListClustersAsync).AnswersPages<ClusterBody>("Clusters that one has a role in");
        api.MapPost("/clusters/", CreateClusterAsync).Takes<NewUnitBody>().Answers<ClusterBody>("Make a cluster", StatusCodes.Status201Created);
        api.MapGet("/clusters/{id}/", GetClusterAsync).Answers<ClusterBody>("A cluster");
        api.MapGet("/departments/", ListDepartmentsAsync).AnswersPages<DepartmentBody>("Departments that one has a role in");
        api.MapPost("/departments/", CreateDepartmentAsync).Takes<NewUnitBody>().Answers<DepartmentBody>("Make a department, in the default cluster if none is named", StatusCodes.Status201Created);
        api.MapGet("/departments/{id}/", GetDepartmentAsync).Answers<DepartmentBody>("A department");
    }

    static async Task<IResult> ListClustersAsync(HttpContext context, UnitTable units, Permissions permissions)
    {
        var paging = AccessJson.PagingById(context.Request);
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var (found, next) = await units.ListClustersAsync(paging.Cursor, Math.Min(paging.Limit + 1, 1000), context.RequestAborted)
            .Where(c => rights.Allow(Permission.ProjectsRead, Scope.Of(c))).PageAsync(paging.Limit, c => c.Id.ToString("D"), context.RequestAborted);
        var count = next is null && paging.Cursor is null ? found.Count : (int?)null;
        return Results.Json(new Page<ClusterBody>(count, Paging.Next(context, next), null, [.. found.Select(Body)]), AccessJson.Default.PageClusterBody);
    }

    static async Task<IResult> GetClusterAsync(string id, HttpContext context, UnitTable units, Permissions permissions)
    {
        var cluster = (Guid.TryParse(id, out var parsed) ? await units.FindClusterAsync(parsed, context.RequestAborted) : null) ?? throw new ApiException(ApiError.NotFound());
        await permissions.RequireAsync(context, Permission.ProjectsRead, Permission.ProjectsRead, Scope.Of(cluster));
        return Results.Json(Body(cluster), AccessJson.Default.ClusterBody);
    }

    static async Task<IResult> CreateClusterAsync(HttpContext context, UnitTable units, Permissions permissions, AuditTrail trail)
    {
        await permissions.RequireAsync(context, Permission.OrganizationManage, Scope.System);
        var body = await RequestBody.ReadJsonAsync(context, AccessJson.Default.NewUnitBody, AccessJson.MaxBodyBytes);
        var cluster = await units.CreateClusterAsync(Fields.Name("name", body.Name, AccessJson.MaxNameLength), context.RequestAborted, body.HasAgent ?? false);
        await trail.RecordAsync(context, new("cluster.created", cluster.Id.ToString("D")) { Details = new() { ["name"] = cluster.Name } });
        return Results.Json(Body(cluster), AccessJson.Default.ClusterBody, statusCode: StatusCodes.Status201Created);
    }

    static async Task<IResult> ListDepartmentsAsync(HttpContext context, UnitTable units, Permissions permissions)
    {
        var paging = AccessJson.PagingById(context.Request);
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var (found, next) = await units.ListDepartmentsAsync(paging.Cursor, Math.Min(paging.Limit + 1, 1000), context.RequestAborted)
            .Where(d => rights.Allow(Permission.ProjectsRead, Scope.Of(d))).PageAsync(paging.Limit, d => d.Id.ToString("D"), context.RequestAborted);
        var count = next is null && paging.Cursor is null ? found.Count : (int?)null;
        return Results.Json(new Page<DepartmentBody>(count, Paging.Next(context, next), null, [.. found.Select(Body)]), AccessJson.Default.PageDepartmentBody);
    }

    static async Task<IResult> GetDepartmentAsync(string id, HttpContext context, UnitTable units, Permissions permissions)
    {
        var department = (Guid.TryParse(id, out var parsed) ? await units.FindDepartmentAsync(parsed, context.RequestAborted) : null) ?? throw new ApiException(ApiError.NotFound());
        await permissions.RequireAsync(context, Permission.ProjectsRead, Permission.ProjectsRead, Scope.Of(department));
        return Results.Json(Body(department), AccessJson.Default.DepartmentBody);
    }

    /// <summary>In the default cluster if none is named.</summary>
    static async Task<IResult> CreateDepartmentAsync(HttpContext context, UnitTable units, Permissions permissions, AuditTrail trail)
    {
        var body = await RequestBody.ReadJsonAsync(context, AccessJson.Default.NewUnitBody, AccessJson.MaxBodyBytes);
        var clusterId = body.Cluster is null ? Cluster.DefaultId : Fields.Id("cluster", body.Cluster);
        await permissions.RequireAsync(context, Permission.OrganizationManage, Scope.OfCluster(clusterId));
        var cluster = await units.FindClusterAsync(clusterId, context.RequestAborted)
            ?? throw new ApiException(new ApiError.Field("cluster", $"There is no cluster {clusterId}.", "does_not_exist"));
        var department = await units.CreateDepartmentAsync(Fields.Name("name", body.Name, AccessJson.MaxNameLength), cluster, context.RequestAborted);
        await trail.RecordAsync(context, new("department.created", department.Id.ToString("D"))
        {
            Details = new() { ["name"] = department.Name, ["cluster"] = cluster.Id.ToString("D") },
        });
        return Results.Json(Body(department), AccessJson.Default.DepartmentBody, statusCode: StatusCodes.Status201Created);
    }

    static ClusterBody Body(Cluster cluster) => ClusterBody.From(cluster);

    static DepartmentBody Body(Department department) => new(department.Id, department.Name, department.Cluster);
}
