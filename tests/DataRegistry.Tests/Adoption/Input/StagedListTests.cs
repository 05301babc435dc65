using System.Net;
using System.Text;
using System.Text.Json;
using DataRegistry.Adoption.Input;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Adoption.Input;

/// <summary>A service with small runs, so that tens of thousands of URLs make many of them.</summary>
public sealed class ServiceWithSmallRuns : SharedService
{
    public const int MaxUrls = 40_000;

    protected override (string Setting, string Value)[] Settings =>
    [
        ("Adoption:RunUrls", "3000"), ("Adoption:WindowKeys", "2000"), ("Adoption:MaxUrls", $"{MaxUrls}"),
        ("Adoption:MaxBodyBytes", "4000000"),
    ];
}

/// <summary>Lists that do not fit into memory.</summary>
public sealed class StagedListTests(ServiceWithSmallRuns shared) : IClassFixture<ServiceWithSmallRuns>, IAsyncLifetime
{
    const int MaxUrls = ServiceWithSmallRuns.MaxUrls;

    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_url_of_a_long_list_ends_in_exactly_one_outcome(bool json)
    {
        var there = Enumerable.Range(0, 300).Select(i => $"data/{i * 71:D5}-ü").ToArray();
        service.Put(there);
        var urls = Enumerable.Range(0, 21_500).Select(i => service.Url($"data/{i:D5}-ü")).ToList();
        // Excluded, malformed and foreign URLs, then repetitions, all over the list.
        urls.AddRange(Enumerable.Range(0, 400).Select(i => service.Url($"data/{i}.tmp")));
        urls.AddRange(Enumerable.Range(0, 300).Select(i => $"nonsense {i} \"é\""));
        urls.AddRange(Enumerable.Range(0, 200).Select(i => $"s3://other/{i}"));
        urls.AddRange(urls.Where((_, i) => i % 3 == 0).ToList());
        urls.AddRange(Enumerable.Repeat(urls[7], 50));
        var repeated = urls.Count - urls.Distinct(StringComparer.Ordinal).Count();
        Shuffle(urls);

        var job = await AcceptAsync(urls, json, "data/*.tmp");
        Assert.Equal(
            ["windows only"],
            (await service.JobBlobsAsync()).Select(
                b => b.Contains("/input/", StringComparison.Ordinal) || b.Contains("/results/", StringComparison.Ordinal)
                    ? "windows only"
                    : b).Distinct());
        var keys = new List<string>();
        foreach (var window in (await service.JobBlobsAsync()).Where(b => b.Contains("/input/", StringComparison.Ordinal)))
            keys.AddRange((await ReadAsync(window)).Select(line => JsonSerializer.Deserialize<string>(line)!));
        Assert.Equal(Enumerable.Range(0, 21_500).Select(i => $"data/{i:D5}-ü"), keys);

        await service.DrainAsync();
        var counts = (await service.GetAsync(job)).GetProperty("counts");
        Assert.Equal(
            (urls.Count, 300, 0, 21_200 + 300 + 200, repeated + 400),
            (Count("total"), Count("created"), Count("existing"), Count("failed"), Count("skipped")));
        var results = await NdJsonAsync(job);
        Assert.Equal(
            [("adoptable_file_not_found", 21_200), (
                "duplicate", repeated), ("excluded", 400), ("invalid_url", 300), ("url_outside_store", 200)],
            results.CountBy(r => r.GetProperty("code").GetString()!).Select(c => (c.Key, c.Value)).Order());
        Assert.Equal(urls.Count - 300, results.Count);

        int Count(string name) => counts.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task Refusals_are_spread_over_blobs_that_a_page_can_read()
    {
        var job = await AcceptAsync(Enumerable.Range(0, 25_000).Select(i => $"nonsense {i:D5}"), json: false);
        var blobs = await service.JobBlobsAsync();
        Assert.Equal(3, blobs.Count);
        foreach (var blob in blobs)
            Assert.InRange((await ReadAsync(blob)).Length, 1, InputWriter.MaxRefusals);
        var seen = (await service.GetAllAsync($"{job}results/?limit=9000")).Select(r => r.GetProperty("url").GetString()).ToList();
        Assert.Equal(Enumerable.Range(0, 25_000).Select(i => $"nonsense {i:D5}"), seen);
    }

    [Theory]
    [InlineData("""],"project":"$" """)]
    [InlineData("""],"project":"$"} x""")]
    [InlineData("""],"urls":[],"project":"$"}""")]
    [InlineData(""","s3://bucket/\ud800"],"project":"$"}""")]
    [InlineData(""",["s3://bucket/a"]],"project":"$"}""")]
    [InlineData(""",{"a":1}],"project":"$"}""")]
    [InlineData(""",5],"project":"$"}""")]
    [InlineData("""],"project":"017a515f-30a4-d0f1-d37a-53ffc38e90c7"}""")]
    [InlineData("""]}""")]
    [InlineData("""],"project":"$","exclude":"*"}""")]
    [InlineData("""],"project":"$","exclude":["\\"]}""")]
    [InlineData("""],"project":"$","exclude":[["a"]]}""")]
    [InlineData("""],"project":"$","dry_run":"yes"}""")]
    [InlineData("")]
    public async Task A_long_list_that_turns_out_wrong_is_a_400_and_leaves_nothing(string end)
    {
        var urls = string.Join(',', Enumerable.Range(0, 7000).Select(i => $"\"s3://bucket/{i}\""));
        await AssertRefusedAsync(
            HttpStatusCode.BadRequest,
            Json($$"""{"urls":[{{urls}}{{end.Replace("$", service.Project.Id.ToString(), StringComparison.Ordinal)}}"""));
    }

    [Fact]
    public async Task Text_that_is_no_text_half_way_is_a_400_and_leaves_nothing()
    {
        var lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 7000).Select(i => $"s3://bucket/{i}\r\n")));
        await AssertRefusedAsync(HttpStatusCode.BadRequest, Text([.. lines, 0xE4, (byte)'\n']));
        await AssertRefusedAsync(
            HttpStatusCode.BadRequest, Text([.. lines, .. Encoding.UTF8.GetBytes(new string('a', StagedUrls.MaxUrlBytes + 1))]));
    }

    [Fact]
    public async Task More_lines_or_bytes_than_the_limits_are_413_and_leave_nothing()
    {
        await AssertRefusedAsync(
            HttpStatusCode.RequestEntityTooLarge, Text(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("a\n", MaxUrls + 1)))));
        await AssertRefusedAsync(
            HttpStatusCode.RequestEntityTooLarge,
            Text(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(new string('a', 199) + "\n", 20_001)))), chunked: true);
        await AssertRefusedAsync(HttpStatusCode.RequestEntityTooLarge, Text(new byte[4_000_001]));
    }

    [Fact]
    public async Task Lines_longer_than_keys_can_be_fail_one_by_one()
    {
        service.Put("a");
        var urls = Enumerable.Range(0, 100).Select(
            i => service.Url(new string('k', 1025 + i))).Append(service.Url("a")).Append("").Append("\t").ToList();
        var job = await AcceptAsync(urls, json: true);
        await service.DrainAsync();
        var counts = (await service.GetAsync(job)).GetProperty("counts");
        Assert.Equal(
            (103, 1, 102),
            (counts.GetProperty("total").GetInt32(), counts.GetProperty("created").GetInt32(), counts.GetProperty("failed").GetInt32()));
        Assert.All(await NdJsonAsync(job), r => Assert.Equal("invalid_url", r.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task A_caller_who_hangs_up_while_the_list_is_put_away_leaves_nothing()
    {
        using var caller = new CancellationTokenSource();
        var writes = 0;
        service.Transport.Wrote = () =>
        {
            if (++writes == 3)
                caller.Cancel();
        };
        using var body = Text(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 30_000).Select(i => $"s3://bucket/{i}\n"))));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => service.Http.PostAsync(Path, body, caller.Token));
        service.Transport.Wrote = null;
        // The request notices it a moment later.
        await Host.Eventually.IsTrueAsync(async () => (await service.JobBlobsAsync()).Count == 0, "no blob left");
        await service.AssertNothingLeftAsync();
    }

    [Fact]
    public async Task Excluded_urls_are_told_at_once_too()
    {
        service.Put("a.txt", "b.tmp", "x/c.tmp");
        using var several = await service.AdoptAsync(
            new
            {
                urls = new[] { "a.txt", "b.tmp", "x/c.tmp" }.Select(service.Url),
                project = service.Project.Id,
                exclude = new[] { "s3://bucket/**/*.tmp" },
            });
        Assert.Equal(HttpStatusCode.OK, several.StatusCode);
        await Wire.AssertAsync("adopt-excluded", several);
    }

    Uri Path => new($"{service.AdoptPath}?project={service.Project.Id}", UriKind.Relative);

    static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    static ByteArrayContent Text(byte[] text) => new(text) { Headers = { ContentType = new("text/plain") } };

    static void Shuffle(List<string> urls)
    {
        var random = new Random(7);
        for (var i = urls.Count - 1; i > 0; i--)
        {
            var other = random.Next(i + 1);
            (urls[i], urls[other]) = (urls[other], urls[i]);
        }
    }

    async Task<string> AcceptAsync(IEnumerable<string> urls, bool json, string? exclude = null)
    {
        using HttpContent body = json
            ? Json(
                $$"""{"exclude":{{JsonSerializer.Serialize(
                    exclude is null
                        ? []
                        : new[]
                        {
                            exclude,
                        })}},"x":{"urls":[["x"]],"project":1},"urls":{{JsonSerializer.Serialize(
                            urls)}},"project":"{{service.Project.Id}}"}""")
            : Text(Encoding.UTF8.GetBytes(string.Join("\r\n", urls)));
        using var response = await service.Http.PostAsync(
            json
                ? new(service.AdoptPath, UriKind.Relative)
                : new Uri($"{Path}{(exclude is null ? "" : $"&exclude={exclude}")}", UriKind.Relative), body);
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, await response.Content.ReadAsStringAsync());
        return response.Headers.Location!.AbsolutePath;
    }

    async Task AssertRefusedAsync(HttpStatusCode expected, HttpContent body, bool chunked = false)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            body.Headers.ContentType!.MediaType == "text/plain" ? Path : new(service.AdoptPath, UriKind.Relative))
        { Content = body };
        request.Headers.TransferEncodingChunked = chunked;
        using var response = await service.Http.SendAsync(request);
        Assert.True(response.StatusCode == expected, $"{response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        await service.AssertNothingLeftAsync();
    }

    async Task<List<JsonElement>> NdJsonAsync(string job)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri($"{job}results/", UriKind.Relative))
        { Headers = { { "Accept", "application/x-ndjson" } } };
        using var response = await service.Http.SendAsync(request);
        return [
            .. (await response.Content.ReadAsStringAsync()).Split(
                '\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonSerializer.Deserialize<JsonElement>(l))];
    }

    async Task<string[]> ReadAsync(string blob) =>
        (await service.Storage.Blobs.GetBlobContainerClient("adoption").GetBlobClient(blob).DownloadContentAsync()).Value.Content.ToString()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
