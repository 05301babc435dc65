using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Upgrade;

/// <summary>
/// Opens data of an earlier release. <c>Recorded/</c> has the rows, messages and blobs of a service of commit 5e1f110,
/// the first release's last, and its answers to requests. It was recorded through the API and the storage services (a
/// test at that commit made the requests and wrote the files), so it depends on no type of this code. It has 500 datums
/// of two projects and stores, with odd and long keys, aliases, metadata, tags, drift and purges. It also has data
/// volumes with scopes, users, tokens and roles. Its jobs are finished ones, a list job that has done one of five
/// windows, and a prefix job that has not begun.
/// </summary>
public sealed class UpgradeTests : IAsyncLifetime
{
    static readonly string Folder = Path.Combine(AzuriteFixture.RepositoryRoot(), "tests", "DataRegistry.Tests", "Upgrade", "Recorded");

    static readonly JsonObject Recording = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "recording.json")))!.AsObject();

    TestService service = null!;

    static IEnumerable<JsonNode> Lines(string file) => File.ReadLines(Path.Combine(Folder, file)).Select(line => JsonNode.Parse(line)!);

    static string Text(string name) => Recording[name]!.GetValue<string>();

    public async Task InitializeAsync()
    {
        // Results are kept for 30 days, so the service runs at the time of the recording.
        var clock = new ShiftedClock(Recording["recorded"]!.GetValue<DateTimeOffset>());
        service = await TestService.StartAsync(null, clock, ("Adoption:WindowKeys", "50"), ("Adoption:WindowsPerRange", "1"));
        service.Server.CreateBucket("other");
        service.Server.Buckets["other"].Versioning = EmbeddedVersioning.Enabled;
        foreach (var line in Lines("objects.jsonl"))
        {
            var key = line[1]!.GetValue<string>();
            service.Server.Buckets[line[0]!.GetValue<string>()].Put(key, Encoding.UTF8.GetBytes($"content of {key}"));
        }

        await LoadAsync();
    }

    public Task DisposeAsync() => service.DisposeAsync().AsTask();

    [Fact]
    public async Task Everything_reads_the_same_and_what_was_in_progress_ends_with_exact_counts()
    {
        foreach (var answer in Lines("answers.jsonl"))
            await AssertAnswerAsync(answer);
        foreach (var answer in Lines("answers.jsonl").Where(answer => IsWhole(answer["path"]!.GetValue<string>())))
            await AssertWholeAsync(answer);

        // Existing objects are reported, long and odd keys too, and nothing is written for them.
        var odd = Lines("objects.jsonl").Select(
            line => line[1]!.GetValue<string>()).Where(key => key.StartsWith("odd/", StringComparison.Ordinal)).Distinct().ToList();
        var before = service.Transport.Writes;
        using (var again = await PostAsync(
            $"/api/v0/stores/{Text("store")}/adopt/",
            new { urls = odd.Append("data/0001.bin").Select(key => $"s3://bucket/{key}"), project = Text("project") }))
        {
            var body = (await again.Content.ReadFromJsonAsync<JsonNode>())!;
            Assert.Equal((0, odd.Count + 1), (body["created"]!.AsObject().Count, body["existing"]!.AsObject().Count));
        }

        Assert.Equal(before, service.Transport.Writes);

        // Every message is delivered twice.
        await service.DrainAsync(async run =>
        {
            await run();
            await run();
        });
        await AssertCountsAsync(Text("listInProgress"), created: 240, failed: 10);
        await AssertCountsAsync(Text("prefixInProgress"), created: 230, failed: 0);
        Assert.Equal(
            240,
            (await service.GetAllAsync($"/api/v0/data/?project={Text("project")}&limit=1000")).Count(
                d => d.GetProperty("uri").GetString()!.Contains("/late/", StringComparison.Ordinal)));

        // The whole prefix once more: everything exists, and no location or datum is written.
        var rows = (await service.LocationsAsync(Guid.Parse(Text("secondStore")))).ToDictionary(
            row => row.Key, row => row.ETag, StringComparer.Ordinal);
        using (var again = await PostAsync(
            $"/api/v0/stores/{Text("secondStore")}/adopt/", new { prefix = "s3://other/more/", project = Text("second") }))
        {
            await service.DrainAsync();
            await AssertCountsAsync(
                (await again.Content.ReadFromJsonAsync<JsonNode>())!["id"]!.GetValue<string>(), created: 0, failed: 0, existing: 230);
        }

        Assert.All(await service.LocationsAsync(Guid.Parse(Text("secondStore"))), row => Assert.Equal(rows[row.Key], row.ETag));
    }

    /// <summary>Lists to which neither the test service nor a later release adds anything.</summary>
    static bool IsWhole(string path) =>
        new[] { "/data/?", "/datum-aliases/?", "/history/", "/results/", "/datavolumes?" }.Any(path.Contains);

    /// <summary>Checks that the list has the same items in the same order, and no other.</summary>
    async Task AssertWholeAsync(JsonNode answer)
    {
        var body = JsonNode.Parse((await service.GetAsync(answer["path"]!.GetValue<string>())).GetRawText())!;
        var list = answer["body"]!.AsObject().First(field => field.Value is JsonArray).Key;
        Assert.Equal(Ids(answer["body"]![list]!), Ids(body[list]!));

        static IEnumerable<string> Ids(JsonNode items) =>
            items.AsArray().Select(item => (item!["id"] ?? item["url"] ?? item["time"] ?? item).ToJsonString());
    }

    async Task AssertCountsAsync(string job, int created, int failed, int existing = 0)
    {
        var body = await service.GetAsync($"/api/v0/adoptions/{job}/");
        var counts = body.GetProperty("counts");
        Assert.Equal(
            ("completed", created, existing, failed, 0),
            (body.GetProperty("status").GetString(), counts.GetProperty("created").GetInt32(), counts.GetProperty("existing")
                .GetInt32(), counts.GetProperty("failed").GetInt32(), counts.GetProperty("pending").GetInt32()));
    }

    async Task AssertAnswerAsync(JsonNode answer)
    {
        var path = answer["path"]!.GetValue<string>();
        using var http = service.NewClient();
        http.DefaultRequestHeaders.Authorization = answer["caller"]!.GetValue<string>() is "administrator" and var caller
            ? new("Token", TestService.Token)
            : new AuthenticationHeaderValue("Bearer", Recording["tokens"]![answer["caller"]!.GetValue<string>()]!.GetValue<string>());
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {response.StatusCode} {text}");
        AssertHolds(answer["body"], JsonNode.Parse(Plain(text)), path);
    }

    /// <summary>Later releases may add fields. The test service itself adds items to lists of the installation.</summary>
    static void AssertHolds(JsonNode? expected, JsonNode? actual, string at)
    {
        switch (expected)
        {
            case JsonObject fields:
                // Reading a datum by its id adds its hashes, which the recording did later.
                foreach (var (name, value) in fields.Where(
                    f => f.Key is not ("count" or "last_used") && (f.Key is not ("md5" or "sha1" or "sha256") || f.Value is not null)))
                    AssertHolds(
                        value,
                        actual is JsonObject found && found.ContainsKey(name)
                            ? found[name]
                            : throw new Xunit.Sdk.XunitException($"{at}: no {name}"), $"{at} {name}");
                break;
            case JsonArray items when items.All(item => item is JsonObject o && o.ContainsKey("id")):
                foreach (var item in items)
                    AssertHolds(
                        item, actual!.AsArray().FirstOrDefault(a => JsonNode.DeepEquals(a!["id"], item!["id"])), $"{at} {item!["id"]}");
                break;
            case JsonArray items:
                Assert.True(items.Count == actual?.AsArray().Count, $"{at}: {expected.ToJsonString()}, not {actual?.ToJsonString()}");
                for (var i = 0; i < items.Count; i++)
                    AssertHolds(items[i], actual!.AsArray()[i], $"{at}[{i}]");
                break;
            default:
                Assert.True(
                    JsonNode.DeepEquals(expected, actual),
                    $"{at}: {expected?.ToJsonString() ?? "null"}, not {actual?.ToJsonString() ?? "null"}");
                break;
        }
    }

    Task<HttpResponseMessage> PostAsync(string path, object body) => service.Http.PostAsJsonAsync(path, body);

    string Plain(string text) => text
        .Replace(service.Server.Url, "{bucket}", StringComparison.Ordinal)
        .Replace(service.Http.BaseAddress!.AbsoluteUri.TrimEnd('/'), "{service}", StringComparison.Ordinal);

    string Filled(string text) => text.Replace("{bucket}", service.Server.Url, StringComparison.Ordinal);

    async Task LoadAsync()
    {
        var rows = Lines("rows.jsonl").Select(line => (Table: line[0]!.GetValue<string>(), Row: RowOf(line))).ToList();
        foreach (var table in rows.GroupBy(row => row.Table, row => row.Row))
        {
            var client = service.Storage.Tables.GetTableClient(table.Key);
            await client.CreateIfNotExistsAsync();
            foreach (var chunk in table.GroupBy(row => row.PartitionKey).SelectMany(partition => partition.Chunk(50)))
                await client.SubmitTransactionAsync(
                    chunk.Select(row => new TableTransactionAction(TableTransactionActionType.UpsertReplace, row)));
        }

        foreach (var line in Lines("messages.jsonl"))
        {
            var queue = service.Storage.Queues.GetQueueClient(line[0]!.GetValue<string>());
            await queue.CreateIfNotExistsAsync();
            await queue.SendMessageAsync(line[1]!.GetValue<string>());
        }

        foreach (var line in Lines("blobs.jsonl"))
            await service.Storage.Blobs.GetBlobContainerClient("adoption").UploadBlobAsync(
                line[0]!.GetValue<string>(), BinaryData.FromString(Filled(line[1]!.GetValue<string>())));
    }

    TableEntity RowOf(JsonNode line)
    {
        var row = new TableEntity(line[1]!.GetValue<string>(), line[2]!.GetValue<string>());
        foreach (var (name, value) in line[3]!.AsObject())
            row[name] = ValueOf(value!);
        return row;
    }

    object ValueOf(JsonNode value) => value switch
    {
        JsonObject typed => typed.Single() switch
        {
            { Key: "Int64", Value: var text } => long.Parse(text!.GetValue<string>(), CultureInfo.InvariantCulture),
            { Key: "Double", Value: var number } => number!.GetValue<double>(),
            { Key: "Guid", Value: var id } => id!.GetValue<Guid>(),
            { Key: "DateTime", Value: var time } => time!.GetValue<DateTimeOffset>(),
            { Key: "Binary", Value: var text } => Convert.FromBase64String(text!.GetValue<string>()),
            var (type, _) => throw new NotSupportedException(type),
        },
        _ => value.GetValueKind() switch
        {
            System.Text.Json.JsonValueKind.String => Filled(value.GetValue<string>()),
            System.Text.Json.JsonValueKind.Number => value.GetValue<int>(),
            _ => value.GetValue<bool>(),
        },
    };

    /// <summary>A clock that starts at another time and then runs normally.</summary>
    sealed class ShiftedClock(DateTimeOffset now) : TimeProvider
    {
        readonly TimeSpan shift = now - DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + shift;
    }
}
