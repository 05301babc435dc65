using DataRegistry.LocalHost.Buckets;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Tests.Stores.S3;

public sealed class ObjectFinderTests : IAsyncLifetime, IDisposable
{
    readonly ObjectFinder finder = new(headsInFlight: 32);
    readonly Buckets buckets = new();
    BucketServer server = null!;
    EmbeddedBucket embedded = null!;
    Bucket bucket = null!;

    public async Task InitializeAsync()
    {
        server = await BucketServer.StartAsync();
        embedded = server.CreateBucket("bucket");
        bucket = buckets.Open(new()
        {
            Id = Guid.NewGuid(),
            Name = "store",
            Configuration = new("bucket", null, server.Url, "key", "secret", null),
        });
    }

    public async Task DisposeAsync() => await server.DisposeAsync();

    public void Dispose() => buckets.Dispose();

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
            var wanted = present.Where(
                _ => random.NextDouble() < share).Concat(
                    Enumerable.Range(0, 500).Select(i => $"{(char)('a' + random.Next(4))}/{i * 17:x}~")).Append("zz").Append("!");
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

    [Theory]
    [InlineData(0)]
    [InlineData(12)]
    public async Task A_few_wanted_are_asked_one_by_one_and_nothing_else(int wanted)
    {
        Fill(wanted);
        var keys = Sorted(Enumerable.Range(0, wanted).Select(Key));
        await AssertFoundAsync(keys, keys);
        Assert.Equal((wanted, wanted), (server.Requests["head"], server.Requests.Total));
    }

    [Theory]
    [InlineData("a", "")]
    [InlineData("a/b", "")]
    [InlineData("a/b", "a")]
    [InlineData("a/b ", "a/")]
    [InlineData("a/\uE000", "a/")]
    [InlineData("a/\U00010000", "a/")]
    [InlineData("a/𝒳", "a/")]
    [InlineData("a/\u0001", "a/")]
    [InlineData("a/!", "a/")]
    public void A_list_begins_right_before_a_key_and_within_its_prefix(string key, string prefix)
    {
        var before = ObjectFinder.Before(key, prefix)!;
        Assert.StartsWith(prefix, before, StringComparison.Ordinal);
        Assert.True(OrderedKey.Compare(before, key) < 0);
        // A key with a smaller character there sorts before it, whatever follows.
        Assert.True(OrderedKey.Compare(before, key[..^(char.IsLowSurrogate(key[^1]) ? 2 : 1)]) >= 0);
    }

    [Theory]
    [InlineData("p/", "p/")]
    [InlineData("\u0001", "")]
    public void A_list_of_the_first_key_that_there_can_be_begins_at_the_beginning(string key, string prefix) =>
        Assert.Null(ObjectFinder.Before(key, prefix));

    [Fact]
    public void Where_a_list_begins_is_never_longer_than_a_key_may_be()
    {
        var key = string.Concat(Enumerable.Repeat("ü", 512));
        var before = ObjectFinder.Before(key, "")!;
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(before), 1, S3Url.MaxKeyBytes);
        Assert.True(OrderedKey.Compare(before, key) < 0);
    }

    [Fact]
    public async Task A_bucket_that_does_not_know_where_to_begin_is_listed_by_its_tokens()
    {
        Fill(3000);
        using var http = new HttpClient();
        server.Intercept = async (context, kind) =>
        {
            if (kind != "list" || !context.Request.Query.ContainsKey("start-after"))
                return false;
            // A server that does not know start-after answers with the first page again.
            context.Response.ContentType = "application/xml";
            await context.Response.WriteAsync(await http.GetStringAsync(new Uri($"{server.Url}/bucket?list-type=2&encoding-type=url")));
            return true;
        };
        var keys = Sorted(Enumerable.Range(0, 3000).Select(Key));
        await AssertFoundAsync(keys, keys);
        Assert.Equal(0, server.Requests["head"]);
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
