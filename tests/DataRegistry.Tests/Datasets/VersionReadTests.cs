using System.Net;
using System.Text.Json;
using DataRegistry.Datasets;
using DataRegistry.Selections;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Selections;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Datasets;

/// <summary>Small runs, windows and files, so that few datums make several of each.</summary>
public sealed class SmallVersions : SharedService
{
    protected override void Replace(IServiceCollection services) => services
        .AddSingleton(new SelectionLimits { AtOnce = TimeSpan.FromHours(1), WindowItems = 2, ExportItems = 4 })
        .AddSingleton(new DatasetLimits { RunItems = 5 });
}

/// <summary>How a version is compared, streamed and exported.</summary>
public sealed class VersionReadTests(SmallVersions shared) : IClassFixture<SmallVersions>
{
    readonly TestService service = shared.Service;

    [Fact]
    public async Task Two_versions_are_compared_page_by_page()
    {
        var dataset = await service.NewDatasetAsync("diff");
        foreach (var key in new[] { "diff/a", "diff/b", "diff/c", "diff/d" })
            await service.AdoptedAsync(key);
        var first = await MakeAsync(dataset, "1", "diff/");
        var ids = (await service.GetDatumsAsync()).ToDictionary(
            d => d.GetProperty("uri").GetString()!, d => d.GetProperty("id").GetString()!);
        await service.Http.StatusAsync("POST", $"/api/v0/data/{ids[service.Url("diff/a")]}/purge/");
        await service.Http.StatusAsync("POST", $"/api/v0/data/{ids[service.Url("diff/c")]}/purge/");
        var changed = await service.AdoptedAsync("diff/c");
        await service.AdoptedAsync("diff/e");
        var second = await MakeAsync(dataset, "2", "diff/");
        var path = $"{first}diff/?to={second.TrimEnd('/').Split('/')[^1]}";
        using var whole = await service.Http.GetAsync(new Uri(path, UriKind.Relative));
        await Wire.AssertAsync("dataset-version-diff", whole);
        var changes = await service.GetAllAsync($"{path}&limit=1");
        Assert.Equal(
            ["removed diff/a", "changed diff/c", "added diff/e"],
            changes.Select(c => $"{c.GetProperty("change").GetString()} {c.GetProperty("path").GetString()}"));
        Assert.Equal(ids[service.Url("diff/c")], changes[1].GetProperty("from").GetProperty("id").GetString());
        Assert.Equal(changed, changes[1].GetProperty("to").GetProperty("id").GetString());
        Assert.Empty(await service.GetAllAsync($"{first}diff/?to={first.TrimEnd('/').Split('/')[^1]}"));

        foreach (var bad in new[] { "", "?to=", "?to=no-id", $"?to={Guid.NewGuid()}" })
            Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("GET", $"{first}diff/{bad}"));
        Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("GET", $"{path}&cursor=%20"));
        var missing = $"/api/v0/dataset-versions/{Guid.NewGuid()}/diff/?to=x";
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("GET", missing));
    }

    [Fact]
    public async Task A_version_of_another_project_is_as_one_that_is_not_there()
    {
        var dataset = await service.NewDatasetAsync("hidden");
        await service.AdoptedAsync("hidden/a");
        var version = await MakeAsync(dataset, "1", "hidden/");
        var other = await service.NewAsync("/api/v0/projects/", new { name = "visible" });
        var (_, http) = await service.NewCallerAsync(("viewer", "project", other));
        using (http)
        {
            foreach (var path in new[] { "diff/?to=x", "files/" })
                Assert.Equal(HttpStatusCode.NotFound, await http.StatusAsync("GET", version + path));
            Assert.Equal(HttpStatusCode.NotFound, await http.StatusAsync("POST", $"{version}export/", """{"format":"csv"}"""));
        }
    }

    [Fact]
    public async Task All_files_come_as_lines_of_json_and_as_csv()
    {
        var dataset = await service.NewDatasetAsync("stream", root: "stream");
        string[] keys = ["stream/a", "stream/comma, \"quoted\"", "stream/ü😀"];
        foreach (var key in keys)
            await service.AdoptedAsync(key);
        var version = await MakeAsync(dataset, "1", "stream/");
        var files = (await service.GetAsync(version)).GetProperty("files").EnumerateArray().ToList();
        var lines = (await TextAsync($"{version}files/", "application/x-ndjson")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(files.Select(f => f.ToString()), lines.Select(l => JsonDocument.Parse(l).RootElement.ToString()));
        var csv = await TextAsync($"{version}files/", "text/csv");
        var rows = csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("path,id,name,uri,store,key,size,etag,", rows[0], StringComparison.Ordinal);
        Assert.Equal(keys.Length + 1, rows.Length);
        Assert.StartsWith("\"comma, \"\"quoted\"\"\",", rows[2], StringComparison.Ordinal);
        Assert.Equal(lines[1..2], (await TextAsync($"{version}files/?prefix=comma", "application/x-ndjson")).TrimEnd().Split('\n'));
        Assert.Equal([rows[0], rows[2]], (await TextAsync($"{version}files/?prefix=comma", "text/csv")).TrimEnd().Split("\r\n"));
    }

    [Fact]
    public async Task Files_are_listed_by_the_beginning_of_their_paths_page_by_page()
    {
        var dataset = await service.NewDatasetAsync("beginnings", root: "beginnings");
        foreach (var key in new[] { "a/1", "b c/1", "b c/2", "b c/3", "b", "ü/1" })
            await service.AdoptedAsync($"beginnings/{key}");
        var files = $"{await MakeAsync(dataset, "1", "beginnings/")}files/";
        foreach (var (prefix, paths) in new[]
        {
            ("", "a/1|b|b c/1|b c/2|b c/3|ü/1"), ("b", "b|b c/1|b c/2|b c/3"), ("b c/", "b c/1|b c/2|b c/3"), ("ü/1", "ü/1"),
            ("B", ""), ("/", ""),
        })
        {
            foreach (var limit in new[] { 1, 2, 100 })
            {
                var found = await service.GetAllAsync($"{files}?limit={limit}&prefix={Uri.EscapeDataString(prefix)}");
                Assert.Equal(paths, string.Join('|', found.Select(f => f.GetProperty("path").GetString())));
            }
        }

        // Only what one page holds is counted without reading more.
        var page = await service.GetAsync($"{files}?prefix=b&limit=2");
        Assert.Equal(JsonValueKind.Null, page.GetProperty("count").ValueKind);
        Assert.Contains("prefix=b&", page.GetProperty("next").GetString(), StringComparison.Ordinal);
        Assert.Equal(4, (await service.GetAsync($"{files}?prefix=b")).GetProperty("count").GetInt32());
        Assert.Equal(6, (await service.GetAsync($"{files}?prefix=&limit=2")).GetProperty("count").GetInt32());
        // A cursor of another beginning is a place in the same order.
        var cursor = Uri.EscapeDataString(System.Web.HttpUtility.ParseQueryString(
            new Uri(page.GetProperty("next").GetString()!).Query)["cursor"]!);
        var others = await service.GetAllAsync($"{files}?prefix=b+c%2F&cursor={cursor}");
        Assert.Equal(["b c/2", "b c/3"], others.Select(f => f.GetProperty("path").GetString()));
        Assert.Empty(await service.GetAllAsync($"{files}?prefix=a&cursor={cursor}"));
        foreach (var bad in new[] { $"prefix={new string('x', 1025)}", "prefix=a&prefix=b", "prefix=a&cursor=%20" })
            Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("GET", $"{files}?{bad}"));
    }

    [Theory]
    [InlineData("ndjson")]
    [InlineData("csv")]
    [InlineData("parquet")]
    public async Task An_export_that_is_killed_has_each_file_once_in_the_order_of_paths(string format)
    {
        var prefix = $"export-{format}/";
        var dataset = await service.NewDatasetAsync($"export-{format}", root: prefix);
        var names = Enumerable.Range(0, 10).Select(n => $"{n:d2}").ToList();
        foreach (var name in names)
            await service.AdoptedAsync(prefix + name);
        var version = await MakeAsync(dataset, "1", prefix);
        foreach (var death in new[] { 0, 2, 5, 9, 13, 100 })
        {
            using var answer = await service.Http.SendAsync("POST", $"{version}export/", $$"""{"format":"{{format}}"}""");
            var accepted = await TestUsers.JsonAsync(answer, HttpStatusCode.Accepted);
            Assert.Equal(JsonValueKind.Null, accepted.GetProperty("files").ValueKind);
            var path = answer.Headers.Location!.AbsolutePath;
            await service.DrainWithDeathAsync(death);
            var job = await service.GetAsync(path);
            TestSelections.AssertCounts(job, 10, 10, 0, 0);
            Assert.Equal(("export", format), (job.GetProperty("kind").GetString(), job.GetProperty("format").GetString()));
            var paths = new List<string>();
            foreach (var file in job.GetProperty("files").EnumerateArray())
            {
                using var stranger = service.NewClient();
                var bytes = await stranger.GetByteArrayAsync(new Uri(file.GetProperty("url").GetString()!));
                Assert.Equal(file.GetProperty("bytes").GetInt64(), bytes.Length);
                paths.AddRange(await PathsOfAsync(bytes));
            }

            Assert.Equal(names, paths);
        }

        async Task<IEnumerable<string>> PathsOfAsync(byte[] bytes) => format == "parquet"
            ? (await TestParquet.ReadAsync(bytes)).Select(row => (string)row["path"]!)
            : System.Text.Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(format == "csv" ? 1 : 0)
                .Select(l => format == "csv" ? l.Split(',')[0] : JsonDocument.Parse(l).RootElement.GetProperty("path").GetString()!);
    }

    [Fact]
    public async Task An_export_is_refused_with_another_format_and_repeated_with_its_key()
    {
        var dataset = await service.NewDatasetAsync("formats");
        await service.AdoptedAsync("formats/a");
        var version = await MakeAsync(dataset, "1", "formats/");
        foreach (var bad in new[] { "{}", """{"format":"xlsx"}""" })
            Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("POST", $"{version}export/", bad));
        var jobs = new List<string>();
        foreach (var format in new[] { "csv", "csv", "ndjson" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{version}export/", UriKind.Relative))
            {
                Content = new StringContent($$"""{"format":"{{format}}"}""", System.Text.Encoding.UTF8, "application/json"),
                Headers = { { "Idempotency-Key", "an-export" } },
            };
            using var answer = await service.Http.SendAsync(request);
            jobs.Add($"{(int)answer.StatusCode} {answer.Headers.Location?.AbsolutePath}");
        }

        Assert.Equal(jobs[0], jobs[1]);
        Assert.StartsWith("202 ", jobs[0], StringComparison.Ordinal);
        Assert.Equal("400 ", jobs[2]);
        var path = jobs[0].Split(' ')[1];
        using var cancelled = await service.Http.SendAsync("POST", $"{path}cancel/");
        Assert.Equal("cancelled", (await TestUsers.JsonAsync(cancelled, HttpStatusCode.Accepted)).GetProperty("status").GetString());
        await service.DrainAsync();
        Assert.Empty(await service.GetAllAsync($"{path}results/"));
        Assert.Equal(HttpStatusCode.Forbidden, await service.NewClient().StatusAsync("GET", $"{path}files/x/content/?token=x"));
    }

    [Fact]
    public async Task An_exported_file_is_read_by_ranges_and_is_gone_with_its_job()
    {
        var dataset = await service.NewDatasetAsync("ranges");
        await service.AdoptedAsync("ranges/a");
        var version = await MakeAsync(dataset, "1", "ranges/");
        using var accepted = await service.Http.SendAsync("POST", $"{version}export/", """{"format":"csv"}""");
        await service.DrainAsync();
        var job = await service.GetAsync(accepted.Headers.Location!.AbsolutePath);
        var url = job.GetProperty("files")[0].GetProperty("url").GetString()!;
        using var stranger = service.NewClient();
        Assert.Equal(HttpStatusCode.PartialContent, await StatusAsync(0, 3));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, await StatusAsync(1_000_000, null));
        var blobs = service.Services.GetRequiredService<DataRegistry.Jobs.JobBlobs>();
        await blobs.DeleteAsync($"{job.GetProperty("id").GetString()}/", before: null, default);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(0, 3));

        async Task<HttpStatusCode> StatusAsync(long from, long? to)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url)
            {
                Headers = { Range = new System.Net.Http.Headers.RangeHeaderValue(from, to) },
            };
            using var answer = await stranger.SendAsync(request);
            return answer.StatusCode;
        }
    }

    [Fact]
    public void Columns_are_the_properties_of_a_line_of_json() =>
        Assert.Equal(DatasetFileRow.Table.Json.Properties.Select(p => p.Name), DatasetFileRow.Table.Columns.Select(c => c.Name));

    /// <summary>A version of all datums below a prefix; its path.</summary>
    async Task<string> MakeAsync(string dataset, string name, string prefix)
    {
        using var answer = await service.NewVersionOfAsync(dataset, name, await service.SelectAsync(new { prefix }));
        var version = TestVersions.VersionPathOf(await TestUsers.JsonAsync(answer, HttpStatusCode.Accepted));
        await service.DrainAsync();
        Assert.Equal("completed", (await service.GetAsync(version)).GetProperty("status").GetString());
        return version;
    }

    async Task<string> TextAsync(string path, string type)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative)) { Headers = { { "Accept", type } } };
        using var answer = await service.Http.SendAsync(request);
        Assert.Equal(type, answer.Content.Headers.ContentType!.MediaType);
        return await answer.Content.ReadAsStringAsync();
    }
}
