using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.DataVolumes;

/// <summary>
/// Completes data volumes with facts from other rows: present names of projects and scopes, and the state of agents.
/// </summary>
sealed class DataVolumeViews(
    DataVolumeTable volumes, DataVolumeAccess access, ProjectTable projects, UnitTable units, ClusterAgents agents, Permissions permissions,
    TimeProvider clock)
{
    /// <summary>All volumes of a list, neither filtered nor sorted, and a function that makes the body of one.</summary>
    public async Task<(IReadOnlyList<ListedVolume> Volumes, Func<ListedVolume, DataVolumeBody> Show)> ListAsync(
        HttpContext context, DataVolumeQuery query)
    {
        var rows = query.RequestType == DataVolumeRequestType.Originated
            ? await OriginatedAsync(context)
            : await UsableAsync(context, query.UsableInProjectId);
        var named = await projects.FindManyAsync(rows.Select(r => r.Project), context.RequestAborted);
        var agentsOf = await agents.OfAsync(rows.Select(r => r.Cluster).ToHashSet(), context.RequestAborted);
        var now = clock.GetUtcNow();
        return (
            [.. rows.Select(r => new ListedVolume(r, NameOf(r, named), DataVolumeState.PhaseOf(r, agentsOf[r.Cluster], now)))],
            v => DataVolumeBody.From(v.Row, v.ProjectName, DataVolumeState.StatusOf(v.Row, agentsOf[v.Row.Cluster], v.ProjectName, now)));
    }

    /// <summary>One volume; with its shared scopes if they are requested and the caller may share it.</summary>
    public async Task<DataVolumeBody> ShowAsync(HttpContext context, DataVolumeRow row, bool withSharedScopes)
    {
        var name = NameOf(row, await projects.FindManyAsync([row.Project], context.RequestAborted));
        var agent = await agents.OfAsync(row.Cluster, context.RequestAborted);
        var shared = withSharedScopes
            && await permissions.AllowsAsync(Caller.Of(context), Permission.DataVolumesShare, row.Origin, context.RequestAborted)
            ? await SharedScopesAsync(row, context.RequestAborted) : null;
        return DataVolumeBody.From(row, name, DataVolumeState.StatusOf(row, agent, name, clock.GetUtcNow()), shared);
    }

    /// <summary>The scopes that a volume is shared with, in the order in which they were added.</summary>
    public async Task<IReadOnlyList<SharedScopeBody>> SharedScopesAsync(DataVolumeRow row, CancellationToken cancellationToken)
    {
        var scopes = row.ReadScopes();
        var byKind = scopes.ToLookup(s => s.Kind, s => s.Id);
        var names = new Dictionary<Guid, string>();
        foreach (var project in (await projects.FindManyAsync(byKind[ScopeKind.Project], cancellationToken)).Values)
            names[project.Id] = project.Name;
        foreach (var department in (await units.FindDepartmentsAsync(byKind[ScopeKind.Department], cancellationToken)).Values)
            names[department.Id] = department.Name;
        foreach (var cluster in (await units.FindClustersAsync(byKind[ScopeKind.Cluster], cancellationToken)).Values)
            names[cluster.Id] = cluster.Name;
        return [
            .. scopes.Select(
                s => new SharedScopeBody(
                    Fields.WireName(s.Kind), s.Id.ToString("D"), names.GetValueOrDefault(s.Id, s.Id.ToString("D")), s.CreatedAt,
                    s.CreatedBy))];
    }

    /// <summary>The work of a cluster's agent.</summary>
    public async Task<PendingListBody> PendingAsync(Guid cluster, OffsetPaging paging, CancellationToken cancellationToken)
    {
        var (rows, next) = await volumes.PendingAsync(cluster, paging, cancellationToken);
        var named = await projects.FindManyAsync(rows.Select(r => r.Project), cancellationToken);
        return new(next, [.. rows.Select(r => PendingBody.From(r, NameOf(r, named)))]);
    }

    async Task<IReadOnlyList<DataVolumeRow>> OriginatedAsync(HttpContext context)
    {
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var places = await access.PlacesAsync(rights, Permission.DataVolumesRead, context.RequestAborted);
        if (places.Count == 0)
            throw Permissions.Denied();
        // Ranges may contain rows of other units, see DataVolumeKeys. A project's rows are visible all or none.
        var allowed = new System.Collections.Concurrent.ConcurrentDictionary<Guid, bool>();
        return await volumes.ListAsync(
            places.Select(DataVolumeKeys.OriginatedIn).Distinct(),
            row => allowed.GetOrAdd(
                row.Project, static (_, of) => of.rights.Allow(Permission.DataVolumesRead, of.row.Origin), (rights, row)),
                context.RequestAborted);
    }

    async Task<IReadOnlyList<DataVolumeRow>> UsableAsync(HttpContext context, string? projectId)
    {
        var project = await access.ProjectAsync(context, "usableInProjectId", projectId, Permission.DataVolumesRead);
        TableRange[] ranges =
        [
            DataVolumeKeys.OriginatedIn(Scope.Of(project)), DataVolumeKeys.SharedWith(project.Cluster, ScopeKind.Project, project.Id),
            DataVolumeKeys.SharedWith(project.Cluster, ScopeKind.Department, project.Department),
            DataVolumeKeys.SharedWith(project.Cluster, ScopeKind.Cluster, project.Cluster),
        ];
        return await volumes.ListAsync(ranges, row => row.IsCopy || row.Project == project.Id, context.RequestAborted);
    }

    static string NameOf(DataVolumeRow row, IReadOnlyDictionary<Guid, Project> named) =>
        named.TryGetValue(row.Project, out var project) ? project.Name : row.Project.ToString("D");
}
