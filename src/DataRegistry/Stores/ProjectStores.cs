using DataRegistry.Organization;

namespace DataRegistry.Stores;

/// <summary>A project's stores. Reads all stores.</summary>
sealed class ProjectStores(StoreTable stores) : IProjectContents
{
    public int Order => 2;

    public async Task<string?> FindAsync(Project project, CancellationToken cancellationToken)
    {
        var (found, _) = await stores.ListAsync(
            1, null, (store, _) => ValueTask.FromResult(store.Project == project.Id), cancellationToken);
        return found is [var store, ..] ? $"the store '{store.Name}'" : null;
    }
}
