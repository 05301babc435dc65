using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using DataRegistry.Adoption.Input;
using DataRegistry.Jobs;
using DataRegistry.Tests.Fixtures;
using FsCheck;
using FsCheck.Fluent;

namespace DataRegistry.Tests.Adoption.Input;

/// <summary>A service with small runs, windows and ranges, which makes one table request at a time.</summary>
public sealed class ServiceOfSmallParts : SharedService
{
    public static readonly (string Setting, string Value)[] Small =
    [
        ("Adoption:RunBytes", "200"), ("Adoption:WindowKeys", "8"), ("Adoption:WindowsPerRange", "2"), ("Adoption:RangeSeconds", "0"),
        ("Adoption:TableRequestsInFlight", "1"),
        // A dead worker keeps its lease for a while.
        ("Adoption:WorkersPerStore", "100"), ("Adoption:RequestsPerSecondOfStore", "100000"),
    ];

    protected override (string Setting, string Value)[] Settings => Small;
}

/// <summary>
/// Lists in a file of the store. Runs are small here, and a message has no time, so a short file takes many of each.
/// </summary>
public sealed class ManifestTests(ServiceOfSmallParts shared) : IClassFixture<ServiceOfSmallParts>, IAsyncLifetime
{
    const string File = "lists/all.txt";

    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_manifest_of_urls_and_keys_is_adopted_to_the_last_line()
    {
        var keys = Enumerable.Range(0, 230).Select(i => $"data/{i:D4}-ü").ToArray();
        service.Put(keys[..220]);
        // URLs and bare keys, repeated within and across both, with all kinds of line ends, and none at the end.
        string[] lines =
        [
            .. keys.Select((k, i) => i % 2 == 0 ? k : service.Url(k)), .. keys[..40], .. keys[..20].Select(service.Url), "", " ",
            "s3://other/x", "s3://", "a.tmp",
            new string('k', 1025), .. keys[200..],
        ];
        PutManifest(
            [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(
                string.Concat(lines.Select((l, i) => l + (i % 3 == 0 ? "\n" : i % 3 == 1 ? "\r\n" : "\r"))) + keys[0])]);

        using var accepted = await PostAsync(
            $$"""{"manifest":"{{service.Url(File)}}","project":"{{service.Project.Id}}","exclude":["*.tmp"]}""");
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        await Wire.AssertAsync("job-manifest-accepted", accepted);
        var messages = 0;
        await service.DrainAsync(async run =>
        {
            messages++;
            await run();
        });
        var repeated = 40 + 20 + 30 + 1;
        var job = accepted.Headers.Location!.AbsolutePath;
        await AssertCountsAsync(job, created: 220, failed: 10 + 4, skipped: repeated + 1, total: 230 + 5 + repeated);
        Assert.True(messages > 15, $"{messages} messages");
        var results = await service.GetAllAsync($"{job}results/?limit=7");
        Assert.Equal(
            [("adoptable_file_not_found", 11), ("duplicate", repeated), ("excluded", 1), ("invalid_url", 2), ("url_outside_store", 1)],
            results.CountBy(r => r.GetProperty("code").GetString()!).Select(c => (c.Key, c.Value)).Order());
        Assert.Equal(
            keys[..220].Select(service.Url),
            (await service.GetDatumsAsync()).Select(d => d.GetProperty("uri").GetString()).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_message_delivered_twice(bool atOnce)
    {
        var job = await AcceptAsync(Enumerable.Range(0, 150).Select(i => $"{i % 120:D3}"), there: 100);
        await service.DrainAsync(async run =>
        {
            if (atOnce)
            {
                await Task.WhenAll(run(), run());
                return;
            }

            await run();
            await run();
        });
        await AssertCountsAsync(job, created: 100, failed: 20, skipped: 30, total: 150);
        Assert.Equal(100, (await service.GetDatumsAsync()).Count);
        Assert.Equal(50, (await service.GetAllAsync($"{job}results/")).Count);
    }

    [Fact]
    public async Task The_worker_dies_between_each_pair_of_writes_in_turn()
    {
        await service.DisposeAsync();
        service = await TestService.StartAsync(
            [.. ServiceOfSmallParts.Small.Where(s => s.Item1 != "Adoption:WindowsPerRange"), ("Adoption:WindowsPerRange", "1")]);
        for (var write = 0; ; write++)
        {
            // Two windows in two ranges, of two runs.
            var keys = TestKeys.OfShards(1, 10, $"{write}/");
            var job = await AcceptAsync([.. keys, .. keys[..4]], there: 0);
            service.Put(keys[0], keys[^1]);
            var died = await service.DrainWithDeathAsync(write);
            await AssertCountsAsync(job, created: 2, failed: 8, skipped: 4, total: 14);
            Assert.Equal(12, (await service.GetAllAsync($"{job}results/")).Count);
            if (!died)
            {
                Assert.True(write > 20, $"A manifest took {write} writes only");
                break;
            }
        }
    }

    [Theory]
    [InlineData("lists/all.txt")]
    [InlineData("data/secret.csv")]
    public async Task A_store_that_allows_no_reads_takes_no_manifest(string key)
    {
        service.Put(key);
        await ForbidReadsAsync();

        using var refused = await PostAsync($$"""{"manifest":"{{service.Url(key)}}","project":"{{service.Project.Id}}"}""");

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("read_not_allowed", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(0, service.Server.Requests.Total);
        await service.AssertNothingLeftAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_store_that_forbids_reads_meanwhile_fails_its_manifests_at_the_next_part(int messages)
    {
        var job = await AcceptAsync(Enumerable.Range(0, 300).Select(i => $"{i:D4}"), there: 300);
        for (var i = 0; i < messages; i++)
        {
            var message = Assert.Single(await service.ReceiveAsync("adopt"));
            await Registry.QueueFunctions[0].RunAsync(service.Services, new(message.MessageText, 1), default);
            await service.Storage.Queues.GetQueueClient("adopt").DeleteMessageAsync(message.MessageId, message.PopReceipt);
        }

        await ForbidReadsAsync();
        var gets = 0;
        service.Server.Intercept = (_, kind) =>
        {
            gets += kind == "get" ? 1 : 0;
            return Task.FromResult(false);
        };
        await service.DrainAsync();

        Assert.Equal(0, gets);
        var failed = await service.GetAsync(job);
        Assert.Equal("failed", failed.GetProperty("status").GetString());
        Assert.Contains("does not allow reads", failed.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Empty(await service.GetAllAsync($"{job}results/"));
        Assert.Empty(await service.GetDatumsAsync());
    }

    async Task ForbidReadsAsync() => Assert.Equal(
        HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", $"/api/v0/stores/{service.Store.Id}/", """{"allow_read":false}"""));

    [Fact]
    public async Task A_url_of_another_scheme_is_no_key()
    {
        string[] foreign =
        [
            "s3a://bucket/a", "s3n://bucket/a", "https://bucket.s3.amazonaws.com/a", "gs://bucket/a", "S3://bucket/a", "file:///a",
        ];
        service.Put("a", "b://c", "d:e", "//f", "é://g");
        PutManifest(Encoding.UTF8.GetBytes(string.Join('\n', [.. foreign, "a", "s3://bucket/b://c", "d:e", "//f", "é://g"])));
        var job = await PostManifestAsync();
        await service.DrainAsync();

        await AssertCountsAsync(job, created: 5, failed: foreign.Length, skipped: 0, total: foreign.Length + 5);
        var results = await service.GetAllAsync($"{job}results/");
        Assert.Equal(
            foreign.Order(StringComparer.Ordinal), results.Select(r => r.GetProperty("url").GetString()).Order(StringComparer.Ordinal));
        Assert.All(results, r => Assert.Equal("invalid_url", r.GetProperty("code").GetString()));
        Assert.All(results, r => Assert.Contains(
            $"'{r.GetProperty("url").GetString()}'", r.GetProperty("message").GetString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_manifest_that_changes_while_it_is_read_fails_its_job_and_adopts_nothing()
    {
        var job = await AcceptAsync(Enumerable.Range(0, 300).Select(i => $"{i:D4}"), there: 300);
        foreach (var message in await service.ReceiveAsync("adopt"))
        {
            await Registry.QueueFunctions[0].RunAsync(service.Services, new(message.MessageText, 1), default);
            await service.Storage.Queues.GetQueueClient("adopt").DeleteMessageAsync(message.MessageId, message.PopReceipt);
        }

        PutManifest("another"u8.ToArray());
        await service.DrainAsync();
        var ended = await service.GetAsync(job);
        Assert.Equal("failed", ended.GetProperty("status").GetString());
        Assert.Equal(
            "The manifest s3://bucket/lists/all.txt was changed or deleted while it was read. Nothing was adopted: start again.",
            ended.GetProperty("error").GetString());
        Assert.Empty(await service.GetDatumsAsync());
    }

    [Theory]
    [InlineData(true, "The manifest is not UTF-8 text (at byte 9000). Unpack a compressed one first. Nothing was adopted.")]
    [InlineData(false, "The manifest's line at byte 4 is longer than 8180 bytes. No key is that long. Nothing was adopted.")]
    public async Task A_manifest_that_is_no_list_fails_its_job(bool damaged, string error)
    {
        PutManifest(damaged
            ? [.. Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("abc\n", 2250))), 0xFF, 0xFF]
            : Encoding.UTF8.GetBytes("abc\n" + new string('k', 20_000)));
        var job = await PostManifestAsync();
        await service.DrainAsync();
        Assert.Equal(error, (await service.GetAsync(job)).GetProperty("error").GetString());
    }

    [Theory]
    [InlineData("missing", """{"manifest":"s3://bucket/lists/none.txt","project":"$"}""")]
    [InlineData("outside", """{"manifest":"s3://other/list.txt","project":"$"}""")]
    [InlineData("malformed", """{"manifest":"list.txt","project":"$"}""")]
    [InlineData("empty", """{"manifest":"s3://bucket/empty.txt","project":"$"}""")]
    [InlineData("csv", """{"manifest":"s3://bucket/inventory.csv","project":"$"}""")]
    [InlineData("compressed", """{"manifest":"s3://bucket/list.txt.gz","project":"$"}""")]
    [InlineData("and-urls", """{"manifest":"s3://bucket/lists/all.txt","urls":["s3://bucket/a"],"project":"$"}""")]
    public async Task A_manifest_that_cannot_be_read_is_refused_at_once(string name, string json)
    {
        PutManifest("a"u8.ToArray());
        service.Bucket.Put("empty.txt", []);
        service.Bucket.Put("inventory.csv", "\"bucket\",\"a%20b.txt\",\"12\"\n"u8);
        service.Bucket.Put("list.txt.gz", [0x1F, 0x8B, 0x08, 0x00]);
        using var response = await PostAsync(json.Replace("$", service.Project.Id.ToString(), StringComparison.Ordinal));
        await Wire.AssertAsync($"adopt-manifest-{name}", response);
        await service.AssertNothingLeftAsync();
    }

    [Fact]
    public void Every_line_belongs_to_one_part_wherever_the_parts_are_cut() =>
        Prop.ForAll(
            Gen.Choose(0, 40).SelectMany(
                length => Gen.ArrayOf(Gen.Elements("a", "bc", "é", "\n", "\r\n", "\r", "s3://x/y", "\n\n"), length)).Select(string.Concat)
                .Where(t => t.Length > 0).Zip(Gen.Choose(1, 20)).ToArbitrary(),
            pair =>
            {
                var (text, runBytes) = pair;
                var bytes = Encoding.UTF8.GetBytes(text);
                var manifest = new ManifestRow
                {
                    PartitionKey = "",
                    RowKey = "",
                    Key = "k",
                    ObjectETag = "e",
                    Size = bytes.Length,
                    RunBytes = runBytes,
                    WindowKeys = 1,
                    WindowsPerRange = 1,
                };
                using var urls = new RunBuffer();
                for (var run = 0; run < manifest.AllRuns; run++)
                {
                    var part = new ManifestRun(manifest, run, "b", urls);
                    var length = (int)(part.Bytes.Last - part.Bytes.First + 1);
                    Assert.Null(part.ReadAsync(new MemoryStream(bytes, (int)part.Bytes.First, length), default).GetAwaiter().GetResult());
                }

                var expected = text.Split(
                    ['\r', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(
                        l => Regex.IsMatch(l, "^[a-z][a-z0-9]*://") ? l : $"s3://b/{l}");
                return urls.Texts.SequenceEqual(expected);
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    void PutManifest(byte[] content) => service.Bucket.Put(File, content);

    async Task<string> AcceptAsync(IEnumerable<string> keys, int there)
    {
        var all = keys.ToList();
        service.Put([.. all.Distinct().Take(there)]);
        PutManifest(Encoding.UTF8.GetBytes(string.Join('\n', all)));
        return await PostManifestAsync();
    }

    async Task<string> PostManifestAsync()
    {
        using var response = await PostAsync($$"""{"manifest":"{{service.Url(File)}}","project":"{{service.Project.Id}}"}""");
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, await response.Content.ReadAsStringAsync());
        return response.Headers.Location!.AbsolutePath;
    }

    async Task<HttpResponseMessage> PostAsync(string json)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        return await service.Http.PostAsync(new Uri(service.AdoptPath, UriKind.Relative), body);
    }

    async Task AssertCountsAsync(string job, int created, int failed, int skipped, int total)
    {
        var ended = await service.GetAsync(job);
        var counts = ended.GetProperty("counts");
        Assert.Equal(
            ("completed", created, 0, failed, skipped, total),
            (ended.GetProperty("status")
                .GetString(), Count("created"), Count("existing"), Count("failed"), Count("skipped"), Count("total")));

        int Count(string name) => counts.GetProperty(name).GetInt32();
    }
}
