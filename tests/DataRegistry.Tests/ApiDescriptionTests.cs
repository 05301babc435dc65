using System.IO.Compression;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using DataRegistry.Http;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests;

/// <summary>The OpenAPI document says what the service does.</summary>
public sealed partial class ApiDescriptionTests : IAsyncLifetime
{
    TestService service = null!;
    HttpClient stranger = null!;
    JsonElement document;

    public async Task InitializeAsync()
    {
        service = await TestService.StartAsync();
        stranger = new HttpClient { BaseAddress = service.Http.BaseAddress };
        document = await TestUsers.JsonAsync(await stranger.SendAsync("GET", "/openapi/v1.json"));
    }

    public async Task DisposeAsync()
    {
        stranger.Dispose();
        await service.DisposeAsync();
    }

    [Fact]
    public void Every_route_of_both_apis_is_in_it()
    {
        var routes = service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/api/v", StringComparison.Ordinal))
            // Links, and lists of what this product does not have.
            .Where(e => e.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is null)
            .SelectMany(
                e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => Plain(m, e.RoutePattern.RawText!)))
                .Order(StringComparer.Ordinal).ToList();
        Assert.Contains("POST /api/v0/get-token", routes);
        Assert.Contains("PATCH /api/v1/datavolumes/{}/shared-scopes", routes);
        Assert.Equal(
            routes,
            Operations().Where(
                o => o.Path.StartsWith("/api/v", StringComparison.Ordinal)).Select(
                    o => Plain(o.Method.ToUpperInvariant(), o.Path)).Order(StringComparer.Ordinal));

        static string Plain(string method, string path) => $"{method} {Parameter().Replace(path.TrimEnd('/'), "{}")}";
    }

    [Fact]
    public void Every_operation_has_a_summary_and_schemas_and_examples_of_its_bodies()
    {
        string[] withoutBody = ["/agent/", "/purge/", "/cancel/", "/retry/", "/rescan/"];
        var lacking = new List<string>();
        // Of the data volumes the published document says what it says.
        foreach (var (path, method, operation) in Operations().Where(o => !o.Path.StartsWith("/api/v1", StringComparison.Ordinal)))
        {
            Expect(operation.TryGetProperty("summary", out _), "a summary");
            var takes = operation.TryGetProperty("requestBody", out var request);
            Expect(
                takes || method is not ("post" or "put" or "patch")
                    || Array.Exists(withoutBody, w => path.TrimEnd('/').EndsWith(w.TrimEnd('/'), StringComparison.Ordinal)), "a body");
            if (takes)
                ExpectContent(request, "its body");
            var answers = operation.GetProperty("responses").EnumerateObject().ToList();
            Expect(answers.Exists(r => r.Name[0] == '2'), "an answer");
            // The content's own are bytes of any kind.
            var bytes = path.Contains("/content", StringComparison.Ordinal);
            foreach (var answer in answers.Where(a => a.Name != "204" && !(bytes && a.Name[0] == '2')))
                ExpectContent(answer.Value, answer.Name);
            var open = path.StartsWith("/api/v0/get-token", StringComparison.Ordinal)
                || path.StartsWith("/api/health", StringComparison.Ordinal) || bytes;
            Expect(open != operation.TryGetProperty("security", out _), "whether it needs a token");

            void Expect(bool holds, string what)
            {
                if (!holds)
                    lacking.Add($"{method} {path} lacks {what}");
            }

            void ExpectContent(JsonElement body, string what)
            {
                Expect(body.TryGetProperty("content", out var content) && content.EnumerateObject().Any(), $"the content of {what}");
                foreach (var media in content.ValueKind == JsonValueKind.Object ? content.EnumerateObject().ToList() : [])
                {
                    Expect(media.Value.TryGetProperty("schema", out _), $"the schema of {what}");
                    Expect(
                        media.Value.TryGetProperty("example", out _) || media.Value.TryGetProperty("examples", out _)
                            || what is "401" or "403" or "404" or "429", $"an example of {what}");
                }
            }
        }

        Assert.Empty(lacking);
    }

    [Fact]
    public void Every_example_is_one_of_its_body()
    {
        var assembly = typeof(Registry).Assembly;
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        };
        var names = assembly.GetManifestResourceNames().Where(
            n => n.StartsWith("Examples/", StringComparison.Ordinal)).Select(n => n["Examples/".Length..^".json".Length]).ToList();
        Assert.True(names.Count > 30);
        foreach (var name in names.Except(["FieldErrors", "MetadataBody", "UrlLines"]))
        {
            var type = Assert.Single(assembly.GetTypes(), t => t.Name == name);
            var example = Examples.Of(name)!.AsObject();
            var read = JsonSerializer.SerializeToNode(JsonSerializer.Deserialize(example, type, options), type, options)!.AsObject();
            // What is taken may leave fields out; what is answered has all of them.
            if (name.StartsWith("New", StringComparison.Ordinal) || name is "UserChangeBody" or "AdoptBody")
                Assert.All(example.Select(p => p.Key), key => Assert.True(read.ContainsKey(key)));
            else
                Assert.Equal(read.Select(p => p.Key), example.Select(p => p.Key));
        }
    }

    [Fact]
    public void Schemas_have_the_names_of_the_wire()
    {
        var user = document.GetProperty("components").GetProperty("schemas").GetProperty("UserBody").GetProperty("properties");
        Assert.Equal(["id", "username", "type", "display_name", "email", "disabled", "ctime"], user.EnumerateObject().Select(p => p.Name));
    }

    [Fact]
    public async Task It_is_made_once_and_sent_in_the_encoding_that_is_asked_for_with_a_tag()
    {
        var made = 0;
        await using var counted = await TestService.StartAsync(null, null, services => services.AddOptions<OpenApiOptions>("v1").Configure(
            o => o.AddDocumentTransformer((_, _, _) => Task.FromResult(Interlocked.Increment(ref made)))));
        using var http = new HttpClient { BaseAddress = counted.Http.BaseAddress };
        var tags = new List<string>();
        string? text = null;
        foreach (var (accepted, encoding) in new (string?, string?)[]
        {
            (null, null), ("identity", null), ("gzip", "gzip"), ("br", "br"), ("gzip, deflate, br", "br"), ("br;q=0.5, gzip", "gzip"),
                ("*", "br"),
            ("br;q=0, *;q=0.1", "gzip"), ("zstd", null), ("gzip;q=0", null),
        })
        {
            using var response = await AskAsync(accepted, null);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
            Assert.Equal(encoding, response.Content.Headers.ContentEncoding.SingleOrDefault());
            Assert.Equal(("Accept-Encoding", "no-cache"), (response.Headers.Vary.Single(), response.Headers.CacheControl!.ToString()));
            var bytes = await response.Content.ReadAsByteArrayAsync();
            Assert.True(bytes.Length == response.Content.Headers.ContentLength && (encoding is null || bytes.Length < 100_000),
                $"{bytes.Length} bytes");
            Assert.Equal(text ??= Unpack(bytes, encoding), Unpack(bytes, encoding));
            tags.Add($"{encoding} {response.Headers.ETag}");

            using var known = await AskAsync(accepted, response.Headers.ETag!.ToString());
            Assert.Equal((HttpStatusCode.NotModified, 0), (known.StatusCode, (await known.Content.ReadAsByteArrayAsync()).Length));
            using var other = await AskAsync(accepted, "\"another\"");
            Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        }

        Assert.Equal((1, 3), (made, tags.Distinct().Count()));
        using var head = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, new Uri("/openapi/v1.json", UriKind.Relative)));
        Assert.Equal((HttpStatusCode.OK, text!.Length > 100_000), (head.StatusCode, head.Content.Headers.ContentLength > 100_000));
        // Whoever asks first leaves nothing of the request in it.
        Assert.DoesNotContain("servers", JsonDocument.Parse(text).RootElement.EnumerateObject().Select(p => p.Name));
        Assert.DoesNotContain(counted.Http.BaseAddress!.Authority, text, StringComparison.Ordinal);

        async Task<HttpResponseMessage> AskAsync(string? accepted, string? tag)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/openapi/v1.json", UriKind.Relative));
            if (accepted is not null)
                request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
            if (tag is not null)
                request.Headers.TryAddWithoutValidation("If-None-Match", tag);
            return await http.SendAsync(request);
        }

        static string Unpack(byte[] bytes, string? encoding)
        {
            using var from = new MemoryStream(bytes);
            using Stream unpacked = encoding switch
            {
                "br" => new BrotliStream(from, CompressionMode.Decompress),
                "gzip" => new GZipStream(from, CompressionMode.Decompress),
                _ => from,
            };
            using var reader = new StreamReader(unpacked);
            return reader.ReadToEnd();
        }
    }

    [Fact]
    public async Task Those_who_ask_at_once_at_the_start_wait_for_one_and_a_failure_is_tried_again()
    {
        var made = 0;
        await using var failing = await TestService.StartAsync(null, null, services => services.AddOptions<OpenApiOptions>("v1").Configure(
            o => o.AddDocumentTransformer(
                (_, _, _) => Interlocked.Increment(ref made) == 1 ? throw new InvalidOperationException("Not now.") : Task.CompletedTask)));
        Assert.Equal(HttpStatusCode.InternalServerError, await failing.Http.StatusAsync("GET", "/openapi/v1.json"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => failing.Http.StatusAsync("GET", "/openapi/v1.json")));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a));
        Assert.Equal(2, made);
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();

    [Fact]
    public async Task The_page_consists_of_this_service_s_own_files_and_says_so_to_browsers()
    {
        using var page = await stranger.GetAsync(new Uri("/openapi/", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.StartsWith(
            "default-src 'none'; script-src 'self';", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        var html = await page.Content.ReadAsStringAsync();
        var files = References().Matches(html).Select(m => m.Groups[1].Value).ToList();
        Assert.Contains(files, f => f.EndsWith("swagger-ui-bundle.js", StringComparison.Ordinal));
        foreach (var file in files)
        {
            var address = new Uri(page.RequestMessage!.RequestUri!, file);
            Assert.Equal(service.Http.BaseAddress!.Authority, address.Authority);
            Assert.True(await stranger.StatusAsync("GET", address.ToString()) == HttpStatusCode.OK, file);
        }

        // A strict policy lets no script or style of the page's own text run.
        Assert.DoesNotMatch(InlineScript(), html);
        Assert.Equal(HttpStatusCode.NotFound, await stranger.StatusAsync("GET", "/openapi/nothing"));
    }

    [GeneratedRegex("""(?:src|href)="([^"]+)"|@import""")]
    private static partial Regex References();

    [GeneratedRegex("""<script(?![^>]*\ssrc=)|<style|\son\w+=|style=""")]
    private static partial Regex InlineScript();

    IEnumerable<(string Path, string Method, JsonElement Operation)> Operations() => document.GetProperty("paths").EnumerateObject()
        .SelectMany(path => path.Value.EnumerateObject().Select(o => (path.Name, o.Name, o.Value)));
}
