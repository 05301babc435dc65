using DataRegistry.Access;
using DataRegistry.Organization;

namespace DataRegistry.DataVolumes;

/// <summary>The data volumes that originate in a project, including those that are being deleted.</summary>
sealed class ProjectDataVolumes(DataVolumeTable volumes) : IProjectContents
{
    public int Order => 1;

    public async Task<string?> FindAsync(Project project, CancellationToken cancellationToken) =>
        (await volumes.ListAsync(
            [DataVolumeKeys.OriginatedIn(Scope.Of(project))], row => row.Project == project.Id, cancellationToken)).Count > 0
            ? "data volumes"
            : null;
}
