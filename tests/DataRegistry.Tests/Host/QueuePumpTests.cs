using System.Collections.Concurrent;
using Azure.Storage.Queues;
using DataRegistry.LocalHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Tests.Host;

/// <summary>The pump against the storage emulator. Each test has queues of its own.</summary>
public sealed class QueuePumpTests(HostStorage storage) : IClassFixture<HostStorage>, IAsyncLifetime
{
    static readonly QueueSettings Quick = new()
    {
        BatchSize = 8,
        NewBatchThreshold = 4,
        MaxDequeueCount = 10,
        VisibilityTimeout = TimeSpan.FromSeconds(1),
        MaxPollingInterval = TimeSpan.FromMilliseconds(200),
        Lease = TimeSpan.FromSeconds(30),
    };

    readonly string name = $"pump-{Guid.NewGuid():N}";
    readonly CapturedLog<QueuePump> log = new();
    readonly List<QueuePump> pumps = [];
    readonly ConcurrentQueue<QueueDelivery> deliveries = new();
    readonly ServiceProvider services = new ServiceCollection().BuildServiceProvider();

    QueueClient Queue => storage.Queues.GetQueueClient(name);

    QueueClient Poison => storage.Queues.GetQueueClient(name + "-poison");

    public Task InitializeAsync() => Queue.CreateAsync();

    public async Task DisposeAsync()
    {
        foreach (QueuePump pump in pumps)
        {
            await pump.StopAsync(CancellationToken.None);
            pump.Dispose();
        }

        await Queue.DeleteIfExistsAsync();
        await Poison.DeleteIfExistsAsync();
        await services.DisposeAsync();
    }

    [Fact]
    public async Task A_message_whose_function_succeeds_is_delivered_as_it_was_put_and_deleted()
    {
        const string Text = """{"job":"ä \" / \\ 🦉","range":1}""";
        await Queue.SendMessageAsync(Text);
        await PumpAsync(Quick, (_, _) => Task.CompletedTask);

        await Eventually.IsTrueAsync(IsEmptyAsync, "an empty queue");
        Assert.Equal([new QueueDelivery(Text, 1)], deliveries);
    }

    [Fact]
    public async Task A_failed_message_comes_back_with_a_higher_dequeue_count()
    {
        await Queue.SendMessageAsync("again");
        await PumpAsync(Quick, (delivery, _) => delivery.DequeueCount < 3 ? throw new InvalidOperationException("no") : Task.CompletedTask);

        await Eventually.IsTrueAsync(IsEmptyAsync, "an empty queue");
        Assert.Equal([1, 2, 3], deliveries.Select(delivery => delivery.DequeueCount));
        Assert.False((await Poison.ExistsAsync()).Value);
    }

    [Fact]
    public async Task A_failed_message_is_invisible_for_the_visibility_timeout()
    {
        await Queue.SendMessageAsync("later");
        await PumpAsync(Quick with { VisibilityTimeout = TimeSpan.FromMinutes(5) }, (_, _) => throw new InvalidOperationException("no"));

        await Eventually.IsTrueAsync(() => log.Lines.Any(line => line.Level == LogLevel.Error), "a failure");
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.Single(deliveries);
        Assert.False(await IsEmptyAsync());
    }

    [Fact]
    public async Task A_message_goes_to_the_poison_queue_after_its_last_delivery_and_its_text_to_no_log()
    {
        await Queue.SendMessageAsync("poisonous secret");
        await PumpAsync(Quick with { MaxDequeueCount = 3, VisibilityTimeout = TimeSpan.Zero }, (_, _) => throw new InvalidOperationException("no"));

        await Eventually.IsTrueAsync(IsEmptyAsync, "an empty queue");
        Assert.Equal([1, 2, 3], deliveries.Select(delivery => delivery.DequeueCount));
        Assert.Equal("poisonous secret", (await Poison.ReceiveMessageAsync()).Value.Body.ToString());
        Assert.DoesNotContain(log.Lines, line => line.Text.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_message_that_died_with_its_last_delivery_goes_to_the_poison_queue_without_another()
    {
        await Queue.SendMessageAsync("killer");
        for (int delivery = 0; delivery < 2; delivery++)
        {
            Assert.NotNull((await Queue.ReceiveMessageAsync(TimeSpan.FromSeconds(1))).Value);
            await Task.Delay(TimeSpan.FromSeconds(1.5));
        }

        await PumpAsync(Quick with { MaxDequeueCount = 2 }, (_, _) => Task.CompletedTask);

        await Eventually.IsTrueAsync(IsEmptyAsync, "an empty queue");
        Assert.Empty(deliveries);
        Assert.Equal("killer", (await Poison.ReceiveMessageAsync()).Value.Body.ToString());
    }

    [Fact]
    public async Task A_failing_message_of_a_poison_queue_has_no_poison_queue_and_comes_back_when_its_lease_lapses()
    {
        await Poison.CreateAsync();
        await Poison.SendMessageAsync("twice poisoned");
        await PumpAsync(
            Quick with { MaxDequeueCount = 1, Lease = TimeSpan.FromSeconds(2) },
            (delivery, _) => delivery.DequeueCount < 3 ? throw new InvalidOperationException("no") : Task.CompletedTask,
            Poison.Name);

        await Eventually.IsTrueAsync(async () => (await Poison.GetPropertiesAsync()).Value.ApproximateMessagesCount == 0, "an empty poison queue");
        Assert.Equal([1, 2, 3], deliveries.Select(delivery => delivery.DequeueCount));
        Assert.False((await storage.Queues.GetQueueClient(Poison.Name + "-poison").ExistsAsync()).Value);
    }

    [Fact]
    public async Task No_more_run_at_once_than_the_batch_size_and_the_threshold_together()
    {
        QueueSettings settings = Quick with { BatchSize = 2, NewBatchThreshold = 1 };
        using var release = new SemaphoreSlim(0);
        int running = 0, most = 0;
        for (int message = 0; message < 12; message++)
        {
            await Queue.SendMessageAsync("work");
        }

        await PumpAsync(settings, async (_, cancellationToken) =>
        {
            int now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            await release.WaitAsync(cancellationToken);
            Interlocked.Decrement(ref running);
        });

        // The first batch of two; when one of them has ended, one still runs, which is the threshold, and two more are taken.
        await Eventually.IsTrueAsync(() => Volatile.Read(ref running) == 2, "a full batch");
        release.Release();
        await Eventually.IsTrueAsync(() => Volatile.Read(ref running) == 3, "a batch beside what still runs");
        await Task.Delay(TimeSpan.FromSeconds(1));
        release.Release(100);
        await Eventually.IsTrueAsync(IsEmptyAsync, "an empty queue");

        Assert.Equal(12, deliveries.Count);
        Assert.Equal(3, most);
    }

    [Fact]
    public async Task A_function_that_runs_longer_than_its_lease_keeps_its_message_from_other_processes()
    {
        QueueSettings settings = Quick with { Lease = TimeSpan.FromSeconds(2) };
        await Queue.SendMessageAsync("long");
        await PumpAsync(settings, (_, cancellationToken) => Task.Delay(TimeSpan.FromSeconds(6), cancellationToken));
        await PumpAsync(settings, (_, cancellationToken) => Task.Delay(TimeSpan.FromSeconds(6), cancellationToken));

        await Eventually.IsTrueAsync(IsEmptyAsync, "an empty queue");
        Assert.Equal([new QueueDelivery("long", 1)], deliveries);
    }

    [Fact]
    public async Task A_message_whose_process_died_comes_back_when_its_lease_lapses()
    {
        await Queue.SendMessageAsync("orphan");
        Assert.NotNull((await Queue.ReceiveMessageAsync(TimeSpan.FromSeconds(2))).Value);
        await PumpAsync(Quick, (_, _) => Task.CompletedTask);

        await Eventually.IsTrueAsync(IsEmptyAsync, "an empty queue");
        Assert.Equal([new QueueDelivery("orphan", 2)], deliveries);
    }

    [Fact]
    public async Task A_message_that_somebody_else_has_finished_meanwhile_is_not_an_error()
    {
        await Queue.SendMessageAsync("shared");
        await PumpAsync(Quick, (delivery, cancellationToken) =>
            string.Equals(delivery.Message, "shared", StringComparison.Ordinal) ? Queue.ClearMessagesAsync(cancellationToken) : Task.CompletedTask);
        await Eventually.IsTrueAsync(() => log.Lines.Any(line => line.Text.Contains("somebody else", StringComparison.Ordinal)), "a note of it");

        await Queue.SendMessageAsync("next");
        await Eventually.IsTrueAsync(IsEmptyAsync, "an empty queue");
        Assert.Equal([new QueueDelivery("shared", 1), new QueueDelivery("next", 1)], deliveries);
        Assert.DoesNotContain(log.Lines, line => line.Level > LogLevel.Information);
    }

    [Fact]
    public async Task A_queue_that_is_made_later_is_pumped_from_then_on()
    {
        QueueClient later = storage.Queues.GetQueueClient(name + "-later");
        await PumpAsync(Quick, (_, _) => Task.CompletedTask, later.Name);
        await Task.Delay(TimeSpan.FromSeconds(0.5));
        await later.CreateAsync();
        await later.SendMessageAsync("first");

        await Eventually.IsTrueAsync(() => !deliveries.IsEmpty, "a delivery");
        await later.DeleteAsync();
        Assert.DoesNotContain(log.Lines, line => line.Level > LogLevel.Information);
    }

    [Fact]
    public async Task Stopping_waits_for_what_runs_and_takes_nothing_more()
    {
        var end = new TaskCompletionSource();
        await Queue.SendMessageAsync("running");
        QueuePump pump = await PumpAsync(Quick with { DrainTimeout = TimeSpan.FromMinutes(1) }, (_, _) => end.Task);
        await Eventually.IsTrueAsync(() => !deliveries.IsEmpty, "a delivery");

        Task stopped = pump.StopAsync(CancellationToken.None);
        await Queue.SendMessageAsync("too late");
        await Task.Delay(TimeSpan.FromSeconds(0.5));
        Assert.False(stopped.IsCompleted);
        end.SetResult();
        await stopped.WithinDeadlineAsync();

        Assert.Equal([new QueueDelivery("running", 1)], deliveries);
        Assert.Equal("too late", (await Queue.ReceiveMessageAsync()).Value.Body.ToString());
    }

    [Fact]
    public async Task Stopping_cancels_what_does_not_end_and_the_message_comes_back()
    {
        await Queue.SendMessageAsync("endless");
        QueuePump pump = await PumpAsync(
            Quick with { DrainTimeout = TimeSpan.FromMilliseconds(200) },
            (_, cancellationToken) => Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken));
        await Eventually.IsTrueAsync(() => !deliveries.IsEmpty, "a delivery");

        await pump.StopAsync(CancellationToken.None).WithinDeadlineAsync();

        await Eventually.IsTrueAsync(async () => (await Queue.ReceiveMessageAsync()).Value?.DequeueCount == 2, "another delivery");
    }

    static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while (value > (seen = Volatile.Read(ref most)) && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }

    async Task<QueuePump> PumpAsync(QueueSettings settings, Func<QueueDelivery, CancellationToken, Task> run, string? queue = null)
    {
        var function = new QueueFunction("Test", queue ?? name, (_, delivery, cancellationToken) =>
        {
            Assert.InRange(delivery.InsertedOn!.Value, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(1));
            deliveries.Enqueue(delivery with { InsertedOn = null });
            return run(delivery, cancellationToken);
        });
        var pump = new QueuePump(storage.Queues, [function], settings, services, log);
        pumps.Add(pump);
        await pump.StartAsync(CancellationToken.None);
        return pump;
    }

    /// <summary>Counts invisible messages too.</summary>
    async Task<bool> IsEmptyAsync() => (await Queue.GetPropertiesAsync()).Value.ApproximateMessagesCount == 0;
}
