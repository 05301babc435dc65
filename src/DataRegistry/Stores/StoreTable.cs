using System.Security.Cryptography;
using System.Text;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;

namespace DataRegistry.Stores;

/// <summary>The outcome of a change of a store.</summary>
public abstract record StoreChange
{
    StoreChange()
    {
    }

    /// <summary>The store was changed, or nothing was to change: then the two are alike.</summary>
    public sealed record Done(Store Before, Store After) : StoreChange;

    /// <summary>Another store has the name.</summary>
    public sealed record NameTaken : StoreChange;

    /// <summary>There is no such store, or it is deleted.</summary>
    public sealed record Missing : StoreChange;
}

/// <summary>
/// <code>
/// table stores
/// stores │ {store id}                            name, bucket, prefix, endpoint, access key, secret (encrypted), project, rights
///        │ name-{SHA-256 of name, lower case}    the store that has the name
/// </code>
/// All rows are in one partition, because a store and its name are one transaction: of two concurrent claims of a name,
/// one succeeds. A deleted store stays; its name becomes free.
/// </summary>
public sealed class StoreTable(TableServiceClient tables, SecretProtector secrets, TimeProvider clock) : IStoredTable
{
    const string Partition = "stores";
    // Sorts after every id, because ids are hexadecimal.
    const string NamePrefix = "name-";

    readonly TableClient table = tables.GetTableClient("stores");

    public TableClient Table => table;

    /// <summary>The store, even if deleted; null if there is none.</summary>
    public async Task<Store?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        await RowAsync(id, cancellationToken) is { } row ? Read(row) : null;

    /// <summary>The store without its secret. The secret need not decrypt.</summary>
    public async Task<Store?> FindWithoutSecretAsync(Guid id, CancellationToken cancellationToken) =>
        await RowAsync(id, cancellationToken) is { } row ? Read(row with { Secret = null }) : null;

    /// <summary>A page of stores that are not deleted, without secrets, by id, and the cursor of the next page.</summary>
    /// <param name="visible">Lets a store through; null for all.</param>
    public async Task<(IReadOnlyList<Store> Stores, string? Cursor)> ListAsync(
        int limit, string? after, Func<Store, CancellationToken, ValueTask<bool>>? visible, CancellationToken cancellationToken)
    {
        var range = new TableRange(Partition) { After = after, Before = NamePrefix };
        var stores = table.ReadAsync<StoreRow>(
            range, Math.Min(limit + 1, 1000), cancellationToken: cancellationToken).Select(
                r => (Size: RowSize.Of(r), Store: Read(r with { Secret = null }))).Where(s => !s.Store.Deleted);
        var (page, next) = await (visible is null ? stores : stores.Where((s, token) => visible(s.Store, token)))
            .PageAsync(limit, s => s.Size, s => s.Store.Id.ToString("D"), cancellationToken);
        return ([.. page.Select(s => s.Store)], next);
    }

    /// <summary>Null if another store has the name.</summary>
    public async Task<Store?> CreateAsync(Store store, CancellationToken cancellationToken)
    {
        var row = Write(store with { CTime = clock.GetUtcNow(), MTime = clock.GetUtcNow() });
        var result = await table.TrySubmitAsync([Change.Add(NameOf(store)), Change.Add(row)], cancellationToken);
        // If the answer was lost, the name row may already name this store.
        return result.IsDone || (await NameAsync(store.Name, cancellationToken))?.Store == store.Id ? Read(row) : null;
    }

    /// <summary>Changes a store. On a conflict it calls <paramref name="change"/> again with the new state.</summary>
    public async Task<StoreChange> ChangeAsync(Guid id, Func<Store, Task<Store>> change, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken);
            await RowAsync(id, cancellationToken) is { Deleted: not true } row;
            await retry.AgainAsync())
        {
            var before = ReadToChange(row);
            var after = await change(before);
            if (after.IsLike(before))
                return new StoreChange.Done(before, before);
            after = after with { CTime = before.CTime, MTime = clock.GetUtcNow() };
            List<TableTransactionAction> actions = [Change.Update(Write(after), row.ETag)];
            if (KeyOfName(after.Name) != KeyOfName(before.Name))
            {
                if (await NameAsync(after.Name, cancellationToken) is { } taken && taken.Store != id)
                    return new StoreChange.NameTaken();
                actions.Add(Change.Add(NameOf(after)));
            }

            if (actions.Count > 1 || after.Deleted)
                actions.AddRange(await LetGoAsync(before, cancellationToken));
            // Otherwise another change came first, or an answer was lost: read again.
            if ((await table.TrySubmitAsync(actions, cancellationToken)).IsDone)
                return new StoreChange.Done(before, after);
        }

        return new StoreChange.Missing();
    }

    /// <summary>Deletes a store, its name row and its secret. False if it is already deleted, or not found.</summary>
    public async Task<bool> DeleteAsync(Guid id, CancellationToken cancellationToken) =>
        await ChangeAsync(
            id, s => Task.FromResult(s with { Deleted = true, Configuration = s.Configuration with { SecretAccessKey = null } }),
            cancellationToken) is StoreChange.Done;

    /// <summary>
    /// Registers a store that the installation itself is set up with, or updates the one with its id. It takes its name
    /// even if another store has it.
    /// </summary>
    public async Task<Store> EnsureAsync(Store store, CancellationToken cancellationToken)
    {
        for (var retry = new WriteRetry(clock, cancellationToken); ; await retry.AgainAsync())
        {
            var row = await RowAsync(store.Id, cancellationToken);
            if (row is not null && Read(row) is var found && found.IsLike(store))
                return found;
            if (row is null && await CreateAsync(store, cancellationToken) is { } created)
                return created;
            var written = Write(store with { CTime = row?.CTime ?? clock.GetUtcNow(), MTime = clock.GetUtcNow() });
            var write = row is null
                ? await table.TryAddAsync(written, cancellationToken)
                : await table.TryUpdateAsync(written, row.ETag, TableUpdateMode.Replace, cancellationToken);
            if (write.IsDone)
                return Read(written);
        }
    }

    Task<StoreRow?> RowAsync(Guid id, CancellationToken cancellationToken) =>
        table.FindAsync<StoreRow>(Partition, id.ToString("D"), cancellationToken: cancellationToken);

    Task<StoreNameRow?> NameAsync(string name, CancellationToken cancellationToken) =>
        table.FindAsync<StoreNameRow>(Partition, KeyOfName(name), cancellationToken: cancellationToken);

    /// <summary>The actions that free a store's name, if it has one.</summary>
    async Task<IEnumerable<TableTransactionAction>> LetGoAsync(Store store, CancellationToken cancellationToken) =>
        await NameAsync(store.Name, cancellationToken) is { } name && name.Store == store.Id
            ? [Change.Delete(Partition, name.RowKey, name.ETag)]
            : [];

    static StoreNameRow NameOf(Store store) =>
        new() { PartitionKey = Partition, RowKey = KeyOfName(store.Name), Name = store.Name, Store = store.Id };

    // Hashed, because a name may contain characters that a row key may not.
    static string KeyOfName(string name) =>
        NamePrefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name.Trim().ToLowerInvariant())));

    Store Read(StoreRow row) => new()
    {
        Id = Guid.Parse(row.RowKey),
        Name = row.Name,
        Prefix = row.Prefix ?? "",
        Project = row.Project,
        Cluster = row.Cluster ?? Cluster.DefaultId,
        AccessMode = row.AccessMode,
        AllowRead = row.AllowRead ?? true,
        AllowWrite = row.AllowWrite ?? false,
        AllowAdopt = row.AllowAdopt ?? true,
        HashAdopted = row.HashAdopted,
        Rescan = new(
            ScanSchedule.TryParse(row.RescanSchedule, out var schedule) ? schedule : null, row.AdoptChanged ?? false, row.AdoptNew ?? false,
            RescanPolicy.Read(row.RescanInclude), RescanPolicy.Read(row.RescanExclude)),
        Deleted = row.Deleted ?? false,
        CTime = row.CTime,
        MTime = row.MTime ?? row.CTime,
        Configuration = new(
            row.Bucket, row.Region, row.EndpointUrl, row.AccessKeyId, StoreSecrets.Read(secrets, row),
            row.RoleArn, row.ExternalId, row.RequesterPays ?? false, row.Anonymous ?? false),
    };

    /// <summary>
    /// Reads a row for a change. A secret that no longer decrypts counts as none, so a new one can be given, or the
    /// store deleted.
    /// </summary>
    Store ReadToChange(StoreRow row)
    {
        try
        {
            return Read(row);
        }
        catch (InvalidOperationException)
        {
            return Read(row with { Secret = null });
        }
    }

    StoreRow Write(Store store) => new()
    {
        PartitionKey = Partition,
        RowKey = store.Id.ToString("D"),
        Name = store.Name,
        Prefix = store.Prefix,
        Project = store.Project,
        Cluster = store.Cluster,
        AccessMode = store.AccessMode,
        AllowRead = store.AllowRead,
        AllowWrite = store.AllowWrite,
        AllowAdopt = store.AllowAdopt,
        HashAdopted = store.HashAdopted,
        RescanSchedule = store.Rescan.Schedule?.Text,
        AdoptChanged = store.Rescan.AdoptChanged,
        AdoptNew = store.Rescan.AdoptNew,
        RescanInclude = RescanPolicy.Write(store.Rescan.Include),
        RescanExclude = RescanPolicy.Write(store.Rescan.Exclude),
        Deleted = store.Deleted,
        CTime = store.CTime,
        MTime = store.MTime,
        Bucket = store.Configuration.Bucket,
        Region = store.Configuration.Region,
        EndpointUrl = store.Configuration.EndpointUrl,
        AccessKeyId = store.Configuration.AccessKeyId,
        Secret = StoreSecrets.Write(secrets, store),
        RoleArn = store.Configuration.RoleArn,
        ExternalId = store.Configuration.ExternalId,
        RequesterPays = store.Configuration.RequesterPays ? true : null,
        Anonymous = store.Configuration.Anonymous ? true : null,
    };
}

sealed record StoreRow : TableRow
{
    public required string Name { get; init; }
    public string? Prefix { get; init; }
    public required string Bucket { get; init; }
    public string? Region { get; init; }
    public string? EndpointUrl { get; init; }
    public string? AccessKeyId { get; init; }
    public string? Secret { get; init; }
    public string? RoleArn { get; init; }
    public string? ExternalId { get; init; }
    public required DateTimeOffset CTime { get; init; }

    // This field and those below are null in rows of versions that had public stores only.
    public DateTimeOffset? MTime { get; init; }
    public Guid? Project { get; init; }
    public Guid? Cluster { get; init; }
    public StoreAccessMode AccessMode { get; init; }
    public bool? AllowRead { get; init; }
    public bool? AllowWrite { get; init; }
    public bool? AllowAdopt { get; init; }
    public HashAdopted HashAdopted { get; init; }
    public bool? Deleted { get; init; }
    public string? RescanSchedule { get; init; }
    public bool? AdoptChanged { get; init; }
    public bool? AdoptNew { get; init; }
    public string? RescanInclude { get; init; }
    public string? RescanExclude { get; init; }
    public bool? RequesterPays { get; init; }
    public bool? Anonymous { get; init; }
}

/// <summary>A name row: the store that has the name.</summary>
sealed record StoreNameRow : TableRow
{
    public required string Name { get; init; }
    public required Guid Store { get; init; }
}
