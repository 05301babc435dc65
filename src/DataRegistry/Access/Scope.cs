using DataRegistry.Organization;

namespace DataRegistry.Access;

public enum ScopeKind
{
    System,
    Cluster,
    Department,
    Project,
}

/// <summary>
/// A part of the organization, with the parts that it lies in. Roles are given at scopes, and permissions are checked at scopes.
/// </summary>
public sealed record Scope
{
    Scope(ScopeKind kind, Guid id, Scope? above) => (Kind, Id, Above) = (kind, id, above);

    public static Scope System { get; } = new(ScopeKind.System, Guid.Empty, above: null);

    public ScopeKind Kind { get; }

    /// <summary>The unit's id; empty for the system.</summary>
    public Guid Id { get; }

    /// <summary>The scope that it lies in; null for the system.</summary>
    public Scope? Above { get; }

    public static Scope OfCluster(Guid id) => new(ScopeKind.Cluster, id, System);

    public static Scope Of(Cluster cluster) => OfCluster(cluster.Id);

    public static Scope Of(Department department) => new(ScopeKind.Department, department.Id, OfCluster(department.Cluster));

    public static Scope Of(Project project) =>
        new(ScopeKind.Project, project.Id, new Scope(ScopeKind.Department, project.Department, OfCluster(project.Cluster)));

    /// <summary>Whether the scope is the named one or lies in it.</summary>
    public bool IsWithin(ScopeKind kind, Guid id) => (Kind == kind && Id == id) || (Above?.IsWithin(kind, id) ?? false);
}
