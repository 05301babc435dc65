using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Datasets;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Benchmarks;

/// <summary>
/// A version of all datums of a project: made by a quiet service, and by one that is killed again and again; its difference from a version
/// that differs in a thousand files; and reads of a version of 10,000 files. Both versions have to be the same, whole.
/// </summary>
static class Datasets
{
    const int Kills = 5;

    /// <summary>Files that two versions differ in.</summary>
    const int Changed = 1000;

    /// <summary>Files that are answered with a version.</summary>
    const int Whole = 10_000;

    /// <summary>Concurrent transactions while loading.</summary>
    const int InFlight = 8;

    /// <summary>MiB. A million datums are a million rows, of some 2 KiB each in the emulator's memory.</summary>
    const int EmulatorMemory = 8 * 1024;

    /// <summary>The service's own memory may be so many MiB.</summary>
    const double MaxMebibytes = 320;

    /// <summary>A store that is never asked.</summary>
    static readonly Store Store = new()
    {
        Id = Guid.NewGuid(),
        Name = "bucket",
        Configuration = new("bucket", null, "http://127.0.0.1:9", "key", "secret", null),
    };

    public static Benchmark Benchmark { get; } = new(
        "datasets", "Makes a version of all datums of a project, also while the service is killed, compares it, and reads one.",
        new Scale(100_000, 3), RunAsync);

    static async Task RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        Console.WriteLine($"datasets: {scale.Objects} datums\n");
        await using var arena = await Arena.StartAsync(cancellationToken, EmulatorMemory);
        var services = new List<ServiceProcess> { await ServiceProcess.StartAsync(arena, Store, cancellationToken) };
        try
        {
            await LoadAsync(arena, scale.Objects, cancellationToken);
            var selection = await SelectAsync(arena, services[0], new { store = Store.Id }, scale.Objects, cancellationToken);
            var dataset = await PostAsync(
                services[0], "/api/v0/datasets/", new { name = "benchmark", project = RunningService.ProjectId }, cancellationToken);
            // The memory of a service that did nothing else.
            services.Add(await ServiceProcess.StartAsync(arena, Store, cancellationToken));
            await services[0].DisposeAsync();
            services.RemoveAt(0);

            var table = new TextTable(
                "version", "s", "table requests", "blob requests", "queue requests", "requests per 1,000", "peak MiB");
            var quiet = await MakeAsync(arena, services, dataset, "quiet", selection, kills: 0, scale.Objects, cancellationToken);
            Add("quiet", quiet);
            Console.WriteLine($"{quiet.Requests.Describe(RequestCounter.Tables, 1)}\n{quiet.Requests.Describe(RequestCounter.Blobs, 1)}");
            Console.WriteLine(await PassesAsync(arena, quiet.Version, cancellationToken));
            var peak = quiet.PeakMebibytes;
            var killed = await MakeAsync(arena, services, dataset, "killed", selection, Kills, scale.Objects, cancellationToken);
            Add($"killed {Kills} times", killed);
            Console.WriteLine(await PassesAsync(arena, killed.Version, cancellationToken));
            table.Print();
            await CompareAsync(services[^1], quiet.Version, killed.Version, 0, cancellationToken);
            var other = await ChangeAsync(arena, quiet.Version, cancellationToken);
            await CompareAsync(services[^1], quiet.Version, other, Math.Min(Changed, scale.Objects), cancellationToken);
            await ReadAsync(arena, services[^1], dataset, scale, cancellationToken);
            if (peak > MaxMebibytes)
                throw new WrongResultException($"The service took {peak:0} MiB, more than {MaxMebibytes:0}.");

            void Add(string name, Run run) => table.Add(
                name, run.Elapsed, run.Requests.Total(RequestCounter.Tables), run.Requests.Total(RequestCounter.Blobs),
                run.Requests.Total(RequestCounter.Queues),
                1000.0 * (run.Requests.Total(RequestCounter.Tables) + run.Requests.Total(RequestCounter.Blobs)
                    + run.Requests.Total(RequestCounter.Queues)) / scale.Objects, run.PeakMebibytes);
        }
        finally
        {
            foreach (var service in services)
                await service.DisposeAsync();
        }
    }

    /// <summary>Datums only, as adoption would leave them: locations are not read.</summary>
    static async Task LoadAsync(Arena arena, int objects, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var project = await new ProjectTable(arena.Storage.Tables, TimeProvider.System).FindAsync(
            RunningService.ProjectId, cancellationToken) ?? throw new WrongResultException("The project is missing.");
        var rows = new AdoptedRows(arena.Storage, Store, project, JobId.Create(DateTimeOffset.UtcNow.AddHours(-1), project.Slot));
        var datums = SampleKeys.Shuffled(objects).Select((key, n) => rows.DatumOf(rows.LocationOf(
            new S3Object(key, n, $"\"{n:x32}\"", DateTimeOffset.UnixEpoch) { Sha256 = $"{n:x64}" })));
        await rows.InsertDatumsAsync(datums, InFlight, cancellationToken);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"loaded in {watch.Elapsed.TotalSeconds:0} s"));
    }

    /// <summary>A frozen selection's id.</summary>
    static async Task<string> SelectAsync(
        Arena arena, ServiceProcess service, object filter, int expected, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var id = await PostAsync(service, "/api/v0/selections/", new { project = RunningService.ProjectId, filter }, cancellationToken);
        var end = await AdoptPrefix.EndAsync(arena, id, cancellationToken);
        if (end.Status != JobStatus.Completed || end.Counts.Done != expected)
            throw new WrongResultException($"The selection {end.Status} with {end.Counts.Done} datums, not {expected}: {end.Error}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"selected in {watch.Elapsed.TotalSeconds:0} s"));
        return id;
    }

    static async Task<Run> MakeAsync(
        Arena arena, List<ServiceProcess> services, string dataset, string name, string selection, int kills, int objects,
        CancellationToken cancellationToken)
    {
        var before = RequestCounter.Read(services.Select(s => s.Log));
        var watch = Stopwatch.StartNew();
        var version = await PostAsync(services[^1], "/api/v0/dataset-versions/", new { name, dataset, selection }, cancellationToken);
        var row = await VersionAsync(arena, version, cancellationToken);
        _ = JobId.TryParse(row.Job?.ToString(), out var job);
        var work = new WorkTable(arena.Storage.Tables, TimeProvider.System);
        for (var kill = 1; kill <= kills; kill++)
        {
            // Each time some more of it is done; the last time it is merged.
            while ((await work.SumAsync(job, cancellationToken)).Total < (kill == kills ? objects : (long)objects * kill / (kills + 1)))
                await Task.Delay(20, cancellationToken);
            await services[^1].KillAsync();
            services.Add(await ServiceProcess.StartAsync(arena, Store, cancellationToken));
        }

        var end = await AdoptPrefix.EndAsync(arena, job.ToString(), cancellationToken);
        watch.Stop();
        row = await VersionAsync(arena, version, cancellationToken);
        if (end.Status != JobStatus.Completed || end.Counts.Done != objects || row.Count != objects)
            throw new WrongResultException($"{name}: {end.Status} {end.Counts}, {row.Count} files: {end.Error}");
        var peak = services[^1].PeakMebibytes;
        return new(watch.Elapsed, RequestCounter.Read(services.Select(s => s.Log)) - before, peak, row);
    }

    /// <summary>
    /// The passes over a version's entries. Each is written to a run and read from it once. Deaths write some again, and each delivery of
    /// the merge reads a piece of each run again.
    /// </summary>
    static async Task<string> PassesAsync(Arena arena, DatasetVersionRow version, CancellationToken cancellationToken)
    {
        var job = new JobId(TimedId.FromGuid(version.Job!.Value));
        var files = await new WorkTable(arena.Storage.Tables, TimeProvider.System).ListResultsAsync(job, null, cancellationToken)
            .Select(r => r.Files!).ToListAsync(cancellationToken);
        var runs = files.Where(f => f.Contains("/runs/", StringComparison.Ordinal)).Select(f => EntryRun.Read(f).Blob).ToHashSet();
        var written = await new JobBlobs(arena.Storage.Blobs).Container.GetBlobsAsync(
            new() { Prefix = $"{job}/runs/" }, cancellationToken).ToListAsync(cancellationToken);
        var all = written.Sum(b => b.Properties.ContentLength ?? 0);
        var counted = written.Where(b => runs.Contains(b.Name)).Sum(b => b.Properties.ContentLength ?? 0);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{version.Name}: {runs.Count} runs of {counted / 1048576.0:0.0} MiB, written {(double)all / counted:0.00} times; "
            + $"merged in {files.Count - runs.Count + 1} steps; manifest {version.BlobLength / 1048576.0:0.0} MiB");
    }

    /// <summary>Another version, of the same files but for a thousand that are scattered: published as a request's would be.</summary>
    static async Task<DatasetVersionRow> ChangeAsync(Arena arena, DatasetVersionRow version, CancellationToken cancellationToken)
    {
        var blobs = new ManifestBlobs(arena.Storage.Blobs);
        var table = new DatasetTable(arena.Storage.Tables, TimeProvider.System);
        var dataset = await table.FindAsync(version.DatasetId, cancellationToken)
            ?? throw new WrongResultException("The dataset is missing.");
        _ = DatasetName.TryParse("changed", out var name);
        var begun = (VersionStart.Begun)await table.BeginAsync(
            dataset, new NewVersion(name, "benchmark", Previous: null, Job: null), dead: null, cancellationToken);
        var every = Math.Max(1, version.Count / Changed);
        var entries = new ManifestReader(blobs).ReadAsync(version.Manifest!, PathRange.All, cancellationToken).Select((entry, n) =>
            n % every == every / 2 && n / every < Changed
                ? entry with { Datum = new(new(entry.Datum.Value.High, ~entry.Datum.Value.Low)) }
                : entry);
        var written = (ManifestOutcome.Written)await new ManifestWriter(blobs).WriteAsync(
            begun.Version.VersionId, entries, cancellationToken);
        return await table.PublishAsync(begun.Version.VersionId, written.Manifest, cancellationToken)
            ?? throw new WrongResultException("The version was not published.");
    }

    static async Task CompareAsync(
        ServiceProcess service, DatasetVersionRow from, DatasetVersionRow to, int expected, CancellationToken cancellationToken)
    {
        var before = RequestCounter.Read(service.Log);
        var watch = Stopwatch.StartNew();
        var (changes, pages) = (0, 0);
        for (var next = $"/api/v0/dataset-versions/{from.VersionId}/diff/?to={to.VersionId}&limit=100"; next is not null; pages++)
        {
            var page = await service.Http.GetFromJsonAsync<JsonElement>(new Uri(next, UriKind.RelativeOrAbsolute), cancellationToken);
            changes += page.GetProperty("results").GetArrayLength();
            next = page.GetProperty("next").GetString();
        }

        watch.Stop();
        var requests = RequestCounter.Read(service.Log) - before;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{from.Name} and {to.Name}: {changes} differences on {pages} pages of 100 in {watch.Elapsed.TotalSeconds:0.000} s, "
            + $"{requests.Total(RequestCounter.Blobs)} blob and {requests.Total(RequestCounter.Tables)} table requests; "
            + $"manifest {from.BlobLength / 1024} KiB, index {(from.BlobLength - from.IndexAt) / 1024} KiB"));
        if (changes != expected)
            throw new WrongResultException($"{changes} differences, not {expected}.");
    }

    /// <summary>Reads a version of as many files as are answered with it.</summary>
    static async Task ReadAsync(Arena arena, ServiceProcess service, string dataset, Scale scale, CancellationToken cancellationToken)
    {
        var files = Math.Min(Whole, scale.Objects);
        var selection = await SelectAsync(
            arena, service, new { store = Store.Id, size_max = files - 1 }, files, cancellationToken);
        var version = await PostAsync(service, "/api/v0/dataset-versions/", new { name = "some", dataset, selection }, cancellationToken);
        var row = await VersionAsync(arena, version, cancellationToken);
        _ = JobId.TryParse(row.Job?.ToString(), out var job);
        await AdoptPrefix.EndAsync(arena, job.ToString(), cancellationToken);
        for (var round = 0; round <= scale.Rounds; round++)
        {
            var before = RequestCounter.Read(service.Log);
            var watch = Stopwatch.StartNew();
            var text = await service.Http.GetStringAsync(
                new Uri($"/api/v0/dataset-versions/{version}/", UriKind.Relative), cancellationToken);
            watch.Stop();
            var requests = RequestCounter.Read(service.Log) - before;
            using var read = JsonDocument.Parse(text);
            if (read.RootElement.GetProperty("files").GetArrayLength() != files)
                throw new WrongResultException("The version has other files.");
            if (round > 0)
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"a version of {files} files: {watch.Elapsed.TotalMilliseconds:0} ms, {text.Length / 1024} KiB, "
                    + $"{requests.Total(RequestCounter.Tables)} table and {requests.Total(RequestCounter.Blobs)} blob requests"));
        }
    }

    static async Task<DatasetVersionRow> VersionAsync(Arena arena, string id, CancellationToken cancellationToken) =>
        DatasetVersionId.TryParse(id, out var version) && await new DatasetTable(
            arena.Storage.Tables, TimeProvider.System).FindVersionAsync(version, cancellationToken) is { } row
            ? row
            : throw new WrongResultException($"Version {id} is missing.");

    /// <summary>The id of what a request makes.</summary>
    static async Task<string> PostAsync(ServiceProcess service, string path, object body, CancellationToken cancellationToken)
    {
        using var answer = await service.Http.PostAsJsonAsync(path, body, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.StatusCode is HttpStatusCode.Created or HttpStatusCode.Accepted
            ? JsonDocument.Parse(text).RootElement.GetProperty("id").GetString()!
            : throw new WrongResultException($"{path}: {answer.StatusCode} {text}");
    }

    sealed record Run(TimeSpan Elapsed, RequestCounts Requests, double PeakMebibytes, DatasetVersionRow Version);
}
