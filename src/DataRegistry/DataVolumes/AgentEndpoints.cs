using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.DataVolumes;

/// <summary>The requests of a cluster's agent. Each of them also notes that the agent is alive.</summary>
static class AgentEndpoints
{
    public static void MapAgents(this IEndpointRouteBuilder api)
    {
        api.MapGet("/clusters/{clusterId}/datavolumes/pending", PendingAsync);
        api.MapPut("/clusters/{clusterId}/datavolumes/{id}/status", ReportAsync);
    }

    static async Task<IResult> PendingAsync(
        string clusterId, HttpContext context, UnitTable units, Permissions permissions, ClusterAgents agents, DataVolumeViews views)
    {
        var cluster = await ClusterAsync(clusterId, context, units, permissions);
        var paging = OffsetPaging.From(context.Request, defaultLimit: OffsetPaging.MaxLimit);
        await agents.NoteAsync(cluster.Id, context.RequestAborted);
        return Results.Json(
            await views.PendingAsync(cluster.Id, paging, context.RequestAborted), DataVolumeJson.Default.PendingListBody);
    }

    /// <summary>
    /// 200 with the present status; 204 for a deletion, even if the volume is already gone. A report about an earlier
    /// time than the last one's changes nothing.
    /// </summary>
    static async Task<IResult> ReportAsync(
        string clusterId, string id, HttpContext context, ReportServices services)
    {
        var (units, permissions, agents, volumes, views, trail, clock) = services;
        var cluster = await ClusterAsync(clusterId, context, units, permissions);
        var body = await RequestBody.ReadJsonAsync(context, DataVolumeJson.Default.ReportBody, DataVolumeJson.MaxBodyBytes);
        if (!DataVolumeId.TryParse(id, out var volume) || DataVolumeKeys.Partition(volume) != DataVolumeKeys.Partition(cluster.Id))
            throw CommonErrors.NotFound.With();
        if (body.IsDeleted == true)
        {
            await agents.NoteAsync(cluster.Id, context.RequestAborted);
            return await DeletedAsync(volume, cluster, context, volumes, trail);
        }

        var report = AgentReport.From(body, clock.GetUtcNow());
        await agents.NoteAsync(cluster.Id, context.RequestAborted);
        var changed = await volumes.ChangeAsync(
            volume, row => row.Cluster == cluster.Id ? report.Apply(row) : throw CommonErrors.NotFound.With(),
            context.RequestAborted)
            ?? throw CommonErrors.NotFound.With();
        return Results.Json(
            (await views.ShowAsync(context, changed, withSharedScopes: false)).Status, DataVolumeJson.Default.DataVolumeStatusBody);
    }

    static async Task<IResult> DeletedAsync(
        DataVolumeId id, Cluster cluster, HttpContext context, DataVolumeTable volumes, AuditTrail trail)
    {
        var removed = await volumes.RemoveAsync(id, row =>
        {
            if (row.Cluster != cluster.Id)
                throw CommonErrors.NotFound.With();
            if (row.DeletingSince is null)
                throw DataVolumeErrors.DeletionNotAsked.With(row.Name);
        }, context.RequestAborted);
        if (removed is not null)
            await trail.RecordAsync(context, DataVolumeEndpoints.Event("datavolume.deleted", removed));
        return Results.NoContent();
    }

    /// <summary>
    /// The cluster of the path, for its agent. 403 if the caller may only see it, 404 for others; 409 if the cluster
    /// has no agent.
    /// </summary>
    static async Task<Cluster> ClusterAsync(string text, HttpContext context, UnitTable units, Permissions permissions)
    {
        var cluster = (Guid.TryParse(text, out var id) ? await units.FindClusterAsync(id, context.RequestAborted) : null)
            ?? throw CommonErrors.NotFound.With();
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        if (!rights.Allow(Permission.DataVolumesReport, Scope.Of(cluster)))
            throw rights.Allow(Permission.ProjectsRead, Scope.Of(cluster)) ? Permissions.Denied() : CommonErrors.NotFound.With();
        return cluster.HasAgent ? cluster
            : throw DataVolumeErrors.NoAgent.With(cluster.Name);
    }
}

/// <summary>The services that handle an agent's report.</summary>
sealed record ReportServices(
    UnitTable Units, Permissions Permissions, ClusterAgents Agents, DataVolumeTable Volumes, DataVolumeViews Views, AuditTrail Trail,
    TimeProvider Clock);
