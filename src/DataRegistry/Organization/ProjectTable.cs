using DataRegistry.Http;
using DataRegistry.Storage;

namespace DataRegistry.Organization;

/// <summary>
/// <code>
/// table organization
///   projects │ {project id}   name, slot, department, cluster
///            │ slots          how many were made
/// </code>
/// All rows are in one partition, so a project and its slot are written in one transaction. A deleted project keeps its row, with a mark:
/// the audit trail still names it. Slots are given out in turn, see <see cref="Project"/>.
/// </summary>
public sealed class ProjectTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    const string Partition = "projects";
    // This key sorts after every id, because an id has no character after 'f'.
    const string CounterKey = "slots";

    readonly TableClient table = tables.GetTableClient("organization");
    // Only the name and the description of a project ever change.
    readonly ExpiringCache<Guid, Project> known = new(clock, TimeSpan.FromSeconds(15));

    public TableClient Table => table;

    /// <summary>The project; null if there is none. A new name shows within 15 seconds.</summary>
    public async Task<Project?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        await known.GetAsync(id, async token => await RowAsync(id, token) is { Deleted: null } row ? Read(row) : null, cancellationToken);

    /// <summary>
    /// The existing ones of these projects, by id. Projects that are not cached are read in ranges, a thousand a request.
    /// </summary>
    public async Task<IReadOnlyDictionary<Guid, Project>> FindManyAsync(IEnumerable<Guid> ids, CancellationToken cancellationToken)
    {
        var found = new Dictionary<Guid, Project>();
        var missing = new List<string>();
        var now = clock.GetUtcNow();
        foreach (var id in ids.Distinct())
        {
            if (known.Find(id) is { } project)
                found.Add(id, project);
            else
                missing.Add(id.ToString("D"));
        }

        if (missing.Count == 0)
            return found;
        missing.Sort(StringComparer.Ordinal);
        foreach (var row in (await table.FindManyAsync<ProjectRow>(
            Partition, missing, before: CounterKey, cancellationToken: cancellationToken)).Values.Where(row => row.Deleted is null))
        {
            var project = Read(row);
            found.Add(project.Id, project);
            known.Put(project.Id, project, now);
        }

        return found;
    }

    /// <summary>The project if it is deleted, else null.</summary>
    public async Task<Project?> FindDeletedAsync(Guid id, CancellationToken cancellationToken) =>
        await RowAsync(id, cancellationToken) is { Deleted: not null } row ? Read(row) : null;

    /// <summary>Whether the department has a project that is not deleted. Reads all projects.</summary>
    public async Task<bool> AnyInAsync(Guid department, CancellationToken cancellationToken) =>
        await RowsAsync(after: null, 1000, cancellationToken).AnyAsync(p => p.Department == department, cancellationToken);

    /// <summary>Marks the project as deleted, or removes the mark. Repeating it changes nothing.</summary>
    public async Task MarkAsync(Guid id, bool deleted, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await RowAsync(id, cancellationToken) is { } row && row.Deleted is not null != deleted && !(await table.TryUpdateAsync(
                row with { Deleted = deleted ? clock.GetUtcNow() : null }, row.ETag, cancellationToken: cancellationToken)).IsDone;
            await retry.AgainAsync())
        {
        }

        known.Forget(id);
    }

    /// <summary>
    /// A page of the projects that <paramref name="visible"/> accepts, in the order of their ids, and the cursor of the next page.
    /// </summary>
    public Task<(IReadOnlyList<Project> Projects, string? Cursor)> ListAsync(
        int limit, string? after, Func<Project, bool> visible, CancellationToken cancellationToken) =>
        RowsAsync(
            after, Math.Min(limit + 1, 1000), cancellationToken).Where(visible).PageAsync(
                limit, p => UnitSize.Of(p.Name), p => p.Id.ToString("D"), cancellationToken);

    /// <summary>All projects, in the order of their ids.</summary>
    public IAsyncEnumerable<Project> ListAllAsync(CancellationToken cancellationToken) => RowsAsync(after: null, 1000, cancellationToken);

    /// <summary>The slots that projects have or had, deleted ones included.</summary>
    public async Task<IEnumerable<int>> SlotsAsync(CancellationToken cancellationToken)
    {
        var counter = await table.FindAsync<ProjectCounterRow>(Partition, CounterKey, cancellationToken: cancellationToken);
        return Enumerable.Range(0, Math.Min(counter?.Created ?? 0, Project.Slots));
    }

    /// <summary>
    /// Creates a project with this id in the default department, or finds it. Repeating it changes nothing. A deleted project comes back.
    /// </summary>
    public Task<Project> EnsureAsync(Guid id, string name, CancellationToken cancellationToken) =>
        EnsureAsync(id, name, Department.Default, cancellationToken);

    /// <inheritdoc cref="EnsureAsync(Guid, string, CancellationToken)"/>
    /// <param name="description">Of a new one.</param>
    public async Task<Project> EnsureAsync(
        Guid id, string name, Department department, CancellationToken cancellationToken, string description = "")
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            if (await FindAsync(id, cancellationToken) is { } found)
                return found;
            var counter = await table.FindAsync<ProjectCounterRow>(Partition, CounterKey, cancellationToken: cancellationToken);
            var created = counter?.Created ?? 0;
            var next = new ProjectCounterRow { PartitionKey = Partition, RowKey = CounterKey, Created = created + 1 };
            var made = await table.TrySubmitAsync(
                [
                    counter is null ? Change.Add(next) : Change.Update(next, counter.ETag),
                    Change.Add(new ProjectRow
                    {
                        PartitionKey = Partition, RowKey = id.ToString("D"), Name = name, Slot = created % Project.Slots,
                        Department = department.Id, Cluster = department.Cluster, CTime = clock.GetUtcNow(),
                        Description = description,
                    }),
                ],
                cancellationToken);
            // The write succeeded, or another request changed the counter or took this id, or the project is deleted. Read again.
            if (!made.IsDone)
                await MarkAsync(id, deleted: false, cancellationToken);
        }
    }

    /// <summary>Gives a project another name or description; the one before and the one after, null if there is none.</summary>
    /// <param name="name">Null for the one that it has.</param>
    /// <param name="description">Null for the one that it has.</param>
    public async Task<(Project Before, Project After)?> ChangeAsync(
        Guid id, string? name, string? description, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await RowAsync(id, cancellationToken) is { Deleted: null } row;
            await retry.AgainAsync())
        {
            var changed = row with { Name = name ?? row.Name, Description = description ?? row.Description };
            if (changed != row && !(await table.TryUpdateAsync(changed, row.ETag, cancellationToken: cancellationToken)).IsDone)
                continue;
            known.Forget(id);
            return (Read(row), Read(changed));
        }

        return null;
    }

    IAsyncEnumerable<Project> RowsAsync(string? after, int pageSize, CancellationToken cancellationToken) =>
        table.ReadAsync<ProjectRow>(
            new TableRange(Partition) { After = after, Before = CounterKey }, pageSize, cancellationToken: cancellationToken)
            .Where(row => row.Deleted is null).Select(Read);

    Task<ProjectRow?> RowAsync(Guid id, CancellationToken cancellationToken) =>
        table.FindAsync<ProjectRow>(Partition, id.ToString("D"), cancellationToken: cancellationToken);

    static Project Read(ProjectRow row) =>
        new(Guid.Parse(row.RowKey), row.Name, row.Slot, row.Department ?? Department.DefaultId, row.Cluster ?? Cluster.DefaultId)
        {
            Description = row.Description ?? "",
            CTime = row.CTime,
        };
}
