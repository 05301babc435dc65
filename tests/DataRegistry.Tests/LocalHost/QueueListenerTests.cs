using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using DataRegistry.LocalHost;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Host;
using DataRegistry.Triggers;
using Microsoft.Azure.WebJobs.Host;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Tests.LocalHost;

/// <summary>The WebJobs SDK's listener with functions of the test, on a storage account of its own.</summary>
public sealed class QueueListenerTests : IAsyncLifetime
{
    const string Text = """{"job":"ä \" / \\ 🦉","range":1}""";

    /// <summary>Nothing listens there.</summary>
    const string NoStorage =
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=a2V5;"
        + "BlobEndpoint=http://127.0.0.1:1/devstoreaccount1;QueueEndpoint=http://127.0.0.1:1/devstoreaccount1;";

    readonly CapturedLog<QueueListener> log = new();
    readonly ConcurrentQueue<(string Function, QueueDelivery Delivery)> deliveries = new();
    readonly List<QueueListener> listeners = [];
    ServiceProvider services = null!;
    QueueServiceClient queues = null!;
    string connection = "";

    public async Task InitializeAsync()
    {
        connection = await AzuriteFixture.NewAccountAsync();
        queues = StorageAccount.FromConnectionString(connection).Queues;
        services = new ServiceCollection().AddSingleton<ILogger<QueueListener>>(log).BuildServiceProvider();
        foreach (QueueFunction function in Registry.QueueFunctions)
            await queues.CreateQueueAsync(function.Queue);
    }

    public async Task DisposeAsync()
    {
        foreach (QueueListener listener in listeners)
        {
            await listener.StopAsync(CancellationToken.None);
            listener.Dispose();
        }

        await services.DisposeAsync();
    }

    [Fact]
    public async Task Every_function_is_called_with_the_text_the_count_and_the_time_of_its_queues_message()
    {
        foreach (QueueFunction function in Registry.QueueFunctions)
            await SendAsync(function.Queue, function.Name + Text);
        await ListenAsync((_, _, _) => Task.CompletedTask);

        await Eventually.IsTrueAsync(
            async () => (await Task.WhenAll(Registry.QueueFunctions.Select(f => CountAsync(f.Queue)))).Sum() == 0, "empty queues");
        Assert.Equal(
            Registry.QueueFunctions.Select(f => (f.Name, new QueueDelivery(f.Name + Text, 1))).OrderBy(d => d.Name, StringComparer.Ordinal),
            deliveries.Select(d => (d.Function, d.Delivery with { InsertedOn = null })).OrderBy(d => d.Function, StringComparer.Ordinal));
        Assert.All(
            deliveries,
            d => Assert.InRange(d.Delivery.InsertedOn!.Value, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(1)));
    }

    [Theory]
    [InlineData("AdoptRange", "AdoptPoison")]
    [InlineData("HashDatum", "HashPoison")]
    public async Task A_message_that_always_fails_gets_to_the_poison_function_and_its_text_to_no_log(string failing, string poison)
    {
        await SendAsync(Registry.QueueFunctions.Single(f => f.Name == failing).Queue, "poisonous secret");
        await ListenAsync(
            (name, _, _) => name == failing ? throw new InvalidOperationException("no") : Task.CompletedTask,
            queues => (queues.MaxDequeueCount, queues.VisibilityTimeout) = (3, TimeSpan.Zero));

        await Eventually.IsTrueAsync(() => deliveries.Any(d => d.Function == poison), "a delivery of the poison queue");
        Assert.Equal(
            [(failing, "poisonous secret", 1L), (
                failing, "poisonous secret", 2L), (failing, "poisonous secret", 3L), (poison, "poisonous secret", 1L)],
            deliveries.Select(d => (d.Function, d.Delivery.Message, d.Delivery.DequeueCount)));
        Assert.Equal(3, log.Lines.Count(line => line.Level == LogLevel.Error));
        Assert.DoesNotContain(log.Lines, line => line.Text.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task As_many_run_at_once_as_host_json_says_and_no_more()
    {
        using var release = new SemaphoreSlim(0);
        int running = 0, most = 0;
        for (var message = 0; message < 30; message++)
            await SendAsync("adopt", "work");
        await ListenAsync(async (_, _, cancellationToken) =>
        {
            int now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            await release.WaitAsync(cancellationToken);
            Interlocked.Decrement(ref running);
        });

        // A batch of eight. When four of them have ended, the other four are the threshold, and the listener takes
        // eight more.
        await Eventually.IsTrueAsync(() => Volatile.Read(ref running) == 8, "a full batch");
        release.Release(4);
        await Eventually.IsTrueAsync(() => Volatile.Read(ref running) == 12, "a batch beside what still runs");
        release.Release(100);
        await Eventually.IsTrueAsync(async () => await CountAsync("adopt") == 0, "an empty queue");
        Assert.Equal(12, most);
    }

    [Fact]
    public async Task Stopping_cancels_what_runs_without_a_log_and_the_message_comes_again()
    {
        await SendAsync("adopt", "endless");
        QueueListener listener = await ListenAsync((_, _, cancellationToken) => Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken));
        await Eventually.IsTrueAsync(() => !deliveries.IsEmpty, "a delivery");

        await listener.StopAsync(CancellationToken.None).WithinDeadlineAsync();

        Assert.Empty(log.Lines);
        // The listener gives the message back, on a busy machine after StopAsync has returned. By host.json it then stays hidden for 30 s,
        // so the listener does not take it again while it stops.
        QueueMessage? again = null;
        await Eventually.IsTrueAsync(
            async () => (again = await queues.GetQueueClient("adopt").ReceiveMessageAsync()) is not null, "the message again");
        Assert.Equal(2, again!.DequeueCount);
    }

    [Fact]
    public async Task Stopping_returns_though_storage_does_not_answer()
    {
        connection = NoStorage;
        QueueListener listener = await ListenAsync((_, _, _) => Task.CompletedTask);

        await listener.StopAsync(CancellationToken.None).WithinDeadlineAsync();

        Assert.Empty(log.Lines);
    }

    [Fact]
    public async Task Stopping_while_a_request_is_tried_again_ends_nothing_but_the_listener()
    {
        using var storage = new TcpListener(IPAddress.Loopback, 0);
        storage.Start();
        connection = NoStorage.Replace(":1/", $":{((IPEndPoint)storage.LocalEndpoint).Port}/", StringComparison.Ordinal);
        QueueListener listener = await ListenAsync((_, _, _) => Task.CompletedTask);
        // The second try of a request gets no answer.
        using Socket again = await RepeatedAsync(storage);

        await listener.StopAsync(CancellationToken.None).WithinDeadlineAsync();

        Assert.Empty(log.Lines);
    }

    /// <summary>Resets the connection of each new request, and returns that of the first request that is sent again.</summary>
    static async Task<Socket> RepeatedAsync(TcpListener storage)
    {
        HashSet<string> reset = new(StringComparer.Ordinal);
        while (true)
        {
            Socket connection = await storage.AcceptSocketAsync().WithinDeadlineAsync();
            var bytes = new byte[4096];
            int length = await connection.ReceiveAsync(bytes).WithinDeadlineAsync();
            if (!reset.Add(Encoding.ASCII.GetString(bytes, 0, length).Split('\r')[0]))
                return connection;
            connection.LingerState = new(true, 0);
            connection.Dispose();
        }
    }

    static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while (value > (seen = Volatile.Read(ref most)) && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }

    async Task<QueueListener> ListenAsync(Func<string, QueueDelivery, CancellationToken, Task> run, Action<QueuesOptions>? configure = null)
    {
        QueueFunction[] functions = [.. Registry.QueueFunctions.Select(f => f with
        {
            RunAsync = (_, delivery, cancellationToken) =>
            {
                deliveries.Enqueue((f.Name, delivery));
                return run(f.Name, delivery, cancellationToken);
            },
        })];
        var listener = new QueueListener(connection, functions, services, queues =>
        {
            queues.MaxPollingInterval = TimeSpan.FromMilliseconds(100);
            configure?.Invoke(queues);
        });
        listeners.Add(listener);
        await listener.StartAsync(CancellationToken.None);
        return listener;
    }

    async Task SendAsync(string queue, string text) => await queues.GetQueueClient(queue).SendMessageAsync(text);

    /// <summary>Counts invisible messages too.</summary>
    async Task<int> CountAsync(string queue) => (await queues.GetQueueClient(queue).GetPropertiesAsync()).Value.ApproximateMessagesCount;
}
