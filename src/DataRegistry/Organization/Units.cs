using DataRegistry.Storage;

namespace DataRegistry.Organization;

/// <summary>A cluster: what departments belong to, and where data volumes are.</summary>
/// <param name="HasAgent">Whether an agent works in it, which makes and removes its data volumes and reports on them; without one they are
/// a catalog only.</param>
public sealed record Cluster(Guid Id, string Name, bool HasAgent = false)
{
    /// <summary>When it was made.</summary>
    public DateTimeOffset CTime { get; init; }

    /// <summary>The cluster that is always there.</summary>
    public static readonly Guid DefaultId = Guid.Parse("0198c0de-0000-7000-8000-0000000000c1");
}

/// <summary>A department of a cluster: what projects belong to. It stays in its cluster.</summary>
public sealed record Department(Guid Id, string Name, Guid Cluster)
{
    /// <summary>When it was made.</summary>
    public DateTimeOffset CTime { get; init; }

    /// <summary>The department of <see cref="Cluster.DefaultId"/> that projects belong to when none is named.</summary>
    public static readonly Guid DefaultId = Guid.Parse("0198c0de-0000-7000-8000-0000000000d1");

    public static Department Default { get; } = new(DefaultId, "default", Organization.Cluster.DefaultId);
}

sealed record UnitRow : TableRow
{
    public required string Name { get; init; }

    /// <summary>A department's; null for a cluster.</summary>
    public Guid? Cluster { get; init; }

    /// <summary>A cluster's; false for a department, and in rows of before there were agents.</summary>
    public bool HasAgent { get; init; }
    public required DateTimeOffset CTime { get; init; }

    /// <summary>How often something was put into it: what changes the row, so that a deletion that did not see it fails.</summary>
    public int? Added { get; init; }
}

/// <summary>The outcome of a unit's deletion.</summary>
public enum UnitDeletion
{
    Deleted,

    /// <summary>Something belongs to it; it stays.</summary>
    InUse,

    /// <summary>There is none.</summary>
    Missing,
}
