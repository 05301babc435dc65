using System.Net;
using DataRegistry.Datasets;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Selections;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Selections;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Datasets;

/// <summary>The merge of a version is done in steps. Each continues where the one before ended, in another delivery too.</summary>
public sealed class VersionMergeTests
{
    /// <summary>Files of some blocks, whose ends depend on the paths alone.</summary>
    const int Count = 900;

    /// <param name="rangeSeconds">With 0 each step is a delivery of its own. Otherwise one delivery does all of them.</param>
    /// <param name="every">The worker dies at every so many-th write of the merge.</param>
    [Theory]
    [InlineData(1, 120, 0, 7)]
    [InlineData(100_000, 0, 0, 20)]
    [InlineData(1, 120, 60, 15)]
    public async Task A_merge_is_done_in_steps_and_its_manifest_is_the_same_wherever_its_worker_dies(
        int mergeItems, int mergeSeconds, int rangeSeconds, int every)
    {
        await using var service = await TestService.StartAsync(
            null, null,
            services => services
                .AddSingleton(new SelectionLimits { AtOnce = TimeSpan.FromHours(1), WindowItems = 200 })
                .AddSingleton(new DatasetLimits
                {
                    RunItems = 400,
                    MergeItems = mergeItems,
                    MergeTime = TimeSpan.FromSeconds(mergeSeconds),
                }),
            ("Adoption:RangeSeconds", $"{rangeSeconds}"));
        await service.AddDatumsAsync(service.Store, service.Project, Enumerable.Range(0, Count).Select(n => $"merge/{n:d5}"));
        var selection = await service.SelectAsync(new { prefix = "merge/" });
        var dataset = await service.NewDatasetAsync("merge");

        var (quiet, job) = await BeginAsync(service, dataset, "quiet", selection);
        var before = service.Transport.Writes;
        await service.DrainAsync();
        var writes = service.Transport.Writes - before;
        var expected = await BytesAsync(service, quiet, isWrittenAnew: true);
        Assert.Equal(expected, await BytesAsync(service, quiet));
        var (runs, steps) = await WindowsAsync(service, job);
        Assert.InRange(runs, 2, 5);
        Assert.InRange(steps, 2, 12);

        // The last of them are those of the merge.
        for (var write = writes - 3; write > writes - (steps * 6); write -= every)
        {
            var (version, killed) = await BeginAsync(service, dataset, $"{write}", selection);
            before = service.Transport.Writes;
            Assert.True(await service.DrainWithDeathAsync(write));
            // A death costs one step, and not the whole merge.
            Assert.InRange(service.Transport.Writes - before, 0, writes + 12);
            Assert.Equal(expected, await BytesAsync(service, version));
            Assert.Equal((runs, steps), await WindowsAsync(service, killed));
        }
    }

    [Fact]
    public async Task Two_deliveries_of_one_merge_make_one_manifest()
    {
        await using var service = await TestService.StartAsync(
            null, null,
            services => services
                .AddSingleton(new SelectionLimits { AtOnce = TimeSpan.FromHours(1), WindowItems = 200 })
                .AddSingleton(new DatasetLimits { RunItems = 400, MergeItems = 1 }));
        await service.AddDatumsAsync(service.Store, service.Project, Enumerable.Range(0, Count).Select(n => $"twice/{n:d5}"));
        var selection = await service.SelectAsync(new { prefix = "twice/" });
        var dataset = await service.NewDatasetAsync("twice");
        var (version, _) = await BeginAsync(service, dataset, "1", selection);
        await service.DrainAsync(run => Task.WhenAll(run(), run(), run()));
        Assert.Equal(await BytesAsync(service, version, isWrittenAnew: true), await BytesAsync(service, version));
        // One of this version, and one that the test has written.
        Assert.Equal(2, (await service.BlobsAsync()).Count);
    }

    static async Task<(DatasetVersionId Version, JobId Job)> BeginAsync(
        TestService service, string dataset, string name, System.Text.Json.JsonElement selection)
    {
        using var answer = await service.NewVersionOfAsync(dataset, name, selection);
        var body = await TestUsers.JsonAsync(answer, HttpStatusCode.Accepted);
        Assert.True(DatasetVersionId.TryParse(body.GetProperty("id").GetString(), out var version));
        Assert.True(JobId.TryParse(body.GetProperty("job").GetString(), out var job));
        return (version, job);
    }

    /// <summary>The manifest of a version, or what a writer makes of its files in one go.</summary>
    static async Task<byte[]> BytesAsync(TestService service, DatasetVersionId version, bool isWrittenAnew = false)
    {
        var row = await service.Services.GetRequiredService<DatasetTable>().FindVersionAsync(version, default);
        Assert.Equal(Count, row!.Count);
        var manifest = row.Manifest!;
        if (isWrittenAnew)
        {
            var entries = service.Services.GetRequiredService<ManifestReader>().ReadAsync(manifest, PathRange.All, default);
            manifest = Assert.IsType<ManifestOutcome.Written>(await service.Services.GetRequiredService<ManifestWriter>()
                .WriteAsync(version, entries, default)).Manifest;
        }

        return await service.Services.GetRequiredService<ManifestBlobs>().ReadAsync(manifest.Blob, 0, manifest.Length, default);
    }

    /// <summary>The windows that wrote runs, and those that wrote parts of the manifest.</summary>
    static async Task<(int Runs, int Steps)> WindowsAsync(TestService service, JobId job)
    {
        var files = await service.Services.GetRequiredService<WorkTable>().ListResultsAsync(job, null, default)
            .Select(r => r.Files!.Contains("/runs/", StringComparison.Ordinal)).ToListAsync();
        return (files.Count(isRun => isRun), files.Count(isRun => !isRun));
    }
}
