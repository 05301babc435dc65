using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Host;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Jobs;

/// <summary>The limits of requests to one store's bucket, over all jobs and instances.</summary>
public sealed class StoreLimitTests
{
    [Fact]
    public async Task Two_instances_together_are_no_more_workers_at_a_store_than_may_be()
    {
        // Each delivery has a slot at its instance, so only the store's workers are limited.
        (string, string)[] settings =
        [
            ("Adoption:WorkersPerStore", "3"), ("Adoption:WindowsAtOnce", "20"), ("Adoption:WindowKeys", "12"),
            ("Adoption:WindowsPerRange", "1"), ("Adoption:HeadsInFlight", "1"), ("Adoption:RangeSeconds", "0"),
        ];
        await using var first = await TestService.StartAsync(settings);
        await using var second = await TestService.StartAsync(first.Connection, null, settings);
        first.Put(Keys(120));
        // Each worker asks for one key at a time here, so concurrent requests are workers. They wait there for each
        // other.
        var meeting = new Meeting();
        first.Server.Intercept = async (http, kind) =>
        {
            if (kind == "head")
                await meeting.ArriveAsync(http.RequestAborted).WithinDeadlineAsync();
            return false;
        };
        var job = await first.AcceptAsync(Keys(120));
        var id = WorkMessage.Parse((await first.ReceiveAsync("adopt", visibilitySeconds: 600))[0].MessageText).JobId;
        var work = first.Services.GetRequiredService<WorkTable>();
        // All ten ranges at once, five at each instance. Those that find the store full come again.
        for (var ranges = await UndoneAsync(); ranges.Count > 0; ranges = await UndoneAsync())
        {
            meeting.Expect(ranges.Count);
            await Task.WhenAll(ranges.Select((range, n) => DeliverAsync(range, n % 2 == 0 ? first : second)));
        }

        AssertCounts(await first.GetAsync(job), created: 120, existing: 0, failed: 0);
        Assert.InRange(meeting.Most, 2, 3);
        Assert.Equal(0, second.Server.Requests.Total);

        ValueTask<List<WorkRow>> UndoneAsync() => work.ListAsync(id, default).Where(r => !r.IsDone).ToListAsync();

        async Task DeliverAsync(WorkRow range, TestService instance)
        {
            var message = new WorkMessage(WorkMessage.Version, range.Job, range.Range, range.Epoch);
            try
            {
                await Registry.QueueFunctions[0].RunAsync(instance.Services, new(message.ToString(), 1), default);
            }
            finally
            {
                meeting.Leave();
            }
        }
    }

    [Fact]
    public async Task The_workers_of_two_instances_share_a_stores_requests_evenly()
    {
        (string, string)[] settings = [("Adoption:WorkersPerStore", "4"), ("Adoption:RequestsPerSecondOfStore", "600")];
        await using var first = await TestService.StartAsync(settings);
        await using var second = await TestService.StartAsync(first.Connection, null, settings);
        var leases = new List<StoreLease>();
        foreach (var service in new[] { first, second, first, second })
        {
            var range = WorkTable.NewRange(JobId.Create(DateTimeOffset.UtcNow, 0), leases.Count, 0, 1);
            leases.Add(
                Assert.IsType<StoreLease>(
                    await service.Services.GetRequiredService<StoreLeases>().TryAcquireAsync(first.Store.Id, range, default)));
        }

        Assert.Equal([600, 300, 200, 150], leases.Select(l => l.PerSecond));
        foreach (var lease in leases)
            await lease.RenewAsync(default);
        Assert.Equal(600, leases.Sum(l => l.PerSecond));
        await leases[0].DisposeAsync();
        await leases[1].DisposeAsync();
        await leases[2].RenewAsync(default);
        Assert.Equal(300, leases[2].PerSecond);
    }

    [Fact]
    public async Task A_worker_sends_no_more_requests_than_its_share_and_fewer_to_a_bucket_that_is_asked_too_much()
    {
        await using var service = await TestService.StartAsync();
        var stopwatch = new FakeTimeProvider();
        var leases = service.Services.GetRequiredService<StoreLeases>();
        var row = new LeaseRow { PartitionKey = "p", RowKey = "00", Holder = "h", Until = default };
        var lease = new StoreLease(leases, service.Store.Id, row, perSecond: 100, stopwatch);

        // A hundred at once take a second, for any caller.
        Assert.Equal(0.99, Enumerable.Range(0, 100).Max(_ => lease.Reserve(1)).TotalSeconds, 6);
        // Half a second later, only a tenth of a second's worth of unused requests is kept.
        stopwatch.Advance(TimeSpan.FromSeconds(1.5));
        Assert.Equal(11, Enumerable.Range(0, 20).Count(_ => lease.Reserve(1) <= TimeSpan.Zero));
        stopwatch.Advance(TimeSpan.FromSeconds(10));
        // At a quarter of the rate, and spread at random, 100 take about four seconds.
        var slow = Enumerable.Range(0, 101).Select(_ => lease.Reserve(0.25).TotalSeconds).ToList();
        Assert.InRange(slow[^1], 3.2, 4.6);
        Assert.True(slow.Zip(slow.Skip(1), (a, b) => Math.Round(b - a, 6)).Distinct().Count() > 50);
        Assert.All(slow.Zip(slow.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 0.0199, 0.0601));
    }

    [Theory]
    [InlineData(10_000, 16, 1600, true)]
    [InlineData(10_000, 100, 1600, false)]
    [InlineData(10_000, 16, 500, false)]
    [InlineData(100, 16, 10, true)]
    public void Limits_with_which_a_window_would_outlive_its_lease_are_no_settings(int windowKeys, int workers, int requests, bool valid)
    {
        var options = new JobOptions { WindowKeys = windowKeys, WorkersPerStore = workers, RequestsPerSecondOfStore = requests };
        Assert.Equal(valid, options.WindowsEndInTime);
    }

    [Fact]
    public async Task A_service_with_such_limits_does_not_start()
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(
            () => TestService.StartAsync(("Adoption:RequestsPerSecondOfStore", "100")));
        Assert.Contains(
            "Adoption__WindowKeys × Adoption__WorkersPerStore ÷ Adoption__RequestsPerSecondOfStore seconds", error.Message,
            StringComparison.Ordinal);
    }

    /// <summary>Everybody who arrives waits until all expected ones have arrived or left.</summary>
    sealed class Meeting
    {
        readonly Lock gate = new();
        TaskCompletionSource open = New();
        int expected;
        int waiting;

        /// <summary>The most that waited at a time.</summary>
        public int Most { get; private set; }

        public void Expect(int count)
        {
            lock (gate)
                expected = count;
        }

        /// <param name="gone">A caller who hangs up waits no more, and may arrive again.</param>
        public async Task ArriveAsync(CancellationToken gone)
        {
            Task all;
            lock (gate)
            {
                all = open.Task;
                Most = Math.Max(Most, ++waiting);
                OpenIfComplete();
            }

            try
            {
                await all.WaitAsync(gone);
            }
            catch (OperationCanceledException)
            {
                lock (gate)
                    waiting -= all.IsCompleted ? 0 : 1;
                throw;
            }
        }

        public void Leave()
        {
            lock (gate)
            {
                expected--;
                OpenIfComplete();
            }
        }

        void OpenIfComplete()
        {
            if (waiting < expected)
                return;
            open.SetResult();
            (open, waiting) = (New(), 0);
        }

        static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
