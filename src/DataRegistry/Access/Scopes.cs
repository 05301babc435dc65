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
}
