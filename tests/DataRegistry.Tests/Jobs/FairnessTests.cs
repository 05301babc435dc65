using System.Text.RegularExpressions;
using DataRegistry.LocalHost;
using DataRegistry.Tests.Adoption;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Host;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Jobs;

public sealed class FairnessTests
{
    const int MessagesPerJob = 4;

    [Fact]
    public async Task A_small_job_is_done_long_before_a_huge_one_that_was_there_first()
    {
        await using var service = await TestService.StartAsync(
            ("Adoption:WindowKeys", "20"), ("Adoption:WindowsPerRange", "1"), ("Adoption:MessagesPerJob", $"{MessagesPerJob}"));
        // None of the huge job's objects exist, so it costs little: 50 ranges of a window each.
        var huge = await service.AcceptAsync(TestKeys.OfShards(1, 50 * 20, "huge/"));
        var keys = TestKeys.OfShards(1, 200, "small/");
        service.Put(keys);
        var small = await service.AcceptAsync(keys);
        // Two messages at a time, fewer than exist, so that each waits for its turn.
        using var listener = new QueueListener(
            service.Connection, Registry.QueueFunctions, service.Services,
            queues => (queues.BatchSize, queues.NewBatchThreshold, queues.MaxPollingInterval) = (2, 0, TimeSpan.FromMilliseconds(100)));
        await listener.StartAsync(default);
        await Eventually.IsTrueAsync(
            () => service.Logs.Contains(Ended(small), StringComparison.Ordinal)
                && service.Logs.Contains(Ended(huge), StringComparison.Ordinal), "the end of both");
        await listener.StopAsync(default);

        AssertCounts(await service.GetAsync(small), created: 200, existing: 0, failed: 0);
        AssertCounts(await service.GetAsync(huge), created: 0, existing: 0, failed: 1000);
        var until = service.Logs[..service.Logs.IndexOf(Ended(small), StringComparison.Ordinal)];
        Assert.DoesNotContain(Ended(huge), until, StringComparison.Ordinal);
        // Both have the same number of messages on the queue, so they take turns: ten windows each, and a round more at
        // the beginning and at the end.
        Assert.InRange(Windows(until, huge), 10 - MessagesPerJob, 10 + (2 * MessagesPerJob));
    }

    static string Ended(string path) => $"Job {path.Split('/')[^2]} Completed";

    static int Windows(string logs, string path) =>
        Regex.Count(logs, $"Job {path.Split('/')[^2]}, range [0-9]+: window ", RegexOptions.ExplicitCapture);
}
