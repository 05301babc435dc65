using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.Extensions.Time.Testing;

namespace DataRegistry.Tests.Stores.S3;

public sealed class BucketPaceTests
{
    readonly FakeTimeProvider clock = new();

    [Fact]
    public void What_is_refused_together_halves_the_pace_once_and_it_grows_back_within_a_minute()
    {
        var pace = new BucketPace(clock);
        Assert.Equal(1, pace.Share);
        foreach (var _ in Enumerable.Range(0, 100))
            pace.SlowDown();
        Assert.Equal(0.5, pace.Share, 6);
        clock.Advance(TimeSpan.FromSeconds(1.5));
        pace.SlowDown();
        Assert.Equal(0.2625, pace.Share, 6);
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(0.7625, pace.Share, 6);
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(1, pace.Share);
    }

    [Fact]
    public void However_often_it_is_refused_it_never_stands_still()
    {
        var pace = new BucketPace(clock);
        foreach (var _ in Enumerable.Range(0, 600))
        {
            pace.SlowDown();
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(pace.Share, 1.0 / 64, 0.1);
    }

    [Fact]
    public async Task Each_slow_down_of_a_bucket_slows_what_is_asked_of_it_down()
    {
        await using var server = await BucketServer.StartAsync();
        server.CreateBucket("bucket").Put("a", "1"u8);
        using var buckets = new Buckets(new() { MaxRetries = 0 }, clock: clock);
        var store = new Store
        {
            Id = Guid.NewGuid(),
            Name = "store",
            Configuration = new("bucket", null, server.Url, "key", "secret", null),
        };
        var shares = new List<double>();
        var bucket = buckets.Open(store).At((share, _) =>
        {
            shares.Add(share);
            return ValueTask.CompletedTask;
        });
        await bucket.HeadAsync("a");
        server.Faults = new() { SlowDown = 1 };
        Assert.Equal(BucketFault.Throttled, (await Assert.ThrowsAsync<BucketException>(() => bucket.HeadAsync("a"))).Fault);
        // The same holds for the next opened bucket.
        bucket = buckets.Open(store).At((share, _) =>
        {
            shares.Add(share);
            return ValueTask.CompletedTask;
        });
        clock.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<BucketException>(() => bucket.ListAsync(new()));
        server.Faults = FaultPlan.None;
        await bucket.ListAsync(new());
        Assert.Equal(
            [1, 1, 0.5 + (1 / 60.0), (0.5 + (1 / 60.0)) / 2], shares.Select(s => Math.Round(s, 9)), (a, b) => Math.Abs(a - b) < 1e-6);
    }
}
