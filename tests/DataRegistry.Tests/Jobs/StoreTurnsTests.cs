using System.Text.Json;
using DataRegistry.Jobs;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace DataRegistry.Tests.Jobs;

/// <summary>One store's share of a process.</summary>
public sealed class StoreTurnsTests : IDisposable
{
    static readonly JobOptions Settings = new() { WindowsAtOnce = 4, MessagesPerStore = 4 };

    readonly FakeTimeProvider clock = new();
    readonly Guid slow = Guid.NewGuid(), other = Guid.NewGuid();
    readonly StoreTurns turns;

    public StoreTurnsTests() => turns = new(clock, Options.Create(Settings));

    public void Dispose() => turns.Dispose();

    [Fact]
    public async Task One_store_has_half_of_the_windows_and_the_others_have_theirs_at_once()
    {
        var places = new List<IDisposable?> { await TakeAsync(slow), await TakeAsync(slow) };
        var third = turns.Enter(slow, "b").TryTakeAsync(default);
        places.Add(await TakeAsync(other));
        places.Add(await TakeAsync(other));
        Assert.All(places, Assert.NotNull);
        Assert.False(third.IsCompleted);

        // The store is not slow, so a waiting message gets the slot that is given back.
        places[0]!.Dispose();
        Assert.NotNull(await third);
    }

    [Fact]
    public async Task A_store_of_which_no_window_ends_keeps_no_more_messages_than_its_part()
    {
        var first = turns.Enter(slow, "b");
        var kept = Enumerable.Range(0, 3).Select(_ => turns.Enter(slow, "b")).Prepend(first).Select(turn => turn.TryTakeAsync(default))
            .ToList();
        Assert.Equal([true, true, false, false], kept.Select(place => place.IsCompleted));
        await AssertSentAwayAsync();
        Assert.NotNull(await TakeAsync(other));

        // A window that ends well shows that the store answers. Now more messages may wait, until none has ended for
        // long.
        first.Answered();
        (await kept[0])!.Dispose();
        Assert.NotNull(await kept[2]);
        var more = turns.Enter(slow, "b").TryTakeAsync(default);
        Assert.False(more.IsCompleted);
        clock.Advance(StoreTurns.SlowAfter);
        Assert.Null(await await Task.WhenAny(kept[3], more));
        Assert.Equal(1, new[] { kept[3], more }.Count(place => place.IsCompleted));
    }

    async Task AssertSentAwayAsync()
    {
        for (var i = 0; i < 3; i++)
        {
            using var turn = turns.Enter(slow, "b");
            Assert.Null(await turn.TryTakeAsync(default));
        }
    }

    [Fact]
    public async Task After_a_time_out_a_store_is_left_alone_and_then_asked_by_one()
    {
        using var third = turns.Enter(slow, "b");
        using (var first = turns.Enter(slow, "b"))
        using (var second = turns.Enter(slow, "b"))
        {
            (await first.TryTakeAsync(default))!.Dispose();
            first.TimedOut();
            await AssertClosedAsync(second);
            // A refusal is no time-out, and prolongs nothing.
            clock.Advance(StoreTurns.Pause / 2);
            second.TimedOut();
            Assert.NotNull(await TakeAsync(other));
        }

        clock.Advance(StoreTurns.Pause / 2);
        using var trier = turns.Enter(slow, "b");
        (await trier.TryTakeAsync(default))!.Dispose();
        await AssertClosedAsync(third);
        trier.TimedOut();
        await AssertClosedAsync(third);

        clock.Advance(StoreTurns.Pause);
        using var next = turns.Enter(slow, "b");
        (await next.TryTakeAsync(default))!.Dispose();
        next.Answered();
        (await third.TryTakeAsync(default))!.Dispose();
    }

    [Fact]
    public async Task A_trier_that_ends_without_an_answer_leaves_the_try_to_the_next()
    {
        using (var first = turns.Enter(slow, "b"))
            first.TimedOut();
        clock.Advance(StoreTurns.Pause);
        using (var dies = turns.Enter(slow, "b"))
            (await dies.TryTakeAsync(default))!.Dispose();
        using var next = turns.Enter(slow, "b");
        (await next.TryTakeAsync(default))!.Dispose();
    }

    [Fact]
    public async Task Those_who_waited_while_the_first_one_timed_out_do_not_ask()
    {
        using var first = turns.Enter(slow, "b");
        using var second = turns.Enter(slow, "b");
        var places = new[] { await first.TryTakeAsync(default), await second.TryTakeAsync(default) };
        using var third = turns.Enter(slow, "b");
        var waits = third.TryTakeAsync(default);
        first.TimedOut();
        places[0]!.Dispose();

        Assert.True((await Assert.ThrowsAsync<BucketException>(() => waits)).IsTimeout);
        // It gave its place back.
        first.Answered();
        Assert.NotNull(await TakeAsync(slow));
    }

    [Fact]
    public void The_host_hands_out_others_messages_while_one_store_has_its_part()
    {
        var queues = JsonDocument.Parse(File.ReadAllText(Path.Combine(AzuriteFixture.RepositoryRoot(), "host.json")))
            .RootElement.GetProperty("extensions").GetProperty("queues");
        var part = new JobOptions().MessagesPerStore;

        Assert.InRange(part, 1, queues.GetProperty("newBatchThreshold").GetInt32());
        Assert.InRange(2 * part, 1, queues.GetProperty("batchSize").GetInt32());
    }

    Task<IDisposable?> TakeAsync(Guid store) => turns.Enter(store, "b").TryTakeAsync(default);

    static async Task AssertClosedAsync(StoreTurns.Turn turn) =>
        Assert.True((await Assert.ThrowsAsync<BucketException>(() => turn.TryTakeAsync(default))).IsTimeout);
}
