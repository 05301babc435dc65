using System.Text;
using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.Storage;
using DataRegistry.Tests.Adoption;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Rescans.TestScans;

namespace DataRegistry.Tests.Rescans;

/// <summary>A scan that dies, is repeated or is cancelled has the findings of a complete one, or none.</summary>
public sealed class RescanFaultTests : IAsyncLifetime
{
    /// <summary>Of two shards, so that a scan has few writes, and two of each kind.</summary>
    static readonly string[][] Pairs = TestKeys.Pairs(6);

    static readonly string[] All = [.. Pairs.SelectMany(p => p)];
    static readonly string[] Missing = Pairs[0], Changed = Pairs[1], Returned = Pairs[2];

    static readonly (string, string)[] Settings =
        [("Adoption:WindowKeys", "1000"), ("Adoption:TableRequestsInFlight", "1"), ("Adoption:RangesPerJob", "1")];

    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(Settings);

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_message_delivered_twice_counts_everything_once(bool atOnce)
    {
        await PrepareAsync();
        var path = await service.AcceptScanAsync();
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
        await AssertWholeAsync(await service.GetAsync(path));
    }

    [Fact]
    public async Task The_worker_dies_between_each_pair_of_writes_in_turn_and_the_report_is_the_same()
    {
        await PrepareAsync();
        var deaths = 0;
        for (var write = 0; ; write++)
        {
            // Each scan has the same findings, because the changes of the previous one are undone.
            await RestoreAsync();
            var path = await service.AcceptScanAsync();
            var died = await service.DrainWithDeathAsync(write);
            await AssertWholeAsync(await service.GetAsync(path));
            deaths += died ? 1 : 0;
            if (!died)
                break;
        }

        Assert.True(deaths > 12, $"Only {deaths} writes were died at.");
    }

    [Fact]
    public async Task What_a_scan_left_half_done_that_was_cancelled_is_made_whole_by_the_next()
    {
        await PrepareAsync();
        for (var (write, died) = (0, true); died; write++)
        {
            await RestoreAsync();
            var path = await service.AcceptScanAsync();
            died = await service.DrainWithDeathAsync(write, again: false);
            await service.Http.StatusAsync("POST", $"{path}cancel/");
            await service.ScanAsync();
            Assert.Equal(Changed, await service.DriftedAsync("changed"));
            Assert.Equal(Missing, await service.DriftedAsync("missing"));
        }
    }

    [Fact]
    public async Task A_scan_that_adopts_dies_between_each_pair_of_writes_in_turn_and_adopts_everything_once()
    {
        await service.SetPolicyAsync("""{"adopt_changed":true,"adopt_new":true}""");
        await service.AdoptAllAsync("a", "b", "c");
        var datums = 3;
        for (var write = 0; ; write++)
        {
            service.Bucket.Put("b", Encoding.UTF8.GetBytes($"{write}"));
            service.Put($"new-{write:D3}");
            var path = await service.AcceptScanAsync();
            var died = await service.DrainWithDeathAsync(write);
            Assert.Equal($"unchanged {write + 2}, changed 1, new 1, adopted 2", Counts(await service.GetAsync(path)));
            await AssertToldAsync(path);
            datums += 2;
            var replaced = (await service.DriftedAsync("changed")).Count();
            Assert.Equal((write + 1, datums), (replaced, await service.CountRowsAsync("datums") - replaced));
            if (!died)
                break;
        }

        Assert.Equal(
            await service.CountRowsAsync("locations"),
            (await service.GetAllAsync($"/api/v0/data/?project={service.Project.Id}&drift=none")).Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Where_the_worker_died_and_what_it_adopted_is_gone_every_location_has_its_datum_all_the_same(bool prefix)
    {
        await service.SetPolicyAsync("""{"adopt_new":true}""");
        service.Put("a");
        for (var (write, died) = (0, true); died; write++)
        {
            service.Put($"new-{write:D3}");
            if (prefix)
                (await service.AdoptAsync(new { prefix = service.Url(""), project = service.Project.Id })).Dispose();
            else
                await service.AcceptScanAsync();
            died = await service.DrainWithDeathAsync(write, meanwhile: () => service.Bucket.Delete($"new-{write:D3}"));
            foreach (var location in await service.LocationsAsync(service.Store.Id))
                await service.GetAsync($"/api/v0/data/{new DatumId(TimedId.FromGuid(location.Datum))}/");
        }
    }

    [Fact]
    public async Task What_another_delivery_adopts_meanwhile_is_told_however_far_that_one_comes()
    {
        await service.SetPolicyAsync("""{"adopt_changed":true,"adopt_new":true}""");
        await service.AdoptAllAsync("a", "b", "c");
        await using var other = await TestService.StartAsync(service.Connection, null, Settings);
        var died = true;
        for (var write = 0; died; write++)
        {
            service.Bucket.Put("b", Encoding.UTF8.GetBytes($"{write}"));
            service.Put($"new-{write:D3}");
            var path = await service.AcceptScanAsync();
            await service.DrainWithOthersAsync(async run =>
            {
                // The first delivery has read the stretch and asks for confirmation. The second one, on another instance, then does all
                // its work, up to a write. If that ends the job, the first one may go on before the second has ended.
                var (asked, second) = (0, Task.CompletedTask);
                service.Server.Intercept = async (_, kind) =>
                {
                    if (kind == "head" && Interlocked.Increment(ref asked) == 1)
                        await (second = DieAsync());
                    return false;
                };
                await run(service);
                service.Server.Intercept = null;
                await second;

                async Task DieAsync()
                {
                    other.Transport.DieAfter(write);
                    var death = await Record.ExceptionAsync(() => run(other));
                    died = other.Transport.IsDead;
                    other.Transport.Revive();
                    Assert.True(died || death is null, $"{death}");
                }
            });
            Assert.Equal($"unchanged {write + 2}, changed 1, new 1, adopted 2", Counts(await service.GetAsync(path)));
            await AssertToldAsync(path);
            Assert.InRange(write, 0, 100);
        }
    }

    [Fact]
    public async Task Who_marks_a_datum_late_on_what_it_read_before_another_took_its_mark_back_fails()
    {
        await service.AdoptAllAsync("a");
        var datums = service.Services.GetRequiredService<DatumTable>();
        var row = (await datums.FindAsync(
            new DatumId(TimedId.FromGuid(Assert.Single(await service.LocationsAsync(service.Store.Id)).Datum)), default))!;
        // The delivery that withdraws the mark finds no mark, because the other one has written only the location.
        Assert.True(
            await datums.TryMarkAsync([(new(row.Id, DriftState.None, null, Guid.NewGuid(), DateTimeOffset.UnixEpoch), row)], default));
        Assert.False(
            await datums.TryMarkAsync([(new(row.Id, DriftState.Missing, null, Guid.NewGuid(), DateTimeOffset.UnixEpoch), row)], default));
        Assert.Empty(await service.DriftedAsync("missing"));
    }

    [Fact]
    public async Task What_is_counted_after_a_scan_was_cancelled_its_store_shows_too()
    {
        await service.AdoptAllAsync(Keys(30));
        var path = await service.AcceptScanAsync();
        service.Server.Intercept = async (_, kind) =>
        {
            if (kind == "list" && (await service.GetAsync(path)).GetProperty("status").GetString() == "running")
                await service.Http.StatusAsync("POST", $"{path}cancel/");
            return false;
        };
        await service.DrainAsync();
        var scan = await service.GetAsync(path);
        Assert.Equal(("cancelled", "unchanged 30"), (scan.GetProperty("status").GetString(), Counts(scan)));
        Assert.Equal("unchanged 30", Counts((await service.GetAsync($"/api/v0/stores/{service.Store.Id}/")).GetProperty("last_rescan")));
    }

    /// <summary>One changed object and one new one, both adopted.</summary>
    async Task AssertToldAsync(string path)
    {
        var told = (await service.GetAllAsync($"{path}results/")).ToDictionary(r => r.GetProperty("outcome").GetString()!);
        var (changed, added) = (told["changed"], told["new"]);
        Assert.NotEqual(changed.GetProperty("datum").GetString(), changed.GetProperty("adopted").GetString());
        var before = await service.GetAsync($"/api/v0/data/{changed.GetProperty("datum").GetString()}/");
        Assert.Equal("changed", before.GetProperty("drift").GetProperty("state").GetString());
        Assert.Equal(before.GetProperty("drift").GetProperty("was").GetRawText(), changed.GetProperty("was").GetRawText());
        Assert.Equal(
            (JsonValueKind.Null, JsonValueKind.Null, JsonValueKind.String),
            (added.GetProperty("datum").ValueKind, added.GetProperty("was").ValueKind, added.GetProperty("adopted").ValueKind));
    }

    async Task PrepareAsync()
    {
        await service.AdoptAllAsync(All);
        service.Bucket.Delete(Returned[0]);
        service.Bucket.Put(Returned[1], "x"u8);
        await service.ScanAsync();
        await RestoreAsync();
    }

    /// <summary>Makes the next scan find two of each kind.</summary>
    async Task RestoreAsync()
    {
        service.Put(All);
        foreach (var key in Returned)
            service.Bucket.Delete(key);
        await service.ScanAsync();
        service.Put(All);
        foreach (var key in Missing)
            service.Bucket.Delete(key);
        service.Bucket.Put(Changed[0], "x"u8);
        service.Bucket.Put(Changed[1], "y"u8);
        service.Put("new-1", "new-2");
    }

    async Task AssertWholeAsync(JsonElement scan)
    {
        Assert.Equal("unchanged 6, changed 2, missing 2, returned 2, new 2", Counts(scan));
        Assert.Equal(8, (await service.ResultsAsync(scan)).Count);
        Assert.Equal(Changed, await service.DriftedAsync("changed"));
        Assert.Equal(Missing, await service.DriftedAsync("missing"));
    }
}
