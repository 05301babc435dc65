using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using DataRegistry.Jobs;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Selections;

public sealed class ExportTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(null, clock);

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task Odd_keys_and_tags_come_back_from_lines_of_json_and_from_csv()
    {
        string[] keys = ["plain", "with \"quotes\", and commas", "line\nbreak", "ü😀/ "];
        foreach (var key in keys)
        {
            var id = await service.AdoptedAsync(key);
            await service.Http.StatusAsync("POST", $"/api/v0/data/{id}/metadata/", """{"valohai.tags":["a,b","c\"d"]}""");
        }

        var selection = await service.SelectAsync(new { store = service.Store.Id });
        var json = (await TextAsync(selection, "ndjson")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(keys.Order(), json.Select(l => l.GetProperty("key").GetString()).Order());
        Assert.All(json, l => Assert.Equal("""["a,b","c\"d"]""", l.GetProperty("tags").GetRawText()));

        var cells = CsvCells(await TextAsync(selection, "csv"));
        var names = cells[0];
        Assert.Equal(json[0].EnumerateObject().Select(p => p.Name), names);
        Assert.Equal(keys.Order(), cells.Skip(1).Select(r => r[names.IndexOf("key")]).Order());
        Assert.All(cells.Skip(1), r => Assert.Equal("""["a,b","c\"d"]""", r[names.IndexOf("tags")]));
    }

    [Fact]
    public async Task A_file_is_read_whole_or_by_ranges_by_who_has_its_url_until_that_expires()
    {
        await service.AdoptedAsync("a");
        var selection = await service.SelectAsync(new { name = "a" });
        var file = await FileAsync(selection, "ndjson");
        var url = file.GetProperty("url").GetString()!;
        using var stranger = service.NewClient();
        var whole = await stranger.GetStringAsync(new Uri(url));
        Assert.Equal(file.GetProperty("bytes").GetInt32(), whole.Length);
        using var part = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Range = new RangeHeaderValue(2, 5) } };
        using var answer = await stranger.SendAsync(part);
        Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
        Assert.Equal(whole[2..6], await answer.Content.ReadAsStringAsync());
        Assert.Equal($"bytes 2-5/{whole.Length}", answer.Content.Headers.ContentRange!.ToString());
        using var stale = new HttpRequestMessage(HttpMethod.Get, url)
        {
            Headers = { Range = new RangeHeaderValue(2, 5), IfRange = new RangeConditionHeaderValue("\"other\"") },
        };
        using var again = await stranger.SendAsync(stale);
        Assert.Equal((HttpStatusCode.OK, whole), (again.StatusCode, await again.Content.ReadAsStringAsync()));
        using var beyond = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Range = new RangeHeaderValue(whole.Length, null) } };
        using var refused = await stranger.SendAsync(beyond);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, refused.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, await stranger.StatusAsync("GET", $"{url}x"));
        var other = url.Replace("000000", "000001", StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, await stranger.StatusAsync("GET", other));
        await service.Services.GetRequiredService<JobBlobs>().DeleteAsync("", before: null, default);
        Assert.Equal(HttpStatusCode.NotFound, await stranger.StatusAsync("GET", url));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(HttpStatusCode.Forbidden, await stranger.StatusAsync("GET", url));
    }

    [Fact]
    public async Task A_selection_is_gone_after_seven_days_with_all_that_was_made_of_it()
    {
        await service.AdoptedAsync("a");
        var selection = await service.SelectAsync(new { name = "a" });
        var job = await service.ActAsync(selection, "export", """{"format":"csv"}""");
        await service.DrainAsync();
        clock.Advance(TimeSpan.FromDays(7) + TimeSpan.FromSeconds(1));
        foreach (var path in new[] { TestSelections.PathOf(selection), $"{TestSelections.PathOf(selection)}items/", job, $"{job}results/" })
            Assert.Equal(HttpStatusCode.Gone, await service.Http.StatusAsync("GET", path));
        foreach (var list in new[] { "selections", "selection-jobs" })
            Assert.Empty(await service.GetAllAsync($"/api/v0/{list}/?project={service.Project.Id}"));
        const string tags = """{"tags":["x"]}""";
        Assert.Equal(HttpStatusCode.Gone, await service.Http.StatusAsync("POST", $"{job}cancel/"));
        foreach (var (verb, json) in new[]
        {
            ("purge", null), ("tag", tags), ("untag", tags), ("export", """{"format":"csv"}"""), ("cancel", null),
        })
            Assert.Equal(HttpStatusCode.Gone, await service.Http.StatusAsync("POST", $"{TestSelections.PathOf(selection)}{verb}/", json));
        foreach (var timer in Registry.TimerFunctions.Where(t => t.Name.Contains("Collect", StringComparison.Ordinal)))
            await timer.RunAsync(service.Services, default);
        Assert.Empty(await service.Storage.Blobs.GetBlobContainerClient("adoption").GetBlobsAsync().ToListAsync());
    }

    [Fact]
    public async Task A_second_action_waits_for_the_end_of_the_first_and_what_has_ended_cannot_be_cancelled()
    {
        await service.AdoptedAsync("a");
        var selection = await service.SelectAsync(new { name = "a" });
        var path = TestSelections.PathOf(selection);
        const string tags = """{"tags":["x"]}""";
        var job = await service.ActAsync(selection, "tag", tags);
        foreach (var (verb, json) in new[] { ("purge", null), ("tag", tags), ("untag", tags), ("export", """{"format":"csv"}""") })
            Assert.Equal(HttpStatusCode.Conflict, await service.Http.StatusAsync("POST", $"{path}{verb}/", json));
        await service.DrainAsync();
        Assert.Equal(HttpStatusCode.Conflict, await service.Http.StatusAsync("POST", $"{job}cancel/"));
        Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("GET", $"{path}items/?cursor=x"));
        Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("GET", $"{job}results/?outcome=x"));
        await service.ActedAsync(selection, "untag", tags);
    }

    async Task<JsonElement> FileAsync(JsonElement selection, string format)
    {
        var job = await service.ActedAsync(selection, "export", $$"""{"format":"{{format}}"}""");
        return job.GetProperty("files").EnumerateArray().Single();
    }

    async Task<string> TextAsync(JsonElement selection, string format)
    {
        using var stranger = service.NewClient();
        return await stranger.GetStringAsync(new Uri((await FileAsync(selection, format)).GetProperty("url").GetString()!));
    }

    /// <summary>RFC 4180, character by character.</summary>
    static List<List<string>> CsvCells(string text)
    {
        var rows = new List<List<string>> { new() };
        var (cell, quoted) = (new System.Text.StringBuilder(), false);
        for (var i = 0; i < text.Length; i++)
        {
            if (quoted && text[i] == '"' && i + 1 < text.Length && text[i + 1] == '"')
                cell.Append(text[++i]);
            else if (text[i] == '"')
                quoted = !quoted;
            else if (!quoted && (text[i] == ',' || text[i] == '\r'))
            {
                rows[^1].Add(cell.ToString());
                cell.Clear();
                if (text[i] == '\r' && ++i + 1 < text.Length)
                    rows.Add([]);
            }
            else
                cell.Append(text[i]);
        }

        return rows;
    }
}
