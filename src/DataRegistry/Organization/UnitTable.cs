using Azure;
using DataRegistry.Storage;

namespace DataRegistry.Organization;

/// <summary>
/// <code>
/// table organization
///   clusters    │ {cluster id}      name, has agent
///   departments │ {department id}   name, cluster
/// </code>
/// A unit and its contents are in different partitions, so no transaction spans them. A creation writes the content first and then changes
/// the unit's row. A deletion reads the unit's row, looks for contents, and then deletes that version of the row. So one of two concurrent
/// requests always sees the other.
/// </summary>
public sealed class UnitTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    const string Clusters = "clusters";
    const string Departments = "departments";

    readonly TableClient table = tables.GetTableClient("organization");

    public TableClient Table => table;

    /// <summary>
    /// The default cluster and department, made where they are missing. The first one tells when the installation began.
    /// </summary>
    public async Task EnsureDefaultsAsync(CancellationToken cancellationToken)
    {
        await AddAsync(Clusters, Cluster.DefaultId, "default", cluster: null, cancellationToken);
        await AddAsync(Departments, Department.DefaultId, Department.Default.Name, Cluster.DefaultId, cancellationToken);
    }

    /// <summary>When the installation began: no row of any table is older.</summary>
    public async Task<DateTimeOffset> BeganAsync(CancellationToken cancellationToken) =>
        (await FindAsync(Clusters, Cluster.DefaultId, cancellationToken))?.CTime ?? clock.GetUtcNow();

    /// <summary>The cluster; null if there is none.</summary>
    public async Task<Cluster?> FindClusterAsync(Guid id, CancellationToken cancellationToken) =>
        await FindAsync(Clusters, id, cancellationToken) is { } row ? ClusterOf(row) : null;

    /// <summary>The department; null if there is none.</summary>
    public async Task<Department?> FindDepartmentAsync(Guid id, CancellationToken cancellationToken) =>
        await FindAsync(Departments, id, cancellationToken) is { } row ? DepartmentOf(row) : null;

    /// <summary>Clusters in the order of their ids, after the given id.</summary>
    public IAsyncEnumerable<Cluster> ListClustersAsync(string? after, int pageSize, CancellationToken cancellationToken) =>
        table.ReadAsync<UnitRow>(
            new TableRange(Clusters) { After = after }, pageSize, cancellationToken: cancellationToken).Select(ClusterOf);

    /// <summary>Departments in the order of their ids, after the given id.</summary>
    public IAsyncEnumerable<Department> ListDepartmentsAsync(string? after, int pageSize, CancellationToken cancellationToken) =>
        table.ReadAsync<UnitRow>(
            new TableRange(Departments) { After = after }, pageSize, cancellationToken: cancellationToken).Select(DepartmentOf);

    /// <summary>The existing ones of these clusters, by id. It takes one or two requests, however many they are.</summary>
    public async Task<IReadOnlyDictionary<Guid, Cluster>> FindClustersAsync(IEnumerable<Guid> ids, CancellationToken cancellationToken) =>
        (await FindManyAsync(Clusters, ids, cancellationToken)).Select(ClusterOf).ToDictionary(c => c.Id);

    /// <summary>The existing ones of these departments, by id.</summary>
    public async Task<IReadOnlyDictionary<Guid, Department>> FindDepartmentsAsync(
        IEnumerable<Guid> ids, CancellationToken cancellationToken) =>
        (await FindManyAsync(Departments, ids, cancellationToken)).Select(DepartmentOf).ToDictionary(d => d.Id);

    public async Task<Cluster> CreateClusterAsync(string name, CancellationToken cancellationToken, bool hasAgent = false)
    {
        var cluster = new Cluster(Guid.CreateVersion7(clock.GetUtcNow()), name, hasAgent) { CTime = clock.GetUtcNow() };
        await AddAsync(Clusters, cluster.Id, name, cluster: null, cancellationToken, hasAgent);
        return cluster;
    }

    /// <summary>Says whether an agent works in the cluster: the cluster, and whether that is new; null if there is none.</summary>
    public async Task<(Cluster Cluster, bool Changed)?> SetAgentAsync(Guid id, bool hasAgent, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await FindAsync(Clusters, id, cancellationToken) is { } row;
            await retry.AgainAsync())
        {
            if (row.HasAgent == hasAgent)
                return (ClusterOf(row), false);
            var changed = row with { HasAgent = hasAgent };
            if ((await table.TryUpdateAsync(changed, row.ETag, cancellationToken: cancellationToken)).IsDone)
                return (ClusterOf(changed), true);
        }

        return null;
    }

    /// <summary>Null if the cluster is gone meanwhile.</summary>
    public async Task<Department?> CreateDepartmentAsync(string name, Cluster cluster, CancellationToken cancellationToken)
    {
        var department = new Department(Guid.CreateVersion7(clock.GetUtcNow()), name, cluster.Id) { CTime = clock.GetUtcNow() };
        await AddAsync(Departments, department.Id, name, cluster.Id, cancellationToken);
        if (await NoteAddedAsync(Clusters, cluster.Id, cancellationToken))
            return department;
        await table.TryDeleteAsync(Departments, department.Id.ToString("D"), ETag.All, cancellationToken);
        return null;
    }

    /// <summary>Called after a project was created in the department. False if the department is gone: delete the project then.</summary>
    public Task<bool> NoteProjectAsync(Guid department, CancellationToken cancellationToken) =>
        NoteAddedAsync(Departments, department, cancellationToken);

    /// <summary>Gives a cluster another name; the one before and the one after, null if there is none.</summary>
    public async Task<(Cluster Before, Cluster After)?> RenameClusterAsync(Guid id, string name, CancellationToken cancellationToken) =>
        await RenameAsync(Clusters, id, name, cancellationToken) is { } row ? (ClusterOf(row), ClusterOf(row) with { Name = name }) : null;

    /// <summary>Gives a department another name; the one before and the one after, null if there is none.</summary>
    public async Task<(Department Before, Department After)?> RenameDepartmentAsync(
        Guid id, string name, CancellationToken cancellationToken) =>
        await RenameAsync(Departments, id, name, cancellationToken) is { } row
            ? (DepartmentOf(row), DepartmentOf(row) with { Name = name })
            : null;

    /// <summary>Deletes a cluster in which no department is. Not the default one.</summary>
    public Task<UnitDeletion> DeleteClusterAsync(Guid id, CancellationToken cancellationToken) => DeleteAsync(
        Clusters, id, async token => await ListDepartmentsAsync(after: null, 1000, token).AnyAsync(d => d.Cluster == id, token),
        cancellationToken);

    /// <summary>Deletes a department in which no project is. Not the default one.</summary>
    public Task<UnitDeletion> DeleteDepartmentAsync(Guid id, ProjectTable projects, CancellationToken cancellationToken) =>
        DeleteAsync(Departments, id, token => projects.AnyInAsync(id, token), cancellationToken);

    async Task<UnitDeletion> DeleteAsync(
        string partition, Guid id, Func<CancellationToken, Task<bool>> inUse, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await FindAsync(partition, id, cancellationToken) is { } row;
            await retry.AgainAsync())
        {
            if (await inUse(cancellationToken))
                return UnitDeletion.InUse;
            var write = await table.TryDeleteAsync(partition, row.RowKey, row.ETag, cancellationToken);
            // Another request changed the row, perhaps because it created a content. Look again.
            if (write.Outcome != TableOutcome.Changed)
                return UnitDeletion.Deleted;
        }

        return UnitDeletion.Missing;
    }

    async Task<bool> NoteAddedAsync(string partition, Guid id, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await FindAsync(partition, id, cancellationToken) is { } row;
            await retry.AgainAsync())
        {
            if ((await table.TryUpdateAsync(
                row with { Added = (row.Added ?? 0) + 1 }, row.ETag, cancellationToken: cancellationToken)).IsDone)
                return true;
        }

        return false;
    }

    /// <summary>The row as it was before.</summary>
    async Task<UnitRow?> RenameAsync(string partition, Guid id, string name, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await FindAsync(partition, id, cancellationToken) is { } row;
            await retry.AgainAsync())
        {
            if (row.Name != name
                && !(await table.TryUpdateAsync(row with { Name = name }, row.ETag, cancellationToken: cancellationToken)).IsDone)
                continue;
            return row;
        }

        return null;
    }

    Task<UnitRow?> FindAsync(string partition, Guid id, CancellationToken cancellationToken) =>
        table.FindAsync<UnitRow>(partition, id.ToString("D"), cancellationToken: cancellationToken);

    async Task<IEnumerable<UnitRow>> FindManyAsync(string partition, IEnumerable<Guid> ids, CancellationToken cancellationToken) =>
        ids.Distinct().Select(id => id.ToString("D")).Order(StringComparer.Ordinal).ToList() is { Count: > 0 } keys
            ? (await table.FindManyAsync<UnitRow>(partition, keys, cancellationToken: cancellationToken)).Values
            : [];

    // An existing row is that of an earlier try.
    Task<TableWrite> AddAsync(
        string partition, Guid id, string name, Guid? cluster, CancellationToken cancellationToken, bool hasAgent = false) =>
            table.TryAddAsync(
        new UnitRow
        {
            PartitionKey = partition,
            RowKey = id.ToString("D"),
            Name = name,
            Cluster = cluster,
            HasAgent = hasAgent,
            CTime = clock.GetUtcNow(),
        }, cancellationToken);

    static Cluster ClusterOf(UnitRow row) => new(Guid.Parse(row.RowKey), row.Name, row.HasAgent) { CTime = row.CTime };

    static Department DepartmentOf(UnitRow row) =>
        new(Guid.Parse(row.RowKey), row.Name, row.Cluster ?? Cluster.DefaultId) { CTime = row.CTime };
}
