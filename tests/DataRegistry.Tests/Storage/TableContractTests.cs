using Azure;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Storage;

[Collection(AzuriteTests.Name)]
public sealed class TableContractTests(AzuriteFixture azurite) : IAsyncLifetime
{
    readonly TableClient table = azurite.Account.Tables.GetTableClient(AzuriteFixture.NewTableName());

    public Task InitializeAsync() => table.CreateIfNotExistsAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    public static TheoryData<string> OddKeys { get; } =
    [
        "plain", " ", "a b", "it's", "''", "100%", "%27", "a+b", "a&b=c", "ünïcödé", "😀", "\U0010ffff", "\ue000", "$filter", "(a,b)",
        "{a}", "\"q\"", "..", "a;b", "a:b@c", "<x>", "`^|~[]", "http:x",
        new string('x', 511), OrderedKey.Encode(new string('k', 1000)),
        OrderedKey.Encode(string.Concat(Enumerable.Repeat("\U0010ffff", 120))),
    ];

    static Note Row(string key, string? text = null) => new() { PartitionKey = "p", RowKey = key, Text = text };

    [Fact]
    public async Task Creating_a_table_twice_is_nothing() => await table.CreateIfNotExistsAsync();

    [Fact]
    public async Task An_insert_of_a_row_that_is_there_says_so_and_changes_nothing()
    {
        Assert.Equal(TableOutcome.Done, (await table.TryAddAsync(Row("r", "first"))).Outcome);
        Assert.Equal(new TableWrite(TableOutcome.AlreadyExists, default), await table.TryAddAsync(Row("r", "second")));
        Assert.Equal("first", (await table.FindAsync<Note>("p", "r"))!.Text);
    }

    [Fact]
    public async Task An_absent_row_is_null_and_its_changes_are_missing()
    {
        Assert.Null(await table.FindAsync<Note>("p", "none"));
        Assert.Equal(TableOutcome.Missing, (await table.TryUpdateAsync(Row("none"), ETag.All)).Outcome);
        Assert.Equal(TableOutcome.Missing, (await table.TryUpdateAsync(Row("none"), ETag.All, TableUpdateMode.Merge)).Outcome);
        Assert.Equal(TableOutcome.Missing, (await table.TryDeleteAsync("p", "none", ETag.All)).Outcome);
    }

    [Fact]
    public async Task A_change_needs_the_ETag_that_was_read()
    {
        var first = await table.TryAddAsync(Row("r", "1"));
        var second = await table.TryUpdateAsync(Row("r", "2"), first.ETag);
        Assert.Equal(TableOutcome.Done, second.Outcome);
        Assert.NotEqual(first.ETag, second.ETag);
        Assert.Equal(TableOutcome.Changed, (await table.TryUpdateAsync(Row("r", "3"), first.ETag)).Outcome);
        Assert.Equal(TableOutcome.Changed, (await table.TryUpdateAsync(Row("r", "3"), first.ETag, TableUpdateMode.Merge)).Outcome);
        Assert.Equal(TableOutcome.Changed, (await table.TryDeleteAsync("p", "r", first.ETag)).Outcome);
        var read = await table.FindAsync<Note>("p", "r");
        Assert.Equal(("2", second.ETag), (read!.Text, read.ETag));
        Assert.Equal(TableOutcome.Done, (await table.TryDeleteAsync("p", "r", read.ETag)).Outcome);
        Assert.Null(await table.FindAsync<Note>("p", "r"));
    }

    [Fact]
    public async Task Of_many_changes_at_once_with_one_ETag_only_one_is_done()
    {
        var row = await table.TryAddAsync(Row("r"));
        var writes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => table.TryUpdateAsync(Row("r", $"{i}"), row.ETag)));
        Assert.Single(writes, write => write.IsDone);
        Assert.Equal(7, writes.Count(write => write.Outcome == TableOutcome.Changed));
    }

    [Fact]
    public async Task Merge_keeps_what_the_entity_leaves_out_and_replace_removes_it()
    {
        var write = await table.TryAddAsync(new Note { PartitionKey = "p", RowKey = "r", Text = "text", Other = "other" });
        write = await table.TryUpdateAsync(
            new Note { PartitionKey = "p", RowKey = "r", Text = "merged" }, write.ETag, TableUpdateMode.Merge);
        var merged = await table.FindAsync<Note>("p", "r");
        Assert.Equal(("merged", "other"), (merged!.Text, merged.Other));
        await table.TryUpdateAsync(new Note { PartitionKey = "p", RowKey = "r", Text = "replaced" }, write.ETag);
        var replaced = await table.FindAsync<Note>("p", "r");
        Assert.Equal(("replaced", null), (replaced!.Text, replaced.Other));
    }

    [Fact]
    public async Task A_change_without_an_ETag_is_refused_before_it_is_sent()
    {
        await Assert.ThrowsAnyAsync<ArgumentException>(() => table.TryUpdateAsync(Row("r"), default));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => table.TryDeleteAsync("p", "r", default));
        Assert.Throws<ArgumentException>(() => Change.Update(Row("r"), default));
    }

    [Theory]
    [MemberData(nameof(OddKeys))]
    public async Task Odd_keys_are_written_read_queried_changed_and_deleted(string key)
    {
        var odd = new Note { PartitionKey = key, RowKey = key, Text = "1" };
        var write = await table.TryAddAsync(odd);
        Assert.Equal(TableOutcome.Done, write.Outcome);
        var read = await table.FindAsync<Note>(key, key);
        Assert.Equal((key, key, write.ETag), (read!.PartitionKey, read.RowKey, read.ETag));
        Assert.Equal(key, Assert.Single((await table.QueryPageAsync<Note>(new TableRange(key) { From = key })).Values).RowKey);
        Assert.Empty((await table.QueryPageAsync<Note>(new TableRange(key) { After = key })).Values);
        write = await table.TryUpdateAsync(odd, write.ETag, TableUpdateMode.Merge);
        write = await table.TryUpdateAsync(odd, write.ETag);
        Assert.Equal(TableOutcome.Done, (await table.TryDeleteAsync(key, key, write.ETag)).Outcome);
    }

    [Theory]
    [MemberData(nameof(OddKeys))]
    public async Task Odd_keys_are_written_changed_and_deleted_in_transactions(string key)
    {
        var odd = new Note { PartitionKey = key, RowKey = key, Text = key };
        var added = await table.TrySubmitAsync([Change.Add(odd)]);
        Assert.True(added.IsDone);
        Assert.Equal(key, (await table.FindAsync<Note>(key, key))!.Text);
        var updated = await table.TrySubmitAsync([Change.Update(odd, added.ETags[0])]);
        var merged = await table.TrySubmitAsync([Change.Update(odd, updated.ETags[0], TableUpdateMode.Merge)]);
        Assert.True(merged.IsDone);
        var deleted = await table.TrySubmitAsync([Change.Delete(key, key, merged.ETags[0])]);
        Assert.Equal((TableOutcome.Done, default), (deleted.Outcome, deleted.ETags[0]));
        Assert.Null(await table.FindAsync<Note>(key, key));
    }

    [Fact]
    public async Task Half_a_surrogate_pair_in_a_key_is_refused_rather_than_changed()
    {
        await Assert.ThrowsAnyAsync<ArgumentException>(() => table.FindAsync<Note>("p", "\ud83d"));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => table.TryAddAsync(Row("a\ud83d")));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => table.TrySubmitAsync([Change.Add(Row("a\ud83d"))]));
    }

    [Fact]
    public async Task A_missing_table_is_an_error_with_the_services_code()
    {
        var missing = azurite.Account.Tables.GetTableClient(AzuriteFixture.NewTableName());
        Assert.Equal("TableNotFound", (await Assert.ThrowsAsync<RequestFailedException>(() => missing.TryAddAsync(Row("r")))).ErrorCode);
        Assert.Equal(
            "TableNotFound", (await Assert.ThrowsAsync<RequestFailedException>(() => missing.FindAsync<Note>("p", "r"))).ErrorCode);
        Assert.Equal(
            "TableNotFound",
            (await Assert.ThrowsAsync<RequestFailedException>(() => missing.QueryPageAsync<Note>(new TableRange("p")))).ErrorCode);
        Assert.Equal(
            "TableNotFound",
            (await Assert.ThrowsAsync<RequestFailedException>(() => missing.TryDeleteAsync("p", "r", ETag.All))).ErrorCode);
        Assert.Equal(404, (await Assert.ThrowsAsync<RequestFailedException>(() => missing.TrySubmitAsync([Change.Add(Row("r"))]))).Status);
    }

    [Fact]
    public async Task Pages_follow_one_another_over_thousands_of_rows()
    {
        const int count = 2500;
        foreach (var chunk in Enumerable.Range(0, count).Chunk(100))
        {
            Assert.True((await table.TrySubmitAsync([.. chunk.Select(i => Change.Add(Row($"ā{i:D5}")))])).IsDone);
        }

        await table.TryAddAsync(new Note { PartitionKey = "q", RowKey = "ā00000" });
        var sizes = new List<int>();
        var keys = new List<string>();
        string? token = null;
        do
        {
            var page = await table.QueryPageAsync<Note>(new TableRange("p"), token);
            sizes.Add(page.Values.Count);
            keys.AddRange(page.Values.Select(row => row.RowKey));
            token = page.ContinuationToken;
        }
        while (token is not null);

        Assert.Equal([1000, 1000, 500], sizes);
        Assert.Equal(Enumerable.Range(0, count).Select(i => $"ā{i:D5}"), keys, StringComparer.Ordinal);

        var part = await table.ReadAsync<Note>(
            new TableRange("p") { From = "ā00100", Before = "ā00350" }, maxPerPage: 100).Select(row => row.RowKey).ToListAsync();
        Assert.Equal(Enumerable.Range(100, 250).Select(i => $"ā{i:D5}"), part, StringComparer.Ordinal);
        Assert.Empty(await table.ReadAsync<Note>(new TableRange("p") { After = "ā00100", Before = "ā00101" }).ToListAsync());
    }

    [Fact]
    public async Task A_range_with_two_lower_bounds_is_refused() =>
        await Assert.ThrowsAnyAsync<ArgumentException>(() => table.QueryPageAsync<Note>(new TableRange("p") { From = "a", After = "a" }));
}
