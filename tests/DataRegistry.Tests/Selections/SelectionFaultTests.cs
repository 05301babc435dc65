using System.Net;
using System.Text;
using System.Text.Json;
using DataRegistry.Selections;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Selections;

/// <summary>
/// Workers die between two writes, and messages come again. Totals stay right, and nothing is done twice or by halves.
/// </summary>
public sealed class SelectionFaultTests : IAsyncLifetime
{
    const int Count = 40;

    /// <summary>Numbers of writes after which the worker dies, over the length of a job.</summary>
    static readonly int[] Deaths = [1, 4, 9, 17, 31];

    TestService service = null!;

    public async Task InitializeAsync() => service = await StartAsync(new());

    /// <summary>All is left to the queue. Actions take few items at a time, and files are small.</summary>
    static Task<TestService> StartAsync(SelectionLimits limits) => TestService.StartAsync(null, null, services => services.AddSingleton(
        limits with { AtOnce = TimeSpan.Zero, WindowItems = 4, ExportItems = 6, FileBytes = 130_000 }));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_freeze_that_is_killed_takes_each_datum_once()
    {
        // A range for each shard.
        await service.DisposeAsync();
        service = await StartAsync(new() { FewRows = 0 });
        var keys = await AdoptAsync("freeze/");
        foreach (var write in Deaths)
        {
            using var answer = await service.NewSelectionAsync(new { prefix = "freeze/" });
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            Assert.True(await service.DrainWithDeathAsync(write));
            var selection = await service.GetAsync(answer.Headers.Location!.AbsolutePath);
            Assert.Equal("completed", selection.GetProperty("status").GetString());
            Assert.Equal(Count, selection.GetProperty("count").GetInt32());
            Assert.Equal(keys, (await service.ItemsAsync(selection)).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task A_purge_that_is_killed_purges_each_datum_once_and_frees_its_location()
    {
        foreach (var write in Deaths)
        {
            var prefix = $"purge-{write}/";
            await AdoptAsync(prefix);
            var selection = await service.SelectAsync(new { prefix });
            var path = await service.ActAsync(selection, "purge");
            Assert.True(await service.DrainWithDeathAsync(write));
            TestSelections.AssertCounts(await service.GetAsync(path), Count, Count, 0, 0);
            Assert.DoesNotContain(
                await service.LocationsAsync(service.Store.Id), l => l.Key.StartsWith(prefix, StringComparison.Ordinal) && !l.IsFree);
            Assert.Equal(Count, (await service.SelectAsync(new { prefix, purged = true })).GetProperty("count").GetInt32());
        }
    }

    [Fact]
    public async Task What_is_adopted_again_while_it_is_purged_is_purged_or_not_in_the_selection()
    {
        var keys = await AdoptAsync("race/");
        var selection = await service.SelectAsync(new { prefix = "race/" });
        var path = await service.ActAsync(selection, "purge");
        // Other jobs adopt the same prefix between two deliveries of a half-done window, and after that.
        Assert.True(await service.DrainWithDeathAsync(
            9,
            () => service.AdoptUrlsAsync(keys.Take(30).Select(service.Url)).GetAwaiter().GetResult().EnsureSuccessStatusCode()));
        TestSelections.AssertCounts(await service.GetAsync(path), Count, Count, 0, 0);
        var chosen = (await service.GetAllAsync($"{TestSelections.PathOf(selection)}items/")).Select(i => i.GetProperty("id").GetString());
        var purged = await IdsAsync("&purged=true");
        Assert.Equal(chosen.Order(), purged.Order());
        var left = await service.GetDatumsAsync();
        Assert.InRange(left.Count, 1, 30);
        Assert.Empty(left.Select(d => d.GetProperty("id").GetString()).Intersect(purged));
        // The purge of a datum does not free a location that another datum has taken over.
        Assert.Equal(left.Count, (await service.LocationsAsync(service.Store.Id)).Count(l => !l.IsFree));
    }

    [Fact]
    public async Task Tagging_that_is_killed_tags_each_datum_once_and_leaves_later_edits_alone()
    {
        foreach (var write in Deaths)
        {
            var prefix = $"tag-{write}/";
            await AdoptAsync(prefix);
            var selection = await service.SelectAsync(new { prefix });
            var path = await service.ActAsync(selection, "tag", $$"""{"tags":["{{prefix}}"]}""");
            var edited = new List<string?>();
            Assert.True(await service.DrainWithDeathAsync(write, () => EditAsync().GetAwaiter().GetResult()));
            TestSelections.AssertCounts(await service.GetAsync(path), Count, Count, 0, 0);
            var tagged = await IdsAsync($"&tag={Uri.EscapeDataString(prefix)}");
            Assert.Equal(Count - edited.Count, tagged.Count);
            Assert.Empty(tagged.Intersect(edited));

            // Somebody removes the tag from datums that are already tagged.
            async Task EditAsync()
            {
                foreach (var id in (await IdsAsync($"&tag={Uri.EscapeDataString(prefix)}")).Take(3))
                {
                    Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("POST", $"/api/v0/data/{id}/metadata/", "{}"));
                    edited.Add(id);
                }
            }
        }
    }

    /// <summary>The formats share their writes, so each of them takes its part of the deaths.</summary>
    [Theory]
    [InlineData("ndjson", 1, 31)]
    [InlineData("csv", 4, 17)]
    [InlineData("parquet", 9, 23)]
    public async Task An_export_that_is_killed_has_each_datum_once_in_files_that_are_whole(string format, params int[] deaths)
    {
        var keys = await AdoptAsync("export/");
        var selection = await service.SelectAsync(new { prefix = "export/" });
        foreach (var write in deaths)
        {
            var path = await service.ActAsync(selection, "export", $$"""{"format":"{{format}}"}""");
            Assert.Equal(JsonValueKind.Null, (await service.GetAsync(path)).GetProperty("files").ValueKind);
            Assert.True(await service.DrainWithDeathAsync(write));
            var job = await service.GetAsync(path);
            TestSelections.AssertCounts(job, Count, Count, 0, 0);
            var exported = new List<string>();
            foreach (var file in job.GetProperty("files").EnumerateArray())
            {
                using var stranger = service.NewClient();
                var bytes = await stranger.GetByteArrayAsync(new Uri(file.GetProperty("url").GetString()!));
                Assert.Equal(file.GetProperty("bytes").GetInt64(), bytes.Length);
                var own = await KeysAsync(bytes);
                Assert.Equal(file.GetProperty("rows").GetInt64(), own.Count);
                exported.AddRange(own);
            }

            Assert.Equal(keys, exported.Order(StringComparer.Ordinal));
        }

        async Task<List<string>> KeysAsync(byte[] file)
        {
            if (format == "parquet")
                return [.. (await TestParquet.ReadAsync(file)).Select(row => (string)row["key"]!)];
            var lines = Encoding.UTF8.GetString(file).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return format == "csv"
                ? [.. lines.Skip(1).Select(line => line.Split(',')[4])]
                : [.. lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("key").GetString()!)];
        }
    }

    [Fact]
    public async Task A_cancelled_job_keeps_what_it_did_and_a_cancelled_selection_cannot_be_acted_on()
    {
        await AdoptAsync("cancel/");
        using var answer = await service.NewSelectionAsync(new { prefix = "cancel/" });
        var path = answer.Headers.Location!.AbsolutePath;
        Assert.Equal(HttpStatusCode.Conflict, await service.Http.StatusAsync("POST", $"{path}purge/"));
        using var cancelled = await service.Http.SendAsync("POST", $"{path}cancel/");
        Assert.Equal("cancelled", (await TestUsers.JsonAsync(cancelled, HttpStatusCode.Accepted)).GetProperty("status").GetString());
        await service.DrainAsync();
        Assert.Equal(HttpStatusCode.Conflict, await service.Http.StatusAsync("POST", $"{path}purge/"));

        var selection = await service.SelectAsync(new { prefix = "cancel/" });
        var job = await service.ActAsync(selection, "purge");
        using var ended = await service.Http.SendAsync("POST", $"{job}cancel/");
        Assert.Equal("cancelled", (await TestUsers.JsonAsync(ended, HttpStatusCode.Accepted)).GetProperty("status").GetString());
        await service.DrainAsync();
        TestSelections.AssertCounts(await service.GetAsync(job), Count, 0, 0, Count);
        TestSelections.AssertCounts(await service.ActedAsync(selection, "purge"), Count, Count, 0, 0);
    }

    /// <summary>Adopts objects with a prefix; returns their keys, in order.</summary>
    async Task<List<string>> AdoptAsync(string prefix)
    {
        var keys = Enumerable.Range(0, Count).Select(i => $"{prefix}{i:D2}").ToList();
        service.Put([.. keys]);
        (await service.AdoptUrlsAsync(keys.Select(service.Url))).EnsureSuccessStatusCode();
        return keys;
    }

    async Task<List<string?>> IdsAsync(string query) =>
    [
        .. (await service.GetAllAsync($"/api/v0/data/?project={service.Project.Id}&limit=1000&no_count=true{query}"))
            .Select(d => d.GetProperty("id").GetString()),
    ];
}
