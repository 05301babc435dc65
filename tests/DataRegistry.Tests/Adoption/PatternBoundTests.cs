using System.Net;
using System.Text;
using System.Text.Json;
using DataRegistry.Stores;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Adoption;

/// <summary>The patterns of a request, a store or a job together are bounded, in every field.</summary>
public sealed class PatternBoundTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    /// <summary>Patterns with this number of bytes.</summary>
    static string[] Patterns(int bytes, char of = 'x') =>
        [.. Enumerable.Range(0, (bytes + 999) / 1000).Select(i => new string(of, Math.Min(1000, bytes - (i * 1000))))];

    [Fact]
    public async Task As_many_bytes_as_may_be_are_taken_and_one_more_is_refused()
    {
        service.Put("a");
        object Body(string[] exclude) => new { url = service.Url("a"), exclude, dry_run = true, project = service.Project.Id };

        Assert.Equal(HttpStatusCode.OK, (await service.AdoptAsync(Body(Patterns(KeyGlobs.MaxBytes)))).StatusCode);
        await AssertTooLongAsync("exclude", await service.AdoptAsync(Body(Patterns(KeyGlobs.MaxBytes + 1))));
        // The limit is in bytes, not characters, and a control character in a row takes six.
        await AssertTooLongAsync("exclude", await service.AdoptAsync(Body(Patterns((KeyGlobs.MaxBytes / 2) + 1, 'é'))));
        await AssertTooLongAsync("exclude", await service.AdoptAsync(Body(Patterns((KeyGlobs.MaxBytes / 6) + 1, '\u0001'))));
    }

    [Fact]
    public async Task Patterns_of_a_text_request_are_bounded_in_bytes_and_number()
    {
        service.Put("a");
        async Task<HttpResponseMessage> PostAsync(IEnumerable<string> exclude)
        {
            using var body = new StringContent(service.Url("a"), Encoding.UTF8, "text/plain");
            var query = string.Concat(exclude.Select(e => $"&exclude={Uri.EscapeDataString(e)}"));
            return await service.Http.PostAsync(
                new Uri($"{service.AdoptPath}?project={service.Project.Id}&dry_run=true{query}", UriKind.Relative), body);
        }

        Assert.Equal(HttpStatusCode.OK, (await PostAsync(Patterns(5000))).StatusCode);
        await AssertTooLongAsync("exclude", await PostAsync(Patterns((KeyGlobs.MaxBytes / 6) + 1, '\u0001').Select(p => p)));
        using var many = await PostAsync(Enumerable.Repeat("x", 101));
        Assert.Contains("At most 100 patterns", await many.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prefixs_own_pattern_counts_with_the_excluded_ones()
    {
        service.Put("a/b");
        object Body(string prefix) => new
        {
            prefix = service.Url(prefix),
            exclude = Patterns(KeyGlobs.MaxBytes - 3),
            dry_run = true,
            project = service.Project.Id,
        };

        Assert.Equal(HttpStatusCode.OK, (await service.AdoptAsync(Body("a/*"))).StatusCode);
        await AssertTooLongAsync("exclude", await service.AdoptAsync(Body("a/**")));
        // Without wildcards it is no pattern.
        Assert.Equal(HttpStatusCode.OK, (await service.AdoptAsync(Body("a/bcdefg"))).StatusCode);
    }

    [Fact]
    public async Task A_manifests_patterns_are_bounded_and_those_of_the_longest_rows_leave_keys_out()
    {
        service.Put("a", "😀😀", "list");
        service.Bucket.Put("list", Encoding.UTF8.GetBytes("a\n😀😀\n"));
        var emoji = Enumerable.Range(0, 8).Select(i => string.Concat(Enumerable.Repeat("😀", 250)) + i).Append("😀*").ToArray();
        object Body(string[] exclude) => new { manifest = service.Url("list"), exclude, project = service.Project.Id };
        await AssertTooLongAsync("exclude", await service.AdoptAsync(Body(Patterns(KeyGlobs.MaxBytes + 1))));

        using var manifest = await service.AdoptAsync(Body(emoji));
        using var prefix = await service.AdoptAsync(new { prefix = service.Url("😀"), exclude = emoji, project = service.Project.Id });
        await service.DrainAsync();

        await AssertCountsAsync(manifest, created: 1, skipped: 1);
        await AssertCountsAsync(prefix, created: 0, skipped: 0);
    }

    [Fact]
    public async Task A_stores_patterns_are_bounded_together_and_longer_ones_of_before_are_kept()
    {
        var long1 = Patterns(5000);
        var long2 = Patterns(KeyGlobs.MaxBytes - 5000);
        Assert.Equal(HttpStatusCode.OK, await PatchAsync(new { rescan = new { include = long1, exclude = long2 } }));
        using var refused = await service.Http.SendAsync(
            "PATCH", StorePath, JsonSerializer.Serialize(new { rescan = new { exclude = long2.Append("y") } }));
        await AssertTooLongAsync("rescan", refused);

        // The row of an earlier version, which had no bound.
        var stores = service.Services.GetService(typeof(StoreTable)) as StoreTable;
        await stores!.ChangeAsync(
            service.Store.Id, s => Task.FromResult(s with { Rescan = s.Rescan with { Exclude = Patterns(4999) } }), default);
        Assert.Equal(HttpStatusCode.OK, await PatchAsync(new { rescan = new { schedule = "off" } }));
        Assert.Equal(HttpStatusCode.OK, await PatchAsync(new { allow_read = false }));
        Assert.Equal(HttpStatusCode.BadRequest, await PatchAsync(new { rescan = new { exclude = Patterns(4998) } }));
    }

    string StorePath => $"/api/v0/stores/{service.Store.Id}/";

    Task<HttpStatusCode> PatchAsync(object body) => service.Http.StatusAsync("PATCH", StorePath, JsonSerializer.Serialize(body));

    async Task AssertCountsAsync(HttpResponseMessage accepted, int created, int skipped)
    {
        Assert.True(accepted.StatusCode == HttpStatusCode.Accepted, await accepted.Content.ReadAsStringAsync());
        var job = await service.GetAsync(accepted.Headers.Location!.AbsolutePath);
        var counts = job.GetProperty("counts");
        Assert.Equal(
            ("completed", created, skipped, 0),
            (job.GetProperty("status").GetString(), counts.GetProperty("created").GetInt32(), counts.GetProperty("skipped").GetInt32(),
                counts.GetProperty("failed").GetInt32()));
    }

    static async Task AssertTooLongAsync(string field, HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{response.StatusCode} {text}");
        var error = JsonDocument.Parse(text).RootElement.GetProperty(field)[0];
        Assert.Equal("max_length", error.GetProperty("code").GetString());
        Assert.Contains("8 KB", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }
}
