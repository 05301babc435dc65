using System.Globalization;
using System.Net;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Storage;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Adoption;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Stores.S3;

/// <summary>The number of requests to find wanted keys among a million, because requests are billed.</summary>
public sealed class RequestsToBucketTests(RequestsToBucketTests.MillionKeys million)
    : IClassFixture<RequestsToBucketTests.MillionKeys>, IDisposable
{
    const int Keys = 1_000_000;

    readonly Buckets buckets = new();

    public void Dispose() => buckets.Dispose();

    [Fact]
    public async Task Ten_thousand_dense_urls_in_random_order_take_ten_lists()
    {
        await using var service = await TestService.StartAsync();
        foreach (var n in Enumerable.Range(0, 10_000))
            service.Bucket.AddSynthetic(Key(n), 5000);
        var urls = Enumerable.Range(0, 10_000).Select(n => service.Url(Key(n))).ToArray();
        new Random(2).Shuffle(urls);
        using var response = await service.AdoptUrlsAsync(urls);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        await service.DrainAsync();

        AdoptionJobTests.AssertCounts(
            await service.GetAsync(response.Headers.Location!.AbsolutePath), created: 10_000, existing: 0, failed: 0);
        // A page for each thousand, and one request for versioning.
        Assert.Equal((10, 0, 1, 11), Requests(service.Server));
    }

    [Fact]
    public async Task Dense_urls_among_others_take_a_list_for_each_thousand_keys_that_they_lie_in()
    {
        // Five of six: 10,000 lie among 12,000.
        await FindAsync(Enumerable.Range(0, 12_000).Where(n => n % 6 != 0).Select(n => 500_000 + n));
        Assert.Equal((12, 0, 1, 13), Requests(million.Server));
    }

    [Fact]
    public async Task A_thousand_urls_spread_evenly_take_a_request_each()
    {
        await FindAsync(Enumerable.Range(0, 1000).Select(n => n * 1000));
        // A list is tried first, and again after 12, 24, 48, … 384 HEADs. Each answers for the one key that it begins
        // with.
        Assert.Equal((7, 993, 1, 1001), Requests(million.Server));
    }

    [Fact]
    public async Task A_thousand_urls_spread_at_random_take_less_than_a_request_each()
    {
        var random = new Random(4);
        await FindAsync(Enumerable.Range(0, 1000).Select(_ => random.Next(Keys)).Distinct());
        var (lists, heads, _, all) = Requests(million.Server);
        Assert.InRange(lists, 1, 10);
        Assert.Equal(all, lists + heads + 1);
        Assert.InRange(all, 900, 1000);
    }

    [Fact]
    public async Task A_mix_is_listed_where_it_is_dense_and_headed_where_it_is_not()
    {
        await FindAsync([
            .. Enumerable.Range(100_000, 5000),
            .. Enumerable.Range(0, 300).Select(n => 200_000 + (n * 1000)),
            .. Enumerable.Range(0, 5000).Select(n => 800_000 + (n * 2))]);
        // Dense: 5 lists, and one that reaches into the sparse keys and finds one. Sparse: 12, 24, 48, 96 and 115
        // HEADs, with a list after each of the first four. The last stretch is 192, so it includes 77 of the dense keys
        // that follow; 10 lists find the other 4923.
        Assert.Equal((5 + 1 + 4 + 10, 12 + 24 + 48 + 96 + 192, 1, 393), Requests(million.Server));
    }

    async Task FindAsync(IEnumerable<int> wanted)
    {
        var keys = wanted.Select(Key).Order(OrderedKey.Comparer).ToList();
        million.Server.Requests.Reset();
        var bucket = buckets.Open(new()
        {
            Id = Guid.NewGuid(),
            Name = "store",
            Configuration = new("bucket", null, million.Server.Url, "key", "secret", null),
        });
        var probes = await new ObjectFinder(headsInFlight: 32).FindAsync(bucket, "", keys, default);
        Assert.Equal(keys, probes.Select(p => p.Object?.Key));
    }

    static (long Lists, long Heads, long Versionings, long All) Requests(BucketServer server) =>
        (server.Requests["list"], server.Requests["head"], server.Requests["get_versioning"], server.Requests.Total);

    static string Key(int n) => string.Create(CultureInfo.InvariantCulture, $"data/{n:D7}.bin");

    /// <summary>A bucket that no test changes, created once, which takes a second or two.</summary>
    public sealed class MillionKeys : IAsyncLifetime
    {
        public BucketServer Server { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Server = await BucketServer.StartAsync();
            var bucket = Server.CreateBucket("bucket");
            for (var n = 0; n < Keys; n++)
                bucket.AddSynthetic(Key(n), 5000);
        }

        public async Task DisposeAsync() => await Server.DisposeAsync();
    }
}
