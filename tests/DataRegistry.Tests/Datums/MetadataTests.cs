using System.Net;
using System.Net.Http.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Datums;

public sealed class MetadataTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    const string Apply = "/api/v0/data/metadata/apply/";

    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task Metadata_is_kept_whole_with_its_tags_and_alias()
    {
        var a = await service.AdoptedAsync("a");
        using var none = await service.Http.SendAsync("GET", $"/api/v0/data/{a}/metadata/");
        Assert.Equal("{}", await none.Content.ReadAsStringAsync());
        using var set = await service.Http.SendAsync("POST", $"/api/v0/data/{a}/metadata/", """
            { "größe": 1.50, "nested": {"a": [1, null, "𝒳"]}, "valohai.tags": ["train", "v2", "train"], "valohai.alias": "latest" }
            """);
        await Wire.AssertAsync("metadata", set);
        using var get = await service.Http.SendAsync("GET", $"/api/v0/data/latest/metadata/?project={service.Project.Id}");
        Assert.Equal(await set.Content.ReadAsStringAsync(), await get.Content.ReadAsStringAsync());
        Assert.Equal(["train", "v2"], await TagsAsync(a));
        Assert.Equal(["alias.created", "metadata.set"], await ActionsAsync());
    }

    [Fact]
    public async Task Metadata_replaces_what_was_there_and_tags_with_it()
    {
        var a = await service.AdoptedAsync("a");
        await SetAsync(a, """{"x":1,"valohai.tags":["old"]}""");
        await SetAsync(a, """{"y":2}""");
        Assert.Equal("""{"y":2}""", (await service.GetAsync($"/api/v0/data/{a}/metadata/")).ToString());
        Assert.Empty(await TagsAsync(a));
        Assert.Single(await service.GetDatumsAsync());
    }

    [Fact]
    public async Task Of_concurrent_writers_one_wins_with_metadata_and_tags()
    {
        var a = await service.AdoptedAsync("a");
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 20), new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (i, _) => await SetAsync(a, $$"""{"i":{{i}},"valohai.tags":["t{{i}}"]}"""));
        var winner = (await service.GetAsync($"/api/v0/data/{a}/metadata/")).GetProperty("i").GetInt32();
        Assert.Equal([$"t{winner}"], await TagsAsync(a));
    }

    [Theory]
    [InlineData('a', 100, 77, true)]
    [InlineData('a', 64, 125, true)]
    [InlineData('a', 64, 126, false)]
    [InlineData('a', 100, 137, false)]
    [InlineData('ü', 32, 126, true)]
    [InlineData('ü', 33, 126, false)]
    public async Task Tags_are_at_most_8_KB_together(char c, int count, int length, bool fits)
    {
        var (a, b) = (await service.AdoptedAsync("a"), await service.AdoptedAsync("b"));
        var tags = Enumerable.Range(0, count).Select(i => $"{i:D3}{new string(c, length)}");
        var properties = new Dictionary<string, object> { ["valohai.tags"] = tags };
        using var set = await service.Http.PostAsJsonAsync($"/api/v0/data/{a}/metadata/", properties);
        using var applied = await service.Http.PostAsJsonAsync(
            Apply, new { datum_metadata = new Dictionary<string, object> { [a] = properties, [b] = properties } });
        foreach (var response in new[] { set, applied })
        {
            Assert.Equal(fits ? HttpStatusCode.OK : HttpStatusCode.BadRequest, response.StatusCode);
            if (!fits)
                Assert.Contains("up to 8192 are kept", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(fits ? count : 0, (await TagsAsync(b)).Count());
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("5")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"valohai.tags":"x"}""")]
    [InlineData("""{"valohai.tags":[1]}""")]
    [InlineData("""{"valohai.tags":[""]}""")]
    [InlineData("""{"valohai.tags":["a\nb"]}""")]
    [InlineData("""{"valohai.alias":5}""")]
    [InlineData("""{"valohai.alias":"a/b"}""")]
    [InlineData("""{"valohai.alias":""}""")]
    public async Task Wrong_metadata_is_a_400_and_changes_nothing(string json)
    {
        var a = await service.AdoptedAsync("a");
        Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("POST", $"/api/v0/data/{a}/metadata/", json));
        Assert.Equal("{}", (await service.GetAsync($"/api/v0/data/{a}/metadata/")).ToString());
    }

    [Fact]
    public async Task Sixty_four_kibibytes_are_kept_and_more_are_a_413()
    {
        var a = await service.AdoptedAsync("a");
        var fits = $$"""{"x":"{{new string('x', 65536 - 8)}}"}""";
        await SetAsync(a, fits);
        Assert.Equal(fits, (await service.GetAsync($"/api/v0/data/{a}/metadata/")).ToString());
        foreach (var length in new[] { 65536 - 7, 1024 * 1024 })
            Assert.Equal(
                HttpStatusCode.RequestEntityTooLarge,
                await service.Http.StatusAsync("POST", $"/api/v0/data/{a}/metadata/", $$"""{"x":"{{new string('x', length)}}"}"""));
        Assert.Equal(fits, (await service.GetAsync($"/api/v0/data/{a}/metadata/")).ToString());
    }

    [Fact]
    public async Task Metadata_of_several_datums_is_applied_in_one_call_and_again()
    {
        var (a, b) = (await service.AdoptedAsync("a"), await service.AdoptedAsync("b"));
        for (var i = 0; i < 2; i++)
        {
            using var applied = await service.Http.SendAsync(
                "POST", Apply,
                $$$$"""{"datum_metadata":{"{{{{a}}}}":{"valohai.tags":["x"]},"datum://{{{{b}}}}":{"n":1,"valohai.alias":"latest"}}}""");
            Assert.Equal("""{"ok":true,"applied":2}""", await applied.Content.ReadAsStringAsync());
        }

        Assert.Equal(["x"], await TagsAsync(a));
        Assert.Equal(b, (await service.GetAsync($"/api/v0/data/latest/?project={service.Project.Id}")).GetProperty("id").GetString());
        Assert.Equal(["alias.created", "metadata.applied", "metadata.applied"], await ActionsAsync());
    }

    [Fact]
    public async Task Applying_is_refused_whole_where_one_datum_is_wrong()
    {
        var a = await service.AdoptedAsync("a");
        foreach (var json in new[]
        {
            "{}", """{"datum_metadata":[]}""", """{"datum_metadata":{"x":{}}}""", $$$$"""{"datum_metadata":{"{{{{a}}}}":5}}""",
            $$$$"""{"datum_metadata":{"{{{{a}}}}":{"n":1},"{{{{a.ToUpperInvariant()}}}}":{}}}""",
            $$$$"""{"datum_metadata":{"{{{{a}}}}":{"n":1},"017a515f-30a4-d0f1-d37a-53ffc38e90c7":{}}}""",
        })
        {
            Assert.True(await service.Http.StatusAsync("POST", Apply, json) == HttpStatusCode.BadRequest, json);
        }

        using var tooMany = await service.Http.PostAsJsonAsync(
            Apply, new { datum_metadata = Enumerable.Range(0, 1001).ToDictionary(_ => Guid.NewGuid().ToString(), _ => new { }) });
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooMany.StatusCode);
        Assert.Equal("{}", (await service.GetAsync($"/api/v0/data/{a}/metadata/")).ToString());
    }

    [Fact]
    public async Task Who_may_only_read_gets_403_and_who_may_not_even_that_404()
    {
        var a = await service.AdoptedAsync("a");
        var (_, viewer) = await service.NewCallerAsync(("viewer", "project", service.Project.Id));
        var (_, stranger) = await service.NewCallerAsync();
        using (viewer)
        using (stranger)
        {
            var apply = $$$$"""{"datum_metadata":{"{{{{a}}}}":{}}}""";
            Assert.Equal(HttpStatusCode.OK, await viewer.StatusAsync("GET", $"/api/v0/data/{a}/metadata/"));
            Assert.Equal(HttpStatusCode.Forbidden, await viewer.StatusAsync("POST", $"/api/v0/data/{a}/metadata/", "{}"));
            Assert.Equal(HttpStatusCode.Forbidden, await viewer.StatusAsync("POST", Apply, apply));
            Assert.Equal(HttpStatusCode.NotFound, await stranger.StatusAsync("GET", $"/api/v0/data/{a}/metadata/"));
            Assert.Equal(HttpStatusCode.NotFound, await stranger.StatusAsync("POST", $"/api/v0/data/{a}/metadata/", "{}"));
            Assert.Equal(HttpStatusCode.BadRequest, await stranger.StatusAsync("POST", Apply, apply));
        }
    }

    async Task SetAsync(string id, string json) =>
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("POST", $"/api/v0/data/{id}/metadata/", json));

    async Task<IEnumerable<string?>> TagsAsync(string id) =>
        (await service.GetAsync($"/api/v0/data/{id}/")).GetProperty("tags").EnumerateArray().Select(t => t.GetString());

    async Task<IEnumerable<string?>> ActionsAsync() => (await service.GetAllAsync($"/api/v0/audit/?project={service.Project.Id}"))
        .Select(e => e.GetProperty("action").GetString()).Where(a => a != "data.adopted").Order(StringComparer.Ordinal);
}
