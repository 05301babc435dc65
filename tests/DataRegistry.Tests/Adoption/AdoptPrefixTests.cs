using System.Net;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Adoption;

/// <summary>A service whose windows have at most 1,000 keys.</summary>
public sealed class ServiceOfSmallWindows : SharedService
{
    protected override (string Setting, string Value)[] Settings => [("Adoption:WindowKeys", "1000")];
}

public sealed class AdoptPrefixTests(ServiceOfSmallWindows shared) : IClassFixture<ServiceOfSmallWindows>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_prefix_is_adopted_whole_and_nothing_else()
    {
        service.Put([.. Keys(2500).Select(k => $"data/{k}"), "data", "data-2/x", "date", "a", "z"]);
        await AssertCreatedAsync("data/", 2500);
        await AssertCountsAsync(await AdoptAsync("data"), created: 2, existing: 2500, skipped: 0);
        await AssertCountsAsync(await AdoptAsync(""), created: 3, existing: 2502, skipped: 0);
        Assert.Equal(2505, (await service.GetDatumsAsync()).Count);
    }

    [Theory]
    [InlineData(EmbeddedVersioning.Off)]
    [InlineData(EmbeddedVersioning.Enabled)]
    [InlineData(EmbeddedVersioning.Suspended)]
    public async Task Ranges_share_a_prefix_and_each_object_is_counted_once(EmbeddedVersioning versioning)
    {
        service.Bucket.Versioning = versioning;
        // Most keys lie deep in one folder.
        service.Put([.. Enumerable.Range(0, 12_000).Select(n => n % 100 == 0 ? $"p/{n % 7}/{n:D5}" : $"p/m/deep/down/{n:D5}.jpg")]);
        foreach (var n in Enumerable.Range(0, 300))
            service.Bucket.Delete($"p/m/deep/down/{1 + 7 * n:D5}.jpg");
        var left = 12_000 - Enumerable.Range(0, 300).Count(n => (1 + 7 * n) % 100 != 0);
        var job = await AdoptAsync("p/");
        await AssertCountsAsync(job, created: left, existing: 0, skipped: 0);
        Assert.True((await RangesAsync(job)).Count > 1, "The prefix was not shared.");
        Assert.Equal(left, (await service.GetDatumsAsync()).Count);
        await AssertCountsAsync(await AdoptAsync("p/"), created: 0, existing: left, skipped: 0);
    }

    [Fact]
    public async Task Wildcards_and_exclusions_choose()
    {
        service.Put("d/a.csv", "d/a.txt", "d/e/b.csv", "d/e/f/c.csv", "d/tmp/x.csv", "e/a.csv");
        await AssertCountsAsync(await AdoptAsync("d/*.csv"), created: 1, existing: 0, skipped: 0);
        await AssertCountsAsync(await AdoptAsync("d/**/*.csv", "d/tmp/**"), created: 2, existing: 1, skipped: 0);
        await AssertCountsAsync(await AdoptAsync("?/a.*"), created: 2, existing: 1, skipped: 0);
    }

    [Fact]
    public async Task Marks_of_folders_are_skipped_and_listed()
    {
        service.Put("f/a", "f/with-bytes/");
        service.Bucket.Put("f/", []);
        service.Bucket.Put("f/sub/", []);
        service.Bucket.Put("f/empty", []);
        var job = await AdoptAsync("f/");
        await AssertCountsAsync(job, created: 3, existing: 0, skipped: 2);
        Assert.Equal(
            ["s3://bucket/f/", "s3://bucket/f/sub/"],
            (await service.GetAllAsync($"{job}results/")).Select(r => r.GetProperty("url").GetString()));
    }

    [Fact]
    public async Task A_prefix_without_objects_is_a_job_that_is_done() =>
        await AssertCountsAsync(await AdoptAsync("nothing/here/"), created: 0, existing: 0, skipped: 0);

    [Fact]
    public async Task What_a_purge_left_free_is_adopted_again()
    {
        service.Put(Keys(30));
        await AssertCreatedAsync("", 30);
        var datum = (await service.GetDatumsAsync())[0].GetProperty("id").GetString();
        (await service.Http.PostAsync(new Uri($"/api/v0/data/{datum}/purge/", UriKind.Relative), null)).EnsureSuccessStatusCode();
        await AssertCountsAsync(await AdoptAsync(""), created: 1, existing: 29, skipped: 0);
        await AssertCountsAsync(await AdoptAsync(""), created: 0, existing: 30, skipped: 0);
    }

    [Fact]
    public async Task Keys_beyond_the_clear_part_of_a_row_key_are_found_again()
    {
        var stem = new string('k', 480);
        service.Put(
            [.. Enumerable.Range(0, 1500).Select(n => $"{stem}/{n:D4}"), .. Enumerable.Range(0, 1500).Select(n => $"{stem[..470]}{n:D4}")]);
        await AssertCreatedAsync("k", 3000);
        await AssertCountsAsync(await AdoptAsync("k"), created: 0, existing: 3000, skipped: 0);
        await AssertCountsAsync(await AdoptAsync(stem), created: 0, existing: 1500, skipped: 0);
    }

    [Fact]
    public async Task A_bucket_whose_versions_may_not_be_asked_for_is_adopted_all_the_same()
    {
        service.Put(Keys(60));
        service.Server.Intercept = (http, kind) =>
        {
            http.Response.StatusCode = kind == "get_versioning" ? StatusCodes.Status403Forbidden : StatusCodes.Status200OK;
            return Task.FromResult(kind == "get_versioning");
        };
        await AssertCreatedAsync("", 60);
    }

    [Fact]
    public async Task Delete_markers_without_end_are_passed_with_checkpoints()
    {
        service.Bucket.Versioning = EmbeddedVersioning.Enabled;
        var gone = Enumerable.Range(0, 3000).Select(n => $"a/{n:D5}").ToArray();
        service.Put(gone);
        foreach (var key in gone)
            service.Bucket.Delete(key);
        service.Put("b/1", "b/2");
        await AssertCreatedAsync("", 2);
    }

    [Fact]
    public async Task Locations_of_objects_that_are_gone_are_leapt_over()
    {
        service.Put([.. Enumerable.Range(0, 2200).Select(n => $"a/{n:D5}"), "b/1"]);
        await AssertCreatedAsync("", 2201);
        foreach (var n in Enumerable.Range(0, 2200))
            service.Bucket.Delete($"a/{n:D5}");
        service.Put("b/2");
        await AssertCountsAsync(await AdoptAsync(""), created: 1, existing: 1, skipped: 0);
    }

    [Theory]
    [InlineData("nonsense", "invalid")]
    [InlineData("s3://", "invalid")]
    [InlineData("s3://bucket", "invalid")]
    [InlineData("s3://other/x", "url_outside_store")]
    [InlineData("s3://bucket/x\\", "invalid")]
    public async Task A_wrong_prefix_is_refused(string prefix, string code)
    {
        using var response = await service.AdoptAsync(new { prefix, project = service.Project.Id });
        var body = await TestUsers.JsonAsync(response, HttpStatusCode.BadRequest);
        Assert.Equal(code, body.GetProperty("prefix")[0].GetProperty("code").GetString());
        await service.AssertNothingLeftAsync();
    }

    [Fact]
    public async Task A_bucket_that_cannot_be_listed_is_said_at_once()
    {
        service.Server.Faults = new() { InternalError = 1, Kind = "list" };
        using var response = await service.AdoptAsync(new { prefix = "s3://bucket/x", project = service.Project.Id });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        await service.AssertNothingLeftAsync();
    }

    async Task AssertCreatedAsync(string prefix, int created) =>
        await AssertCountsAsync(await AdoptAsync(prefix), created, existing: 0, skipped: 0);

    async Task<string> AdoptAsync(string prefix, params string[] exclude)
    {
        using var response = await service.AdoptAsync(new { prefix = $"s3://bucket/{prefix}", exclude, project = service.Project.Id });
        await TestUsers.JsonAsync(response, HttpStatusCode.Accepted);
        await service.DrainAsync();
        return response.Headers.Location!.AbsolutePath;
    }

    async Task AssertCountsAsync(string path, int created, int existing, int skipped)
    {
        var job = await service.GetAsync(path);
        var counts = job.GetProperty("counts");
        Assert.Equal(
            ("completed", created, existing, 0, skipped, created + existing + skipped),
            (job.GetProperty("status").GetString(), counts.GetProperty("created").GetInt32(), counts.GetProperty("existing")
                .GetInt32(), counts.GetProperty("failed").GetInt32(),
                counts.GetProperty("skipped").GetInt32(), counts.GetProperty("total").GetInt32()));
    }

    async Task<List<int>> RangesAsync(string path)
    {
        var ranges = new List<int>();
        _ = DataRegistry.Datums.JobId.TryParse(path.Split('/')[^2], out var id);
        await foreach (var range
            in Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions.GetRequiredService<DataRegistry.Jobs.WorkTable>(
                service.Services).ListAsync(id, default))
            ranges.Add((int)range.Counts.Total);
        return ranges;
    }
}
