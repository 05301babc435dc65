using System.Net;
using System.Text;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Adoption;

/// <summary>
/// Lists that become a job. Windows are small here, so a few hundred keys make several of them, and ranges of several
/// windows.
/// </summary>
public sealed class AdoptionJobTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() =>
        service = await TestService.StartAsync(
            null, clock, ("Adoption:WindowKeys", "50"), ("Adoption:WindowsPerRange", "2"), ("Adoption:MessagesPerJob", "2"));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_long_list_is_accepted_with_202_and_done_by_the_queue()
    {
        var keys = Keys(300);
        service.Put(keys[..290]);
        (await service.AdoptUrlAsync(service.Url(keys[0]))).EnsureSuccessStatusCode();

        string[] urls = [.. keys.Select(service.Url), service.Url(keys[1]), "nonsense", "nonsense", "s3://other/key"];
        using var accepted = await service.AdoptUrlsAsync(urls);
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        await Wire.AssertAsync("job-accepted", accepted);
        var job = accepted.Headers.Location!.ToString();
        Assert.StartsWith($"{service.Http.BaseAddress}api/v0/adoptions/", job, StringComparison.Ordinal);

        await service.DrainAsync(run =>
        {
            clock.Move(TimeSpan.FromSeconds(1));
            return run();
        });
        using var done = await service.Http.GetAsync(new Uri(job));
        await Wire.AssertAsync("job-completed", done);
        Assert.Equal(290, (await service.GetDatumsAsync()).Count);

        var results = await service.GetAllAsync($"{job}results/?limit=3");
        Assert.Equal(14, results.Count);
        Assert.Equal(10, results.Count(r => r.GetProperty("code").GetString() == "adoptable_file_not_found"));
        Assert.Equal(2, results.Count(r => r.GetProperty("outcome").GetString() == "skipped"));
        Assert.Equal(12, (await service.GetAllAsync($"{job}results/?outcome=failed&limit=5")).Count);
        Assert.Equal(
            ["nonsense", "s3://bucket/0001-ü"],
            (await service.GetAllAsync($"{job}results/?outcome=skipped&limit=1")).Select(r => r.GetProperty("url").GetString()));
        using var page = await service.Http.GetAsync(new Uri($"{job}results/?outcome=failed&limit=3"));
        await Wire.AssertAsync("job-results", page);
    }

    [Fact]
    public async Task Results_stream_as_ndjson()
    {
        var job = await service.AcceptAsync(Keys(120));
        await service.DrainAsync();
        using var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri($"{job}results/", UriKind.Relative))
        { Headers = { { "Accept", "application/x-ndjson" } } };
        using var response = await service.Http.SendAsync(request);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.MediaType);
        var lines = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Keys(120).Select(service.Url), lines.Select(l => JsonDocument.Parse(l).RootElement.GetProperty("url").GetString()));
    }

    [Fact]
    public async Task A_text_list_becomes_a_job_too()
    {
        service.Put(Keys(150));
        using var body = new StringContent(string.Join('\n', Keys(150).Select(service.Url)), Encoding.UTF8, "text/plain");
        using var response = await service.Http.PostAsync(
            new Uri($"{service.AdoptPath}?project={service.Project.Id}", UriKind.Relative), body);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        await service.DrainAsync();
        Assert.Equal(150, (await service.GetDatumsAsync()).Count);
    }

    [Fact]
    public async Task A_list_without_one_good_url_is_a_job_that_is_done_at_once()
    {
        using var response = await service.AdoptUrlsAsync(Enumerable.Range(0, 101).Select(i => $"nonsense-{i}"));
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var job = await service.GetAsync(response.Headers.Location!.AbsolutePath);
        Assert.Equal("completed", job.GetProperty("status").GetString());
        Assert.Equal(101, job.GetProperty("counts").GetProperty("failed").GetInt32());
    }

    [Fact]
    public async Task The_same_list_again_finds_everything_there_and_writes_nothing()
    {
        service.Put(Keys(300));
        await service.AcceptAsync(Keys(300));
        await service.DrainAsync();
        var locations = await service.CountRowsAsync("locations");
        var job = await service.AcceptAsync(Keys(300));
        await service.DrainAsync();
        AssertCounts(await service.GetAsync(job), created: 0, existing: 300, failed: 0);
        Assert.Equal(locations, await service.CountRowsAsync("locations"));
        Assert.Equal(300, await service.CountRowsAsync("datums"));
    }

    [Fact]
    public async Task Jobs_are_listed_newest_first_by_project_and_status()
    {
        service.Put(Keys(101));
        var first = await service.AcceptAsync(Keys(101));
        await service.DrainAsync();
        clock.Move(TimeSpan.FromMilliseconds(5));
        var second = await service.AcceptAsync(Keys(101));
        var path = $"/api/v0/adoptions/?project={service.Project.Id}";
        Assert.Equal(
            [second, first],
            (await service.GetAllAsync($"{path}&limit=1")).Select(j => $"/api/v0/adoptions/{j.GetProperty("id").GetString()}/"));
        Assert.Single(await service.GetAllAsync($"{path}&status=completed"));
        Assert.Single(await service.GetAllAsync($"{path}&status=accepted"));
        using var wrong = await service.Http.GetAsync(new Uri($"{path}&status=done", UriKind.Relative));
        await Wire.AssertAsync("jobs-bad-status", wrong);
    }

    [Fact]
    public async Task Messages_are_sent_in_waves()
    {
        service.Put(Keys(500));
        await service.AcceptAsync(Keys(500));
        var waiting = await service.Storage.Queues.GetQueueClient("adopt").PeekMessagesAsync(32);
        Assert.Equal(2, waiting.Value.Length);
        await service.DrainAsync();
        Assert.Equal(500, (await service.GetDatumsAsync()).Count);
    }

    [Fact]
    public async Task Datums_of_several_jobs_come_newest_first_page_by_page_without_gap_or_repetition()
    {
        var all = Keys(330);
        service.Put(all);
        foreach (var part in all.Chunk(110))
        {
            await service.AcceptAsync(part);
            await service.DrainAsync();
            clock.Move(TimeSpan.FromMilliseconds(5));
        }

        foreach (var limit in new[] { 7, 100, 330, 9000 })
        {
            var data = await service.GetAllAsync($"/api/v0/data/?project={service.Project.Id}&limit={limit}");
            Assert.Equal(330, data.Select(d => d.GetProperty("uri").GetString()).Distinct().Count());
            Assert.Equal(330, data.Count);
            var times = data.Select(d => d.GetProperty("ctime").GetString()!).ToList();
            Assert.Equal(times.OrderByDescending(t => t, StringComparer.Ordinal), times);
        }

        // Pages of one item, from one job into the next.
        var ids = (await service.GetDatumsAsync()).Select(d => d.GetProperty("id").GetString()).ToList();
        string? next = $"/api/v0/data/?project={service.Project.Id}&limit=1&offset=100&no_count=true";
        foreach (var id in ids[100..125])
        {
            var page = await service.GetAsync(next!);
            Assert.Equal(id, Assert.Single(page.GetProperty("results").EnumerateArray()).GetProperty("id").GetString());
            next = page.GetProperty("next").GetString();
        }

        Assert.Equal(330, (await service.GetAsync($"/api/v0/data/?project={service.Project.Id}&limit=10")).GetProperty("count").GetInt32());
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=-1")]
    [InlineData("limit=x")]
    [InlineData("cursor=%00")]
    [InlineData("cursor=AAAA")]
    public async Task A_wrong_paging_parameter_is_a_400_of_its_field(string query)
    {
        foreach (var list in new[] { "data", "adoptions", "stores" })
        {
            var error = await service.GetAsync($"/api/v0/{list}/?project={service.Project.Id}&{query}", HttpStatusCode.BadRequest);
            Assert.Equal(query[..query.IndexOf('=')], error.EnumerateObject().Single().Name);
        }
    }

    [Fact]
    public async Task An_unknown_job_and_an_unknown_datum_are_404()
    {
        foreach (var path in new[]
        {
            "adoptions/017a515f-30a4-d0f1-d37a-53ffc38e90c7/", "adoptions/x/", "adoptions/x/results/",
            "data/017a515f-30a4-d0f1-d37a-53ffc38e90c7/", "data/x/",
        })
            Assert.Equal(
                "Not found.", (await service.GetAsync($"/api/v0/{path}", HttpStatusCode.NotFound)).GetProperty("detail").GetString());
    }

    internal static string[] Keys(int count) => [.. Enumerable.Range(0, count).Select(i => $"{i:D4}-ü")];

    internal static void AssertCounts(JsonElement job, int created, int existing, int failed)
    {
        var counts = job.GetProperty("counts");
        Assert.Equal(
            (created, existing, failed, 0, created + existing + failed),
            (Count("created"), Count("existing"), Count("failed"), Count("pending"), Count("total")));
        Assert.Equal("completed", job.GetProperty("status").GetString());

        int Count(string name) => counts.GetProperty(name).GetInt32();
    }
}
