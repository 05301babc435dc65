using System.Net;
using DataRegistry.Datums;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Selections;
using DataRegistry.Storage;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Selections;

/// <summary>A narrow prefix is frozen by its locations. It takes the very datums that reading all of them would take.</summary>
public sealed class LocationSourceTests : IAsyncLifetime
{
    // Whole windows are few items, so that a selection goes on in the middle of a shard, and in the next one.
    static readonly SelectionLimits Limits = new()
    {
        AtOnce = TimeSpan.Zero,
        FewRows = 4,
        WindowItems = 3,
        EarlierReads = 2,
    };

    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(null, null, services => services.AddSingleton(Limits));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task Locations_and_datums_give_the_same_selection()
    {
        await ArrangeAsync();
        var sources = service.Services.GetRequiredService<FreezeSources>();
        var store = service.Store.Id;
        foreach (var filter in new SelectionFilter[]
        {
            new() { Store = store, Prefix = "n/" },
            new() { Store = store, Prefix = "n/", Bucket = "bucket" },
            new() { Store = store, Prefix = "n/", Bucket = "other" },
            new() { Store = store, Prefix = "n/k", Glob = "n/*e*" },
            new() { Store = store, Prefix = "n/", Name = "kept" },
            new() { Store = store, Prefix = "n/", NameContains = "ed" },
            new() { Store = store, Prefix = "n/", SizeMin = 5 },
            new() { Store = store, Prefix = "n/", SizeMax = 5 },
            new() { Store = store, Prefix = "n/", Purged = false },
            new() { Store = store, Prefix = $"n/{new string('l', 500)}" },
        })
        {
            var byDatums = await ReadAsync(sources, filter, byLocations: false);
            Assert.Equal(byDatums, await ReadAsync(sources, filter, byLocations: true));
        }

        Assert.Equal(8, (await ReadAsync(sources, new() { Store = store, Prefix = "n/" }, byLocations: true)).Count);
    }

    [Fact]
    public async Task A_narrow_prefix_is_one_range_whatever_the_project_has_and_survives_deaths()
    {
        await service.AddDatumsAsync(service.Store, service.Project, Enumerable.Range(0, 200).Select(i => $"wide/{i}"));
        var keys = Enumerable.Range(0, 1000).Select(i => $"narrow/{i}")
            .GroupBy(Shards.Of).SelectMany(shard => shard.Take(Limits.FewRows)).Order(StringComparer.Ordinal).ToList();
        await service.AddDatumsAsync(service.Store, service.Project, keys);
        var sources = service.Services.GetRequiredService<FreezeSources>();
        var (store, project) = (service.Store.Id, service.Project);
        Assert.Equal(new(true, true), await sources.PlanAsync(project, new() { Store = store, Prefix = "narrow/" }, default));
        Assert.Equal(default, await sources.PlanAsync(project, new() { Store = store, Prefix = "wide/" }, default));
        Assert.Equal(default, await sources.PlanAsync(project, new() { Prefix = "narrow/" }, default));
        Assert.Equal(default, await sources.PlanAsync(project, new() { Store = store, Prefix = "narrow/", Tag = "t" }, default));
        var few = await service.Services.GetRequiredService<ProjectTable>().EnsureAsync(Guid.NewGuid(), "few", default);
        Assert.Equal(new(true, false), await sources.PlanAsync(few, new() { Store = store, Prefix = "wide/" }, default));
        foreach (var write in new[] { 1, 4, 9, 17, 31 })
        {
            using var answer = await service.NewSelectionAsync(new { store, prefix = "narrow/" });
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            Assert.True(await service.DrainWithDeathAsync(write));
            var selection = await service.GetAsync(answer.Headers.Location!.AbsolutePath);
            Assert.Equal("completed", selection.GetProperty("status").GetString());
            Assert.Equal(keys, (await service.ItemsAsync(selection)).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task A_long_line_of_earlier_datums_is_read_some_at_a_time_and_selected_as_a_whole()
    {
        await service.AddDatumsAsync(service.Store, service.Project, Enumerable.Range(0, 200).Select(i => $"wide/{i}"));
        foreach (var key in new[] { "line/a", "line/b" })
            await service.AdoptedAsync(key);
        for (var change = 0; change < 9; change++)
            await ChangeAsync("line/a", $"{change}");
        var filter = new SelectionFilter { Store = service.Store.Id, Prefix = "line/" };
        var sources = service.Services.GetRequiredService<FreezeSources>();
        Assert.Equal(new(true, true), await sources.PlanAsync(service.Project, filter, default));
        var source = await OpenAsync(sources, filter, byLocations: true);
        var page = await source.ReadAsync(Shards.Of("line/a"), null, null, default);
        Assert.InRange(page.Items.Count, 3, 4);
        Assert.Equal(page.Items.Count, page.Items.Select(i => i.Id).Distinct().Count());
        Assert.Single(page.Earlier);
        foreach (var write in new[] { 4, 8, 12 })
        {
            using var answer = await service.NewSelectionAsync(new { store = service.Store.Id, prefix = "line/" });
            Assert.True(await service.DrainWithDeathAsync(write));
            var selection = await service.GetAsync(answer.Headers.Location!.AbsolutePath);
            Assert.Equal("completed", selection.GetProperty("status").GetString());
            var items = await service.GetAllAsync($"{TestSelections.PathOf(selection)}items/");
            Assert.Equal(11, items.Select(i => i.GetProperty("id").GetString()).Distinct().Count());
            Assert.Equal(11, items.Count);
        }
    }

    /// <summary>Datums in every state that a location can be in.</summary>
    async Task ArrangeAsync()
    {
        await service.AdoptedAsync("n/kept");
        await service.AdoptedAsync($"n/{new string('l', 500)}/1");
        await service.AdoptedAsync($"n/{new string('l', 500)}/2");
        await service.AdoptedAsync("other/kept");
        await PurgeAsync(await service.AdoptedAsync("n/purged"));
        await PurgeAsync(await service.AdoptedAsync("n/again"));
        await service.AdoptedAsync("n/again");
        // Superseded: two datums, of which the location names one.
        await service.AdoptedAsync("n/changed");
        await ChangeAsync("n/changed");
        // Superseded by one that was purged: the location is free, and the older datum is not purged.
        await service.AdoptedAsync("n/older");
        await PurgeAsync(await ChangeAsync("n/older"));
        // Of a job that has not ended, with its datum and without.
        await service.AddDatumsAsync(service.Store, service.Project, ["n/running"]);
        await service.AddLocationsAsync(service.Store, service.Project, ["n/coming"]);
        var other = await service.Services.GetRequiredService<ProjectTable>().EnsureAsync(Guid.NewGuid(), "other", default);
        await service.AddDatumsAsync(service.Store, other, ["n/of-another"]);
    }

    async Task<string> ChangeAsync(string key, string content = "changed")
    {
        service.Bucket.Put(key, System.Text.Encoding.UTF8.GetBytes(content));
        using var anew = await service.AdoptAsync(new { url = service.Url(key), project = service.Project.Id, adopt_changed = true });
        return (await TestUsers.JsonAsync(anew)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
    }

    async Task PurgeAsync(string id) =>
        Assert.True((int)await service.Http.StatusAsync("POST", $"/api/v0/data/{id}/purge/") < 300);

    async Task<FreezeSource> OpenAsync(FreezeSources sources, SelectionFilter filter, bool byLocations)
    {
        var id = JobId.Create(DateTimeOffset.UtcNow, service.Project.Slot);
        var job = JobTable.NewRow(id, Guid.Empty, service.Project.Id, "a") with
        {
            Parameters = filter.Write(),
            Prefix = byLocations ? filter.Prefix : null,
        };
        var source = await sources.OpenAsync(job, service.Project, default);
        Assert.Equal(byLocations, source is LocationSource);
        return source;
    }

    async Task<List<string>> ReadAsync(FreezeSources sources, SelectionFilter filter, bool byLocations)
    {
        var source = await OpenAsync(sources, filter, byLocations);
        var items = new List<string>();
        for (var shard = 0; shard < Shards.Count; shard++)
            items.AddRange((await source.ReadAsync(shard, null, null, default)).Items.Select(i => $"{i.Key} {i.Id} {i.Size} {i.Uri}"));
        return [.. items.Order(StringComparer.Ordinal)];
    }
}
