using System.Net;
using System.Net.Http.Json;
using DataRegistry.Jobs;
using DataRegistry.LocalHost;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Host;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Jobs;

/// <summary>
/// A store whose server accepts requests and hardly answers them. It takes a part of an instance, and its jobs still
/// end.
/// </summary>
public sealed class SlowStoreTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    readonly CancellationTokenSource over = new();
    TestService service = null!;
    int asked, underWay, most;
    bool isQuick;

    public async Task InitializeAsync()
    {
        service = await TestService.StartAsync(
            null, clock,
            services => services.AddSingleton(s => new Buckets(StoresRoom.BucketsOptionsOf(s) with
            {
                MaxRetries = 0,
                RequestTimeout = isQuick ? TimeSpan.FromMilliseconds(300) : TimeSpan.FromMinutes(5),
            })),
            ("Adoption:WindowKeys", "200"));
        service.Server.Intercept = DripAsync;
    }

    public async Task DisposeAsync()
    {
        await over.CancelAsync();
        await service.DisposeAsync();
        over.Dispose();
    }

    [Fact]
    public async Task Jobs_at_a_store_that_drips_do_not_keep_another_stores_job_from_its_end()
    {
        await using var other = await BucketServer.StartAsync();
        other.CreateBucket("bucket");
        var keys = Keys(150);
        foreach (var key in keys)
            other.Buckets["bucket"].Put(key, "1"u8);
        var store = await service.Services.GetRequiredService<StoreTable>().EnsureAsync(
            new() { Id = Guid.NewGuid(), Name = "quick", Configuration = new("bucket", null, other.Url, "key", "secret", null) }, default);
        var project = await service.NewAsync("/api/v0/projects/", new { name = "other" });
        for (var i = 0; i < 20; i++)
            await service.AcceptAsync(Keys(101).Select(key => $"{i}/{key}"));
        using var accepted = await service.Http.PostAsJsonAsync(
            $"/api/v0/stores/{store.Id}/adopt/", new { urls = keys.Select(service.Url), project });

        using var listener = new QueueListener(
            service.Connection, Registry.QueueFunctions, service.Services,
            queues => queues.MaxPollingInterval = TimeSpan.FromMilliseconds(100));
        await listener.StartAsync(default);
        var job = accepted.Headers.Location!.AbsolutePath;
        await Eventually.IsTrueAsync(
            async () => (await service.GetAsync(job)).GetProperty("status").GetString() == "completed", "the other store's job's end");
        await listener.StopAsync(default);

        AssertCounts(await service.GetAsync(job), created: 150, existing: 0, failed: 0);
        Assert.True(asked > 0, "The slow store was never asked");
        // Each of its windows sends one request first.
        Assert.InRange(most, 1, new JobOptions().WindowsAtOnce / 2);
    }

    [Theory]
    [InlineData("list")]
    [InlineData("head")]
    public async Task Cancelling_a_job_ends_its_request_that_is_under_way(string kind)
    {
        var ended = new TaskCompletionSource();
        var began = new TaskCompletionSource();
        service.Put(Keys(101));
        service.Server.Intercept = null;
        var job = kind == "head" ? await service.AcceptAsync(Keys(101)) : await AcceptPrefixAsync();
        service.Server.Intercept = async (http, request) =>
        {
            if (request != kind)
            {
                // Without the right to list, each key is asked by itself.
                http.Response.StatusCode = kind == "head" ? 403 : 200;
                return kind == "head";
            }

            http.RequestAborted.Register(() => ended.TrySetResult());
            began.TrySetResult();
            await DripAsync(http, request);
            return true;
        };
        var run = DeliverAsync(await RangeAsync(job));
        await began.Task.WithinDeadlineAsync();

        Assert.Equal(HttpStatusCode.Accepted, await service.Http.StatusAsync("POST", $"{job}cancel/"));

        await run.WithinDeadlineAsync();
        await ended.Task.WithinDeadlineAsync();
        Assert.Equal("cancelled", (await service.GetAsync(job)).GetProperty("status").GetString());
        Assert.Empty(await service.GetDatumsAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_time_out_puts_the_message_off_and_the_store_is_left_alone_for_a_while(bool prefix)
    {
        isQuick = true;
        var jobs = new List<WorkRow>();
        for (var i = 0; i < 2; i++)
            jobs.Add(await RangeAsync(prefix ? await AcceptPrefixAsync() : await service.AcceptAsync(Keys(101))));
        asked = 0;

        await DeliverAsync(jobs[0]);
        var first = asked;
        Assert.InRange(first, 1, 100);
        await DeliverAsync(jobs[1]);
        Assert.Equal(first, asked);
        foreach (var job in jobs)
        {
            var row = await FindAsync(job);
            Assert.Equal((1, 0, clock.GetUtcNow()), (row.Epoch, row.Next, row.Unanswered));
            Assert.True(row.Postponed > DateTimeOffset.UtcNow, $"{row.Postponed}");
            Assert.Contains("bucket", row.LastError, StringComparison.Ordinal);
        }

        // After the pause it is tried again, and a finished window clears the state.
        clock.Move(StoreTurns.Pause);
        service.Server.Intercept = null;
        service.Put(Keys(101));
        await DeliverAsync(jobs[1]);
        await DeliverAsync(jobs[0]);
        Assert.Null((await FindAsync(jobs[1])).Unanswered);
        await service.DrainAsync();
        Assert.Equal(101, (await service.GetDatumsAsync()).Count);
    }

    [Fact]
    public async Task A_store_that_does_not_answer_for_an_hour_is_given_up()
    {
        isQuick = true;
        var list = await service.AcceptAsync(Keys(101));
        var prefix = await AcceptPrefixAsync();
        var ranges = new[] { await RangeAsync(list), await RangeAsync(prefix) };
        foreach (var range in ranges)
            await DeliverAsync(range);
        clock.Move(RangeFunction.MaxUnanswered - TimeSpan.FromMinutes(1));
        foreach (var range in ranges)
            await DeliverAsync(range);
        Assert.Equal("running", (await service.GetAsync(list)).GetProperty("status").GetString());

        clock.Move(TimeSpan.FromMinutes(2));
        foreach (var range in ranges)
            await DeliverAsync(range);

        AssertCounts(await service.GetAsync(list), created: 0, existing: 0, failed: 101);
        Assert.All(
            await service.GetAllAsync($"{list}results/"),
            r => Assert.Contains("No answer for an hour", r.GetProperty("message").GetString(), StringComparison.Ordinal));
        var failed = await service.GetAsync(prefix);
        Assert.Equal("failed", failed.GetProperty("status").GetString());
        Assert.Contains("No answer for an hour", failed.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    /// <summary>
    /// Sends the headers, and a byte now and then. A short document where the test needs an answer to begin with.
    /// </summary>
    async Task<bool> DripAsync(HttpContext http, string kind)
    {
        Interlocked.Increment(ref asked);
        var now = Interlocked.Increment(ref underWay);
        for (var before = most; now > before && Interlocked.CompareExchange(ref most, now, before) != before; before = most)
        {
        }

        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, over.Token);
            while (true)
            {
                if (kind != "head")
                {
                    await http.Response.WriteAsync(" ", either.Token);
                    await http.Response.Body.FlushAsync(either.Token);
                }

                await Task.Delay(50, either.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            http.Abort();
        }
        finally
        {
            Interlocked.Decrement(ref underWay);
        }

        return true;
    }

    /// <summary>The probe of the bucket is answered.</summary>
    async Task<string> AcceptPrefixAsync()
    {
        var drips = service.Server.Intercept;
        service.Server.Intercept = null;
        using var response = await service.AdoptAsync(new { prefix = service.Url(""), project = service.Project.Id });
        service.Server.Intercept = drips;
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return response.Headers.Location!.AbsolutePath;
    }

    async Task<WorkRow> RangeAsync(string job)
    {
        Assert.True(DataRegistry.Datums.JobId.TryParse(job.Split('/')[^2], out var id));
        return Assert.Single(await service.Services.GetRequiredService<WorkTable>().ListAsync(id, default).ToListAsync());
    }

    async Task<WorkRow> FindAsync(WorkRow range) =>
        (await service.Services.GetRequiredService<WorkTable>().FindAsync(range.JobId, range.Range, default))!;

    Task DeliverAsync(WorkRow range) => Registry.QueueFunctions[0].RunAsync(
        service.Services, new(new WorkMessage(WorkMessage.Version, range.Job, range.Range, range.Epoch).ToString(), 1), default);
}
