using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Jobs;

/// <summary>The write that ends a job, and the work that follows it.</summary>
public sealed class JobTableTests : IAsyncLifetime
{
    readonly FaultyTransport transport = new();
    readonly FakeClock clock = new();
    JobTable jobs = null!;

    public async Task InitializeAsync()
    {
        var connection = await AzuriteFixture.NewAccountAsync();
        jobs = new(StorageAccount.FromConnectionString(connection, transport, retryDelay: TimeSpan.FromMilliseconds(1)).Tables, clock);
        await jobs.Table.CreateIfNotExistsAsync();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("no answer")]
    [InlineData("tried again")]
    public async Task An_ending_whose_answer_is_lost_is_the_calls_own(string fault)
    {
        var id = await RunningAsync();
        if (fault == "no answer")
        {
            transport.LoseNextAnswer = true;
        }
        else
        {
            // The client retries, and finds the row changed.
            transport.Wrote = () =>
            {
                transport.Wrote = null;
                throw new IOException("The connection is lost.");
            };
        }

        Assert.Equal(JobStatus.Completed, (await jobs.FinishAsync(id, default, _ => null, default))?.Status);
        Assert.Equal((JobStatus.Completed, 0),
            ((await jobs.FindAsync(id, default))!.Status, await jobs.ListActiveAsync(default).CountAsync()));
        // Another call did not end it.
        Assert.Null(await jobs.FinishAsync(id, default, _ => null, default));
        Assert.Null(await jobs.FailAsync(id, default, "late", default));
    }

    [Fact]
    public async Task Of_several_who_end_a_job_at_once_one_does()
    {
        var id = await RunningAsync();
        var ended = await Task.WhenAll(
            Enumerable.Range(0, 6)
            .Select(i => i % 2 == 0 ? jobs.FinishAsync(id, default, _ => null, default) : jobs.FailAsync(id, default, "x", default)));
        Assert.Single(ended, e => e is not null);
    }

    [Fact]
    public async Task An_ending_that_was_not_written_is_a_failure()
    {
        var id = await RunningAsync();
        transport.DieAt(0, after: false);
        await Assert.ThrowsAnyAsync<Exception>(() => jobs.FinishAsync(id, default, _ => null, default));
        transport.Revive();
        Assert.Equal(JobStatus.Running, (await jobs.FindAsync(id, default))!.Status);
        Assert.NotNull(await jobs.FinishAsync(id, default, _ => null, default));
    }

    async Task<JobId> RunningAsync()
    {
        var id = new JobId(TimedId.Create(clock.GetUtcNow(), 16, (ulong)Random.Shared.NextInt64()));
        await jobs.AddAsync(JobTable.NewRow(id, Guid.NewGuid(), Guid.NewGuid(), "test"), key: null, default);
        Assert.NotNull(await jobs.StartAsync(id, default));
        return id;
    }
}
