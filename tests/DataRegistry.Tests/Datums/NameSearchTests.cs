using System.Globalization;
using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Datums;

/// <summary>
/// A search for a name among all datums of a project. Clients read a count of 0 as a missing file, and take the first
/// result of any other page.
/// </summary>
public sealed class NameSearchTests : IAsyncLifetime
{
    /// <summary>More than a table's page of a thousand rows.</summary>
    const int Others = 2500;

    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(null, clock);

    public async Task DisposeAsync() => await service.DisposeAsync();

    string List => $"/api/v0/data/?project={service.Project.Id}&store={service.Store.Id}";

    [Theory]
    [InlineData("")]
    [InlineData("&ordering=ctime")]
    [InlineData("&ordering=size")]
    public async Task One_behind_thousands_of_others_is_found_and_counted(string order)
    {
        var id = await service.AdoptedAsync("deep/sought.bin");
        await InsertOthersAsync(shard: 3);
        var page = await service.GetAsync($"{List}&name=sought.bin{order}");
        Assert.Equal((1, id), (page.GetProperty("count").GetInt32(), page.GetProperty("results")[0].GetProperty("id").GetString()));
        Assert.Equal(JsonValueKind.Null, page.GetProperty("next").ValueKind);
        var none = await service.GetAsync($"{List}&name=missing.bin{order}");
        Assert.Equal((0, 0), (none.GetProperty("count").GetInt32(), none.GetProperty("results").GetArrayLength()));
        Assert.Equal(JsonValueKind.Null, none.GetProperty("next").ValueKind);
    }

    [Fact]
    public async Task Pages_of_a_common_name_are_whole_in_order_and_counted()
    {
        await InsertOthersAsync(shard: 3, name: "data.csv");
        await InsertOthersAsync(shard: 9, name: "data.csv");
        var first = await service.GetAsync($"{List}&name=data.csv&limit=1500");
        Assert.Equal((1500, 2 * Others), (first.GetProperty("results").GetArrayLength(), first.GetProperty("count").GetInt32()));
        var all = await service.GetAllAsync($"{List}&name=data.csv&limit=1500");
        Assert.Equal(2 * Others, all.Select(d => d.GetProperty("id").GetString()).Distinct().Count());
        var times = all.Select(d => d.GetProperty("ctime").GetString()).ToList();
        Assert.Equal(times.OrderDescending(StringComparer.Ordinal), times);
        var skipped = await service.GetAsync($"{List}&name=data.csv&limit=10&offset=1490&no_count=true");
        Assert.Equal(
            all.Skip(1490).Take(10).Select(d => d.GetProperty("id").GetString()),
            skipped.GetProperty("results").EnumerateArray().Select(d => d.GetProperty("id").GetString()));
        Assert.Equal(JsonValueKind.Null, skipped.GetProperty("count").ValueKind);
    }

    [Fact]
    public async Task A_search_that_takes_too_long_ends_short_and_goes_on_by_next()
    {
        var id = await service.AdoptedAsync("sought.bin");
        await InsertOthersAsync(shard: 3);
        // The time of a request is over after its first pages.
        service.Transport.Sending = () => clock.Move(TimeSpan.FromSeconds(1));
        var page = await service.GetAsync($"{List}&name=sought.bin");
        Assert.Equal((JsonValueKind.Null, 0), (page.GetProperty("count").ValueKind, page.GetProperty("results").GetArrayLength()));
        var found = new List<JsonElement>();
        var pages = 1;
        for (; page.GetProperty("next").GetString() is { } next; pages++)
        {
            page = await service.GetAsync(next);
            found.AddRange(page.GetProperty("results").EnumerateArray());
        }

        service.Transport.Sending = null;
        Assert.Equal(id, Assert.Single(found).GetProperty("id").GetString());
        Assert.InRange(pages, 2, 5);
    }

    [Fact]
    public async Task A_name_with_a_slash_is_none_without_a_look()
    {
        await service.AdoptedAsync("a/b");
        var requests = service.Transport.Requests;
        Assert.Equal(0, (await service.GetAsync($"{List}&name=a/b")).GetProperty("count").GetInt32());
        Assert.InRange(service.Transport.Requests - requests, 0, 4);
    }

    /// <summary>Adds datums of one partition, newer than those adopted before.</summary>
    async Task InsertOthersAsync(int shard, string? name = null)
    {
        var table = service.Storage.Tables.GetTableClient("datums");
        var partition = (ushort)((service.Project.Slot * Shards.Count) + shard);
        var rows = Enumerable.Range(0, Others).Select(i =>
        {
            var id = TimedId.Create(clock.GetUtcNow().AddSeconds(1 + i), partition, (ulong)i);
            return new DatumRow
            {
                PartitionKey = partition.ToString("x4", CultureInfo.InvariantCulture),
                RowKey = id.RowKey,
                Store = service.Store.Id,
                Bucket = "bucket",
                Key = $"others/{i}/{name ?? $"{i}.bin"}",
                Project = service.Project.Id,
                Job = Guid.NewGuid(),
                AdoptedBy = "test",
                Size = i,
                ObjectETag = "e",
            };
        });
        foreach (var chunk in rows.OrderBy(r => r.RowKey, StringComparer.Ordinal).Chunk(Tables.MaxTransactionActions))
            Assert.True((await table.TrySubmitAsync([.. chunk.Select(Change.Add)])).IsDone);
    }
}
