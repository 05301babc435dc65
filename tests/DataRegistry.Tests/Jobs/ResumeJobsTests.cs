using DataRegistry.Jobs;
using DataRegistry.Tests.Adoption;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Jobs;

/// <summary>
/// A head that starts after a crash resumes unfinished jobs at once: the dead process's messages are hidden for ten
/// minutes.
/// </summary>
public sealed class ResumeJobsTests : IAsyncLifetime
{
    const int Count = 200;

    TestService service = null!;

    public async Task InitializeAsync()
    {
        service = await TestService.StartAsync(
            ("Adoption:WindowKeys", "40"), ("Adoption:WindowsPerRange", "2"), ("Adoption:MessagesPerJob", "2"),
            ("Adoption:RangeSeconds", "0"));
        service.Put(Keys(Count));
    }

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_job_whose_messages_are_hidden_goes_on_at_once_and_they_change_nothing_when_they_come(int delivered)
    {
        var job = await service.AcceptAsync(Keys(Count));
        var hidden = await service.ReceiveAsync("adopt");
        for (var message = 0; message < delivered; message++)
            await DeliverAsync(hidden[message].MessageText);
        await service.DrainAsync();
        Assert.NotEqual("completed", (await service.GetAsync(job)).GetProperty("status").GetString());

        await service.Services.ResumeJobsAsync();
        await service.DrainAsync();
        AssertCounts(await service.GetAsync(job), created: Count, existing: 0, failed: 0);
        foreach (var message in hidden)
            await DeliverAsync(message.MessageText);
        await service.DrainAsync();
        AssertCounts(await service.GetAsync(job), created: Count, existing: 0, failed: 0);
        Assert.Equal(Count, (await service.GetDatumsAsync()).Count);
    }

    [Fact]
    public async Task Of_two_that_resume_at_the_same_time_each_range_gets_one_message_that_counts()
    {
        var job = await service.AcceptAsync(Keys(Count));
        await service.ReceiveAsync("adopt");

        await Task.WhenAll(service.Services.ResumeJobsAsync(), service.Services.ResumeJobsAsync());
        var work = service.Services.GetRequiredService<WorkTable>();
        var counting = 0;
        var received = await service.ReceiveAsync("adopt");
        foreach (var message in received.Select(m => WorkMessage.Parse(m.MessageText)))
        {
            counting += (await work.FindAsync(message.JobId, message.Range, default))!.Epoch == message.Epoch ? 1 : 0;
        }

        Assert.Equal(2, counting);
        await service.ReleaseAsync("adopt", received);
        await service.DrainAsync();
        AssertCounts(await service.GetAsync(job), created: Count, existing: 0, failed: 0);
    }

    [Fact]
    public async Task A_worker_of_another_instance_stops_at_its_checkpoint_and_its_window_counts_once()
    {
        var job = await service.AcceptAsync(Keys(Count));
        var message = (await service.ReceiveAsync("adopt"))[0];
        // The other instance is in its first window, and has written a part of it.
        Task resumed = null!;
        service.Transport.Wrote = () =>
        {
            service.Transport.Wrote = null;
            resumed = Task.Run(() => service.Services.ResumeJobsAsync());
            resumed.Wait();
        };
        await service.Services.GetRequiredService<JobTable>().StartAsync(WorkMessage.Parse(message.MessageText).JobId, default);
        await DeliverAsync(message.MessageText);
        await resumed;

        await service.DrainAsync();
        AssertCounts(await service.GetAsync(job), created: Count, existing: 0, failed: 0);
        Assert.Equal(Count, (await service.GetDatumsAsync()).Count);
    }

    [Fact]
    public async Task A_death_at_any_write_of_it_is_made_good_by_the_next_start()
    {
        for (var (write, died) = (0, true); died; write++)
        {
            var keys = TestKeys.OfShards(2, Count, $"{write}/");
            service.Put(keys);
            var job = await service.AcceptAsync(keys);
            await service.ReceiveAsync("adopt");
            service.Transport.DieAfter(write);
            // It logs each job that it cannot resume and continues; here it can resume none.
            await Record.ExceptionAsync(() => service.Services.ResumeJobsAsync());
            died = service.Transport.IsDead;
            service.Transport.Revive();
            await service.Services.ResumeJobsAsync();
            await service.DrainAsync();
            AssertCounts(await service.GetAsync(job), created: Count, existing: 0, failed: 0);
        }
    }

    Task DeliverAsync(string message) => Registry.QueueFunctions[0].RunAsync(service.Services, new(message, 1), default);
}
