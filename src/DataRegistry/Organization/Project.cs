using DataRegistry.Storage;

namespace DataRegistry.Organization;

/// <summary>A project, which datums and jobs belong to.</summary>
/// <param name="Slot">0..4095: the number of its partitions of datums and jobs. Given out in turn, so that the first
/// 4096 projects share none.</param>
/// <param name="Department">Its department, in <paramref name="Cluster"/>. It never changes.</param>
public sealed record Project(Guid Id, string Name, int Slot, Guid Department, Guid Cluster)
{
    public const int Slots = 4096;

    /// <summary>Its purpose, in its users' words; may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>When it was made.</summary>
    public DateTimeOffset CTime { get; init; }
}

/// <summary>
/// A room's content of a project. A project is deleted only if no room has any. Called twice: before the deletion, and
/// after it for content that came meanwhile.
/// </summary>
public interface IProjectContents
{
    /// <summary>Rooms are asked by it: the fastest answer first.</summary>
    int Order { get; }

    /// <summary>The project's content, in a word or two for its user; null if there is none.</summary>
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

    /// <summary>When it was deleted; null where it was not.</summary>
    public DateTimeOffset? Deleted { get; init; }
}

/// <summary>How many projects were made: the next one's slot.</summary>
sealed record ProjectCounterRow : TableRow
{
    public required int Created { get; init; }
}
