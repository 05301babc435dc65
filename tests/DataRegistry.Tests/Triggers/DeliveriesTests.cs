using Azure.Storage.Queues;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Triggers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DataRegistry.Tests.Triggers;

/// <summary>The outcome for a message whose function fails.</summary>
public sealed class DeliveriesTests
{
    [Theory]
    [InlineData(0, true)]
    [InlineData(594, true)]
    [InlineData(595, false)]
    [InlineData(3000, false)]
    public async Task A_cancelled_delivery_is_handed_on_unless_it_has_run_into_the_hosts_time_out(int seconds, bool handedOn)
    {
        var (deliveries, clock, queue) = await StartAsync();
        using var cancel = new CancellationTokenSource();
        async Task RunAsync()
        {
            clock.Advance(TimeSpan.FromSeconds(seconds));
            await cancel.CancelAsync();
            cancel.Token.ThrowIfCancellationRequested();
        }

        var delivery = deliveries.RunAsync(queue.Name, new("message", 1), RunAsync, cancel.Token);
        if (handedOn)
            await delivery;
        else
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => delivery);
        Assert.Equal(handedOn ? ["message"] : [], (await queue.ReceiveMessagesAsync(32)).Value.Select(m => m.MessageText));
    }

    [Fact]
    public async Task A_failure_of_a_delivery_that_is_not_cancelled_is_one()
    {
        var (deliveries, _, queue) = await StartAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(
            () => deliveries.RunAsync(queue.Name, new("message", 1), () => throw new OperationCanceledException(), default));
        Assert.Empty((await queue.ReceiveMessagesAsync(32)).Value);
    }

    [Fact]
    public void The_time_out_is_the_hosts_less_some_seconds()
    {
        var host = new ConfigurationBuilder().AddJsonFile(Path.Combine(AzuriteFixture.RepositoryRoot(), "host.json")).Build();
        Assert.Equal(host.GetValue<TimeSpan>("functionTimeout") - TimeSpan.FromSeconds(5), Deliveries.FunctionTimeout);
    }

    static async Task<(Deliveries Deliveries, FakeTimeProvider Clock, QueueClient Queue)> StartAsync()
    {
        var storage = StorageAccount.FromConnectionString(await AzuriteFixture.NewAccountAsync());
        var queue = storage.Queues.GetQueueClient("some");
        await queue.CreateIfNotExistsAsync();
        var clock = new FakeTimeProvider();
        return (new(storage.Queues, clock, NullLogger<Deliveries>.Instance), clock, queue);
    }
}
