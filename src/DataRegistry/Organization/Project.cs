using DataRegistry.Storage;

namespace DataRegistry.Organization;

/// <summary>A project owns datums and jobs.</summary>
/// <param name="Slot">0..4095: names the partitions of its datums and jobs. Slots are given out in turn, so the first 4096 projects share
/// none.</param>
/// <param name="Department">The department of the project, which never changes, and neither does its <paramref name="Cluster"/>.</param>
public sealed record Project(Guid Id, string Name, int Slot, Guid Department, Guid Cluster)
{
    public const int Slots = 4096;

    /// <summary>The users' own words about the project, or empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>When it was made.</summary>
    public DateTimeOffset CTime { get; init; }
}

/// <summary>
/// The contents that a room keeps of a project. A project is deleted only if no room keeps any. The deletion asks before it and after it,
/// because contents may come meanwhile.
/// </summary>
public interface IProjectContents
{
    /// <summary>The order in which rooms are asked: the fastest first.</summary>
    int Order { get; }

    /// <summary>The kind of contents, in a word or two for the user; null for none.</summary>
    Task<string?> FindAsync(Project project, CancellationToken cancellationToken);
}

sealed record ProjectRow : TableRow
{
    public required string Name { get; init; }

    /// <summary>Null, as in rows of former releases, for none.</summary>
    public string? Description { get; init; }
    public required int Slot { get; init; }

    /// <summary>Null, as is <see cref="Cluster"/>, in rows of before there were departments: the default one.</summary>
    public Guid? Department { get; init; }
    public Guid? Cluster { get; init; }
    public required DateTimeOffset CTime { get; init; }

    /// <summary>When it was deleted; null if it was not.</summary>
    public DateTimeOffset? Deleted { get; init; }
}

/// <summary>The number of projects that were ever created, which is the next slot.</summary>
sealed record ProjectCounterRow : TableRow
{
    public required int Created { get; init; }
}
