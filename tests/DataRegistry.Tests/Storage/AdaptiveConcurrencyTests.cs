using Azure.Core.Pipeline;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Storage;

[Collection(AzuriteTests.Name)]
public sealed class AdaptiveConcurrencyTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_refusal_halves_what_is_under_way_and_a_limits_worth_of_answers_adds_one()
    {
        var concurrency = new AdaptiveConcurrency(64);
        await RoundAsync(concurrency, requests: 20, capacity: 20);
        Assert.Equal(64, concurrency.Limit);
        // Some of 20 at a time are refused: any number of them is one sign.
        await RoundAsync(concurrency, requests: 20, capacity: 3);
        Assert.Equal(10, concurrency.Limit);
        foreach (var n in Enumerable.Range(0, 10))
        {
            Assert.Equal(10, concurrency.Limit);
            await RoundAsync(concurrency, requests: 10, capacity: 10, answer: 1);
        }

        Assert.Equal(10, concurrency.Limit);
        await RoundAsync(concurrency, requests: 10, capacity: 10, answer: 1);
        Assert.Equal(11, concurrency.Limit);
        // Unused concurrency says nothing about the capacity.
        foreach (var _ in Enumerable.Range(0, 50))
            await RoundAsync(concurrency, requests: 4, capacity: 4);
        Assert.Equal(11, concurrency.Limit);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(40)]
    public async Task What_a_service_takes_is_found_and_kept_to(int capacity)
    {
        var concurrency = new AdaptiveConcurrency(64);
        var (answered, refused) = (0, 0);
        foreach (var _ in Enumerable.Range(0, 200))
        {
            var under = concurrency.Limit;
            await RoundAsync(concurrency, under, capacity);
            (answered, refused) = (answered + Math.Min(under, capacity), refused + Math.Max(0, under - capacity));
        }

        // Three quarters of the capacity, because it grows evenly and halves. It tries one more now and then: at worst,
        // once for each request that succeeds. The first sixty-four are left out, because they find the capacity.
        Assert.InRange(answered / (200.0 * capacity), 0.65, 1);
        Assert.True(refused - (64 + 32 + 16 + 8 + 4 + 2) <= answered / Math.Min(4, capacity), $"{refused} refused, {answered} answered");
    }

    [Fact]
    public async Task Who_waits_is_let_in_in_order_and_who_gives_up_takes_no_place()
    {
        var concurrency = new AdaptiveConcurrency(1);
        var first = await concurrency.EnterAsync(default);
        using var gaveUp = new CancellationTokenSource();
        var second = concurrency.EnterAsync(gaveUp.Token).AsTask();
        var third = concurrency.EnterAsync(default).AsTask();
        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.False(third.IsCompleted);
        concurrency.Exit(first, refused: null);
        concurrency.Exit(await third, refused: false);
        concurrency.Exit(await concurrency.EnterAsync(default), refused: null);
    }

    /// <summary>With a table client's retries, but no pauses between them, this fails if nothing limits the number.</summary>
    [Theory]
    [InlineData(503, "ServerBusy")]
    [InlineData(500, "OperationTimedOut")]
    public async Task Transactions_get_through_to_an_account_that_refuses_more_than_a_few_at_a_time(int status, string code)
    {
        using var handler = new BusyHandler(new SocketsHttpHandler()) { Capacity = 4, Status = status, Code = code };
        var options = StorageAccount.TableOptions();
        options.Transport = new HttpClientTransport(new HttpClient(handler));
        (options.Retry.MaxRetries, options.Retry.Delay, options.Retry.MaxDelay) =
            (8, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1));
        var table = new TableServiceClient(azurite.ConnectionString, options).GetTableClient(AzuriteFixture.NewTableName());
        await table.CreateIfNotExistsAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 300).Select(n => table.TrySubmitAsync(
            [.. Enumerable.Range(0, 2).Select(row => Change.Add(new Note { PartitionKey = $"{n}", RowKey = $"{row}" }))])));
        Assert.All(results, result => Assert.True(result.IsDone));
        Assert.InRange(handler.Refused, 1, 300);
    }

    /// <summary>Sends this number of requests at a time; those above the capacity are refused.</summary>
    /// <param name="answer">The number of requests whose result becomes known; null for all.</param>
    static async Task RoundAsync(AdaptiveConcurrency concurrency, int requests, int capacity, int? answer = null)
    {
        var entered = new List<int>();
        for (var n = 0; n < requests; n++)
            entered.Add(await concurrency.EnterAsync(default));
        for (var n = requests - 1; n >= 0; n--)
            concurrency.Exit(entered[n], refused: requests - n > answer ? null : n >= capacity);
    }
}
