using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Parquet;

namespace DataRegistry.Benchmarks;

/// <summary>
/// The measurements with many datums. Each row of the table is a service of its own, so its memory is the row's. Every
/// count is compared with the rows of the tables, and is exact.
/// </summary>
sealed class SelectionRuns(Arena arena, int objects)
{
    const int Kills = 5;

    /// <summary>Shards that the bare loop reads at a time: as many windows as a service works on.</summary>
    const int BareShards = 4;

    static readonly string[] Formats = ["ndjson", "csv", "parquet"];

    readonly TextTable table = new(
        "what", "items", "s", "rows/s", "tables", "blobs", "queues", "per 1,000 rows", "MB from storage", "MB written", "peak MiB");

    readonly DatumTable datums = new(arena.Storage.Tables, TimeProvider.System);
    readonly WorkTable work = new(arena.Storage.Tables, TimeProvider.System);

    Project project = null!;

    public async Task RunAsync(string[] parts, CancellationToken cancellationToken)
    {
        project = await new ProjectTable(arena.Storage.Tables, TimeProvider.System).FindAsync(RunningService.ProjectId, cancellationToken)
            ?? throw new WrongResultException("The project is missing.");
        try
        {
            foreach (var (part, run) in new (string, Func<CancellationToken, Task>)[]
            {
                ("tree", TreeAsync), ("freeze", FreezeAsync), ("export", ExportAsync),
                ("tag", token => TagAsync(Selections.Trees[0], 0, token)), ("purge", token => PurgeAsync(Selections.Trees[0], 0, token)),
                ("killed", KilledAsync),
            })
            {
                if (parts.Contains(part, StringComparer.Ordinal))
                    await run(cancellationToken);
            }
        }
        finally
        {
            Console.WriteLine();
            table.Print();
        }

        Console.WriteLine(
            "Rows are those that are looked at. Requests include messages, leases and checkpoints, and leave polls of the queue out. "
            + "Peak memory is the service's whole process.");
    }

    async Task TreeAsync(CancellationToken cancellationToken)
    {
        var tree = Selections.Trees[1];
        var half = Selections.FlatKey((objects - (2 * Selections.InTree(objects))) / 2);
        await PageAsync(
            $"{Selections.Folders} folders", $"prefix={tree}&delimiter=/&limit={Selections.Folders}", folders: Selections.Folders);
        await PageAsync("a folder of most files, first page", $"prefix={Selections.Flat}&delimiter=/&limit=1000", files: 1000);
        await PageAsync(
            "a folder of most files, page in the middle",
            $"prefix={Selections.Flat}&delimiter=/&limit=1000&cursor={WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(CursorAt(half)))}",
            files: 1000);

        // No page has to be read up to there.
        static string CursorAt(string key) => new TreePages(
            null!, null!, null!, null!, new SecretProtector(Options.Create(new StoreOptions { SecretKey = RunningService.SecretKey })))
            .CursorOf(new(key, IsFolder: false), new(Selections.Store, RunningService.ProjectId, Selections.Flat, "/", 1000, After: null));

        async Task PageAsync(string what, string query, int folders = 0, int files = 0)
        {
            await using var service = await StartAsync(cancellationToken);
            var measure = await Meter.BeginAsync([service], cancellationToken);
            var page = await service.Http.GetStringAsync(
                new Uri($"/api/v0/stores/{Selections.Store.Id}/tree/?project={RunningService.ProjectId}&{query}", UriKind.Relative),
                cancellationToken);
            using var json = JsonDocument.Parse(page);
            Equal(
                (folders, files),
                (json.RootElement.GetProperty("folders").GetArrayLength(), json.RootElement.GetProperty("results").GetArrayLength()), what);
            await AddAsync($"tree: {what}", folders + files, measure, written: page.Length, cancellationToken);
        }
    }

    async Task FreezeAsync(CancellationToken cancellationToken)
    {
        var name = Selections.FlatKey(7)[Selections.Flat.Length..];
        var folder = $"{Selections.Trees[1]}drive-0007/";
        var filters = new (string What, object Filter, Func<string, bool> Takes)[]
        {
            ("everything", new { store = Selections.Store.Id }, _ => true),
            ("by name", new { name }, key => key.EndsWith($"/{name}", StringComparison.Ordinal)),
            ("by glob", new { glob = "flat/frame_*7.bin" }, key => key.StartsWith(Selections.Flat, StringComparison.Ordinal)
                && key.EndsWith("7.bin", StringComparison.Ordinal)),
            ("by a folder's prefix", new { store = Selections.Store.Id, prefix = folder }, key => key.StartsWith(
                folder, StringComparison.Ordinal)),
        };
        var expected = await BareAsync([.. filters.Select(f => f.Takes)], cancellationToken);
        for (var i = 0; i < filters.Length; i++)
        {
            await using var service = await StartAsync(cancellationToken);
            var measure = await Meter.BeginAsync([service], cancellationToken);
            var job = await SelectAsync([service], filters[i].Filter, kills: 0, cancellationToken);
            Equal(expected[i], job.Counts.Done, filters[i].What);
            // All but the last go through all rows of the project.
            var rows = i + 1 < filters.Length ? objects : job.Counts.Done;
            await AddAsync($"freeze: {filters[i].What}", job.Counts.Done, measure, 0, cancellationToken, rows);
        }

        await BareAsync([], cancellationToken);
    }

    async Task ExportAsync(CancellationToken cancellationToken)
    {
        JobRow selection;
        // It ends before the others begin, because it would take messages of theirs.
        await using (var first = await StartAsync(cancellationToken))
            selection = await SelectAsync([first], new { store = Selections.Store.Id }, kills: 0, cancellationToken);
        foreach (var format in Formats)
        {
            await using var service = await StartAsync(cancellationToken);
            var measure = await Meter.BeginAsync([service], cancellationToken);
            var job = await ActAsync([service], selection, "export", new { format }, kills: 0, cancellationToken);
            var (rows, bytes) = await FilesAsync(service, selection, job, ids: null, cancellationToken);
            Equal(selection.Counts.Done, rows, format);
            await AddAsync($"export: {format}", rows, measure, bytes, cancellationToken);
        }
    }

    async Task TagAsync(string tree, int kills, CancellationToken cancellationToken)
    {
        var services = new List<ServiceProcess> { await StartAsync(cancellationToken) };
        try
        {
            var selection = await SelectAsync(services, new { store = Selections.Store.Id, prefix = tree }, 0, cancellationToken);
            var measure = await Meter.BeginAsync(services, cancellationToken);
            var job = await ActAsync(services, selection, "tag", new { tags = new[] { $"of-{tree}" } }, kills, cancellationToken);
            Equal((selection.Counts.Done, 0L), (job.Counts.Done, job.Counts.Skipped), "tagged");
            await AddAsync($"tag{Times(kills)}", job.Counts.Done, measure, 0, cancellationToken);
            Equal(selection.Counts.Done, await CountDatumsAsync(row => row.TagJob == job.Id, cancellationToken), "rows that are tagged");
        }
        finally
        {
            await EndAsync(services);
        }
    }

    async Task PurgeAsync(string tree, int kills, CancellationToken cancellationToken)
    {
        var services = new List<ServiceProcess> { await StartAsync(cancellationToken) };
        try
        {
            var selection = await SelectAsync(services, new { store = Selections.Store.Id, prefix = tree }, 0, cancellationToken);
            var measure = await Meter.BeginAsync(services, cancellationToken);
            var job = await ActAsync(services, selection, "purge", null, kills, cancellationToken);
            Equal((selection.Counts.Done, 0L), (job.Counts.Done, job.Counts.Skipped), "purged");
            await AddAsync($"purge{Times(kills)}", job.Counts.Done, measure, 0, cancellationToken);
            Equal(selection.Counts.Done, await CountDatumsAsync(row => row.PurgeJob == job.Id, cancellationToken), "rows that are purged");
            Equal(0, await CountTakenAsync(tree, cancellationToken), "locations that are not free");
        }
        finally
        {
            await EndAsync(services);
        }
    }

    /// <summary>Each while the service is killed five times.</summary>
    async Task KilledAsync(CancellationToken cancellationToken)
    {
        var services = new List<ServiceProcess> { await StartAsync(cancellationToken) };
        try
        {
            var expected = await BareAsync([_ => true], cancellationToken);
            var measure = await Meter.BeginAsync(services, cancellationToken);
            var selection = await SelectAsync(services, new { store = Selections.Store.Id }, Kills, cancellationToken, expected[0]);
            Equal(expected[0], selection.Counts.Done, "frozen");
            await AddAsync($"freeze{Times(Kills)}", selection.Counts.Done, measure, 0, cancellationToken);
            var items = await ItemsAsync(services[^1], selection, cancellationToken);
            Equal(expected[0], items.Count, "different items");

            measure = await Meter.BeginAsync(services, cancellationToken);
            var job = await ActAsync(services, selection, "export", new { format = "parquet" }, Kills, cancellationToken);
            var exported = new HashSet<string>(StringComparer.Ordinal);
            var (rows, bytes) = await FilesAsync(services[^1], selection, job, exported, cancellationToken);
            Equal(selection.Counts.Done, rows, "exported");
            await AddAsync($"export: parquet{Times(Kills)}", rows, measure, bytes, cancellationToken);
            Equal(true, items.SetEquals(exported), "The exported ids are those of the items");
        }
        finally
        {
            await EndAsync(services);
        }

        await TagAsync(Selections.Trees[1], Kills, cancellationToken);
        await PurgeAsync(Selections.Trees[1], Kills, cancellationToken);
    }

    /// <summary>
    /// Reads the rows and columns that a filter reads, and does nothing with them; how many unpurged datums each of the filters takes.
    /// </summary>
    async Task<long[]> BareAsync(Func<string, bool>[] filters, CancellationToken cancellationToken)
    {
        var (counts, rows, requests) = (new long[filters.Length], 0L, 0L);
        var watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Shards.Count),
            new ParallelOptions { MaxDegreeOfParallelism = BareShards, CancellationToken = cancellationToken }, async (shard, token) =>
        {
            string? continuation = null;
            do
            {
                var page = await datums.SelectAsync(project.Slot, shard, default, after: null, continuation, token);
                continuation = page.ContinuationToken;
                Interlocked.Increment(ref requests);
                Interlocked.Add(ref rows, page.Values.Count);
                for (var i = 0; i < filters.Length; i++)
                    Interlocked.Add(ref counts[i], page.Values.Count(row => row.Purged is null && filters[i](row.Key)));
            }
            while (continuation is not null);
        });
        Console.WriteLine(Invariant($"bare loop: {rows} rows in {watch.Elapsed.TotalSeconds:0.0} s, {requests} requests"));
        table.Add(
            "bare loop of the same rows", rows, watch.Elapsed, rows / watch.Elapsed.TotalSeconds, requests, 0, 0, requests * 1000.0 / rows,
            null, null, null);
        return counts;
    }

    /// <summary>The job of a selection, frozen.</summary>
    /// <param name="expected">Of how many datums; by which the deaths are spread.</param>
    async Task<JobRow> SelectAsync(
        List<ServiceProcess> services, object filter, int kills, CancellationToken cancellationToken, long? expected = null)
    {
        var body = new { project = RunningService.ProjectId, filter };
        var id = await BeginAsync(services[^1], "/api/v0/selections/", body, cancellationToken);
        return await DoneAsync(services, id, expected ?? objects, kills, cancellationToken);
    }

    /// <summary>The job of an action, at its end.</summary>
    async Task<JobRow> ActAsync(
        List<ServiceProcess> services, JobRow selection, string verb, object? body, int kills, CancellationToken cancellationToken)
    {
        var id = await BeginAsync(services[^1], $"/api/v0/selections/{selection.JobId}/{verb}/", body, cancellationToken);
        return await DoneAsync(services, id, selection.Counts.Done, kills, cancellationToken);
    }

    static async Task<string> BeginAsync(ServiceProcess service, string path, object? body, CancellationToken cancellationToken)
    {
        using var answer = await service.Http.PostAsJsonAsync(path, body ?? new { }, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        if (!answer.IsSuccessStatusCode)
            throw new WrongResultException($"{path}: {answer.StatusCode} {text}");
        using var json = JsonDocument.Parse(text);
        return json.RootElement.GetProperty("id").GetString()!;
    }

    async Task<JobRow> DoneAsync(
        List<ServiceProcess> services, string id, long total, int kills, CancellationToken cancellationToken)
    {
        _ = JobId.TryParse(id, out var job);
        var jobs = new JobTable(arena.Storage.Tables, TimeProvider.System);
        for (var kill = 1; kill <= kills; kill++)
        {
            // Each time some more of it is done.
            while ((await work.SumAsync(job, cancellationToken)).Total < total * (kill - 0.5) / kills)
            {
                if (await jobs.FindAsync(job, cancellationToken) is { } row && row.Status.IsTerminal())
                    throw new WrongResultException(Invariant($"The job ended after {kill - 1} deaths: take more objects."));
                await Task.Delay(20, cancellationToken);
            }

            await services[^1].KillAsync();
            services.Add(await StartAsync(cancellationToken));
        }

        var end = await AdoptPrefix.EndAsync(arena, id, cancellationToken);
        return end.Status == JobStatus.Completed ? end : throw new WrongResultException($"{end.Status}: {end.Error}");
    }

    /// <summary>Rows and bytes of an export's files, as the job tells them.</summary>
    /// <param name="ids">Filled with the ids that are in them, which are Parquet; null for not reading them.</param>
    static async Task<(long Rows, long Bytes)> FilesAsync(
        ServiceProcess service, JobRow selection, JobRow job, HashSet<string>? ids, CancellationToken cancellationToken)
    {
        var body = await service.Http.GetFromJsonAsync<JsonElement>(
            new Uri($"/api/v0/selections/{selection.JobId}/jobs/{job.JobId}/", UriKind.Relative), cancellationToken);
        var (rows, bytes) = (0L, 0L);
        foreach (var file in body.GetProperty("files").EnumerateArray())
        {
            rows += file.GetProperty("rows").GetInt64();
            bytes += file.GetProperty("bytes").GetInt64();
            if (ids is null)
                continue;
            using var content = new MemoryStream(
                await service.Http.GetByteArrayAsync(new Uri(file.GetProperty("url").GetString()!), cancellationToken));
            await using var reader = await ParquetReader.CreateAsync(content, cancellationToken: cancellationToken);
            var column = reader.Schema.DataFields.Single(f => f.Name == "id");
            foreach (var group in reader.RowGroups)
            {
                var some = new string?[group.RowCount];
                using var open = reader.OpenRowGroupReader(reader.RowGroups.ToList().IndexOf(group));
                await open.ReadAsync(column, some, cancellationToken: cancellationToken);
                if (!some.All(id => ids.Add(id!)))
                    throw new WrongResultException("A datum is exported twice.");
            }
        }

        return (rows, bytes);
    }

    static async Task<HashSet<string>> ItemsAsync(ServiceProcess service, JobRow selection, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri($"/api/v0/selections/{selection.JobId}/items/", UriKind.Relative))
        { Headers = { { "Accept", JobResults.NdJson } } };
        using var answer = await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken));
        var ids = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            using var item = JsonDocument.Parse(line);
            if (!ids.Add(item.RootElement.GetProperty("id").GetString()!))
                throw new WrongResultException("A datum is in the selection twice.");
        }

        return ids;
    }

    async Task<long> CountDatumsAsync(Func<ChangedRow, bool> counts, CancellationToken cancellationToken)
    {
        var count = 0L;
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            var range = new TableRange(Invariant($"{project.Slot:x3}{shard:x}")) { Before = "g" };
            count += await datums.Table.ReadAsync<ChangedRow>(range, 1000, ChangedRow.Columns, cancellationToken)
                .CountAsync(counts, cancellationToken);
        }

        return count;
    }

    async Task<int> CountTakenAsync(string prefix, CancellationToken cancellationToken)
    {
        var (count, from) = (0, OrderedKey.Encode(prefix));
        var locations = new LocationTable(arena.Storage.Tables, TimeProvider.System).Table;
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            var range = new TableRange(Invariant($"{Selections.Store.Id:N}-{shard:x}"))
            {
                From = from,
                Before = from[..^1] + (char)(from[^1] + 1),
            };
            count += await locations.ReadAsync<LocatedRow>(range, 1000, LocatedRow.Columns, cancellationToken)
                .CountAsync(row => !row.IsFree, cancellationToken);
        }

        return count;
    }

    Task<ServiceProcess> StartAsync(CancellationToken cancellationToken) =>
        ServiceProcess.StartAsync(arena, Selections.Store, cancellationToken);

    static async Task EndAsync(List<ServiceProcess> services)
    {
        foreach (var service in services)
            await service.DisposeAsync();
    }

    /// <param name="rows">Rows that had to be looked at; null for as many as the items.</param>
    async Task AddAsync(
        string what, long items, Meter measure, long written, CancellationToken cancellationToken, long? rows = null)
    {
        var (elapsed, requests, received, peak) = await measure.EndAsync(cancellationToken);
        var polls = requests.Counts.Where(c => c.Key == (RequestCounter.Queues, "receive")).Sum(c => c.Value);
        long[] by =
        [
            requests.Total(RequestCounter.Tables), requests.Total(RequestCounter.Blobs), requests.Total(RequestCounter.Queues) - polls,
        ];
        table.Add(
            what, items, elapsed, (rows ?? items) / elapsed.TotalSeconds, by[0], by[1], by[2], by.Sum() * 1000.0 / (rows ?? items),
            received / 1e6, written / 1e6, peak);
        // A run of a million takes long: what was measured before it is broken off stands.
        Console.WriteLine(Invariant(
            $"{what}: {items} in {elapsed.TotalSeconds:0.0} s, tables {by[0]}, blobs {by[1]}, queues {by[2]}, peak {peak:0} MiB; {requests
                .Describe(RequestCounter.Tables, 1)}"));
    }

    static string Times(int kills) => kills == 0 ? "" : Invariant($", killed {kills} times");

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    static void Equal<T>(T expected, T actual, string what)
    {
        if (!Equals(expected, actual))
            throw new WrongResultException($"{what}: {actual}, not {expected}.");
    }

    /// <summary>The resources that services have used since a moment.</summary>
    sealed class Meter
    {
        readonly Stopwatch watch = Stopwatch.StartNew();
        readonly List<ServiceProcess> services;
        readonly RequestCounts before;
        readonly long received;

        Meter(List<ServiceProcess> services, long received)
        {
            this.services = services;
            this.received = received;
            before = RequestCounter.Read(services.Select(s => s.Log));
        }

        public static async Task<Meter> BeginAsync(List<ServiceProcess> services, CancellationToken cancellationToken) =>
            new(services, await services[^1].ReceivedAsync(cancellationToken));

        /// <summary>Bytes are those of the last service, since what a killed one received is not known.</summary>
        public async Task<(TimeSpan Elapsed, RequestCounts Requests, long Received, double Peak)> EndAsync(
            CancellationToken cancellationToken)
        {
            var elapsed = watch.Elapsed;
            var requests = RequestCounter.Read(services.Select(s => s.Log)) - before;
            var now = await services[^1].ReceivedAsync(cancellationToken);
            return (elapsed, requests, services.Count == 1 ? now - received : now, services[^1].PeakMebibytes);
        }
    }

    sealed record ChangedRow : TableRow
    {
        public static readonly string[] Columns = [nameof(RowKey), nameof(TagJob), nameof(PurgeJob)];

        public Guid? TagJob { get; init; }
        public Guid? PurgeJob { get; init; }
    }
}
