using System.Globalization;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;

namespace DataRegistry.Datasets;

/// <summary>
/// Datasets, their versions, and names of both.
/// <code>
/// table datasets
///   {project's slot, 3 hex} │ n-{project id}-{name}           a dataset: id, root, its newest completed version
///                           │ i-{dataset id}                  project, name: there as long as the dataset is
///                           │ v-{mark}-{time}{own}            a version, oldest first
///                           │ t-{mark}-{inverted time}{own}   a completed version, newest first
///                           │ u-{dataset id}-{name}           which version, or which alias, has the name
///                           │ l-{project id}-{dataset id}-{name}   an alias: id, version, revision
///                           │ a-{mark}-{time}{own}            dataset, name of an alias; stays when it is deleted
///                           │ h-{mark}-{time}{own}-{inverted revision}  who moved the alias, when, from, to; stays too
///                           │ d-{mark}-{time}{own}-{alias id} name: while the alias names the version
///                           │ g-{id}                          what the collector has to look at
/// </code>
/// Names are in order-preserving encoding. A mark is 40 bits of the dataset's id, which the ids of its versions have, too, so that reading
/// by id is a point read. All of a project is one partition: a change and all rows that tell of it are one transaction.
/// </summary>
sealed partial class DatasetTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    readonly TableClient table = tables.GetTableClient("datasets");

    public TableClient Table => table;

    /// <summary>The dataset by its name; null if there is none.</summary>
    public Task<DatasetRow?> FindAsync(Project project, DatasetName name, CancellationToken cancellationToken) =>
        FindAsync(PartitionOf(project.Slot), project.Id, name.Value, cancellationToken);

    /// <summary>Whose the dataset of this id is; null if there is none.</summary>
    public Task<DatasetIdRow?> FindIdAsync(DatasetId id, CancellationToken cancellationToken) =>
        table.FindAsync<DatasetIdRow>(id.Partition, IdKey(id), cancellationToken: cancellationToken);

    /// <summary>The dataset by its id; null if there is none.</summary>
    public async Task<DatasetRow?> FindAsync(DatasetId id, CancellationToken cancellationToken) =>
        await FindIdAsync(id, cancellationToken) is { } where
            && await FindAsync(id.Partition, where.Project, where.Name, cancellationToken) is { } row && row.DatasetId == id ? row : null;

    /// <summary>A page of a project's datasets in the order of their names' bytes, and the cursor after it.</summary>
    public async Task<(IReadOnlyList<DatasetRow> Rows, string? Cursor)> ListAsync(
        Project project, int limit, DatasetName? after, CancellationToken cancellationToken) =>
        await table.ReadAsync<DatasetRow>(RangeOf(project, after), Math.Min(limit + 1, 1000), cancellationToken: cancellationToken)
            .PageAsync(limit, r => r.Name, cancellationToken);

    /// <summary>Whether the project has a dataset.</summary>
    public async Task<bool> AnyAsync(Project project, CancellationToken cancellationToken) =>
        await table.ReadAsync<RowKeyOnly>(RangeOf(project, after: null), 1, [nameof(TableRow.RowKey)], cancellationToken)
            .AnyAsync(cancellationToken);

    /// <summary>Makes a dataset. Null if its name is taken in the project.</summary>
    public async Task<DatasetRow?> CreateAsync(
        Project project, DatasetName name, string? root, string createdBy, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var id = DatasetId.Create(now, project);
        var row = new DatasetRow
        {
            PartitionKey = id.Partition,
            RowKey = NameKey(project.Id, name.Value),
            Id = id.Value.ToGuid(),
            Project = project.Id,
            Name = name.Value,
            Root = root,
            CTime = now,
            CreatedBy = createdBy,
        };
        var where = new DatasetIdRow { PartitionKey = id.Partition, RowKey = IdKey(id), Project = project.Id, Name = name.Value };
        var added = await table.TrySubmitAsync([Change.Add(row), Change.Add(where)], cancellationToken);
        // After a lost answer the name is there, and ours.
        return added.IsDone || (await FindAsync(project, name, cancellationToken))?.Id == row.Id ? row : null;
    }

    Task<DatasetRow?> FindAsync(string partition, Guid project, string name, CancellationToken cancellationToken) =>
        table.FindAsync<DatasetRow>(partition, NameKey(project, name), cancellationToken: cancellationToken);

    static TableRange RangeOf(Project project, DatasetName? after) => new(PartitionOf(project.Slot))
    {
        From = after is null ? $"n-{project.Id:N}-" : null,
        After = after is { } name ? NameKey(project.Id, name.Value) : null,
        Before = $"n-{project.Id:N}.",
    };

    static string PartitionOf(int slot) => slot.ToString("x3", CultureInfo.InvariantCulture);

    static string NameKey(Guid project, string name) => $"n-{project:N}-{OrderedKey.Encode(name)}";

    static string IdKey(DatasetId id) => $"i-{id.Value.ToGuid():N}";
}
