using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.LocalHost;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Benchmarks;

/// <summary>
/// Finds, exports, tags and purges among many datums. The objects are loaded once: one folder of most of them, and two trees of a hundred
/// folders, of which one is purged in peace and one while the service is killed.
/// </summary>
static class Selections
{
    public const int Folders = 100;

    /// <summary>Objects of a tree: so many are tagged and purged.</summary>
    public const int MostInTree = 100_000;

    public const string Flat = "flat/";

    public static readonly string[] Trees = ["quiet/", "killed/"];

    /// <summary>MiB. A million objects are two million rows, of some 2 KiB each in the emulator's memory.</summary>
    const int EmulatorMemory = 12 * 1024;

    /// <summary>Concurrent transactions while loading.</summary>
    const int InFlight = 8;

    static readonly string[] AllParts = ["tree", "freeze", "export", "tag", "purge", "killed"];

    /// <summary>A store that is never asked. Its id is the same in every process.</summary>
    public static Store Store { get; } = new()
    {
        Id = new("7a0c1c5e-3b1a-4d8e-9f0a-2d6f7a8b9c0d"),
        Name = "bucket",
        Configuration = new("bucket", null, "http://127.0.0.1:9", "key", "secret", null),
    };

    public static Command Command()
    {
        var objects = new Option<int>("--objects") { Description = "How many objects.", DefaultValueFactory = _ => 100_000 };
        var parts = new Option<string[]>("--parts")
        {
            Description = $"What to measure: {string.Join(", ", AllParts)}; or none.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => AllParts,
        };
        parts.AcceptOnlyFromAmong([.. AllParts, "none"]);
        var keep = new Option<bool>("--keep") { Description = "Keeps the loaded emulator until standard input ends." };
        var on = new Option<int[]>("--on")
        {
            Description = "Ports of an emulator that another run keeps: blobs, queues, tables. Nothing is loaded.",
            Arity = new(3, 3),
            AllowMultipleArgumentsPerToken = true,
        };
        var command = new Command(
            "selections", "Trees, selections, exports, tags and purges of many datums, also while the service is killed; counts are exact.")
        {
            objects, parts, keep, on,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                var count = parsed.GetValue(objects);
                await using var arena = parsed.GetValue(on) is [var blob, var queue, var table]
                    ? Arena.Of(new AzuritePorts(blob, queue, table))
                    : await LoadedAsync(count, cancellationToken);
                await new SelectionRuns(arena, count).RunAsync(parsed.GetValue(parts)!, cancellationToken);
                if (parsed.GetValue(keep))
                {
                    Console.WriteLine($"Kept: --on {arena.Ports.Blob} {arena.Ports.Queue} {arena.Ports.Table}");
                    await Console.In.ReadToEndAsync(cancellationToken);
                }

                return 0;
            }
            catch (WrongResultException e)
            {
                await Console.Error.WriteLineAsync($"FAILED: {e.Message}");
                return 1;
            }
        });
        return command;
    }

    /// <summary>How many objects lie below a tree; the rest lies in the one folder.</summary>
    public static int InTree(int objects) => Math.Min(MostInTree, objects / 3) / Folders * Folders;

    public static IEnumerable<string> TreeKeys(string tree, int objects) => Enumerable.Range(0, InTree(objects)).Select(n =>
        string.Create(CultureInfo.InvariantCulture, $"{tree}drive-{n % Folders:0000}/frame_{n:0000000}.bin"));

    public static string FlatKey(int n) => string.Create(CultureInfo.InvariantCulture, $"{Flat}frame_{n:0000000}.bin");

    static async Task<Arena> LoadedAsync(int objects, CancellationToken cancellationToken)
    {
        var arena = await Arena.StartAsync(cancellationToken, EmulatorMemory);
        await using var service = await RunningService.StartAsync(arena, Store, cancellationToken);
        var projects = new ProjectTable(arena.Storage.Tables, TimeProvider.System);
        var project = await projects.FindAsync(RunningService.ProjectId, cancellationToken)
            ?? throw new WrongResultException("The project is missing.");
        await LoadAsync(arena, project, Enumerable.Range(0, objects - (2 * InTree(objects))).Select(FlatKey), cancellationToken);
        foreach (var tree in Trees)
            await LoadAsync(arena, project, TreeKeys(tree, objects), cancellationToken);
        return arena;
    }

    /// <summary>As a job of adoption leaves them that has ended.</summary>
    static async Task LoadAsync(Arena arena, Project project, IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var job = JobId.Create(DateTimeOffset.UtcNow, project.Slot);
        var rows = await new AdoptedRows(arena.Storage, Store, project, job).InsertAsync(
            keys.Select(ObjectOf).ToAsyncEnumerable(), InFlight, cancellationToken);
        var jobs = new JobTable(arena.Storage.Tables, TimeProvider.System);
        await jobs.Table.TryAddAsync(
            JobTable.NewRow(job, Store.Id, project.Id, "administrator") with
            {
                Status = JobStatus.Completed,
                Counts = new Counts { Created = rows / 2 },
                Total = rows / 2,
                Finished = DateTimeOffset.UtcNow,
            },
            cancellationToken);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{rows / 2} objects loaded in {watch.Elapsed.TotalSeconds:0} s: {rows / watch.Elapsed.TotalSeconds:0} rows/s"));
    }

    /// <summary>With hashes, which are most of an exported row and cannot be compressed.</summary>
    static S3Object ObjectOf(string key)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
        return new(key, 1000 + key.Length, hash[..32], DateTimeOffset.UnixEpoch) { Sha256 = hash };
    }
}
