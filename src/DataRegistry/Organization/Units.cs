using DataRegistry.Storage;

namespace DataRegistry.Organization;

/// <summary>A cluster has departments and data volumes.</summary>
/// <param name="HasAgent">Whether an agent runs in it, which creates, deletes and reports on its data volumes. Without one they are only
/// a catalog.</param>
public sealed record Cluster(Guid Id, string Name, bool HasAgent = false)
{
    /// <summary>When it was made.</summary>
    public DateTimeOffset CTime { get; init; }

    /// <summary>The cluster that always exists.</summary>
    public static readonly Guid DefaultId = Guid.Parse("0198c0de-0000-7000-8000-0000000000c1");
}

/// <summary>A department has projects. It stays in its cluster.</summary>
public sealed record Department(Guid Id, string Name, Guid Cluster)
{
    /// <summary>When it was made.</summary>
    public DateTimeOffset CTime { get; init; }

    /// <summary>The department of <see cref="Cluster.DefaultId"/> for projects that name none.</summary>
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

    /// <summary>The number of contents that were ever created in it. It changes the row, so a deletion that missed one fails.</summary>
    public int? Added { get; init; }
}

/// <summary>The outcome of the deletion of a unit.</summary>
public enum UnitDeletion
{
    Deleted,

    /// <summary>Something belongs to it; it stays.</summary>
    InUse,

    /// <summary>There is none.</summary>
    Missing,
}
