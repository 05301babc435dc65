using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.DataVolumes;

/// <summary>Lists and counts data volumes, and checks whether a name is free.</summary>
static class DataVolumeListEndpoints
{
    public static void MapDataVolumeLists(this IEndpointRouteBuilder api)
    {
        api.MapGet("/datavolumes", ListAsync);
        api.MapGet("/datavolumes/count", CountAsync);
        api.MapGet("/datavolumes/name-availability", NameAvailabilityAsync);
    }

    public static ApiException NameTaken() =>
        DataVolumeErrors.VolumeNameTaken.With();

    static async Task<IResult> ListAsync(HttpContext context, DataVolumeViews views)
    {
        var query = DataVolumeQuery.From(context.Request);
        var (volumes, show) = await views.ListAsync(context, query);
        var (page, next) = query.List.Page(volumes);
        return Results.Json(new DataVolumeListBody(next, [.. page.Select(show)]), DataVolumeJson.Default.DataVolumeListBody);
    }

    static async Task<IResult> CountAsync(HttpContext context, DataVolumeViews views)
    {
        var query = DataVolumeQuery.From(context.Request);
        var (volumes, _) = await views.ListAsync(context, query);
        return Results.Json(new CountBody(query.List.Filter(volumes).Count()), DataVolumeJson.Default.CountBody);
    }

    /// <summary>
    /// Tells whether a name is free in a cluster. The caller needs the permission to create data volumes somewhere in the cluster; the
    /// answer is 403 otherwise, also for a cluster that does not exist.
    /// </summary>
    static async Task<IResult> NameAvailabilityAsync(
        HttpContext context, DataVolumeTable volumes, UnitTable units, Scopes scopes, Permissions permissions)
    {
        var clusterId = Fields.Id("clusterId", Fields.Query(context.Request, "clusterId"));
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        if (!await rights.AllowWithinAsync(Permission.DataVolumesCreate, Scope.OfCluster(clusterId), scopes, context.RequestAborted))
            throw Permissions.Denied();
        if (await units.FindClusterAsync(clusterId, context.RequestAborted) is null)
            throw OrganizationErrors.NoCluster.On("clusterId", clusterId);
        var name = DataVolumeFields.Name("dataName", Fields.Query(context.Request, "dataName"));
        return await volumes.IsTakenAsync(clusterId, name, context.RequestAborted) ? throw NameTaken() : Results.NoContent();
    }
}
