using System.Net;
using DataRegistry.Adoption;
using DataRegistry.Adoption.Input;
using DataRegistry.Jobs;
using DataRegistry.Stores;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Adoption;

/// <summary>Faults cost time, never data. After any fault the counts add up, and no datum is doubled or missing.</summary>
public sealed class AdoptionFaultTests : IAsyncLifetime
{
    static readonly (string, string)[] SmallWindows = [
        ("Adoption:WindowKeys", "40"), ("Adoption:WindowsPerRange", "2"), ("Adoption:TableRequestsInFlight", "1")];

    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(SmallWindows);

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task Every_message_delivered_twice_one_after_the_other()
    {
        service.Put(Keys(230));
        var job = await service.AcceptAsync(Keys(240));
        await service.DrainAsync(async run =>
        {
            await run();
            await run();
        });
        await AssertWholeAsync(job, created: 230, failed: 10);
    }

    [Fact]
    public async Task Every_message_delivered_twice_at_the_same_time()
    {
        service.Put(Keys(230));
        var job = await service.AcceptAsync(Keys(240));
        await service.DrainAsync(run => Task.WhenAll(run(), run()));
        await AssertWholeAsync(job, created: 230, failed: 10);
    }

    [Fact]
    public async Task The_worker_dies_between_each_pair_of_writes_in_turn()
    {
        // One job for each place of death: the first dies before its first write, the second after it, and so on until
        // a job has fewer writes.
        var deaths = 0;
        for (var write = 0; ; write++)
        {
            var keys = TestKeys.OfShards(2, 101, $"{write}/");
            service.Put(keys[..100]);
            var job = await service.AcceptAsync(keys);
            var died = await service.DrainWithDeathAsync(write);
            AssertCounts(await service.GetAsync(job), created: 100, existing: 0, failed: 1);
            Assert.Single(await service.GetAllAsync($"{job}results/"));
            deaths += died ? 1 : 0;
            if (!died)
                break;
        }

        // 101 keys are 3 windows of 40 in 2 ranges: locations and datums in two partitions each, results, checkpoints, leases, job.
        Assert.True(deaths > 20, $"Only {deaths} writes were died at.");
        var uris = (await service.GetDatumsAsync()).Select(d => d.GetProperty("uri").GetString()).ToList();
        Assert.Equal(uris.Count, uris.Distinct().Count());
        Assert.Equal((deaths + 1) * 100, uris.Count);
        Assert.Equal(uris.Count, await service.CountRowsAsync("locations"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_adoption_that_is_answered_at_once_dies_before_or_after_each_write_in_turn(bool after)
    {
        for (var write = 0; ; write++)
        {
            var key = $"at-once/{write}";
            service.Put(key);
            service.Transport.DieAt(write, after);
            using var first = await service.AdoptUrlAsync(service.Url(key));
            var died = service.Transport.IsDead;
            service.Transport.Revive();
            // Location, datum and settling. The fourth write is the audit trail, and the adoption stands without it.
            Assert.Equal(died && write < 3 ? HttpStatusCode.InternalServerError : HttpStatusCode.OK, first.StatusCode);
            if (!died)
            {
                Assert.Equal(4, write);
                break;
            }

            using var again = await service.AdoptUrlsAsync([service.Url(key)]);
            Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        }

        Assert.Equal(5, (await service.GetDatumsAsync()).Count);
        Assert.Equal(5, await service.CountRowsAsync("locations"));
    }

    [Fact]
    public async Task A_caller_who_hangs_up_half_way_leaves_no_location_without_its_datum()
    {
        service.Put(Keys(50));
        using var caller = new CancellationTokenSource();
        service.Transport.Wrote = caller.Cancel;
        var input = AdoptionInput.Sort([.. Keys(50).Select(service.Url)], service.Store, KeyGlobs.None, default);
        try
        {
            await service.Services.GetRequiredService<ImmediateAdoption>().AdoptAsync(
                new(service.Store, service.Project, "administrator"), input, caller.Token);
        }
        catch (OperationCanceledException)
        {
            // Like the endpoint: nobody reads an answer.
        }

        Assert.Equal(await service.CountRowsAsync("locations"), await service.CountRowsAsync("datums"));
    }

    [Fact]
    public async Task Accepting_a_list_dies_between_each_pair_of_writes_in_turn_and_leaves_no_job_that_hangs()
    {
        service.Put(Keys(101));
        for (var write = 0; ; write++)
        {
            service.Transport.DieAfter(write);
            using var response = await service.AdoptUrlsAsync(Keys(101).Select(service.Url));
            var died = service.Transport.IsDead;
            service.Transport.Revive();
            await service.DrainAsync();
            var jobs = await service.GetAllAsync($"/api/v0/adoptions/?project={service.Project.Id}");
            Assert.All(jobs, j => Assert.Equal("completed", j.GetProperty("status").GetString()));
            if (!died)
            {
                Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
                break;
            }
        }

        Assert.Equal(101, (await service.GetDatumsAsync()).Count);
    }

    [Fact]
    public async Task A_worker_whose_time_is_over_hands_the_rest_on()
    {
        await using var hurried = await TestService.StartAsync([.. SmallWindows, ("Adoption:RangeSeconds", "0")]);
        hurried.Put(Keys(240));
        var job = await hurried.AcceptAsync(Keys(240));
        var deliveries = 0;
        await hurried.DrainAsync(async run =>
        {
            deliveries++;
            await run();
            await run();
        });
        // Six windows, one delivery each.
        Assert.Equal(6, deliveries);
        AssertCounts(await hurried.GetAsync(job), created: 240, existing: 0, failed: 0);
    }

    [Fact]
    public async Task A_death_between_handing_on_and_its_message_is_made_good_by_the_old_message()
    {
        await using var hurried = await TestService.StartAsync([.. SmallWindows, ("Adoption:RangeSeconds", "0")]);
        hurried.Put(Keys(101));
        for (var write = 0; ; write++)
        {
            var keys = TestKeys.OfShards(1, 101, $"{write}/");
            hurried.Put(keys);
            var job = await hurried.AcceptAsync(keys);
            var died = await hurried.DrainWithDeathAsync(write);
            AssertCounts(await hurried.GetAsync(job), created: 101, existing: 0, failed: 0);
            if (!died)
                break;
        }
    }

    [Fact]
    public async Task A_location_without_its_datum_is_made_whole_by_whoever_finds_it()
    {
        // The other project's worker has inserted locations and died. Its message has not come again yet.
        service.Put(Keys(120));
        await service.AcceptAsync(Keys(120));
        var message = Assert.Single((await service.ReceiveAsync("adopt")), m => WorkMessage.Parse(m.MessageText).Range == 0);
        service.Transport.DieAt(24, after: true);
        // Locations and their datums are written alternately.
        await Assert.ThrowsAnyAsync<Exception>(
            () => Registry.QueueFunctions[0].RunAsync(service.Services, new(message.MessageText, 1), default));
        service.Transport.Revive();
        var locations = await service.CountRowsAsync("locations");
        Assert.True(locations > await service.CountRowsAsync("datums"));

        using var response = await service.AdoptUrlsAsync(Keys(80).Select(service.Url));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(80, (await service.GetDatumsAsync()).Count);
        Assert.Equal(80, await service.CountRowsAsync("locations"));
    }

    [Fact]
    public async Task A_stale_message_and_one_of_an_unknown_job_are_dropped()
    {
        service.Put(Keys(101));
        var job = await service.AcceptAsync(Keys(101));
        var received = await service.ReceiveAsync("adopt");
        var message = WorkMessage.Parse(received[0].MessageText);
        await RunAsync(message with { Epoch = message.Epoch + 1 });
        await RunAsync(message with { Job = Guid.NewGuid() });
        await RunAsync(message with { Range = 77 });
        Assert.Empty(await service.GetDatumsAsync());
        await Assert.ThrowsAsync<NotSupportedException>(() => RunAsync(message with { V = 2 }));

        await service.ReleaseAsync("adopt", received);
        await service.DrainAsync();
        AssertCounts(await service.GetAsync(job), created: 101, existing: 0, failed: 0);

        Task RunAsync(WorkMessage m) => Registry.QueueFunctions[0].RunAsync(service.Services, new(m.ToString(), 1), default);
    }

    [Fact]
    public async Task A_range_that_is_poison_is_tried_anew_and_then_ends_in_the_jobs_failures()
    {
        service.Put(Keys(120));
        var job = await service.AcceptAsync(Keys(120));
        service.Server.Faults = new() { InternalError = 1 };
        var poisoned = 0;
        // Every delivery fails. After ten times the host moves the message to the poison queue, as this loop does.
        for (var messages = await service.ReceiveAsync("adopt"); messages.Count > 0; messages = await service.ReceiveAsync("adopt"))
        {
            foreach (var message in messages)
            {
                await Assert.ThrowsAnyAsync<Exception>(
                    () => Registry.QueueFunctions[0].RunAsync(service.Services, new(message.MessageText, 10), default));
                await service.Storage.Queues.GetQueueClient("adopt").DeleteMessageAsync(message.MessageId, message.PopReceipt);
                await Registry.QueueFunctions[1].RunAsync(service.Services, new(message.MessageText, 1), default);
                poisoned++;
            }
        }

        // Three windows, each retried once.
        Assert.Equal(6, poisoned);
        AssertCounts(await service.GetAsync(job), created: 0, existing: 0, failed: 120);
        var failures = await service.GetAllAsync($"{job}results/");
        Assert.Equal(120, failures.Count);
        Assert.All(
            failures,
            f => Assert.StartsWith("All tries failed: ", f.GetProperty("message").GetString(), StringComparison.Ordinal));
        await Registry.QueueFunctions[1].RunAsync(service.Services, new("no message of ours", 1), default);
    }

    [Fact]
    public async Task Faults_of_the_bucket_fail_no_item()
    {
        service.Put(Keys(300));
        service.Server.Faults = new() { SlowDown = 0.05, Cut = 0.02, InternalError = 0.03, Seed = 7 };
        var job = await service.AcceptAsync(Keys(300));
        await service.DrainAsync(async run =>
        {
            for (var tries = 0; ; tries++)
            {
                try
                {
                    await run();
                    return;
                }
                catch (Exception) when (tries < 10)
                {
                    // The host delivers it again.
                }
            }
        });
        await AssertWholeAsync(job, created: 300, failed: 0);
    }

    [Fact]
    public async Task A_bucket_that_throttles_fails_nothing_however_long()
    {
        service.Put(Keys(101));
        var job = await service.AcceptAsync(Keys(101));
        service.Server.Faults = new() { SlowDown = 1 };
        foreach (var message in await service.ReceiveAsync("adopt"))
        {
            await Registry.QueueFunctions[0].RunAsync(service.Services, new(message.MessageText, 10), default);
            await service.Storage.Queues.GetQueueClient("adopt").DeleteMessageAsync(message.MessageId, message.PopReceipt);
        }

        // Each has left a message that is visible later; this test delivers it at once.
        Assert.Equal(2, (await service.Storage.Queues.GetQueueClient("adopt").GetPropertiesAsync()).Value.ApproximateMessagesCount);
        Assert.Empty(await service.ReceiveAsync("adopt"));
        service.Server.Faults = new();
        var id = Guid.Parse(job.Split('/')[^2]);
        for (var range = 0; range < 2; range++)
            await Registry.QueueFunctions[0].RunAsync(
                service.Services, new(new WorkMessage(WorkMessage.Version, id, range, 1).ToString(), 1), default);
        await AssertWholeAsync(job, created: 101, failed: 0);
    }

    [Fact]
    public async Task An_account_that_takes_few_transactions_at_a_time_fails_nothing_and_puts_nothing_off()
    {
        await using var busy = await TestService.StartAsync(("Adoption:WindowKeys", "300"), ("Adoption:TableRequestsInFlight", "16"));
        busy.Put(Keys(600));
        var job = await busy.AcceptAsync(Keys(610));
        busy.Transport.Busy.Capacity = 4;
        var deliveries = 0;
        await busy.DrainAsync(run =>
        {
            deliveries++;
            return run();
        });
        AssertCounts(await busy.GetAsync(job), created: 600, existing: 0, failed: 10);
        Assert.Equal(1, deliveries);
        Assert.InRange(busy.Transport.Busy.Refused, 1, 100);
    }

    async Task AssertWholeAsync(string job, int created, int failed)
    {
        AssertCounts(await service.GetAsync(job), created, 0, failed);
        var uris = (await service.GetDatumsAsync()).Select(d => d.GetProperty("uri").GetString()).ToList();
        Assert.Equal(created, uris.Count);
        Assert.Equal(created, uris.Distinct().Count());
        Assert.Equal(created, await service.CountRowsAsync("locations"));
        Assert.Equal(failed, (await service.GetAllAsync($"{job}results/")).Count);
    }
}
