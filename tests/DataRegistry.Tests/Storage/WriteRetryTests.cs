using Azure;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.Time.Testing;

namespace DataRegistry.Tests.Storage;

[Collection(AzuriteTests.Name)]
public sealed class WriteRetryTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_row_that_others_change_at_each_try_is_given_up_as_busy()
    {
        var clock = new FakeTimeProvider();
        var retry = new WriteRetry(clock, default);
        for (var tries = 1; tries < WriteRetry.MaxTries; tries++)
        {
            var pause = retry.AgainAsync();
            // Half a second is the longest.
            clock.Advance(TimeSpan.FromMilliseconds(500));
            await pause;
        }

        Assert.Equal(503, (await Assert.ThrowsAsync<RequestFailedException>(retry.AgainAsync)).Status);
    }

    [Fact]
    public async Task A_caller_who_gives_up_does_not_wait_for_the_next_try()
    {
        using var cancelled = new CancellationTokenSource();
        var retry = new WriteRetry(new FakeTimeProvider(), cancelled.Token);
        var pauses = Enumerable.Range(0, 20).Select(_ => retry.AgainAsync()).ToList();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(pauses));
    }

    [Fact]
    public async Task Forty_writers_of_one_row_are_all_done_in_the_end()
    {
        var table = azurite.Account.Tables.GetTableClient(AzuriteFixture.NewTableName());
        await table.CreateIfNotExistsAsync();
        await table.TryAddAsync(new Note { PartitionKey = "p", RowKey = "r", Number = 0 });
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async _ =>
        {
            for (var retry = new WriteRetry(TimeProvider.System, default); ; await retry.AgainAsync())
            {
                var row = (await table.FindAsync<Note>("p", "r"))!;
                if ((await table.TryUpdateAsync(row with { Number = row.Number + 1 }, row.ETag)).IsDone)
                    return;
            }
        }));
        Assert.Equal(40, (await table.FindAsync<Note>("p", "r"))!.Number);
    }
}
