using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Access;

/// <summary>Notes whether an agent runs in a cluster. The room DataVolumes acts on it. A role names the account of the agent.</summary>
static class ClusterAgentEndpoints
{
    public static void MapClusterAgents(this IEndpointRouteBuilder api)
    {
        api.MapPut("/clusters/{id}/agent/", AddAsync).WithName("addClusterAgent")
            .Answers<ClusterBody>("Note that an agent runs in a cluster", example: "ClusterBody.agent")
            .Fails(AccessErrors.NotPermitted);
        api.MapDelete("/clusters/{id}/agent/", RemoveAsync).WithName("removeClusterAgent")
            .Answers<ClusterBody>("Note that no agent runs in a cluster")
            .Fails(AccessErrors.NotPermitted);
    }

    static Task<IResult> AddAsync(string id, HttpContext context, UnitTable units, Permissions permissions, AuditTrail trail) =>
        SetAsync(id, hasAgent: true, context, units, permissions, trail);

    static Task<IResult> RemoveAsync(string id, HttpContext context, UnitTable units, Permissions permissions, AuditTrail trail) =>
        SetAsync(id, hasAgent: false, context, units, permissions, trail);

    /// <summary>Changes and answers the cluster. Repeating it changes nothing and adds no event.</summary>
    static async Task<IResult> SetAsync(
        string id, bool hasAgent, HttpContext context, UnitTable units, Permissions permissions, AuditTrail trail)
    {
        var found = (Guid.TryParse(id, out var parsed) ? await units.FindClusterAsync(parsed, context.RequestAborted) : null)
            ?? throw CommonErrors.NotFound.With();
        await permissions.RequireAsync(context, Permission.ProjectsRead, Permission.OrganizationManage, Scope.Of(found));
        var (cluster, changed) = await units.SetAgentAsync(found.Id, hasAgent, context.RequestAborted)
            ?? throw CommonErrors.NotFound.With();
        if (changed)
            await trail.RecordAsync(context, new(hasAgent ? "cluster.agent_added" : "cluster.agent_removed", cluster.Id.ToString("D")));
        return Results.Json(ClusterBody.From(cluster), AccessJson.Default.ClusterBody);
    }
}
