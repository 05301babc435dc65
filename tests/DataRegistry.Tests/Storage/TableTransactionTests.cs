using Azure;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Storage;

[Collection(AzuriteTests.Name)]
public sealed class TableTransactionTests(AzuriteFixture azurite) : IAsyncLifetime
{
    readonly TableClient table = azurite.Account.Tables.GetTableClient(AzuriteFixture.NewTableName());

    public Task InitializeAsync() => table.CreateIfNotExistsAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    static Note Row(string key, string? text = null) => new() { PartitionKey = "p", RowKey = key, Text = text };

    [Fact]
    public async Task A_hundred_rows_are_written_at_once()
    {
        var result = await table.TrySubmitAsync([.. Enumerable.Range(0, 100).Select(i => Change.Add(Row($"{i:D3}")))]);
        Assert.Equal((TableOutcome.Done, -1, 100), (result.Outcome, result.FailedIndex, result.ETags.Count));
        var rows = (await table.QueryPageAsync<Note>(new TableRange("p"))).Values;
        Assert.Equal(result.ETags, rows.Select(row => row.ETag));
    }

    [Fact]
    public async Task A_hundred_and_one_rows_are_refused_before_they_are_sent() =>
        await Assert.ThrowsAsync<ArgumentException>(
            () => table.TrySubmitAsync([.. Enumerable.Range(0, 101).Select(i => Change.Add(Row($"{i:D3}")))]));

    [Fact]
    public async Task An_empty_one_is_refused() => await Assert.ThrowsAsync<ArgumentException>(() => table.TrySubmitAsync([]));

    [Fact]
    public async Task Two_partitions_or_one_row_twice_are_refused()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => table.TrySubmitAsync([Change.Add(Row("r")), Change.Delete("p", "r", ETag.All)]));
        await Assert.ThrowsAsync<ArgumentException>(() => table.TrySubmitAsync([Change.Add(Row("r")), Change.Delete("q", "r", ETag.All)]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(57)]
    [InlineData(99)]
    public async Task A_row_that_is_there_stops_all_and_is_named(int index)
    {
        await table.TryAddAsync(Row($"{index:D3}", "old"));
        var result = await table.TrySubmitAsync([.. Enumerable.Range(0, 100).Select(i => Change.Add(Row($"{i:D3}", "new")))]);
        Assert.Equal((TableOutcome.AlreadyExists, index, 0), (result.Outcome, result.FailedIndex, result.ETags.Count));
        Assert.Equal("old", Assert.Single((await table.QueryPageAsync<Note>(new TableRange("p"))).Values).Text);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task An_upsert_inserts_what_is_missing_and_leaves_alone_what_it_does_not_name(int count)
    {
        await table.TryAddAsync(Row("0", "old"));
        await table.TryAddAsync(Row("1", "old"));
        var result = await table.TrySubmitAsync(
            [.. Enumerable.Range(0, count).Select(i => Change.Upsert(Row($"{i}", i == 1 ? "new" : null)))]);
        Assert.Equal((TableOutcome.Done, count), (result.Outcome, result.ETags.Count));
        string?[] expected = count == 1 ? ["old", "old"] : ["old", "new", null];
        Assert.Equal(expected, (await table.QueryPageAsync<Note>(new TableRange("p"))).Values.Select(row => row.Text));
    }

    [Fact]
    public async Task A_changed_row_stops_all_and_is_named()
    {
        var stale = await table.TryAddAsync(Row("b", "1"));
        await table.TryUpdateAsync(Row("b", "2"), stale.ETag);
        foreach (var action in (TableTransactionAction[])[
            Change.Update(Row("b", "3"), stale.ETag),
            Change.Update(Row("b", "3"), stale.ETag, TableUpdateMode.Merge),
            Change.Delete("p", "b", stale.ETag)])
        {
            var result = await table.TrySubmitAsync([Change.Add(Row("a")), action]);
            Assert.Equal((TableOutcome.Changed, 1), (result.Outcome, result.FailedIndex));
        }

        Assert.Equal("2", Assert.Single((await table.QueryPageAsync<Note>(new TableRange("p"))).Values).Text);
    }

    [Fact]
    public async Task A_missing_row_stops_all_and_is_named()
    {
        foreach (var action in (TableTransactionAction[])[
            Change.Update(Row("b"), ETag.All),
            Change.Update(Row("b"), ETag.All, TableUpdateMode.Merge),
            Change.Delete("p", "b", ETag.All)])
        {
            var result = await table.TrySubmitAsync([Change.Add(Row("a")), action]);
            Assert.Equal((TableOutcome.Missing, 1), (result.Outcome, result.FailedIndex));
        }

        Assert.Empty((await table.QueryPageAsync<Note>(new TableRange("p"))).Values);
    }

    [Fact]
    public async Task Inserts_changes_and_deletes_go_together()
    {
        var first = await table.TryAddAsync(Row("1", "1"));
        var second = await table.TryAddAsync(Row("2", "2"));
        var result = await table.TrySubmitAsync(
            [Change.Delete("p", "1", first.ETag), Change.Update(Row("2", "two"), second.ETag), Change.Add(Row("3", "3"))]);
        Assert.True(result.IsDone);
        var rows = (await table.QueryPageAsync<Note>(new TableRange("p"))).Values;
        Assert.Equal([("2", "two", result.ETags[1]), ("3", "3", result.ETags[2])], rows.Select(row => (row.RowKey, row.Text!, row.ETag)));
    }

    [Fact]
    public async Task More_than_4_MiB_are_an_error_and_nothing_is_written()
    {
        var text = new string('x', 30_000);
        var rows = Enumerable.Range(0, 100).Select(
            i => new EveryType { PartitionKey = "p", RowKey = $"{i}", Text = text, Blob = new byte[20_000] }).ToArray();
        Assert.Equal(
            413, (await Assert.ThrowsAnyAsync<RequestFailedException>(() => table.TrySubmitAsync([.. rows.Select(Change.Add)]))).Status);
        Assert.Empty((await table.QueryPageAsync<Note>(new TableRange("p"))).Values);
    }

    [Fact]
    public async Task A_row_too_large_for_the_service_is_an_error_that_names_the_action()
    {
        var error = await Assert.ThrowsAnyAsync<RequestFailedException>(
            () => table.TrySubmitAsync([Change.Add(Row("a")), Change.Add(Row("b", new string('x', 40_000)))]));
        Assert.Equal((400, "PropertyValueTooLarge"), (error.Status, error.ErrorCode));
    }
}
