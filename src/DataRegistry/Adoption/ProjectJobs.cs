using DataRegistry.Organization;

namespace DataRegistry.Adoption;

/// <summary>A project's jobs that are not at their end.</summary>
sealed class ProjectJobs(JobTable jobs) : IProjectContents
{
    public async Task<string?> FindAsync(Project project, CancellationToken cancellationToken) =>
        await jobs.AnyUnfinishedAsync(project, cancellationToken) ? "jobs that are not finished" : null;
}
