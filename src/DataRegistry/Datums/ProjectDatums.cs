using DataRegistry.Organization;

namespace DataRegistry.Datums;

/// <summary>
/// A project's datums, but for purged ones, which go with it. The index of what a project holds is its slot's partitions.
/// </summary>
sealed class ProjectDatums(DatumTable datums) : IProjectContents
{
    public int Order => 3;

    /// <summary>Purged datums, and those of projects with the same slot, that are looked at: more would outlast the request.</summary>
    const int MaxRows = 20_000;

    public async Task<string?> FindAsync(Project project, CancellationToken cancellationToken) =>
        await datums.AnyUnpurgedAsync(project, MaxRows, cancellationToken) switch
        {
            true => "datums that are not purged",
            null => $"had too many datums: of the newest {MaxRows} all are purged, but there are older ones",
            false => null,
        };
}
