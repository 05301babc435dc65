using System.Net;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Adoption;

/// <summary>From a job's URLs to the ids of its datums.</summary>
public sealed class CreatedResultsTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(null, clock);

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task What_a_job_created_is_told_in_pages_and_as_lines_and_nothing_else_is()
    {
        service.Put(Keys(130));
        (await service.AdoptUrlsAsync(Keys(10).Select(service.Url))).EnsureSuccessStatusCode();
        var job = await service.AcceptAsync(Keys(120));
        // Another job of the same millisecond.
        var other = await service.AcceptAsync(Keys(130));
        await service.DrainAsync();

        var pages = await service.GetAllAsync($"{job}results/?outcome=created&limit=7");
        var others = await service.GetAllAsync($"{other}results/?outcome=created");
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{job}results/?outcome=created", UriKind.Relative))
        {
            Headers = { { "Accept", "application/x-ndjson" } },
        };
        using var response = await service.Http.SendAsync(request);
        var lines = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        var datums = (await service.GetDatumsAsync()).ToDictionary(d => Text(d, "id"), d => Text(d, "uri"));
        Assert.Equal(120, pages.Count + others.Count);
        Assert.Equal(Keys(130)[10..].Select(service.Url), pages.Concat(others).Select(r => Text(r, "url")).Order(StringComparer.Ordinal));
        Assert.All(pages.Concat(others), r => Assert.Equal(("created", datums[Text(r, "id")]), (Text(r, "outcome"), Text(r, "url"))));
        Assert.Equal(pages.Select(p => p.GetRawText()), lines);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.MediaType);

        static string Text(JsonElement of, string name) => of.GetProperty(name).GetString()!;
    }

    [Fact]
    public async Task They_are_there_as_long_as_the_datums_and_cost_a_request_a_partition()
    {
        service.Put(Keys(101));
        var job = await service.AcceptAsync(Keys(101));
        await service.DrainAsync();
        clock.Move(TimeSpan.FromDays(400));

        using var page = await service.Http.GetAsync(new Uri($"{job}results/?outcome=created&limit=1", UriKind.Relative));
        var first = (await TestUsers.JsonAsync(page)).GetProperty("results")[0].GetProperty("url").GetString()!;
        await Wire.AssertAsync("job-created", page, ("url", first));
        await service.GetAsync($"{job}results/", HttpStatusCode.Gone);
        await service.GetAsync($"{job}results/?outcome=created&cursor=nonsense", HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData("list")]
    [InlineData("prefix")]
    [InlineData("pattern")]
    [InlineData("manifest")]
    public async Task A_job_says_what_it_was_asked_for(string input)
    {
        service.Put(Keys(101));
        service.Bucket.Put("list.txt", "a\nb"u8);
        using var accepted = await service.AdoptAsync(input switch
        {
            "list" => new { urls = Keys(101).Select(service.Url), project = service.Project.Id, exclude = new[] { "*.tmp" } },
            "prefix" => new { prefix = "s3://bucket/data/", project = service.Project.Id, adopt_changed = true },
            "pattern" => new { prefix = "s3://bucket/data/**.csv", project = service.Project.Id, exclude = new[] { "a", "*.tmp" } },
            _ => (object)new { manifest = "s3://bucket/list.txt", project = service.Project.Id, exclude = new[] { "*.tmp" } },
        });
        var path = accepted.Headers.Location!.AbsolutePath;
        var listed = (await service.GetAllAsync($"/api/v0/adoptions/?project={service.Project.Id}"))[0];
        await service.DrainAsync();

        foreach (var job in new[] { await TestUsers.JsonAsync(accepted, HttpStatusCode.Accepted), listed, await service.GetAsync(path) })
        {
            Assert.Equal(
                input switch
                {
                    "list" => (null, null, 101, "*.tmp", false),
                    "prefix" => ("s3://bucket/data/", null, null, "", true),
                    "pattern" => ("s3://bucket/data/**.csv", null, null, "a,*.tmp", false),
                    _ => ((string?)null, "s3://bucket/list.txt", (int?)null, "*.tmp", false),
                },
                (job.GetProperty("prefix").GetString(), job.GetProperty("manifest").GetString(),
                    job.GetProperty("urls") is { ValueKind: JsonValueKind.Number } urls ? urls.GetInt32() : null,
                    string.Join(',', job.GetProperty("exclude").EnumerateArray()), job.GetProperty("adopt_changed").GetBoolean()));
        }
    }
}
