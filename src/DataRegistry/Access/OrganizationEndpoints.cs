using System.Text.Json.Nodes;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Access;

/// <summary>Clusters and departments. A caller sees those at which, or above which, it has a role.</summary>
static class OrganizationEndpoints
{
    static readonly FieldError[] NameErrors = [CommonErrors.Required, CommonErrors.TooLong, CommonErrors.ControlCharacters];

    public static void MapOrganization(this IEndpointRouteBuilder api)
    {
        api.MapGet("/clusters/", ListClustersAsync).WithName("listClusters")
            .AnswersPages<ClusterBody>("List the clusters that you have a role in");
        api.MapPost("/clusters/", CreateClusterAsync).WithName("createCluster").TakesJsonOrForm<NewUnitBody>()
            .Answers<ClusterBody>("Create a cluster", StatusCodes.Status201Created).FailsOn("name", NameErrors)
            .Fails(AccessErrors.NotPermitted);
        api.MapGet("/clusters/{id}/", GetClusterAsync).WithName("getCluster").Answers<ClusterBody>("Get a cluster");
        api.MapPatch("/clusters/{id}/", RenameClusterAsync).WithName("renameCluster").TakesJsonOrForm<UnitNameBody>()
            .Answers<ClusterBody>("Rename a cluster")
            .FailsOn("name", NameErrors).Fails(AccessErrors.NotPermitted);
        api.MapDelete("/clusters/{id}/", DeleteClusterAsync).WithName("deleteCluster")
            .AnswersNothing("Delete a cluster without departments")
            .Fails(AccessErrors.ClusterInUse, AccessErrors.DefaultClusterStays, AccessErrors.NotPermitted);
        api.MapGet("/departments/", ListDepartmentsAsync).WithName("listDepartments")
            .AnswersPages<DepartmentBody>("List the departments that you have a role in");
        api.MapPost("/departments/", CreateDepartmentAsync).WithName("createDepartment").TakesJsonOrForm<NewUnitBody>()
            .Answers<DepartmentBody>("Create a department, in the default cluster unless one is named", StatusCodes.Status201Created)
            .FailsOn("name", NameErrors)
            .FailsOn("cluster", CommonErrors.NotAnId, OrganizationErrors.NoCluster).Fails(AccessErrors.NotPermitted);
        api.MapGet("/departments/{id}/", GetDepartmentAsync).WithName("getDepartment").Answers<DepartmentBody>("Get a department");
        api.MapPatch("/departments/{id}/", RenameDepartmentAsync).WithName("renameDepartment").TakesJsonOrForm<UnitNameBody>()
            .Answers<DepartmentBody>("Rename a department").FailsOn("name", NameErrors).Fails(AccessErrors.NotPermitted);
        api.MapDelete("/departments/{id}/", DeleteDepartmentAsync).WithName("deleteDepartment")
            .AnswersNothing("Delete a department without projects")
            .Fails(AccessErrors.DepartmentInUse, AccessErrors.DefaultDepartmentStays, AccessErrors.NotPermitted);
    }

    static async Task<IResult> ListClustersAsync(HttpContext context, UnitTable units, Permissions permissions)
    {
        var paging = AccessJson.PagingById(context.Request);
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var (found, next) = await units.ListClustersAsync(paging.Cursor, Math.Min(paging.Limit + 1, 1000), context.RequestAborted)
            .Where(
                c => rights.Allow(Permission.ProjectsRead, Scope.Of(c))).PageAsync(
                    paging.Limit, c => UnitSize.Of(c.Name), c => c.Id.ToString("D"), context.RequestAborted);
        var count = next is null && paging.Cursor is null ? found.Count : (int?)null;
        return Results.Json(
            new Page<ClusterBody>(count, Paging.Next(context, next), null, [.. found.Select(Body)]), AccessJson.Default.PageClusterBody);
    }

    static async Task<IResult> GetClusterAsync(string id, HttpContext context, UnitTable units, Permissions permissions) =>
        Results.Json(Body(await ClusterAsync(id, context, units, permissions, Permission.ProjectsRead)), AccessJson.Default.ClusterBody);

    static async Task<IResult> CreateClusterAsync(HttpContext context, UnitTable units, Permissions permissions, AuditTrail trail)
    {
        await permissions.RequireAsync(context, Permission.OrganizationManage, Scope.System);
        var body = await RequestBody.ReadJsonOrFormAsync(context, AccessJson.Default.NewUnitBody, AccessJson.MaxBodyBytes);
        var cluster = await units.CreateClusterAsync(
            Fields.Name("name", body.Name, AccessJson.MaxNameLength), context.RequestAborted, body.HasAgent ?? false);
        await trail.RecordAsync(context, new("cluster.created", cluster.Id.ToString("D")) { Details = new() { ["name"] = cluster.Name } });
        return Results.Json(Body(cluster), AccessJson.Default.ClusterBody, statusCode: StatusCodes.Status201Created);
    }

    static async Task<IResult> ListDepartmentsAsync(HttpContext context, UnitTable units, Permissions permissions)
    {
        var paging = AccessJson.PagingById(context.Request);
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var (found, next) = await units.ListDepartmentsAsync(paging.Cursor, Math.Min(paging.Limit + 1, 1000), context.RequestAborted)
            .Where(
                d => rights.Allow(Permission.ProjectsRead, Scope.Of(d))).PageAsync(
                    paging.Limit, d => UnitSize.Of(d.Name), d => d.Id.ToString("D"), context.RequestAborted);
        var count = next is null && paging.Cursor is null ? found.Count : (int?)null;
        return Results.Json(
            new Page<DepartmentBody>(count, Paging.Next(context, next), null, [.. found.Select(Body)]),
            AccessJson.Default.PageDepartmentBody);
    }

    static async Task<IResult> RenameClusterAsync(
        string id, HttpContext context, UnitTable units, Permissions permissions, AuditTrail trail)
    {
        var cluster = await ClusterAsync(id, context, units, permissions, Permission.OrganizationManage);
        var (before, after) = await units.RenameClusterAsync(cluster.Id, await ReadNameAsync(context), context.RequestAborted)
            ?? throw CommonErrors.NotFound.With();
        if (after != before)
            await trail.RecordAsync(context, Renamed("cluster.renamed", after.Id, before.Name, after.Name));
        return Results.Json(Body(after), AccessJson.Default.ClusterBody);
    }

    /// <summary>Deletes the unit. Roles at it stay with their subjects, without effect, because ids are never used again.</summary>
    static async Task<IResult> DeleteClusterAsync(
        string id, HttpContext context, UnitTable units, Permissions permissions, AuditTrail trail)
    {
        var cluster = await ClusterAsync(id, context, units, permissions, Permission.OrganizationManage);
        // This takes the same permission as creating one: an administrator of the cluster alone cannot delete it.
        await permissions.RequireAsync(context, Permission.OrganizationManage, Scope.System);
        if (cluster.Id == Cluster.DefaultId)
            throw AccessErrors.DefaultClusterStays.With();
        EndUnless(await units.DeleteClusterAsync(cluster.Id, context.RequestAborted), AccessErrors.ClusterInUse.With(cluster.Name));
        await trail.RecordAsync(context, new("cluster.deleted", cluster.Id.ToString("D")) { Details = new() { ["name"] = cluster.Name } });
        return Results.NoContent();
    }

    static async Task<IResult> GetDepartmentAsync(string id, HttpContext context, UnitTable units, Permissions permissions) =>
        Results.Json(
            Body(await DepartmentAsync(id, context, units, permissions, Permission.ProjectsRead)), AccessJson.Default.DepartmentBody);

    static async Task<IResult> RenameDepartmentAsync(
        string id, HttpContext context, UnitTable units, Permissions permissions, AuditTrail trail)
    {
        var department = await DepartmentAsync(id, context, units, permissions, Permission.OrganizationManage);
        var (before, after) = await units.RenameDepartmentAsync(department.Id, await ReadNameAsync(context), context.RequestAborted)
            ?? throw CommonErrors.NotFound.With();
        if (after != before)
            await trail.RecordAsync(context, Renamed("department.renamed", after.Id, before.Name, after.Name));
        return Results.Json(Body(after), AccessJson.Default.DepartmentBody);
    }

    /// <summary>Deletes the unit. Roles at it stay with their subjects, without effect, because ids are never used again.</summary>
    static async Task<IResult> DeleteDepartmentAsync(
        string id, HttpContext context, UnitTable units, ProjectTable projects, Permissions permissions, AuditTrail trail)
    {
        var department = await DepartmentAsync(id, context, units, permissions, Permission.OrganizationManage);
        await permissions.RequireAsync(context, Permission.OrganizationManage, Scope.OfCluster(department.Cluster));
        if (department.Id == Department.DefaultId)
            throw AccessErrors.DefaultDepartmentStays.With();
        EndUnless(
            await units.DeleteDepartmentAsync(department.Id, projects, context.RequestAborted),
            AccessErrors.DepartmentInUse.With(department.Name));
        await trail.RecordAsync(context, new("department.deleted", department.Id.ToString("D"))
        {
            Details = new() { ["name"] = department.Name, ["cluster"] = department.Cluster.ToString("D") },
        });
        return Results.NoContent();
    }

    /// <summary>Creates a department, in the default cluster unless one is named.</summary>
    static async Task<IResult> CreateDepartmentAsync(HttpContext context, UnitTable units, Permissions permissions, AuditTrail trail)
    {
        var body = await RequestBody.ReadJsonOrFormAsync(context, AccessJson.Default.NewUnitBody, AccessJson.MaxBodyBytes);
        var clusterId = body.Cluster is null ? Cluster.DefaultId : Fields.Id("cluster", body.Cluster);
        await permissions.RequireAsync(context, Permission.OrganizationManage, Scope.OfCluster(clusterId));
        var cluster = await units.FindClusterAsync(clusterId, context.RequestAborted)
            ?? throw OrganizationErrors.NoCluster.On("cluster", clusterId);
        var department = await units.CreateDepartmentAsync(
            Fields.Name("name", body.Name, AccessJson.MaxNameLength), cluster, context.RequestAborted)
            ?? throw OrganizationErrors.NoCluster.On("cluster", clusterId);
        await trail.RecordAsync(context, new("department.created", department.Id.ToString("D"))
        {
            Details = new() { ["name"] = department.Name, ["cluster"] = cluster.Id.ToString("D") },
        });
        return Results.Json(Body(department), AccessJson.Default.DepartmentBody, statusCode: StatusCodes.Status201Created);
    }

    /// <summary>The cluster that <c>{id}</c> of the route names; 404 if the caller may not see it, 403 without the permission.</summary>
    static async Task<Cluster> ClusterAsync(string id, HttpContext context, UnitTable units, Permissions permissions, Permission permission)
    {
        var cluster = (Guid.TryParse(id, out var parsed) ? await units.FindClusterAsync(parsed, context.RequestAborted) : null)
            ?? throw CommonErrors.NotFound.With();
        await permissions.RequireAsync(context, Permission.ProjectsRead, permission, Scope.Of(cluster));
        return cluster;
    }

    /// <inheritdoc cref="ClusterAsync"/>
    static async Task<Department> DepartmentAsync(
        string id, HttpContext context, UnitTable units, Permissions permissions, Permission permission)
    {
        var department = (Guid.TryParse(id, out var parsed) ? await units.FindDepartmentAsync(parsed, context.RequestAborted) : null)
            ?? throw CommonErrors.NotFound.With();
        await permissions.RequireAsync(context, Permission.ProjectsRead, permission, Scope.Of(department));
        return department;
    }

    static async Task<string> ReadNameAsync(HttpContext context) =>
        Fields.Name(
            "name", (await RequestBody.ReadJsonOrFormAsync(context, AccessJson.Default.UnitNameBody, AccessJson.MaxBodyBytes)).Name,
            AccessJson.MaxNameLength);

    static AuditEvent Renamed(string action, Guid id, string before, string after) =>
        new(action, id.ToString("D")) { Details = new() { ["name"] = new JsonObject { ["before"] = before, ["after"] = after } } };

    static void EndUnless(UnitDeletion deletion, ApiException inUse)
    {
        if (deletion == UnitDeletion.InUse)
            throw inUse;
        if (deletion == UnitDeletion.Missing)
            throw CommonErrors.NotFound.With();
    }

    static ClusterBody Body(Cluster cluster) => ClusterBody.From(cluster);

    static DepartmentBody Body(Department department) => new(department.Id, department.Name, department.Cluster);
}
