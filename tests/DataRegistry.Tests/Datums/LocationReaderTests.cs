using DataRegistry.Datums;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Datums;

[Collection(AzuriteTests.Name)]
public sealed class LocationReaderTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Groups_of_long_keys_are_handed_out_one_after_the_other()
    {
        var table = azurite.Account.Tables.GetTableClient(AzuriteFixture.NewTableName());
        await table.CreateIfNotExistsAsync();
        var store = Guid.NewGuid();
        string[] stems = [.. "abc".Select(c => new string(c, OrderedKey.MaxClearBytes))];
        var keys = stems.SelectMany(stem => Enumerable.Range(0, 600).Select(n => $"{stem}{n:D3}")).ToList();
        foreach (var chunk in keys.Chunk(Tables.MaxTransactionActions))
            Assert.True((await table.TrySubmitAsync([.. chunk.Select(key => Change.Add(Row(store, key)))])).IsDone);

        var reader = new LocationReader<LocatedRow>(table, store, "", null, null, LocatedRow.Columns);
        var read = new List<string>();
        string? to = "";
        for (var turn = 0; to is not null; turn++)
        {
            (var rows, to) = await reader.ReadUpToAsync(end: null, maxRows: 100, parallel: 4, default);
            Assert.InRange(rows.Count, 0, 1200);
            Assert.True(turn < 4);
            read.AddRange(rows.Keys.Order(OrderedKey.Comparer));
        }

        Assert.Equal(keys, read);
    }

    [Fact]
    public async Task Nothing_beyond_the_end_is_read()
    {
        var table = azurite.Account.Tables.GetTableClient(AzuriteFixture.NewTableName());
        await table.CreateIfNotExistsAsync();
        var store = Guid.NewGuid();
        string[] keys = ["a", "b", "ba", "b\u0001", "c", new('d', 500), new('d', 501), "e"];
        Assert.True((await table.TrySubmitAsync([.. keys.Select(key => Change.Add(Row(store, key)))])).IsDone);
        foreach (var until in keys)
        {
            // Long keys with a common beginning are unordered, and read together.
            foreach (var (end, beyond) in new[] { (until, false), (null, until[0] == 'd') })
            {
                var (rows, to) = await new LocationReader<LocatedRow>(
                    table, store, "", "a", until, LocatedRow.Columns).ReadUpToAsync(end, maxRows: 100, parallel: 1, default);
                Assert.Null(to);
                Assert.Equal(
                    keys.Where(
                        key => key != "a" && (OrderedKey.Compare(key, until) <= 0 || (beyond && key[0] == 'd'))).Order(OrderedKey.Comparer),
                        rows.Keys.Order(OrderedKey.Comparer));
            }
        }
    }

    static LocationRow Row(Guid store, string key) => new()
    {
        PartitionKey = $"{store:N}-3",
        RowKey = OrderedKey.Encode(key),
        Key = key,
        Datum = Guid.NewGuid(),
        Job = Guid.Empty,
        Project = Guid.Empty,
        AdoptedBy = "somebody",
        Size = 1,
        ObjectETag = "e",
        LastModified = default,
    };
}
