using System.Collections.Concurrent;
using DataRegistry.Storage;

namespace DataRegistry.Organization;

/// <summary>
/// <code>
/// table organization
///   projects │ {project id}   name, slot
///            │ slots          how many were made
/// </code>
/// One partition, so that a project and its slot are one transaction.
/// </summary>
public sealed class ProjectTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    const string Partition = "projects";
    // After every id, whose characters end with 'f'.
    const string CounterKey = "slots";

    readonly TableClient table = tables.GetTableClient("organization", ProjectRows.Default);
    // A project's name may change, its slot never: what is cached is good for what it is used for, placing rows.
    readonly ConcurrentDictionary<Guid, Project> known = new();

    public TableClient Table => table;

    /// <summary>The project; null where there is none.</summary>
    public async Task<Project?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        if (known.TryGetValue(id, out var project))
            return project;
        var row = await table.GetEntityIfExistsAsync<ProjectRow>(Partition, id.ToString("D"), cancellationToken: cancellationToken);
        return row is null ? null : known.GetOrAdd(id, new Project(id, row.Name, row.Slot));
    }

    /// <summary>A page of projects in the order of their ids, and the cursor of the next one.</summary>
    public async Task<(IReadOnlyList<Project> Projects, string? Cursor)> ListAsync(int limit, string? after, CancellationToken cancellationToken)
    {
        var range = new TableRange(Partition) { After = after, Before = CounterKey };
        var (rows, cursor) = await table.QueryAsync<ProjectRow>(range, Math.Min(limit + 1, 1000), cancellationToken: cancellationToken)
            .PageAsync(limit, r => r.RowKey, cancellationToken);
        return ([.. rows.Select(r => new Project(Guid.Parse(r.RowKey), r.Name, r.Slot))], cursor);
    }

    /// <summary>Creates a project with the given id, or finds the one that has it: repeating it changes nothing.</summary>
    public async Task<Project> EnsureAsync(Guid id, string name, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await FindAsync(id, cancellationToken) is { } found)
                return found;
            var counter = await table.GetEntityIfExistsAsync<ProjectCounterRow>(Partition, CounterKey, cancellationToken: cancellationToken);
            var created = counter?.Created ?? 0;
            var next = new ProjectCounterRow { PartitionKey = Partition, RowKey = CounterKey, Created = created + 1 };
            await table.SubmitTransactionAsync(
                [
                    counter is null ? TableTransactionAction.Add(next) : TableTransactionAction.Update(next, counter.ETag),
                    TableTransactionAction.Add(new ProjectRow
                    {
                        PartitionKey = Partition, RowKey = id.ToString("D"), Name = name, Slot = created % Project.Slots, CTime = clock.GetUtcNow(),
                    }),
                ],
                cancellationToken);
            // Done, or another one was quicker with the counter or this id: either way, look again.
        }
    }
}
