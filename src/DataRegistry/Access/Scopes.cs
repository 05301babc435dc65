using DataRegistry.Http;
using DataRegistry.Organization;

namespace DataRegistry.Access;

/// <summary>Finds the units of scopes.</summary>
public sealed class Scopes(ProjectTable projects, UnitTable units)
{
    /// <summary>The scope with those that it lies in; null if there is no such unit.</summary>
    public async Task<Scope?> FindAsync(ScopeKind kind, Guid id, CancellationToken cancellationToken) => kind switch
    {
        ScopeKind.System => Scope.System,
        ScopeKind.Cluster => await units.FindClusterAsync(id, cancellationToken) is { } cluster ? Scope.Of(cluster) : null,
        ScopeKind.Department => await units.FindDepartmentAsync(id, cancellationToken) is { } department ? Scope.Of(department) : null,
        ScopeKind.Project => await projects.FindAsync(id, cancellationToken) is { } project ? Scope.Of(project) : null,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>The scope of a role. It is the system where the unit is deleted, so that somebody can take the role.</summary>
    internal async Task<Scope> OfAsync(RoleAssignment role, CancellationToken cancellationToken) =>
        await FindAsync(role.ScopeKind, role.ScopeId, cancellationToken) ?? Scope.System;

    /// <summary>
    /// The scope that <c>scope_type</c> and <c>scope_id</c> name, for callers who manage roles there; the end of the request for others.
    /// Only callers who manage all roles are told that there is no such unit.
    /// </summary>
    internal async Task<Scope> RequiredAsync(string? type, string? id, Rights rights, CancellationToken cancellationToken)
    {
        var kind = Fields.Choice<ScopeKind>("scope_type", type);
        if (kind == ScopeKind.System && !string.IsNullOrEmpty(id))
            throw AccessErrors.SystemHasNoId.On("scope_id");
        var scopeId = kind == ScopeKind.System ? Guid.Empty : Fields.Id("scope_id", id);
        var scope = await FindAsync(kind, scopeId, cancellationToken);
        if (scope is null && rights.Allow(Permission.RolesManage, Scope.System))
            throw AccessErrors.NoScope.On("scope_id", Fields.WireName(kind), scopeId);
        return scope is not null && rights.Allow(Permission.RolesManage, scope) ? scope : throw Permissions.Denied();
    }
}
