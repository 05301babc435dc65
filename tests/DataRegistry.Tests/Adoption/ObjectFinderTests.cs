using DataRegistry.Adoption;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Storage;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace DataRegistry.Tests.Adoption;

public sealed class ObjectFinderTests : IAsyncLifetime, IDisposable
{
    readonly ObjectFinder finder = new(Options.Create(new AdoptionOptions()));
    readonly Buckets buckets = new();
    BucketServer server = null!;
    EmbeddedBucket embedded = null!;
    Bucket bucket = null!;

    public async Task InitializeAsync()
    {
        server = await BucketServer.StartAsync();
        embedded = server.CreateBucket("bucket");
        bucket = buckets.Open(new() { Id = Guid.NewGuid(), Name = "store", Configuration = new("bucket", null, server.Url, "key", "secret", null) });
    }

    public async Task DisposeAsync() => await server.DisposeAsync();

    public void Dispose() => buckets.Dispose();

    [Fact]
    public async Task Ten_thousand_dense_keys_take_ten_lists_and_one_head()
    {
        Fill(10_000);
        var keys = Sorted(Enumerable.Range(0, 10_000).Select(Key));
        await AssertFoundAsync(keys, keys);
        Assert.Equal((10, 1), (server.Requests["list"], server.Requests["head"]));
    }

    [Fact]
    public async Task Keys_spread_thinly_are_asked_one_by_one()
    {
        Fill(200_000);
        var keys = Sorted(Enumerable.Range(0, 200).Select(i => Key(i * 1000)));
        await AssertFoundAsync(keys, keys);
        // LIST is tried again now and then, with growing gaps.
        Assert.InRange(server.Requests["list"], 1, 8);
        Assert.InRange(server.Requests["head"], 180, 200);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_key_is_answered_rightly_whatever_lies_between(bool versioned)
    {
        if (versioned)
            embedded.Versioning = EmbeddedVersioning.Enabled;
        var random = new Random(versioned ? 1 : 2);
        var present = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 6000; i++)
        {
            var key = $"{(char)('a' + random.Next(3))}/{random.Next(9000):x}{(random.Next(9) == 0 ? "-𝒳" : "")}";
            if (present.Add(key))
                embedded.Put(key, "1"u8);
            if (versioned && random.Next(4) == 0)
                embedded.Put(key, "22"u8);
            if (versioned && random.Next(8) == 0)
            {
                embedded.Delete(key);
                present.Remove(key);
            }
        }

        foreach (var share in new[] { 1.0, 0.5, 0.02 })
        {
            var wanted = present.Where(_ => random.NextDouble() < share).Concat(Enumerable.Range(0, 500).Select(i => $"{(char)('a' + random.Next(4))}/{i * 17:x}~")).Append("zz").Append("!");
            await AssertFoundAsync(Sorted(wanted.Distinct()), present);
        }
    }

    [Fact]
    public async Task In_a_bucket_with_versions_the_current_one_is_named()
    {
        embedded.Versioning = EmbeddedVersioning.Enabled;
        var current = new Dictionary<string, string?>(StringComparer.Ordinal);
        for (var i = 0; i < 300; i++)
        {
            embedded.Put(Key(i), "old"u8);
            current[Key(i)] = embedded.Put(Key(i), "new"u8);
        }

        var probes = await finder.FindAsync(bucket, "", Sorted(current.Keys), default);
        Assert.All(probes, p => Assert.Equal((current[p.Object!.Key], 3L), (p.Object.VersionId, p.Object.Size)));
    }

    [Fact]
    public async Task Nothing_wanted_asks_for_nothing_but_the_versioning()
    {
        Assert.Empty(await finder.FindAsync(bucket, "", [], default));
        Assert.Equal(0, server.Requests["list"] + server.Requests["head"]);
    }

    [Fact]
    public async Task A_bucket_that_repeats_a_page_is_not_trusted_but_asked_key_by_key()
    {
        Fill(3000);
        using var http = new HttpClient();
        server.Intercept = async (context, kind) =>
        {
            if (kind != "list" || !context.Request.Query.ContainsKey("start-after"))
                return false;
            // As a server answers that does not know start-after: with the first page, again.
            context.Response.ContentType = "application/xml";
            await context.Response.WriteAsync(await http.GetStringAsync(new Uri($"{server.Url}/bucket?list-type=2&encoding-type=url")));
            return true;
        };
        var keys = Sorted(Enumerable.Range(0, 3000).Select(Key));
        await AssertFoundAsync(keys, keys);
        Assert.Equal(3000, server.Requests["head"]);
    }

    async Task AssertFoundAsync(List<string> wanted, IReadOnlyCollection<string> present)
    {
        server.Requests.Reset();
        var there = present.ToHashSet(StringComparer.Ordinal);
        var probes = await finder.FindAsync(bucket, "", wanted, default);
        Assert.Equal(wanted.Count, probes.Count);
        Assert.All(wanted.Zip(probes), p =>
        {
            Assert.Null(p.Second.Failure);
            Assert.Equal(there.Contains(p.First) ? p.First : null, p.Second.Object?.Key);
        });
    }

    void Fill(int count)
    {
        for (var i = 0; i < count; i++)
            embedded.AddSynthetic(Key(i), i);
    }

    static string Key(int i) => $"data/{i:D7}.bin";

    static List<string> Sorted(IEnumerable<string> keys)
    {
        var sorted = keys.ToList();
        sorted.Sort(OrderedKey.Compare);
        return sorted;
    }
}
