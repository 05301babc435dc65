using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Benchmarks;

/// <summary>
/// Reads from a project of many datums. Each read is measured with a tenth of them, and again with all. It compares
/// table requests. Times are the emulator's: unlike a storage account, it reads a whole table for each query.
/// </summary>
static class ListData
{
    /// <summary>Concurrent transactions while loading.</summary>
    const int InFlight = 8;

    /// <summary>Datums of a job.</summary>
    const int JobObjects = 10_000;

    /// <summary>
    /// The larger project may send this many times as many requests, because the rows that a shard adds to a page vary.
    /// </summary>
    const double Tolerance = 1.25;

    /// <summary>MiB. A million datums are two million rows, of some 2 KiB each in the emulator's memory.</summary>
    const int EmulatorMemory = 12 * 1024;

    static readonly DateTimeOffset Start = DateTimeOffset.UtcNow.AddHours(-1);

    /// <summary>A store whose bucket is never used.</summary>
    static readonly Store Store = new()
    {
        Id = Guid.NewGuid(),
        Name = "bucket",
        Configuration = new("bucket", null, "http://127.0.0.1:9", "key", "secret", null),
    };

    public static Benchmark Benchmark { get; } = new(
        "list-data", "Lists and finds datums of a project with a tenth of the objects, then with all.", new Scale(100_000, 3), RunAsync);

    static async Task RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        Console.WriteLine($"list-data: {scale.Objects / 10} and {scale.Objects} datums, each read {scale.Rounds} times");
        await using var arena = await Arena.StartAsync(cancellationToken, EmulatorMemory);
        await using var service = await RunningService.StartAsync(arena, Store, cancellationToken);
        var project = await service.Services.GetRequiredService<ProjectTable>().FindAsync(RunningService.ProjectId, cancellationToken)
            ?? throw new WrongResultException("The project is missing.");
        var keys = SampleKeys.Shuffled(scale.Objects);
        var order = new List<DatumCursor>();
        var results = new List<Dictionary<string, Read>>();
        foreach (var (from, to) in new[] { (0, scale.Objects / 10), (scale.Objects / 10, scale.Objects) })
        {
            order.AddRange(await LoadAsync(arena, project, keys[from..to], from, cancellationToken));
            order.Sort();
            results.Add(await new DatumReads(arena, service.Http, Store.Id, scale.Rounds).MeasureAsync(order, cancellationToken));
        }

        Print(results[0], results[1], scale.Objects);
    }

    /// <summary>
    /// Loads datums in jobs of one second each, so that later objects are newer. Returns each datum's place in the
    /// list.
    /// </summary>
    static async Task<List<DatumCursor>> LoadAsync(
        Arena arena, Project project, string[] keys, int before, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var cursors = new List<DatumCursor>(keys.Length);
        var time = Start.AddSeconds(before / JobObjects);
        foreach (var chunk in keys.Chunk(JobObjects))
        {
            var rows = new AdoptedRows(arena.Storage, Store, project, JobId.Create(time, project.Slot));
            time = time.AddSeconds(1);
            var objects = chunk.Select(
                key => new S3Object(key, key.Length, "\"0\"", DateTimeOffset.UnixEpoch) { Sha256 = new('0', 64) }).ToList();
            var inserted = await rows.InsertAsync(objects.ToAsyncEnumerable(), InFlight, cancellationToken);
            if (inserted != 2 * chunk.Length)
                throw new WrongResultException($"{inserted} rows were inserted for {chunk.Length} objects.");
            cursors.AddRange(
                objects.Select(o => rows.DatumOf(rows.LocationOf(o)).Id.Value).Select(id => new DatumCursor(id.RowKey, id.Partition)));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{keys.Length} datums loaded in {watch.Elapsed.TotalSeconds:0} s: {2 * keys.Length / watch.Elapsed.TotalSeconds:0} rows/s"));
        return cursors;
    }

    static void Print(Dictionary<string, Read> tenth, Dictionary<string, Read> all, int objects)
    {
        var table = new TextTable(
            "table requests", $"{objects / 10} datums", $"{objects}", "rows answered", $"ms at {objects / 10}", $"ms at {objects}",
            "of which");
        foreach (var (name, read) in all)
            table.Add(
                name, tenth[name].Requests, read.Requests, read.Rows, tenth[name].Milliseconds, read.Milliseconds,
                read.Counts.Describe(RequestCounter.Tables, 1));
        Console.WriteLine();
        table.Print();
        var grown = all.Where(
            r => r.Value.Requests > Math.Ceiling(tenth[r.Key].Requests * Tolerance)).Select(
                r => $"{r.Key}: {tenth[r.Key].Requests} to {r.Value.Requests}").ToList();
        if (grown.Count > 0)
            throw new WrongResultException($"Requests grow with the project: {string.Join("; ", grown)}");
        Console.WriteLine("No read asks more of the larger project.");
    }
}

/// <summary>The cost of a read.</summary>
/// <param name="Requests">Requests to tables: the most of any round.</param>
/// <param name="Rows">Results in the answer; null if it is no list.</param>
/// <param name="Milliseconds">The median.</param>
sealed record Read(long Requests, RequestCounts Counts, int? Rows, double Milliseconds);

/// <summary>The reads of a project's datums, by HTTP.</summary>
sealed class DatumReads(Arena arena, HttpClient http, Guid store, int rounds)
{
    /// <summary>Pages.</summary>
    const int MaxWalk = 6;

    const string RareTag = "rare", Alias = "in-the-middle";

    readonly Dictionary<string, Read> reads = [];

    static string List => $"/api/v0/data/?project={RunningService.ProjectId}";

    /// <param name="order">All datums, newest first.</param>
    public async Task<Dictionary<string, Read>> MeasureAsync(List<DatumCursor> order, CancellationToken cancellationToken)
    {
        await AddAsync("first page, limit=100", $"{List}&limit=100", 100, cancellationToken);
        await AddAsync("first page, limit=100, no_count", $"{List}&limit=100&no_count=true", 100, cancellationToken);
        await AddAsync("first page, limit=1000", $"{List}&limit=1000", 1000, cancellationToken);
        await AddAsync("first page, limit=1000, no_count", $"{List}&limit=1000&no_count=true", 1000, cancellationToken);
        var (next, datum) = await WalkAsync(order, cancellationToken);
        await AddAsync("page in the middle, limit=100, no_count", $"{List}&limit=100&no_count=true{next}", 100, cancellationToken);
        await AddAsync("page in the middle, limit=1000, no_count", $"{List}&limit=1000&no_count=true{next}", 1000, cancellationToken);
        await AddAsync(
            "largest offset, limit=100, no_count",
            $"{List}&limit=100&offset={Math.Min(DatumQuery.MaxOffset, order.Count / 2)}&no_count=true", 100, cancellationToken);

        var id = datum.GetProperty("id").GetString()!;
        await PostAsync(
            $"/api/v0/data/{id}/metadata/",
            new Dictionary<string, object>(StringComparer.Ordinal) { ["valohai.tags"] = new[] { RareTag }, ["valohai.alias"] = Alias },
            cancellationToken);
        await AddAsync("by id", $"/api/v0/data/{id}/", null, cancellationToken);
        await AddAsync("by alias", $"/api/v0/data/{Alias}/?project={RunningService.ProjectId}", null, cancellationToken);
        await AddAsync(
            "alias resolved", $"/api/v0/datum-aliases/resolve/?name={Alias}&project={RunningService.ProjectId}", null, cancellationToken);
        await AddAsync("by uri", $"{List}&uri={Uri.EscapeDataString(datum.GetProperty("uri").GetString()!)}", 1, cancellationToken);
        await AddAsync("store of all", $"{List}&limit=100&store={store}", 100, cancellationToken);
        await AddAsync("store of all, no_count", $"{List}&limit=100&store={store}&no_count=true", 100, cancellationToken);
        await AddAsync("store of none", $"{List}&limit=100&store={Guid.NewGuid()}", 0, cancellationToken);
        await AddAsync("tag of one in the middle", $"{List}&limit=100&tag={RareTag}", 0, cancellationToken);
        await AddAsync(
            "name of one in the middle", $"{List}&limit=100&name={Uri.EscapeDataString(datum.GetProperty("name").GetString()!)}", 0,
            cancellationToken);
        await AddAsync(
            "name of one in the middle, no_count",
            $"{List}&limit=100&no_count=true&name={Uri.EscapeDataString(datum.GetProperty("name").GetString()!)}", 0, cancellationToken);
        return reads;
    }

    /// <summary>
    /// Follows <c>next</c> from the newest datum to the middle, in the largest pages. If that would take long, it jumps
    /// to the place of a later link, computed from the followed ones. Returns the link's cursor, and the datum before
    /// it.
    /// </summary>
    async Task<(string Next, JsonElement Datum)> WalkAsync(List<DatumCursor> order, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var limit = Math.Min(Paging.MaxLimit, order.Count / 4);
        var next = "";
        Read most = new(0, new(new Dictionary<(string, string), long>()), null, 0);
        var seen = 0;
        for (var pages = 0; seen < order.Count / 2 && pages < MaxWalk; pages++)
        {
            var (page, read) = await GetAsync($"{List}&limit={limit}&no_count=true{next}", cancellationToken);
            most = read.Requests > most.Requests ? read : most;
            foreach (var datum in page.GetProperty("results").EnumerateArray())
            {
                if (CursorOf(datum) != order[seen++])
                    throw new WrongResultException($"Datum {seen} of the list is not the {seen}. newest: {datum}");
            }

            next = LinkTo(order[seen - 1]);
            if (!page.GetProperty("next").GetString()!.EndsWith(next, StringComparison.Ordinal))
                throw new WrongResultException($"{page.GetProperty("next")} does not lead behind the {seen}. newest.");
        }

        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture, $"  walked over {seen} datums, each in its place, in {watch.Elapsed.TotalSeconds:0} s"));
        reads.Add("largest page of the walk to the middle", most);
        var before = order[Math.Max(seen, order.Count / 2) - 1];
        var (middle, _) = await GetAsync($"/api/v0/data/{IdOf(before)}/", cancellationToken);
        return (LinkTo(before), middle);
    }

    static string LinkTo(DatumCursor cursor) => $"&cursor={WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(cursor.ToString()))}";

    static DatumId IdOf(DatumCursor cursor) => new(TimedId.FromRowKey(cursor.Partition, cursor.RowKey));

    static DatumCursor CursorOf(JsonElement datum) =>
        DatumId.TryParse(datum.GetProperty("id").GetString(), out var id)
            ? new(id.Value.RowKey, id.Value.Partition)
            : throw new WrongResultException($"{datum} has no id.");

    /// <param name="expected">Results. Null for an answer that is no list, and for a filtered page of any
    /// length.</param>
    async Task AddAsync(string name, string url, int? expected, CancellationToken cancellationToken)
    {
        var all = new List<Read>();
        for (var round = 0; round < rounds; round++)
        {
            // The service caches the project and the caller's rights for seconds, at every size.
            await GetAsync($"/api/v0/projects/{RunningService.ProjectId}/", cancellationToken);
            all.Add((await GetAsync(url, cancellationToken)).Read);
        }

        if (expected > 0 && all[0].Rows != expected)
            throw new WrongResultException($"{name}: {all[0].Rows} results instead of {expected}.");
        var read = all.MaxBy(r => r.Requests)! with { Milliseconds = all.Select(r => r.Milliseconds).Median() };
        reads.Add(name, read);
        // A run of a million takes long, so print each result before the run may be interrupted.
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"  {name}: {read.Requests} table requests, {read.Milliseconds:0} ms"));
    }

    async Task<(JsonElement Body, Read Read)> GetAsync(string url, CancellationToken cancellationToken)
    {
        arena.Requests.Reset();
        var watch = Stopwatch.StartNew();
        var body = await http.GetFromJsonAsync<JsonElement>(url, cancellationToken);
        var counts = arena.Requests.Snapshot();
        return (body, new(
            counts.Total(RequestCounter.Tables), counts, body.TryGetProperty("results", out var results) ? results.GetArrayLength() : null,
            watch.Elapsed.TotalMilliseconds));
    }

    async Task PostAsync(string url, object body, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync(url, body, cancellationToken);
        if (!response.IsSuccessStatusCode)
            throw new WrongResultException($"{url}: {response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
    }
}
