using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Stores;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Datums;

public sealed class DownloadTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(null, clock);

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_download_is_a_url_that_needs_no_token_and_gives_the_adopted_bytes_under_their_name()
    {
        var id = await service.AdoptedAsync("path/größe.txt");
        using var link = await LinkAsync(id);
        Assert.Equal("no-store", link.Headers.CacheControl?.ToString());
        var url = (await TestUsers.JsonAsync(link)).GetProperty("url").GetString()!;
        Assert.StartsWith($"{service.Server.Url}/bucket/path/", url, StringComparison.Ordinal);
        // Less the seconds that pass while it is signed. The SDK adds up to two more.
        Assert.InRange(
            int.Parse(QueryHelpers.ParseQuery(new Uri(url).Query)["X-Amz-Expires"].ToString(), CultureInfo.InvariantCulture), 840, 902);

        using var stranger = service.NewClient();
        using var answer = await stranger.GetAsync(new Uri(url));
        Assert.Equal("path/größe.txt", await answer.Content.ReadAsStringAsync());
        Assert.Equal("größe.txt", answer.Content.Headers.ContentDisposition?.FileNameStar);
    }

    [Fact]
    public async Task A_download_costs_one_head_and_is_found_by_an_alias_too()
    {
        var id = await service.AdoptedAsync("a");
        using var aliased = await service.Http.SendAsync(
            "POST", "/api/v0/datum-aliases/", $$"""{"name":"latest","datum":"{{id}}","project":"{{service.Project.Id}}"}""");
        Assert.Equal(HttpStatusCode.Created, aliased.StatusCode);
        Assert.Equal("a", await BytesAsync(await UrlAsync(id)));
        service.Server.Requests.Reset();
        await UrlAsync($"latest/download/?project={service.Project.Id}", whole: true);
        Assert.Equal(new Dictionary<string, long> { ["head"] = 1 }, service.Server.Requests.Snapshot());
    }

    [Fact]
    public async Task An_object_that_changed_since_it_was_adopted_is_a_409()
    {
        var id = await service.AdoptedAsync("a");
        service.Bucket.Put("a", "b"u8);
        using var answer = await LinkAsync(id);
        await Wire.AssertAsync("download-changed", answer);
    }

    [Fact]
    public async Task The_same_bytes_put_again_are_what_was_adopted()
    {
        var id = await service.AdoptedAsync("a");
        service.Bucket.Put("a", "a"u8, modified: DateTime.UtcNow.AddHours(1));
        Assert.Equal("a", await BytesAsync(await UrlAsync(id)));
    }

    [Fact]
    public async Task An_object_that_is_gone_is_a_409()
    {
        var id = await service.AdoptedAsync("a");
        service.Bucket.Delete("a");
        using var answer = await LinkAsync(id);
        await Wire.AssertAsync("download-missing", answer);
    }

    [Fact]
    public async Task A_version_is_downloaded_as_it_was_adopted_whatever_came_after_it_and_is_missing_once_it_is_removed()
    {
        service.Bucket.Versioning = EmbeddedVersioning.Enabled;
        var version = service.Bucket.Put("a", "old"u8);
        using var adopted = await service.AdoptUrlAsync(service.Url("a"));
        var id = (await TestUsers.JsonAsync(adopted)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
        service.Bucket.Put("a", "new"u8);
        Assert.Equal("old", await BytesAsync(await UrlAsync(id)));
        service.Bucket.Delete("a");
        Assert.Equal("old", await BytesAsync(await UrlAsync(id)));
        service.Bucket.Delete("a", version);
        using var answer = await LinkAsync(id);
        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Contains("datum_missing", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_purged_datum_and_one_that_is_not_there_are_404()
    {
        var id = await service.AdoptedAsync("a");
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("POST", $"/api/v0/data/{id}/purge/"));
        using var purged = await LinkAsync(id);
        await Wire.AssertAsync("download-purged", purged);
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("GET", $"/api/v0/data/{Guid.NewGuid()}/download/"));
    }

    [Fact]
    public async Task A_store_that_allows_no_reading_is_403_and_a_deleted_one_409()
    {
        var id = await service.AdoptedAsync("a");
        var path = $"/api/v0/stores/{service.Store.Id}/";
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", path, """{"allow_read":false}"""));
        using var refused = await LinkAsync(id);
        await Wire.AssertAsync("download-not-allowed", refused);
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", path, """{"allow_read":true}"""));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("GET", $"/api/v0/data/{id}/download/"));
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", path + "?force=true"));
        using var deleted = await LinkAsync(id);
        await Wire.AssertAsync("download-store-deleted", deleted);
    }

    [Fact]
    public async Task Who_may_not_read_the_project_is_told_that_there_is_no_such_datum()
    {
        var id = await service.AdoptedAsync("a");
        var (_, stranger) = await service.NewCallerAsync();
        Assert.Equal(HttpStatusCode.NotFound, await stranger.StatusAsync("GET", $"/api/v0/data/{id}/download/"));
        var (_, viewer) = await service.NewCallerAsync(("viewer", "project", service.Project.Id));
        Assert.Equal(HttpStatusCode.OK, await viewer.StatusAsync("GET", $"/api/v0/data/{id}/download/"));
    }

    [Fact]
    public async Task A_bucket_that_cannot_be_asked_is_503_with_its_reason()
    {
        var id = await service.AdoptedAsync("a");
        service.Server.Intercept = (http, _) =>
        {
            http.Response.StatusCode = 403;
            return Task.FromResult(true);
        };
        using var answer = await LinkAsync(id);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("access_denied", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("up/../there")]
    [InlineData("./here")]
    [InlineData("/first-slash")]
    public async Task A_key_that_no_signed_url_can_name_is_handed_on_by_the_registry(string key)
    {
        service.Put("there", "here", "first-slash");
        var url = await UrlAsync(await service.AdoptedAsync(key));
        Assert.StartsWith(service.Http.BaseAddress!.ToString(), url, StringComparison.Ordinal);
        Assert.Equal(key, await BytesAsync(url));
    }

    [Fact]
    public async Task A_store_without_a_key_is_read_through_the_registry()
    {
        var store = await service.Services.GetRequiredService<StoreTable>().EnsureAsync(
            service.Store with
            {
                Id = Guid.NewGuid(),
                Name = "public",
                Configuration = new("bucket", null, service.Server.Url, null, null, null),
            }, default);
        service.Put("a");
        using var adopted = await service.Http.SendAsync(
            "POST", $"/api/v0/stores/{store.Id}/adopt/", $$"""{"url":"s3://bucket/a","project":"{{service.Project.Id}}"}""");
        var id = (await TestUsers.JsonAsync(adopted)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
        Assert.Equal("a", await BytesAsync(await UrlAsync(id)));
    }

    [Fact]
    public async Task The_registrys_own_urls_serve_ranges_and_say_what_they_are()
    {
        service.Bucket.Put("./a", "0123456789"u8, contentType: "text/html");
        using var adopted = await service.AdoptUrlAsync(service.Url("./a"));
        var url = await UrlAsync((await TestUsers.JsonAsync(adopted)).GetProperty("created").EnumerateObject().Single().Value.GetString()!);
        foreach (var (asked, bytes, said) in new[]
        {
            ("bytes=2-4", "234", "bytes 2-4/10"), ("bytes=7-", "789", "bytes 7-9/10"), ("bytes=-2", "89", "bytes 8-9/10"),
            ("bytes=8-99", "89", "bytes 8-9/10"),
        })
        {
            using var part = await RangeAsync(url, asked);
            Assert.Equal(
                (HttpStatusCode.PartialContent, bytes, said),
                (part.StatusCode, await part.Content.ReadAsStringAsync(), part.Content.Headers.ContentRange!.ToString()));
        }

        service.Server.Requests.Reset();
        using var head = await RangeAsync(url, null, HttpMethod.Head);
        Assert.Equal((HttpStatusCode.OK, 10L), (head.StatusCode, head.Content.Headers.ContentLength));
        using var partHead = await RangeAsync(url, "bytes=2-4", HttpMethod.Head);
        Assert.Equal(
            (HttpStatusCode.PartialContent, 3L, "bytes 2-4/10"),
            (partHead.StatusCode, partHead.Content.Headers.ContentLength, partHead.Content.Headers.ContentRange!.ToString()));
        Assert.Equal(0, service.Server.Requests["get"]);

        using var beyond = await RangeAsync(url, "bytes=10-");
        Assert.Equal(
            (HttpStatusCode.RequestedRangeNotSatisfiable, "bytes */10"),
            (beyond.StatusCode, beyond.Content.Headers.ContentRange!.ToString()));
        using var whole = await RangeAsync(url, "bytes=0-1,3-4");
        Assert.Equal("0123456789", await whole.Content.ReadAsStringAsync());
        Assert.Equal("application/octet-stream", whole.Content.Headers.ContentType?.ToString());
        Assert.Equal("attachment", whole.Content.Headers.ContentDisposition?.DispositionType);
        Assert.Equal("no-store", whole.Headers.CacheControl?.ToString());
    }

    [Theory]
    [InlineData("own", true)]
    [InlineData("\"another\"", false)]
    [InlineData("weak", false)]
    [InlineData("Sun, 01 Mar 2026 12:00:00 GMT", false)]
    [InlineData("nonsense", false)]
    public async Task A_range_of_another_content_is_the_whole(string condition, bool isPart)
    {
        service.Bucket.Put("./a", "0123456789"u8.ToArray());
        var url = await UrlAsync((await service.AdoptObjectAsync("./a")));
        using var whole = await RangeAsync(url, null);
        var tag = whole.Headers.ETag!.ToString();
        foreach (var (range, method) in new[] { ("bytes=2-4", HttpMethod.Get), ("bytes=2-4", HttpMethod.Head),
            ("bytes=10-", HttpMethod.Get) })
        {
            using var request = new HttpRequestMessage(method, new Uri(url));
            request.Headers.TryAddWithoutValidation("Range", range);
            request.Headers.TryAddWithoutValidation("If-Range", condition switch { "own" => tag, "weak" => $"W/{tag}", _ => condition });
            using var stranger = new HttpClient();
            using var response = await stranger.SendAsync(request);
            var expected = !isPart ? HttpStatusCode.OK : range == "bytes=10-" ? HttpStatusCode.RequestedRangeNotSatisfiable
                : HttpStatusCode.PartialContent;
            Assert.Equal(expected, response.StatusCode);
            if (response.IsSuccessStatusCode)
                Assert.Equal(isPart ? 3 : 10, response.Content.Headers.ContentLength);
        }
    }

    [Fact]
    public async Task The_registrys_own_urls_end_and_are_good_for_one_datum_only()
    {
        var url = await UrlAsync(await service.AdoptedAsync("./a"));
        var other = await service.AdoptedAsync("./b");
        using var stranger = service.NewClient();
        var token = url[url.IndexOf('?', StringComparison.Ordinal)..];
        foreach (var path in new[]
        {
            $"{other}/content/{token}", $"{other}/content/", $"{other}/content/?token=x", $"{other}/content/?token=%C3%A9",
            $"x/content/{token}", $"{other}/content/?token={new string('A', 64)}",
        })
            Assert.Equal(HttpStatusCode.Forbidden, await stranger.StatusAsync("GET", $"/api/v0/data/{path}"));

        Assert.Equal(HttpStatusCode.OK, await stranger.StatusAsync("GET", url));
        clock.Move(TimeSpan.FromSeconds(899));
        Assert.Equal(HttpStatusCode.OK, await stranger.StatusAsync("GET", url));
        clock.Move(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Forbidden, await stranger.StatusAsync("GET", url));
    }

    [Fact]
    public async Task The_registrys_own_urls_end_with_the_object_the_datum_and_the_stores_consent()
    {
        var id = await service.AdoptedAsync("./a");
        var url = await UrlAsync(id);
        using var stranger = service.NewClient();
        service.Bucket.Put("./a", "b"u8);
        Assert.Equal(HttpStatusCode.Conflict, await stranger.StatusAsync("GET", url));
        service.Put("./a");
        var path = $"/api/v0/stores/{service.Store.Id}/";
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", path, """{"allow_read":false}"""));
        Assert.Equal(HttpStatusCode.Forbidden, await stranger.StatusAsync("GET", url));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", path, """{"allow_read":true}"""));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("POST", $"/api/v0/data/{id}/purge/"));
        Assert.Equal(HttpStatusCode.NotFound, await stranger.StatusAsync("GET", url));
    }

    [Fact]
    public async Task No_url_and_no_signature_is_logged_or_in_the_audit_trail()
    {
        var signed = await UrlAsync(await service.AdoptedAsync("a"));
        var own = await UrlAsync(await service.AdoptedAsync("./a"));
        await BytesAsync(signed);
        await BytesAsync(own);
        service.Bucket.Delete("./a");
        using var stranger = service.NewClient();
        Assert.Equal(HttpStatusCode.Conflict, await stranger.StatusAsync("GET", own));
        var trail = string.Concat((await service.GetAllAsync($"/api/v0/audit/?project={service.Project.Id}")).Select(e => e.GetRawText()));
        Assert.Contains("data.adopted", trail, StringComparison.Ordinal);
        foreach (var secret in new[] { "Signature", "token=", signed[^20..], own[^20..] })
            Assert.DoesNotContain(secret, service.Logs + trail, StringComparison.OrdinalIgnoreCase);
    }

    Task<HttpResponseMessage> LinkAsync(string id) => service.Http.SendAsync("GET", $"/api/v0/data/{id}/download/");

    async Task<string> UrlAsync(string id, bool whole = false) =>
        (await service.GetAsync($"/api/v0/data/{id}{(whole ? "" : "/download/")}")).GetProperty("url").GetString()!;

    async Task<string> BytesAsync(string url)
    {
        using var answer = await RangeAsync(url, null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync());
    }

    async Task<HttpResponseMessage> RangeAsync(string url, string? range, HttpMethod? method = null)
    {
        using var stranger = service.NewClient();
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, new Uri(url));
        if (range is not null)
            request.Headers.Range = RangeHeaderValue.Parse(range);
        return await stranger.SendAsync(request);
    }
}
