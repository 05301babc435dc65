using System.Text;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using static DataRegistry.Tests.Rescans.TestScans;

namespace DataRegistry.Tests.Rescans;

/// <summary>A scan that fails, dies, is repeated or is lied to says nothing wrong of anything.</summary>
public sealed class RescanFaultTests : IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(("Adoption:WindowKeys", "1000"), ("Adoption:TableRequestsInFlight", "1"));

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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_worker_dies_before_or_after_each_write_in_turn_and_the_report_is_the_same(bool after)
    {
        await PrepareAsync();
        var deaths = 0;
        for (var write = 0; ; write++)
        {
            // Each scan finds the same: what the one before found is undone.
            await RestoreAsync();
            var path = await service.AcceptScanAsync();
            service.Transport.DieAt(write, after);
            var died = false;
            await service.DrainAsync(async run =>
            {
                try
                {
                    await run();
                }
                catch (Exception) when (service.Transport.IsDead)
                {
                    died = true;
                    service.Transport.Revive();
                    await run();
                }
            });
            service.Transport.Revive();
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
            service.Transport.DieAt(write, after: true);
            died = false;
            await service.DrainAsync(async run =>
            {
                try
                {
                    await run();
                }
                catch (Exception) when (service.Transport.IsDead)
                {
                    died = true;
                    service.Transport.Revive();
                }
            });
            service.Transport.Revive();
            await service.Http.StatusAsync("POST", $"{path}cancel/");
            await service.ScanAsync();
            Assert.Equal(["k0003", "k0004"], await service.DriftedAsync("changed"));
            Assert.Equal(["k0001", "k0002"], await service.DriftedAsync("missing"));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_scan_that_adopts_dies_before_or_after_each_write_in_turn_and_adopts_everything_once(bool after)
    {
        await service.SetPolicyAsync("""{"adopt_changed":true,"adopt_new":true}""");
        await service.AdoptAllAsync("a", "b", "c");
        var datums = 3;
        for (var write = 0; ; write++)
        {
            service.Bucket.Put("b", Encoding.UTF8.GetBytes($"{write}"));
            service.Put($"new-{write:D3}");
            var path = await service.AcceptScanAsync();
            service.Transport.DieAt(write, after);
            var died = false;
            await service.DrainAsync(async run =>
            {
                try
                {
                    await run();
                }
                catch (Exception) when (service.Transport.IsDead)
                {
                    died = true;
                    service.Transport.Revive();
                    await run();
                }
            });
            service.Transport.Revive();
            Assert.Equal($"unchanged {write + 2}, changed 1, new 1, adopted 2", Counts(await service.GetAsync(path)));
            datums += 2;
            Assert.Equal(datums, await service.CountRowsAsync("datums") - (await service.DriftedAsync("changed")).Count());
            Assert.Equal(write + 1, (await service.DriftedAsync("changed")).Count());
            if (!died)
                break;
        }

        Assert.Equal(await service.CountRowsAsync("locations"), (await service.GetAllAsync($"/api/v0/data/?project={service.Project.Id}&drift=none")).Count);
    }

    [Theory]
    [InlineData("list", 500)]
    [InlineData("list", 403)]
    [InlineData("list", 404)]
    [InlineData("head", 403)]
    [InlineData("head", 500)]
    public async Task A_bucket_that_refuses_fails_the_scan_or_is_asked_otherwise_and_nothing_becomes_missing_wrongly(string kind, int status)
    {
        await service.AdoptAllAsync(Keys(30));
        service.Bucket.Delete("k0005");
        service.Server.Intercept = async (http, asked) =>
        {
            if (asked != kind)
                return false;
            http.Response.StatusCode = status;
            if (kind == "list")
                await http.Response.WriteAsync($"<Error><Code>{(status == 404 ? "NoSuchBucket" : status == 403 ? "AccessDenied" : "InternalError")}</Code><Message>no</Message></Error>");
            return true;
        };
        var scan = await ScanToTheEndAsync();
        service.Server.Intercept = null;
        if ((kind, status) == ("head", 403))
        {
            // The list tells as well what is there.
            Assert.Equal("unchanged 29, missing 1", Counts(scan));
            return;
        }

        Assert.Equal("failed", scan.GetProperty("status").GetString());
        Assert.NotNull(scan.GetProperty("error").GetString());
        Assert.Empty(await service.DriftedAsync("missing"));
        Assert.Equal("unknown", await service.DriftAsync("k0001"));
        Assert.Equal("unchanged 29, missing 1", Counts(await service.ScanAsync()));
    }

    [Theory]
    [InlineData("cut short")]
    [InlineData("repeated")]
    [InlineData("backwards")]
    [InlineData("empty")]
    [InlineData("without a token")]
    [InlineData("no list")]
    public async Task A_page_that_is_wrong_makes_nothing_missing(string wrong)
    {
        await service.AdoptAllAsync(Keys(1500));
        var etags = (await service.LocationsAsync(service.Store.Id)).ToDictionary(l => l.Key, l => l.ObjectETag);
        var asked = false;
        service.Server.Intercept = async (http, kind) =>
        {
            if (kind != "list" || http.Request.Query["max-keys"] == "1")
                return false;
            var keys = Keys(1500).Where(k => string.CompareOrdinal(k, http.Request.Query["start-after"]) > 0).Take(1000).ToList();
            var truncated = keys.Count == 1000;
            switch (wrong)
            {
                case "cut short":
                    (keys, truncated) = (keys[..10], false);
                    break;
                case "repeated":
                    keys = Keys(1000).ToList();
                    truncated = true;
                    break;
                case "backwards":
                    keys.Reverse();
                    break;
                case "empty":
                    (keys, truncated) = ([], true);
                    break;
                case "without a token":
                    truncated = true;
                    break;
            }

            asked = true;
            await http.Response.WriteAsync(wrong == "no list" ? "<html><body>Welcome</body></html>" : PageOf(keys, etags, truncated, wrong != "without a token"));
            return true;
        };
        var scan = await ScanToTheEndAsync();
        service.Server.Intercept = null;
        Assert.True(asked);
        Assert.Empty(await service.DriftedAsync("missing"));
        Assert.Empty(await service.DriftedAsync("changed"));
        if (wrong == "cut short")
            Assert.Equal("unchanged 1500", Counts(scan));
        else
            Assert.Equal("failed", scan.GetProperty("status").GetString());
        Assert.Equal("unchanged 1500", Counts(await service.ScanAsync()));
    }

    [Fact]
    public async Task A_bucket_that_is_gone_between_the_list_and_what_makes_sure_of_it_is_not_taken_for_one_without_objects()
    {
        await service.AdoptAllAsync(Keys(20));
        service.Bucket.Delete("k0001");
        var gone = false;
        service.Server.Intercept = async (http, kind) =>
        {
            gone |= kind == "head";
            if (!gone)
                return false;
            http.Response.StatusCode = 404;
            if (kind != "head")
                await http.Response.WriteAsync("<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>");
            return true;
        };
        var scan = await ScanToTheEndAsync();
        Assert.Equal("failed", scan.GetProperty("status").GetString());
        Assert.Empty(await service.DriftedAsync("missing"));
    }

    static string PageOf(List<string> keys, Dictionary<string, string> etags, bool truncated, bool token)
    {
        string[] page =
        [
            """<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix></Prefix><MaxKeys>1000</MaxKeys>""",
            $"<IsTruncated>{(truncated ? "true" : "false")}</IsTruncated>",
            truncated && token ? "<NextContinuationToken>more</NextContinuationToken>" : "",
            .. keys.Select(key => $"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;{etags[key]}&quot;</ETag><Size>{key.Length}</Size></Contents>"),
            "</ListBucketResult>",
        ];
        return string.Concat(page);
    }

    /// <summary>As the host does: a delivery that fails comes again, then goes to the poison queue.</summary>
    async Task<JsonElement> ScanToTheEndAsync()
    {
        var path = await service.AcceptScanAsync();
        for (var messages = await service.ReceiveAsync("adopt"); messages.Count > 0; messages = await service.ReceiveAsync("adopt"))
        {
            foreach (var message in messages)
            {
                try
                {
                    await Registry.QueueFunctions[0].RunAsync(service.Services, new(message.MessageText, 10), default);
                }
                catch (Exception)
                {
                    await Registry.QueueFunctions[1].RunAsync(service.Services, new(message.MessageText, 1), default);
                }

                await service.Storage.Queues.GetQueueClient("adopt").DeleteMessageAsync(message.MessageId, message.PopReceipt);
            }
        }

        return await service.GetAsync(path);
    }

    async Task PrepareAsync()
    {
        await service.AdoptAllAsync(Keys(40));
        service.Bucket.Delete("k0030");
        service.Bucket.Put("k0031", "x"u8);
        await service.ScanAsync();
        await RestoreAsync();
    }

    /// <summary>Such that the next scan finds two of each kind.</summary>
    async Task RestoreAsync()
    {
        service.Put(Keys(40));
        foreach (var key in new[] { "k0030", "k0031" })
            service.Bucket.Delete(key);
        await service.ScanAsync();
        service.Put(Keys(40));
        service.Bucket.Delete("k0001");
        service.Bucket.Delete("k0002");
        service.Bucket.Put("k0003", "x"u8);
        service.Bucket.Put("k0004", "y"u8);
        service.Put("new-1", "new-2");
    }

    async Task AssertWholeAsync(JsonElement scan)
    {
        Assert.Equal("unchanged 34, changed 2, missing 2, returned 2, new 2", Counts(scan));
        Assert.Equal(8, (await service.ResultsAsync(scan)).Count);
        Assert.Equal(["k0003", "k0004"], await service.DriftedAsync("changed"));
        Assert.Equal(["k0001", "k0002"], await service.DriftedAsync("missing"));
    }
}
