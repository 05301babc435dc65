using System.Text.Json;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using static DataRegistry.Tests.Rescans.TestScans;

namespace DataRegistry.Tests.Rescans;

/// <summary>A scan of a bucket that fails, is unreachable or lies has no wrong findings.</summary>
public sealed class RescanBucketFaultTests : IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(("Adoption:WindowKeys", "1000"));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_bucket_whose_objects_all_vanish_while_it_is_scanned_is_doubted_too()
    {
        await service.AdoptAllAsync(Keys(1500));
        service.Server.Intercept = (_, kind) =>
        {
            if (kind == "head" || service.Server.Requests["list"] > 1)
            {
                foreach (var key in Keys(1500))
                    service.Bucket.Delete(key);
            }

            return Task.FromResult(false);
        };
        service.Server.Requests.Reset();
        var scan = await ScanToTheEndAsync();
        Assert.Equal("failed", scan.GetProperty("status").GetString());
        Assert.Contains("lists no objects", scan.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Empty(await service.DriftedAsync("missing"));
    }

    [Fact]
    public async Task A_bucket_that_fails_to_say_whether_it_keeps_versions_takes_no_drift_back()
    {
        service.Bucket.Versioning = EmbeddedVersioning.Enabled;
        await service.AdoptAllAsync("a", "b");
        service.Put("a");
        Assert.Equal("unchanged 1, changed 1", Counts(await service.ScanAsync()));
        service.Server.Intercept = async (http, kind) =>
        {
            if (kind != "get_versioning")
                return false;
            http.Response.StatusCode = 500;
            await http.Response.WriteAsync("<Error><Code>InternalError</Code><Message>no</Message></Error>");
            return true;
        };
        Assert.Equal("failed", (await ScanToTheEndAsync()).GetProperty("status").GetString());
        Assert.Equal(["a"], await service.DriftedAsync("changed"));
        service.Server.Intercept = null;
        Assert.Equal("unchanged 1, changed 1", Counts(await service.ScanAsync()));
    }

    [Theory]
    [InlineData("list", 500)]
    [InlineData("list", 403)]
    [InlineData("list", 404)]
    [InlineData("head", 403)]
    [InlineData("head", 500)]
    public async Task A_bucket_that_refuses_fails_the_scan_or_is_asked_otherwise_and_nothing_becomes_missing_wrongly(
        string kind, int status)
    {
        await service.AdoptAllAsync(Keys(30));
        service.Bucket.Delete("k0005");
        service.Server.Intercept = async (http, asked) =>
        {
            if (asked != kind)
                return false;
            http.Response.StatusCode = status;
            if (kind == "list")
                await http.Response.WriteAsync(
                    $"<Error><Code>{(status == 404
                        ? "NoSuchBucket"
                        : status == 403 ? "AccessDenied" : "InternalError")}</Code><Message>no</Message></Error>");
            return true;
        };
        var scan = await ScanToTheEndAsync();
        service.Server.Intercept = null;
        if ((kind, status) == ("head", 403))
        {
            // The LIST shows the object too.
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
            await http.Response.WriteAsync(
                wrong == "no list" ? "<html><body>Welcome</body></html>" : PageOf(keys, etags, truncated, wrong != "without a token"));
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
            """<?xml version="1.0" encoding="UTF-8"?>""",
            """<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>""",
            "<Prefix></Prefix><MaxKeys>1000</MaxKeys>",
            $"<IsTruncated>{(truncated ? "true" : "false")}</IsTruncated>",
            truncated && token ? "<NextContinuationToken>more</NextContinuationToken>" : "",
            .. keys.Select(
                key =>
                    $"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;{etags[
                        key]}&quot;</ETag><Size>{key.Length}</Size></Contents>"),
            "</ListBucketResult>",
        ];
        return string.Concat(page);
    }

    /// <summary>Like the host: a failed delivery comes again, then goes to the poison queue.</summary>
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
}
