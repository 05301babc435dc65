using DataRegistry.Organization;

namespace DataRegistry.Datums;

/// <summary>
/// A project's unpurged datums; purged ones are deleted with it. The partitions of its slot serve as the index.
/// </summary>
sealed class ProjectDatums(DatumTable datums) : IProjectContents
{
    public int Order => 3;

    /// <summary>
    /// The most purged datums, and datums of other projects in the slot, that are read. More would outlast the request.
    /// </summary>
    const int MaxRows = 20_000;

    public async Task<string?> FindAsync(Project project, CancellationToken cancellationToken) =>
        await datums.AnyUnpurgedAsync(project, MaxRows, cancellationToken) switch
        {
            true => "datums that are not purged",
            null => $"had too many datums: of the newest {MaxRows} all are purged, but there are older ones",
            false => null,
        };
}
