using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Datums;

/// <summary>Adds location rows without an adoption, which makes many of them cheap.</summary>
static class TestLocations
{
    public static Task<Store> NewStoreAsync(
        this TestService service, Guid? project = null, StoreAccessMode mode = StoreAccessMode.Public) =>
        service.Services.GetRequiredService<StoreTable>().EnsureAsync(
            new()
            {
                Id = Guid.NewGuid(),
                Name = $"store-{Guid.NewGuid():N}",
                Configuration = new("bucket", null, service.Server.Url, "key", "secret", null),
                Project = project,
                AccessMode = mode,
            }, default);

    public static Task AddLocationsAsync(
        this TestService service, Store store, Project project, IEnumerable<string> keys, bool purged = false)
    {
        var job = JobId.Create(DateTimeOffset.UtcNow, project.Slot);
        return InsertAsync(service, "locations", keys.Select(key => Row(store, project, job, key, purged)));
    }

    /// <summary>The same with their datums.</summary>
    public static async Task AddDatumsAsync(this TestService service, Store store, Project project, IEnumerable<string> keys)
    {
        var job = JobId.Create(DateTimeOffset.UtcNow, project.Slot);
        var locations = keys.Select(key => Row(store, project, job, key, purged: false)).ToList();
        await InsertAsync(service, "locations", locations);
        await InsertAsync(service, "datums", locations.Select(l => DatumRow.Of(l, store.Id, store.Configuration.Bucket)));
    }

    static async Task InsertAsync<T>(TestService service, string table, IEnumerable<T> rows) where T : TableRow
    {
        var transactions = rows.OrderBy(r => r.RowKey, StringComparer.Ordinal).GroupBy(r => r.PartitionKey, StringComparer.Ordinal)
            .SelectMany(shard => shard.Chunk(Tables.MaxTransactionActions));
        await Parallel.ForEachAsync(
            transactions, async (chunk, token) =>
                Assert.True((await BulkInsert.TryInsertAsync(service.Storage.Tables.GetTableClient(table), chunk, token)).IsDone));
    }

    static LocationRow Row(Store store, Project project, JobId job, string key, bool purged)
    {
        var (partition, rowKey) = LocationTable.KeyOf(store.Id, key);
        return new()
        {
            PartitionKey = partition,
            RowKey = rowKey,
            Key = key,
            Datum = DatumId.Mint(job, project.Slot, key, null).Value.ToGuid(),
            Job = job.Value.ToGuid(),
            Project = project.Id,
            AdoptedBy = "somebody",
            Size = key.Length,
            ObjectETag = "e",
            LastModified = new(2026, 11, 22, 6, 5, 4, TimeSpan.Zero),
            Purged = purged ? true : null,
        };
    }
}
