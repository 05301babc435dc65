using System.Net;
using Azure;
using Azure.Core.Pipeline;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Storage;

/// <summary>The hand-written transaction writes the same as the package's own, and is refused and repeated like it.</summary>
[Collection(AzuriteTests.Name)]
public sealed class BulkInsertTests(AzuriteFixture azurite) : IAsyncLifetime
{
    readonly string name = AzuriteFixture.NewTableName();

    TableClient Table => azurite.Account.Tables.GetTableClient(name);

    public Task InitializeAsync() => Table.CreateIfNotExistsAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    static List<Note> Rows(int count, string text = "") =>
        [.. Enumerable.Range(0, count).Select(i => new Note { PartitionKey = "p", RowKey = $"{i:D3}", Text = text })];

    TableClient Faulty(FaultyHandler handler)
    {
        var options = StorageAccount.TableOptions();
        options.Transport = new HttpClientTransport(new HttpClient(handler));
        (options.Retry.MaxRetries, options.Retry.Delay, options.Retry.MaxDelay) =
            (5, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(2));
        return new TableServiceClient(azurite.ConnectionString, options).GetTableClient(name);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(100)]
    public async Task Rows_are_inserted_with_the_ETags_that_are_told(int count)
    {
        var result = await BulkInsert.TryInsertAsync(Table, Rows(count), default);
        Assert.Equal((TableOutcome.Done, -1), (result.Outcome, result.FailedIndex));
        Assert.Equal(result.ETags, (await Table.QueryPageAsync<Note>(new TableRange("p"))).Values.Select(row => row.ETag));
    }

    [Fact]
    public async Task Every_column_is_stored_as_the_package_stores_it()
    {
        var row = (EveryColumn)RowSamples.Of(typeof(EveryColumn));
        await Table.TryAddAsync(row with { PartitionKey = "package" });
        await BulkInsert.TryInsertAsync(
            Table, [row with { PartitionKey = "bulk", RowKey = "1" }, row with { PartitionKey = "bulk", RowKey = "2" }], default);
        var expected = await Table.FindAsync<TableEntity>("package", row.RowKey);
        var actual = await Table.FindAsync<TableEntity>("bulk", "1");
        foreach (var column in expected!.Keys.Except(["PartitionKey", "RowKey", "Timestamp", "odata.etag"]))
        {
            Assert.Equal(expected[column], actual![column]);
            Assert.Equal(expected[column].GetType(), actual[column].GetType());
        }

        Assert.Equal(expected.Keys.Order(), actual!.Keys.Order());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(42)]
    [InlineData(99)]
    public async Task A_row_that_is_there_stops_all_and_is_named(int index)
    {
        await Table.TryAddAsync(Rows(100, "old")[index]);
        var result = await BulkInsert.TryInsertAsync(Table, Rows(100, "new"), default);
        Assert.Equal((TableOutcome.AlreadyExists, index, 0), (result.Outcome, result.FailedIndex, result.ETags.Count));
        Assert.Equal("old", Assert.Single((await Table.QueryPageAsync<Note>(new TableRange("p"))).Values).Text);
    }

    [Theory]
    [MemberData(nameof(TableContractTests.OddKeys), MemberType = typeof(TableContractTests))]
    public async Task Odd_keys_are_inserted(string key)
    {
        Assert.True(
            (await BulkInsert.TryInsertAsync(
                Table, [new Note { PartitionKey = key, RowKey = key, Text = key }, new() { PartitionKey = key, RowKey = "2" }],
                default)).IsDone);
        Assert.Equal(key, (await Table.FindAsync<Note>(key, key))!.Text);
    }

    [Fact]
    public async Task What_the_service_would_refuse_as_a_whole_is_refused_before_it_is_sent()
    {
        await Assert.ThrowsAnyAsync<ArgumentException>(() => BulkInsert.TryInsertAsync(Table, Rows(0), default));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => BulkInsert.TryInsertAsync(Table, Rows(101), default));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => BulkInsert.TryInsertAsync(Table, [.. Rows(2), .. Rows(1)], default));
        await Assert.ThrowsAnyAsync<ArgumentException>(
            () => BulkInsert.TryInsertAsync(Table, [Rows(1)[0], Rows(2)[1] with { PartitionKey = "q" }], default));
        await Assert.ThrowsAnyAsync<ArgumentException>(
            () => BulkInsert.TryInsertAsync(Table, [Rows(1)[0], Rows(1)[0] with { RowKey = "a\ud83d" }], default));
    }

    [Fact]
    public async Task A_lost_answer_a_throttled_one_and_one_that_breaks_off_are_tried_again()
    {
        using var handler = new FaultyHandler { LoseAnswers = 1 };
        handler.Answers.Add(() => new((HttpStatusCode)503) { Content = new StringContent("") });
        handler.Answers.Add(() => TableFaultTests.Inside(503, "ServerBusy"));
        handler.Answers.Add(() => TableFaultTests.Answer("--batchresponse_1\r\nContent"));
        // After the lost answer, the rows are our own.
        Assert.Equal(TableOutcome.AlreadyExists, (await BulkInsert.TryInsertAsync(Faulty(handler), Rows(3, "ours"), default)).Outcome);
        Assert.Equal(5, handler.Requests);
        Assert.All((await Table.QueryPageAsync<Note>(new TableRange("p"))).Values, row => Assert.Equal("ours", row.Text));
    }

    [Fact]
    public async Task A_missing_table_is_an_error()
    {
        var missing = azurite.Account.Tables.GetTableClient(AzuriteFixture.NewTableName());
        Assert.Equal(
            404, (await Assert.ThrowsAnyAsync<RequestFailedException>(() => BulkInsert.TryInsertAsync(missing, Rows(2), default))).Status);
    }
}

/// <summary>One column of each type that is inserted in bulk.</summary>
sealed record EveryColumn : TableRow
{
    public string? Text { get; init; }

    public bool Flag { get; init; }

    public bool? MaybeFlag { get; init; }

    public int Number { get; init; }

    public int? MaybeNumber { get; init; }

    public long Big { get; init; }

    public long? MaybeBig { get; init; }

    public Guid Id { get; init; }

    public Guid? MaybeId { get; init; }

    public DateTimeOffset Time { get; init; }

    public DateTimeOffset? MaybeTime { get; init; }

    public DayOfWeek Day { get; init; }

    public DayOfWeek? MaybeDay { get; init; }
}
