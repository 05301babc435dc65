using System.Net;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Jobs;

/// <summary>A job's rate, and its estimated end.</summary>
public sealed class JobRateTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(
        null, clock, ("Adoption:WindowKeys", "1000"), ("Adoption:WindowsPerRange", "100"), ("Adoption:RangeSeconds", "0"),
        ("Adoption:RangesPerJob", "1"));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task The_rate_is_that_of_late_and_the_estimate_follows_it()
    {
        await using var small = await TestService.StartAsync(
            null, clock, ("Adoption:WindowKeys", "60"), ("Adoption:WindowsPerRange", "100"), ("Adoption:RangeSeconds", "0"));
        var job = await small.AcceptAsync(Keys(1200));
        AssertRate(await small.GetAsync(job), null, null);
        await DeliverAsync(small);
        clock.Move(TimeSpan.FromSeconds(10));
        // One window of 60 in 10 seconds. The rate counts it as if nothing had been before.
        AssertRate(await small.GetAsync(job), (5.5, 6), (1140 / 6.0, 1140 / 5.5));
        for (var window = 0; window < 5; window++)
        {
            await DeliverAsync(small);
            clock.Move(TimeSpan.FromSeconds(10));
        }

        AssertRate(await small.GetAsync(job), (5.5, 6), (840 / 6.0, 840 / 5.5));
        // After an hour without progress there is no rate, and no estimate.
        clock.Move(TimeSpan.FromHours(1));
        AssertRate(await small.GetAsync(job), (0, 0), null);
        // Then the rate is the present one, which the hour does not lower.
        for (var window = 0; window < 12; window++)
        {
            await DeliverAsync(small);
            clock.Move(TimeSpan.FromSeconds(5));
        }

        AssertRate(await small.GetAsync(job), (7, 8), (120 / 8.0, 120 / 7.0));
        await small.DrainAsync();
        var ended = await small.GetAsync(job);
        Assert.Equal("completed", ended.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, ended.GetProperty("eta").ValueKind);
    }

    [Fact]
    public async Task A_prefix_is_estimated_by_what_it_held_when_it_was_last_adopted()
    {
        service.Put([.. Enumerable.Range(0, 2500).Select(n => $"p/{n:D5}")]);
        var first = await AcceptAsync("p/");
        await DeliverAsync(service);
        clock.Move(TimeSpan.FromSeconds(10));
        AssertRate(await service.GetAsync(first), (90, 100), null);
        await service.DrainAsync();

        clock.Move(TimeSpan.FromHours(1));
        var again = await AcceptAsync("p/");
        var other = await AcceptAsync("p/0");
        AssertRate(await service.GetAsync(again), null, null);
        await DeliverAsync(service);
        await DeliverAsync(service);
        clock.Move(TimeSpan.FromSeconds(10));
        AssertRate(await service.GetAsync(again), (90, 100), (1500 / 100.0, 1500 / 90.0));
        Assert.Equal(JsonValueKind.Null, (await service.GetAsync(again)).GetProperty("counts").GetProperty("total").ValueKind);
        AssertRate(await service.GetAsync(other), (90, 100), null);
    }

    async Task<string> AcceptAsync(string prefix)
    {
        using var response = await service.AdoptAsync(new { prefix = $"s3://bucket/{prefix}", project = service.Project.Id });
        await TestUsers.JsonAsync(response, HttpStatusCode.Accepted);
        return response.Headers.Location!.AbsolutePath;
    }

    /// <summary>Delivers the message that has waited longest.</summary>
    static async Task DeliverAsync(TestService service)
    {
        var queue = service.Storage.Queues.GetQueueClient("adopt");
        var message = (await queue.ReceiveMessageAsync()).Value;
        await Registry.QueueFunctions[0].RunAsync(service.Services, new(message.MessageText, 1), default);
        await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt);
    }

    /// <param name="seconds">Until the estimated end.</param>
    void AssertRate(JsonElement job, (double Least, double Most)? rate, (double Least, double Most)? seconds)
    {
        if (rate is { } r)
            Assert.InRange(job.GetProperty("rate").GetDouble(), r.Least, r.Most);
        else
            Assert.Equal(JsonValueKind.Null, job.GetProperty("rate").ValueKind);
        if (seconds is { } s)
            Assert.InRange((job.GetProperty("eta").GetDateTimeOffset() - clock.GetUtcNow()).TotalSeconds, s.Least, s.Most);
        else
            Assert.Equal(JsonValueKind.Null, job.GetProperty("eta").ValueKind);
    }
}
