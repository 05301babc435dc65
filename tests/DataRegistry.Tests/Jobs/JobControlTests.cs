using System.Net;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Jobs;

/// <summary>Cancelling, retrying and resuming jobs.</summary>
public sealed class JobControlTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(
        null, clock, ("Adoption:WindowKeys", "40"), ("Adoption:WindowsPerRange", "2"), ("Adoption:MessagesPerJob", "2"),
        ("Adoption:RangeSeconds", "0"));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_cancelled_job_ends_at_once_and_keeps_and_counts_what_was_done()
    {
        service.Put(Keys(200));
        var job = await service.AcceptAsync(Keys(200));
        var message = (await service.ReceiveAsync("adopt"))[0];
        await Registry.QueueFunctions[0].RunAsync(service.Services, new(message.MessageText, 1), default);

        var cancelled = await PostAsync($"{job}cancel/", HttpStatusCode.Accepted);
        Assert.Equal("cancelled", cancelled.GetProperty("status").GetString());
        Assert.Equal((40, 160, 200), Counts(await service.GetAsync(job)));
        await service.DrainAsync();
        Assert.Equal((40, 160, 200), Counts(await service.GetAsync(job)));
        Assert.Equal(40, (await service.GetDatumsAsync()).Count);
        // A second call changes nothing.
        await PostAsync($"{job}cancel/", HttpStatusCode.Accepted);
        Assert.Single((await service.GetAllAsync($"/api/v0/audit/?project={service.Project.Id}&action=adoption.cancelled")));
    }

    [Fact]
    public async Task A_window_that_is_under_way_when_its_job_is_cancelled_is_counted_all_the_same()
    {
        service.Put(Keys(200));
        var job = await service.AcceptAsync(Keys(200));
        var message = (await service.ReceiveAsync("adopt"))[0];
        var cancel = new TaskCompletionSource<Task>();
        // At the window's first write.
        service.Transport.Wrote = () =>
        {
            service.Transport.Wrote = null;
            cancel.SetResult(PostAsync($"{job}cancel/", HttpStatusCode.Accepted));
            cancel.Task.Unwrap().Wait();
        };
        var pointer = WorkMessage.Parse(message.MessageText);
        var range = (await service.Services.GetRequiredService<WorkTable>().FindAsync(pointer.JobId, pointer.Range, default))!;
        await service.Services.GetRequiredService<JobTable>().StartAsync(range.JobId, default);
        await service.Services.GetRequiredService<RangeWorker>().RunAsync(range, bucketUnavailable: null, default);
        await cancel.Task.Unwrap();
        await service.DrainAsync();
        var counts = Counts(await service.GetAsync(job));
        Assert.Equal(counts.Created, (await service.GetDatumsAsync()).Count);
        Assert.Equal("cancelled", (await service.GetAsync(job)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_job_that_has_ended_cannot_be_cancelled()
    {
        service.Put(Keys(101));
        var job = await service.AcceptAsync(Keys(101));
        await service.DrainAsync();
        await PostAsync($"{job}cancel/", HttpStatusCode.Conflict);
        AssertCounts(await service.GetAsync(job), created: 101, existing: 0, failed: 0);
    }

    [Fact]
    public async Task Retrying_makes_a_job_of_what_failed()
    {
        service.Put(Keys(120)[..100]);
        var job = await service.AcceptAsync([.. Keys(120)]);
        await PostAsync($"{job}retry/", HttpStatusCode.Conflict);
        await service.DrainAsync();
        service.Put(Keys(120)[100..115]);
        using var response = await service.Http.PostAsync(new Uri($"{job}retry/", UriKind.Relative), null);
        var again = await TestUsers.JsonAsync(response, HttpStatusCode.Accepted);
        await service.DrainAsync();
        AssertCounts(
            await service.GetAsync($"/api/v0/adoptions/{again.GetProperty("id").GetString()}/"), created: 15, existing: 0, failed: 5);
        // The first job is unchanged.
        AssertCounts(await service.GetAsync(job), created: 100, existing: 0, failed: 20);
    }

    [Fact]
    public async Task A_prefix_that_cannot_be_listed_fails_its_job_with_the_reason_and_is_retried_whole()
    {
        service.Put(Keys(90));
        using var response = await service.AdoptAsync(new { prefix = "s3://bucket/", project = service.Project.Id });
        var job = response.Headers.Location!.AbsolutePath;
        service.Server.Faults = new() { InternalError = 1 };
        var message = (await service.ReceiveAsync("adopt"))[0];
        for (var poison = 0; poison < 2; poison++)
        {
            await Assert.ThrowsAnyAsync<Exception>(
                () => Registry.QueueFunctions[0].RunAsync(service.Services, new(message.MessageText, 10), default));
            await service.Storage.Queues.GetQueueClient("adopt").DeleteMessageAsync(message.MessageId, message.PopReceipt);
            await Registry.QueueFunctions[1].RunAsync(service.Services, new(message.MessageText, 1), default);
            message = await service.ReceiveAsync("adopt") is [var next, ..] ? next : message;
        }

        var failed = await service.GetAsync(job);
        Assert.Equal("failed", failed.GetProperty("status").GetString());
        Assert.Contains("bucket", failed.GetProperty("error").GetString(), StringComparison.Ordinal);
        service.Server.Faults = FaultPlan.None;
        var again = await PostAsync($"{job}retry/", HttpStatusCode.Accepted);
        await service.DrainAsync();
        AssertCounts(
            await service.GetAsync($"/api/v0/adoptions/{again.GetProperty("id").GetString()}/"), created: 90, existing: 0, failed: 0);
    }

    [Fact]
    public async Task A_job_whose_messages_are_lost_is_resumed_by_the_timer()
    {
        service.Put(Keys(200));
        var job = await service.AcceptAsync(Keys(200));
        await service.Storage.Queues.GetQueueClient("adopt").ClearMessagesAsync();
        await TickAsync(0);
        await TickAsync(600);
        Assert.Empty(await service.ReceiveAsync("adopt"));
        await TickAsync(600);
        await service.DrainAsync();
        AssertCounts(await service.GetAsync(job), created: 200, existing: 0, failed: 0);
        await TickAsync(0);
        Assert.Empty(await service.Services.GetRequiredService<JobTable>().ListActiveAsync(default).ToListAsync());
    }

    [Fact]
    public async Task A_job_that_waits_behind_older_messages_is_not_stalled()
    {
        service.Put(Keys(200));
        // The queue has a clock of its own: the older message is older by both.
        await service.Storage.Queues.GetQueueClient("adopt").SendMessageAsync("an older one");
        clock.Move(TimeSpan.FromDays(1000));
        var job = await service.AcceptAsync(Keys(200));
        for (var tick = 0; tick < 8; tick++)
            await TickAsync(1000);
        Assert.Equal("accepted", (await service.GetAsync(job)).GetProperty("status").GetString());
        Assert.Equal(3, (await service.ReceiveAsync("adopt")).Count);
    }

    [Fact]
    public async Task A_job_that_never_gets_on_fails_in_the_end()
    {
        var job = await service.AcceptAsync(Keys(200));
        for (var tick = 0; tick < 6; tick++)
        {
            await service.Storage.Queues.GetQueueClient("adopt").ClearMessagesAsync();
            await TickAsync(1000);
        }

        var failed = await service.GetAsync(job);
        Assert.Equal("failed", failed.GetProperty("status").GetString());
        Assert.Contains("no progress", failed.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_many_workers_as_may_are_at_a_store_and_the_others_come_again()
    {
        await using var one = await TestService.StartAsync(("Adoption:WorkersPerStore", "1"), ("Adoption:WindowKeys", "40"));
        one.Put(Keys(120));
        var leases = one.Services.GetRequiredService<StoreLeases>();
        var job = await one.AcceptAsync(Keys(120));
        var other = WorkTable.NewRange(JobId.Create(DateTimeOffset.UtcNow, 0), 0, 0, 1);
        await using (await leases.TryAcquireAsync(one.Store.Id, other, default))
        {
            Assert.Null(await leases.TryAcquireAsync(one.Store.Id, other with { Range = 1 }, default));
            // The same range may come again after its worker has died.
            Assert.NotNull(await leases.TryAcquireAsync(one.Store.Id, other, default));
            await one.DrainAsync();
            Assert.Equal(0, (await one.GetAsync(job)).GetProperty("counts").GetProperty("created").GetInt32());
        }

        // Its message has only been postponed.
        var properties = await one.Storage.Queues.GetQueueClient("adopt").GetPropertiesAsync();
        Assert.Equal(1, properties.Value.ApproximateMessagesCount);
    }

    [Fact]
    public async Task A_window_that_is_given_up_ends_though_its_store_has_no_room()
    {
        await using var one = await TestService.StartAsync(("Adoption:WorkersPerStore", "1"));
        one.Put(Keys(120));
        var job = await one.AcceptAsync(Keys(120));
        var message = (await one.ReceiveAsync("adopt"))[0];
        var pointer = WorkMessage.Parse(message.MessageText);
        var work = one.Services.GetRequiredService<WorkTable>();
        var range = (await work.FindAsync(pointer.JobId, pointer.Range, default))!;
        await work.CheckpointAsync(range, range with { Replans = 1 }, null, default);
        var other = WorkTable.NewRange(JobId.Create(DateTimeOffset.UtcNow, 0), 0, 0, 1);
        await using (await one.Services.GetRequiredService<StoreLeases>().TryAcquireAsync(one.Store.Id, other, default))
            await Registry.QueueFunctions[1].RunAsync(one.Services, new(message.MessageText, 1), default);
        AssertCounts(await one.GetAsync(job), created: 0, existing: 0, failed: 120);
    }

    async Task TickAsync(int seconds)
    {
        clock.Move(TimeSpan.FromSeconds(seconds));
        await Registry.TimerFunctions.Single(t => t.Name == "ResumeAdoptions").RunAsync(service.Services, default);
    }

    async Task<System.Text.Json.JsonElement> PostAsync(string path, HttpStatusCode expected)
    {
        using var response = await service.Http.PostAsync(new Uri(path, UriKind.Relative), null);
        return await TestUsers.JsonAsync(response, expected);
    }

    static (int Created, int Left, int Total) Counts(System.Text.Json.JsonElement job)
    {
        var counts = job.GetProperty("counts");
        var (created, total) = (counts.GetProperty("created").GetInt32(), counts.GetProperty("total").GetInt32());
        return (created, total - created - counts.GetProperty("existing").GetInt32() - counts.GetProperty("failed")
            .GetInt32() - counts.GetProperty("skipped").GetInt32(), total);
    }
}
