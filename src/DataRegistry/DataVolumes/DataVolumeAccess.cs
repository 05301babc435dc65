using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.DataVolumes;

/// <summary>Decides which data volumes a caller sees, and what the caller may do with them.</summary>
sealed class DataVolumeAccess(DataVolumeTable volumes, ProjectTable projects, UnitTable units, Permissions permissions)
{
    /// <summary>
    /// The data volume of the id in the path, if the caller has the permission at its origin. 403 if the caller only
    /// sees it: through its origin, a scope that it is shared with, or a scope inside of one. 404 for all others, and
    /// for a malformed id.
    /// </summary>
    public async Task<DataVolumeRow> RequiredAsync(HttpContext context, string id, Permission permission)
    {
        if (!DataVolumeId.TryParse(id, out var parsed) || await volumes.FindAsync(parsed, context.RequestAborted) is not { } row)
            throw CommonErrors.NotFound.With();
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var allowed = rights.Allow(permission, row.Origin);
        if (!(allowed && rights.Allow(Permission.DataVolumesRead, row.Origin))
            && !await IsVisibleAsync(rights, row, context.RequestAborted))
            throw CommonErrors.NotFound.With();
        return allowed || permission == Permission.DataVolumesRead ? row : throw Permissions.Denied();
    }

    /// <summary>
    /// The project that a parameter or field names. 403 if there is none, or the caller lacks the permission; a caller
    /// who sees everything learns that there is none.
    /// </summary>
    public async Task<Project> ProjectAsync(HttpContext context, string field, string? text, Permission permission)
    {
        var id = Fields.Id(field, text);
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var project = await projects.FindAsync(id, context.RequestAborted);
        if (project is null && rights.Allow(permission, Scope.System))
            throw OrganizationErrors.NoProject.On(field, id);
        return project is not null && rights.Allow(permission, Scope.Of(project)) ? project : throw Permissions.Denied();
    }

    /// <summary>
    /// The widest scopes where the caller has the permission, with clusters in place of the system. None lies inside
    /// another.
    /// </summary>
    public async Task<IReadOnlyList<Scope>> PlacesAsync(Rights rights, Permission permission, CancellationToken cancellationToken)
    {
        var places = rights.Projects is { } only
            ? (await projects.FindManyAsync(only, cancellationToken)).Values.Select(Scope.Of)
            : await PlacesOfRolesAsync(
                rights.Roles.Where(r => Roles.PermissionsOf(r.Role).Contains(permission)).ToLookup(r => r.ScopeKind, r => r.ScopeId),
                cancellationToken);
        var allowed = places.Where(p => rights.Allow(permission, p)).DistinctBy(p => (p.Kind, p.Id)).ToList();
        return [.. allowed.Where(p => p.Above is not { } above || !allowed.Any(o => above.IsWithin(o.Kind, o.Id)))];
    }

    async Task<IEnumerable<Scope>> PlacesOfRolesAsync(ILookup<ScopeKind, Guid> roles, CancellationToken cancellationToken)
    {
        if (roles.Contains(ScopeKind.System))
            return await units.ListClustersAsync(
                after: null, pageSize: 1000, cancellationToken).Select(Scope.Of).ToListAsync(cancellationToken);
        var clusters = (await units.FindClustersAsync(roles[ScopeKind.Cluster], cancellationToken)).Values.Select(Scope.Of);
        var departments = (await units.FindDepartmentsAsync(roles[ScopeKind.Department], cancellationToken)).Values.Select(Scope.Of);
        return [
            .. clusters, .. departments,
            .. (await projects.FindManyAsync(roles[ScopeKind.Project], cancellationToken)).Values.Select(Scope.Of)];
    }

    async Task<bool> IsVisibleAsync(Rights rights, DataVolumeRow row, CancellationToken cancellationToken)
    {
        if (rights.Allow(Permission.DataVolumesRead, row.Origin))
            return true;
        var shared = row.ReadScopes();
        if (shared.Any(s => rights.Allow(Permission.DataVolumesRead, ScopeOf(s, row.Cluster))))
            return true;
        // A project has no scopes inside.
        if (shared.All(s => s.Kind == ScopeKind.Project))
            return false;
        var places = await PlacesAsync(rights, Permission.DataVolumesRead, cancellationToken);
        return places.Any(p => shared.Any(s => p.IsWithin(s.Kind, s.Id)));
    }

    static Scope ScopeOf(SharedScope shared, Guid cluster) => shared.Kind switch
    {
        ScopeKind.Cluster => Scope.OfCluster(shared.Id),
        ScopeKind.Department => Scope.Of(new Department(shared.Id, "", cluster)),
        _ => Scope.Of(new Project(shared.Id, "", 0, shared.Department ?? default, cluster)),
    };
}
