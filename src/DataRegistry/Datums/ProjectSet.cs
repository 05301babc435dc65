using DataRegistry.Organization;
using DataRegistry.Storage;

namespace DataRegistry.Datums;

/// <summary>The projects whose datums are listed.</summary>
sealed class ProjectSet(IReadOnlyCollection<Project> projects)
{
    readonly Dictionary<Guid, Project> byId = projects.ToDictionary(p => p.Id);

    /// <summary>16 per project. Beyond 4096 projects, several share a slot and its partitions.</summary>
    public IReadOnlyList<ushort> Partitions { get; } =
        [.. projects.Select(p => p.Slot).Distinct().SelectMany(
            slot => Enumerable.Range(0, Shards.Count).Select(shard => (ushort)(slot * Shards.Count + shard)))];

    public bool Contains(Guid project) => byId.ContainsKey(project);

    public Project Of(DatumRow datum) => byId[datum.Project];
}
