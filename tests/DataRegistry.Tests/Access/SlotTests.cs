using System.Security.Cryptography;
using Azure;
using DataRegistry.Access;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Access;

/// <summary>Requests under way at a time, at several instances.</summary>
public sealed class SlotTests
{
    readonly FakeClock clock = new();

    [Fact]
    public async Task All_instances_together_have_no_more_requests_of_a_subject_under_way_than_allowed()
    {
        await using var first = await StartAsync(null);
        await using var second = await StartAsync(first.Connection);
        RequestSlots[] instances = [first.Services.GetRequiredService<RequestSlots>(), second.Services.GetRequiredService<RequestSlots>()];
        var (somebody, other) = (Guid.NewGuid(), Guid.NewGuid());
        var taken = await Task.WhenAll(Enumerable.Range(0, 40).Select(async i => (Instance: instances[i % 2], Taken: await instances[i % 2].TryTakeAsync(somebody, 15, default))));
        Assert.Equal(15, taken.Count(t => t.Taken));
        Assert.True(await second.Services.GetRequiredService<RequestSlots>().TryTakeAsync(other, 15, default));

        // What one gives back the other gets, once nothing is under way at the first.
        foreach (var (instance, _) in taken.Where(t => t.Taken && t.Instance == instances[0]))
            await instance.EndAsync(somebody);
        clock.Move(RequestSlots.RefusedFor);
        var left = taken.Count(t => t.Taken && t.Instance == instances[1]);
        for (var more = left; more < 15; more++)
            Assert.True(await instances[1].TryTakeAsync(somebody, 15, default));
        Assert.False(await instances[1].TryTakeAsync(somebody, 15, default));
        Assert.False(await instances[0].TryTakeAsync(somebody, 15, default));
        for (var i = 0; i < 15; i++)
            await instances[1].EndAsync(somebody);
        await instances[1].EndAsync(other);
        Assert.Equal(0, await first.CountRowsAsync("slots"));
    }

    [Fact]
    public async Task The_slots_of_an_instance_that_died_are_free_after_a_minute()
    {
        await using var first = await StartAsync(null);
        await using var second = await StartAsync(first.Connection);
        var (died, alive) = (first.Services.GetRequiredService<RequestSlots>(), second.Services.GetRequiredService<RequestSlots>());
        var somebody = Guid.NewGuid();
        for (var i = 0; i < 3; i++)
            Assert.True(await died.TryTakeAsync(somebody, 3, default));
        Assert.False(await alive.TryTakeAsync(somebody, 3, default));
        clock.Move(TimeSpan.FromMinutes(1));
        for (var i = 0; i < 3; i++)
            Assert.True(await alive.TryTakeAsync(somebody, 3, default));
        Assert.False(await alive.TryTakeAsync(somebody, 3, default));
    }

    [Fact]
    public async Task Few_requests_at_a_time_cost_none_to_the_table_and_many_two_for_some_of_them()
    {
        await using var service = await StartAsync(null);
        var slots = service.Services.GetRequiredService<RequestSlots>();
        var (somebody, before) = (Guid.NewGuid(), service.Transport.Requests);
        for (var i = 0; i < 50; i++)
            Assert.True(await slots.TryTakeAsync(somebody, 1000, default));
        Assert.Equal(before, service.Transport.Requests);
        for (var i = 0; i < 100; i++)
            Assert.True(await slots.TryTakeAsync(somebody, 1000, default));
        // The one that is needed and fifty more, twice.
        Assert.Equal(before + 4, service.Transport.Requests);
        for (var i = 0; i < 150; i++)
            await slots.EndAsync(somebody);
        Assert.Equal(before + 6, service.Transport.Requests);
    }

    [Fact]
    public async Task While_the_table_is_away_each_instance_lets_as_many_be_under_way_as_are_allowed()
    {
        await using var service = await StartAsync(null);
        var (slots, somebody) = (service.Services.GetRequiredService<RequestSlots>(), Guid.NewGuid());
        service.Transport.Fault = new RequestFailedException(403, "Not now.");
        for (var i = 0; i < 5; i++)
            Assert.True(await slots.TryTakeAsync(somebody, 5, default));
        Assert.False(await slots.TryTakeAsync(somebody, 5, default));
        for (var i = 0; i < 5; i++)
            await slots.EndAsync(somebody);
        service.Transport.Fault = null;
        Assert.True(await slots.TryTakeAsync(somebody, 5, default));
    }

    [Fact]
    public async Task However_many_are_refused_the_row_is_read_once_a_second_and_never_written()
    {
        await using var first = await StartAsync(null);
        await using var second = await StartAsync(first.Connection);
        var (full, refusing) = (first.Services.GetRequiredService<RequestSlots>(), second.Services.GetRequiredService<RequestSlots>());
        var somebody = Guid.NewGuid();
        for (var i = 0; i < 3; i++)
            Assert.True(await full.TryTakeAsync(somebody, 3, default));
        var before = (first.Transport.Requests, second.Transport.Requests, second.Transport.Writes);
        for (var round = 1; round <= 2; round++)
        {
            Assert.All(await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => await refusing.TryTakeAsync(somebody, 3, default))), Assert.False);
            Assert.Equal((before.Item1, before.Item2 + round, before.Item3), (first.Transport.Requests, second.Transport.Requests, second.Transport.Writes));
            clock.Move(RequestSlots.RefusedFor);
        }

        // Who has them all itself need not even read it.
        Assert.False(await full.TryTakeAsync(somebody, 3, default));
        Assert.Equal(before.Item1, first.Transport.Requests);
    }

    [Fact]
    public async Task A_slot_that_gets_free_is_given_right_after_a_refusal()
    {
        await using var first = await StartAsync(null);
        await using var second = await StartAsync(first.Connection);
        RequestSlots[] instances = [first.Services.GetRequiredService<RequestSlots>(), second.Services.GetRequiredService<RequestSlots>()];
        var somebody = Guid.NewGuid();
        foreach (var instance in new[] { instances[0], instances[0], instances[1] })
            Assert.True(await instance.TryTakeAsync(somebody, 3, default));
        Assert.False(await instances[0].TryTakeAsync(somebody, 3, default));
        await instances[0].EndAsync(somebody);
        Assert.True(await instances[0].TryTakeAsync(somebody, 3, default));
        Assert.False(await instances[0].TryTakeAsync(somebody, 3, default));
        // Also where all were given back.
        for (var i = 0; i < 2; i++)
            await instances[0].EndAsync(somebody);
        Assert.True(await instances[0].TryTakeAsync(somebody, 3, default));
    }

    [Fact]
    public async Task Who_is_overtaken_each_time_it_writes_the_row_is_refused_and_not_let_through()
    {
        await using var service = await StartAsync(null);
        await using var other = await StartAsync(service.Connection);
        var (slots, somebody) = (service.Services.GetRequiredService<RequestSlots>(), Guid.NewGuid());
        for (var i = 0; i < 2; i++)
            Assert.True(await other.Services.GetRequiredService<RequestSlots>().TryTakeAsync(somebody, 3, default));
        service.Transport.Sending = () => Overtake(service, somebody);
        Assert.False(await slots.TryTakeAsync(somebody, 3, default));
        service.Transport.Sending = null;
        clock.Move(RequestSlots.RefusedFor);
        Assert.True(await slots.TryTakeAsync(somebody, 3, default));
        Assert.False(await slots.TryTakeAsync(somebody, 3, default));
    }

    [Fact]
    public async Task Whatever_asking_for_slots_and_budgets_fails_with_lets_requests_through_and_keeps_nothing()
    {
        await using var service = await StartAsync(null);
        var (slots, somebody) = (service.Services.GetRequiredService<RequestSlots>(), Guid.NewGuid());
        service.Transport.Fault = new InvalidOperationException("No identity.");
        Assert.Null(await service.Services.GetRequiredService<RequestBudgets>().TakeAsync("subject", "somebody", 5, default));
        for (var round = 0; round < 3; round++)
        {
            Assert.True(await slots.TryTakeAsync(somebody, 1, default));
            Assert.False(await slots.TryTakeAsync(somebody, 1, default));
            await slots.EndAsync(somebody);
        }

        // Nothing is left of it that would be taken for a request under way, or for a slot.
        service.Transport.Fault = null;
        Assert.True(await slots.TryTakeAsync(somebody, 1, default));
        await slots.EndAsync(somebody);
        Assert.Equal(0, await service.CountRowsAsync("slots"));
    }

    /// <summary>Writes the row as it is.</summary>
    static void Overtake(TestService service, Guid subject)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(subject.ToByteArray()));
        var table = service.Storage.Tables.GetTableClient("slots");
        var row = table.FindAsync<SlotRow>(hash[..1], hash).GetAwaiter().GetResult()!;
        Assert.True(table.TryUpdateAsync(row, row.ETag).GetAwaiter().GetResult().IsDone);
    }

    Task<TestService> StartAsync(string? connection) => TestService.StartAsync(connection, clock);
}
