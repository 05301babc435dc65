using DataRegistry.Jobs;
using DataRegistry.Tests.Adoption;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Jobs;

/// <summary>
/// A message whose visibility time is over is delivered again while the first delivery still runs. If the second one
/// succeeds, the host deletes the message, even if the first one fails. So no delivery may succeed while the range
/// still needs one.
/// </summary>
public sealed class OvertakenDeliveryTests
{
    [Theory]
    [InlineData("0")]
    [InlineData("240")]
    public async Task A_delivery_that_is_overtaken_by_one_that_dies_at_any_write_goes_on(string rangeSeconds)
    {
        await using var service = await TestService.StartAsync(
            ("Adoption:WindowKeys", "60"), ("Adoption:WindowsPerRange", "2"), ("Adoption:TableRequestsInFlight", "1"),
            ("Adoption:RangeSeconds", rangeSeconds));
        var worker = service.Services.GetRequiredService<RangeWorker>();
        var work = service.Services.GetRequiredService<WorkTable>();
        // Two windows of few transactions in one range.
        for (var write = 0; ; write++)
        {
            var keys = TestKeys.OfShards(1, 110, $"{write}/");
            service.Put(keys);
            var job = await service.AcceptAsync(keys);
            var message = Assert.Single(await service.ReceiveAsync("adopt"));
            var pointer = WorkMessage.Parse(message.MessageText);
            var seenBySecond = (await work.FindAsync(pointer.JobId, pointer.Range, default))!;

            var died = false;
            service.Transport.DieAfter(write);
            try
            {
                await Registry.QueueFunctions[0].RunAsync(service.Services, new(message.MessageText, 1), default);
            }
            catch (Exception) when (service.Transport.IsDead)
            {
                died = true;
            }

            service.Transport.Revive();
            await worker.RunAsync(seenBySecond, bucketUnavailable: null, default);
            await service.Storage.Queues.GetQueueClient("adopt").DeleteMessageAsync(message.MessageId, message.PopReceipt);
            await service.DrainAsync();
            AssertCounts(await service.GetAsync(job), created: 110, existing: 0, failed: 0);
            if (!died)
                break;
        }
    }

    [Fact]
    public async Task Poison_delivered_twice_at_the_same_time_is_tried_anew()
    {
        await using var service = await TestService.StartAsync();
        service.Put(Keys(110));
        var job = await service.AcceptAsync(Keys(110));
        var message = Assert.Single(await service.ReceiveAsync("adopt"));
        await service.Storage.Queues.GetQueueClient("adopt").DeleteMessageAsync(message.MessageId, message.PopReceipt);
        await Task.WhenAll(
            Enumerable.Range(0, 2).Select(
                _ => Registry.QueueFunctions[1].RunAsync(service.Services, new(message.MessageText, 1), default)));
        await service.DrainAsync();
        AssertCounts(await service.GetAsync(job), created: 110, existing: 0, failed: 0);
    }

    [Fact]
    public async Task Messages_do_not_expire_while_the_app_is_stopped()
    {
        await using var service = await TestService.StartAsync();
        await service.AcceptAsync(Keys(110));
        var message = Assert.Single(await service.ReceiveAsync("adopt"));
        Assert.True(message.ExpiresOn > DateTimeOffset.UtcNow.AddYears(1), $"Expires on {message.ExpiresOn}");
    }
}
