using DataRegistry.Organization;

namespace DataRegistry.Jobs;

/// <summary>A project's jobs that have not ended.</summary>
sealed class ProjectJobs(JobTable jobs, JobKinds kinds) : IProjectContents
{
    public int Order => 0;

    public async Task<string?> FindAsync(Project project, CancellationToken cancellationToken) =>
        await jobs.AnyUnfinishedAsync(project, kinds, cancellationToken) ? "jobs that are not finished" : null;
}
