using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Adoption;

/// <summary>A service that waits 8 seconds for a bucket's answer, so that a busy machine has the time to answer for a good key.</summary>
public sealed class ServiceWithTimeout : SharedService
{
    protected override void Replace(IServiceCollection services) => services.AddSingleton(s => new Buckets(
        StoresRoom.BucketsOptionsOf(s) with { MaxBackoff = TimeSpan.FromMilliseconds(5), RequestTimeout = TimeSpan.FromSeconds(8) }));
}

/// <summary>If the bucket fails for one key, only that key fails, with the server's own code.</summary>
public sealed class BadKeyTests(ServiceWithTimeout shared) : IClassFixture<ServiceWithTimeout>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    public static TheoryData<string, string> Faults => new()
    {
        { "500", "HTTP 500" },
        { "503", "HTTP 503" },
        { "429", "HTTP 429" },
        { "301", "HTTP 301" },
        { "401", "HTTP 401" },
        { "400", "HTTP 400" },
        { "501", "HTTP 501" },
        { "cut", "breaks off" },
        { "header", "an unreadable answer" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_short_list_is_adopted_but_for_it(string fault, string reason)
    {
        service.Put([.. Keys(60), "bad"]);
        Fail("bad", fault);

        using var response = await service.AdoptUrlsAsync([.. Keys(60).Select(service.Url), service.Url("bad")]);

        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((HttpStatusCode.OK, 60), (response.StatusCode, answer.GetProperty("created").EnumerateObject().Count()));
        var error = Assert.Single(answer.GetProperty("errors").EnumerateArray());
        Assert.Equal(service.Url("bad"), error.GetProperty("url").GetString());
        Assert.Contains(reason, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains(error.GetProperty("code").GetString(), new[] { "object_unavailable", "key_refused" });
    }

    [Theory]
    [InlineData("list")]
    [InlineData("prefix")]
    [InlineData("manifest")]
    public async Task A_job_adopts_all_but_those(string input)
    {
        string[] bad = [.. Faults.Select(f => $"bad/{f[0]}"), "bad/hang"];
        service.Put([.. Keys(150), .. bad]);
        service.Server.Intercept = async (http, kind) =>
        {
            // Versions are refused, so each object is asked for its own.
            if (kind == "get_versioning" && input == "prefix")
            {
                http.Response.StatusCode = 403;
                return true;
            }

            // A list of URLs is looked up by HEAD, as if they were sparse.
            if (kind == "list" && input != "prefix" && http.Request.Query["max-keys"] != "20")
            {
                http.Response.StatusCode = 501;
                return true;
            }

            return kind == "head" && http.Request.Path.Value!.Split("/bad/") is [_, var fault] && await FailAsync(http, fault);
        };
        service.Bucket.Put("list.txt", Encoding.UTF8.GetBytes(string.Join('\n', [.. Keys(150), .. bad])));
        using var accepted = await service.AdoptAsync(input switch
        {
            "list" => new { urls = Keys(150).Concat(bad).Select(service.Url), project = service.Project.Id },
            "prefix" => new { prefix = "s3://bucket/", exclude = new[] { "list.txt" }, project = service.Project.Id },
            _ => new { manifest = service.Url("list.txt"), project = service.Project.Id },
        });
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        await service.DrainAsync();

        var job = accepted.Headers.Location!.AbsolutePath;
        AssertCounts(await service.GetAsync(job), created: 150, existing: 0, failed: bad.Length);
        Assert.Equal(
            bad.Select(service.Url).Order(StringComparer.Ordinal),
            (await service.GetAllAsync($"{job}results/?outcome=failed")).Select(r => r.GetProperty("url").GetString())
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task One_url_alone_is_its_own_fault_if_the_bucket_answers_for_another_key()
    {
        service.Put("bad", "good");
        Fail("bad", "500");
        using var refused = await service.AdoptUrlAsync(service.Url("bad"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);

        service.Server.Faults = new() { InternalError = 1, Kind = "head" };
        using var unavailable = await service.AdoptUrlAsync(service.Url("good"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, unavailable.StatusCode);
    }

    [Fact]
    public async Task A_scan_says_nothing_of_it_and_is_right_of_all_others()
    {
        service.Put([.. Keys(30), "bad"]);
        (await service.AdoptUrlsAsync([.. Keys(30).Select(service.Url), service.Url("bad")])).EnsureSuccessStatusCode();
        service.Bucket.Put("bad", "changed"u8);
        service.Bucket.Delete("0003-ü");
        Fail("bad", "500");

        using var accepted = await service.Http.PostAsync(new Uri($"/api/v0/stores/{service.Store.Id}/rescan/", UriKind.Relative), null);
        await service.DrainAsync();

        var counts = (await service.GetAsync(accepted.Headers.Location!.AbsolutePath)).GetProperty("counts");
        Assert.Equal((29, 1, 1), (Count("unchanged"), Count("missing"), Count("failed")));

        int Count(string name) => counts.GetProperty(name).GetInt32();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Entries_of_a_listing_that_are_damaged_cost_no_other(bool versioned)
    {
        if (versioned)
            service.Bucket.Versioning = EmbeddedVersioning.Enabled;
        service.Put(Keys(500));
        using var http = new HttpClient();
        var inside = false;
        service.Server.Intercept = async (context, kind) =>
        {
            if (inside || kind is not ("list" or "list_versions") || context.Request.Query["max-keys"] == "1")
                return false;
            inside = true;
            var page = await http.GetStringAsync(new Uri($"{service.Server.Url}{context.Request.Path}{context.Request.QueryString}"));
            inside = false;
            await context.Response.WriteAsync(Damaged(page, versioned));
            return true;
        };

        using var accepted = await service.AdoptAsync(new { prefix = "s3://bucket/", project = service.Project.Id });
        await service.DrainAsync(async run =>
        {
            await run();
            await run();
        });

        var job = accepted.Headers.Location!.AbsolutePath;
        AssertCounts(await service.GetAsync(job), created: 500, existing: 0, failed: 1);
        var failure = Assert.Single(await service.GetAllAsync($"{job}results/"));
        Assert.Equal("s3://bucket/0007-%FF", failure.GetProperty("url").GetString());
        Assert.Equal("key_unreadable", failure.GetProperty("code").GetString());
    }

    /// <summary>
    /// Adds a key that is not UTF-8, an object without an ETag, one without a time, and a key with two latest versions,
    /// or none.
    /// </summary>
    static string Damaged(string page, bool versioned)
    {
        var entry = versioned ? "Version" : "Contents";
        var damaged = page;
        Change("0005", e => Regex.Replace(e, "<ETag>.*</ETag>", ""));
        Change("0006", e => Regex.Replace(e, "<LastModified>.*</LastModified>", "<LastModified>never</LastModified>"));
        Change("0007", e => e.Replace("%C3%BC", "%FF", StringComparison.Ordinal) + e);
        Change("0008", e => e + e);
        if (versioned)
            Change("0009", e => e.Replace("<IsLatest>true", "<IsLatest>false", StringComparison.Ordinal));
        return damaged;

        void Change(string key, Func<string, string> change)
        {
            var from = page.IndexOf($"<{entry}><Key>{key}", StringComparison.Ordinal);
            var old = page[from..(page.IndexOf($"</{entry}>", from, StringComparison.Ordinal) + entry.Length + 3)];
            damaged = damaged.Replace(old, change(old), StringComparison.Ordinal);
        }
    }

    void Fail(string key, string fault) => service.Server.Intercept = async (http, kind) =>
        kind == "head" && http.Request.Path.Value!.EndsWith($"/{key}", StringComparison.Ordinal) && await FailAsync(http, fault);

    static async Task<bool> FailAsync(HttpContext http, string fault)
    {
        switch (fault)
        {
            case "cut":
                http.Abort();
                break;
            case "header":
                http.Response.Headers["x-amz-meta-large"] = new string('x', 70_000);
                http.Response.Headers.ETag = "\"e\"";
                break;
            case "hang":
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                break;
            default:
                http.Response.StatusCode = int.Parse(fault, System.Globalization.CultureInfo.InvariantCulture);
                break;
        }

        return true;
    }
}
