using System.IO.Compression;
using System.Net;
using System.Text.RegularExpressions;
using DataRegistry.Tests.Fixtures;
using DataRegistry.WebConsole;

namespace DataRegistry.Tests.WebConsole;

/// <summary>How the service serves the console. Browser tests try the pages.</summary>
public sealed partial class ConsoleEndpointTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    static readonly ConsoleFiles Files = ConsoleFiles.Embedded();

    TestService service = null!;
    HttpClient stranger = null!;

    public async Task InitializeAsync()
    {
        service = await shared.ForTestAsync();
        // Without token, decompression and redirects.
        stranger = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = service.Http.BaseAddress };
    }

    public async Task DisposeAsync()
    {
        stranger.Dispose();
        await service.DisposeAsync();
    }

    [Fact]
    public async Task The_page_is_asked_for_anew_each_time_and_lets_nothing_in_from_elsewhere()
    {
        using var page = await GetAsync("/console/");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal("text/html; charset=utf-8", page.Content.Headers.ContentType!.ToString());
        Assert.True(page.Headers.CacheControl!.NoCache);
        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri "
                + "'none'; form-action 'none'; frame-ancestors 'none'",
            page.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-referrer", page.Headers.GetValues("Referrer-Policy").Single());
        Assert.DoesNotMatch(InlineText(), await page.Content.ReadAsStringAsync());

        using var again = await GetAsync("/console/", ("If-None-Match", page.Headers.ETag!.ToString()));
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Empty(await again.Content.ReadAsByteArrayAsync());
        using var changed = await GetAsync("/console/", ("If-None-Match", "\"another\""));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
    }

    [Fact]
    public async Task All_that_the_page_names_is_kept_for_ever()
    {
        using var page = await GetAsync("/console/");
        var named = References().Matches(await page.Content.ReadAsStringAsync()).Select(m => m.Groups[1].Value).ToList();
        Assert.Contains(named, n => n.EndsWith("/app.js", StringComparison.Ordinal));
        Assert.Contains(named, n => n.EndsWith("/style.css", StringComparison.Ordinal));
        // The page asks for modules of the first one together with it, not after it.
        Assert.Contains(named, n => n.EndsWith("/dom.js", StringComparison.Ordinal));
        foreach (var name in named)
        {
            using var file = await GetAsync($"/console/{name}");
            Assert.True(file.StatusCode == HttpStatusCode.OK, name);
            Assert.StartsWith($"{Files.Folder}/", name, StringComparison.Ordinal);
            Assert.Equal("public, max-age=31536000, immutable", file.Headers.CacheControl!.ToString());
        }
    }

    [Fact]
    public async Task Every_file_comes_as_it_is_whatever_its_encoding_and_is_not_sent_twice()
    {
        Assert.True(Files.Names.Count() > 10);
        foreach (var name in Files.Names.Where(n => n != "index.html"))
        {
            using var plain = await GetAsync($"/console/{name}");
            Assert.True(plain.Headers.CacheControl!.NoCache);
            var content = await plain.Content.ReadAsByteArrayAsync();
            Assert.Equal(Files.Find(name)!.Value.File.Content, content);
            var tags = new HashSet<string> { plain.Headers.ETag!.ToString() };
            foreach (var encoding in new[] { "gzip", "br" })
            {
                var path = $"/console/{Files.Folder}/{name}";
                using var compressed = await GetAsync(path, ("Accept-Encoding", encoding));
                Assert.Equal(plain.Content.Headers.ContentType, compressed.Content.Headers.ContentType);
                Assert.Equal(["Accept-Encoding"], compressed.Headers.Vary);
                // Files that would not become smaller are not compressed.
                if (compressed.Content.Headers.ContentEncoding.SingleOrDefault() is not { } used)
                    continue;
                Assert.Equal(encoding, used);
                var bytes = await compressed.Content.ReadAsByteArrayAsync();
                Assert.True(bytes.Length < content.Length);
                Assert.Equal(content, Decompress(bytes, encoding));
                Assert.True(tags.Add(compressed.Headers.ETag!.ToString()), "Two forms have one tag.");
                using var again = await GetAsync(
                    path, ("Accept-Encoding", encoding), ("If-None-Match", compressed.Headers.ETag!.ToString()));
                Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
            }
        }
    }

    [Theory]
    [InlineData("gzip, deflate, br", "br")]
    [InlineData("gzip, br;q=0.5", "gzip")]
    [InlineData("br;q=0, gzip", "gzip")]
    [InlineData("GZIP", "gzip")]
    [InlineData("*", "br")]
    [InlineData("*;q=0", null)]
    [InlineData("identity", null)]
    [InlineData("deflate", null)]
    [InlineData(null, null)]
    public async Task What_a_browser_prefers_is_what_it_gets(string? accepts, string? expected)
    {
        using var file = accepts is null
            ? await GetAsync("/console/app.js")
            : await GetAsync("/console/app.js", ("Accept-Encoding", accepts));
        Assert.Equal(HttpStatusCode.OK, file.StatusCode);
        Assert.Equal(expected, file.Content.Headers.ContentEncoding.SingleOrDefault());
    }

    [Fact]
    public async Task Without_its_slash_the_address_leads_to_the_page()
    {
        using var redirect = await GetAsync("/console?x=1");
        Assert.Equal(HttpStatusCode.Redirect, redirect.StatusCode);
        Assert.Equal("/console/?x=1", redirect.Headers.Location!.ToString());
    }

    [Fact]
    public async Task HEAD_is_answered_like_GET_without_a_body()
    {
        using var head = await stranger.SendAsync("HEAD", "/console/");
        using var get = await GetAsync("/console/");
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Equal(get.Headers.ETag, head.Headers.ETag);
        Assert.Equal(get.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("/console/nothing.js")]
    [InlineData("/console/0123456789abcdef/app.js")]
    [InlineData("/console/..%2f..%2fopenapi.json")]
    [InlineData("/console/wwwroot/app.js")]
    [InlineData("/console/pages")]
    public async Task A_file_that_is_not_there_is_not_found_and_not_remembered_as_such(string path)
    {
        using var response = await GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.True(response.Headers.CacheControl!.NoCache);
        Assert.Equal("{\"detail\":\"Not found.\"}", await response.Content.ReadAsStringAsync());
    }

    /// <summary>The console says which pages it has. A program, and a page that asks for its own files, is answered as before.</summary>
    [Theory]
    [InlineData("/console/data", "/console/#/data")]
    [InlineData("/console/p/x/data/?q=a b", "/console/#/p/x/data/?q=a%20b")]
    [InlineData("/console//elsewhere.example/ü", "/console/#//elsewhere.example/%C3%BC")]
    [InlineData("/console/0123456789abcdef/app.js", "/console/#/0123456789abcdef/app.js")]
    public async Task Somebody_who_opens_an_address_that_is_not_there_is_led_into_the_console(string path, string expected)
    {
        using var led = await GetAsync(path, ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        Assert.Equal(HttpStatusCode.Redirect, led.StatusCode);
        Assert.Equal(expected, led.Headers.Location!.OriginalString);
        Assert.True(led.Headers.CacheControl!.NoCache);
        foreach (var accept in new[] { "*/*", "application/json, text/html;q=0", "text/javascript" })
        {
            using var refused = await GetAsync(path, ("Accept", accept));
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        }
    }

    [Fact]
    public async Task Nothing_but_reading_is_allowed() =>
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await stranger.StatusAsync("POST", "/console/"));

    [Fact]
    public void Another_content_of_any_file_is_another_folder()
    {
        static ConsoleFiles Of(string content) =>
            new([
                new("index.html", "<head></head>"u8.ToArray()), new("app.js", []),
                new("pages/x.js", System.Text.Encoding.UTF8.GetBytes(content))]);
        Assert.Equal(Of("a").Folder, Of("a").Folder);
        Assert.NotEqual(Of("a").Folder, Of("b").Folder);
        // Moving a byte from one file to the next changes the hash.
        Assert.NotEqual(
            new ConsoleFiles([new("index.html", "a"u8.ToArray()), new("app.js", "b"u8.ToArray())]).Folder,
            new ConsoleFiles([new("index.html", "ab"u8.ToArray()), new("app.js", [])]).Folder);
    }

    [Fact]
    public void Every_module_that_another_one_imports_is_there()
    {
        var wrong = new List<string>();
        foreach (var name in Files.Names.Where(n => n.EndsWith(".js", StringComparison.Ordinal)))
        {
            foreach (Match import in Imports().Matches(System.Text.Encoding.UTF8.GetString(Files.Find(name)!.Value.File.Content)))
            {
                var target = new Uri(new Uri($"file:///{name}"), import.Groups[1].Value).AbsolutePath[1..];
                if (Files.Find(target) is null)
                    wrong.Add($"{name} imports {target}");
            }
        }

        Assert.Empty(wrong);
    }

    static byte[] Decompress(byte[] bytes, string encoding)
    {
        using var from = new MemoryStream(bytes);
        using Stream through = encoding == "br"
            ? new BrotliStream(from, CompressionMode.Decompress)
            : new GZipStream(from, CompressionMode.Decompress);
        using var to = new MemoryStream();
        through.CopyTo(to);
        return to.ToArray();
    }

    async Task<HttpResponseMessage> GetAsync(string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        foreach (var (name, value) in headers)
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        return await stranger.SendAsync(request);
    }

    [GeneratedRegex("""(?:src|href)="([^"]+)(?:")""")]
    private static partial Regex References();

    [GeneratedRegex("""(?:from|import\()\s*'(\.[^']+)'""")]
    private static partial Regex Imports();

    [GeneratedRegex("""<script(?![^>]*\ssrc=)|<style|\son\w+=|style=""")]
    private static partial Regex InlineText();
}
