using System.Text.Json.Serialization;
using Azure;
using DataRegistry.Storage;

namespace DataRegistry.Stores;

/// <summary>
/// <code>
/// table stores
///   stores │ {store id}   name, bucket, prefix, endpoint, access key, secret (encrypted)
/// </code>
/// </summary>
public sealed class StoreTable(TableServiceClient tables, SecretProtector secrets, TimeProvider clock) : IStoredTable
{
    const string Partition = "stores";

    readonly TableClient table = tables.GetTableClient("stores", StoreRows.Default);

    public TableClient Table => table;

    /// <summary>The store; null where there is none.</summary>
    public async Task<Store?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        await table.GetEntityIfExistsAsync<StoreRow>(Partition, id.ToString("D"), cancellationToken: cancellationToken) is { } row ? Read(row) : null;

    /// <summary>A page of stores in the order of their ids, without their secrets, and the cursor of the next one.</summary>
    public async Task<(IReadOnlyList<Store> Stores, string? Cursor)> ListAsync(int limit, string? after, CancellationToken cancellationToken)
    {
        var (rows, cursor) = await table.QueryAsync<StoreRow>(new TableRange(Partition) { After = after }, Math.Min(limit + 1, 1000), cancellationToken: cancellationToken)
            .PageAsync(limit, r => r.RowKey, cancellationToken);
        return ([.. rows.Select(r => Read(r with { Secret = null }))], cursor);
    }

    /// <summary>Registers a store; one that has its id already is brought to this configuration.</summary>
    public async Task<Store> EnsureAsync(Store store, CancellationToken cancellationToken)
    {
        while (true)
        {
            var row = await table.GetEntityIfExistsAsync<StoreRow>(Partition, store.Id.ToString("D"), cancellationToken: cancellationToken);
            if (row is not null && Read(row) is var found && found == store with { CTime = found.CTime })
                return found;
            var written = Write(store with { CTime = row?.CTime ?? clock.GetUtcNow() });
            var write = row is null
                ? await table.AddEntityAsync(written, cancellationToken)
                : await table.UpdateEntityAsync(written, row.ETag, TableUpdateMode.Replace, cancellationToken);
            if (write.IsDone)
                return Read(written);
        }
    }

    Store Read(StoreRow row) => new()
    {
        Id = Guid.Parse(row.RowKey),
        Name = row.Name,
        Prefix = row.Prefix ?? "",
        CTime = row.CTime,
        Configuration = new(row.Bucket, row.Region, row.EndpointUrl, row.AccessKeyId, row.Secret is null ? null : secrets.Unprotect(row.Secret, row.RowKey), row.RoleArn),
    };

    StoreRow Write(Store store) => new()
    {
        PartitionKey = Partition,
        RowKey = store.Id.ToString("D"),
        Name = store.Name,
        Prefix = store.Prefix,
        CTime = store.CTime,
        Bucket = store.Configuration.Bucket,
        Region = store.Configuration.Region,
        EndpointUrl = store.Configuration.EndpointUrl,
        AccessKeyId = store.Configuration.AccessKeyId,
        Secret = store.Configuration.SecretAccessKey is { } secret ? secrets.Protect(secret, store.Id.ToString("D")) : null,
        RoleArn = store.Configuration.RoleArn,
    };
}

sealed record StoreRow : ITableEntity
{
    public required string PartitionKey { get; init; }
    public required string RowKey { get; init; }
    [JsonIgnore] public ETag ETag { get; init; }
    public required string Name { get; init; }
    public string? Prefix { get; init; }
    public required string Bucket { get; init; }
    public string? Region { get; init; }
    public string? EndpointUrl { get; init; }
    public string? AccessKeyId { get; init; }
    public string? Secret { get; init; }
    public string? RoleArn { get; init; }
    public required DateTimeOffset CTime { get; init; }
}

[JsonSerializable(typeof(StoreRow))]
sealed partial class StoreRows : JsonSerializerContext;
