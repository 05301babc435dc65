using System.IO.Compression;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests;

/// <summary>The OpenAPI document describes the service.</summary>
public sealed partial class ApiDescriptionTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;
    HttpClient stranger = null!;
    JsonElement document;

    public async Task InitializeAsync()
    {
        service = await shared.ForTestAsync();
        stranger = service.NewClient();
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
            // Links, and the lists that are always empty.
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
    public void Every_operation_has_a_name_a_summary_an_area_and_examples_of_its_bodies()
    {
        var lacking = new List<string>();
        var names = new List<string>();
        foreach (var (path, method, operation) in Operations())
        {
            var isPublished = path.StartsWith("/api/v1/datavolumes", StringComparison.Ordinal)
                || path.Contains("/datavolumes/", StringComparison.Ordinal);
            names.Add(Text(operation, "operationId"));
            Expect(operation.TryGetProperty("summary", out _), "a summary");
            Expect(operation.TryGetProperty("security", out _), "whether it needs a token");
            Expect(operation.GetProperty("tags").GetArrayLength() == 1, "an area");
            // For data volumes the published document decides.
            if (isPublished)
                continue;
            Expect(ReadsAsMethod().IsMatch(names[^1]), $"a name that reads as a method: {names[^1]}");
            if (operation.TryGetProperty("requestBody", out var request))
                ExpectExamples(request, "its body");
            foreach (var answer in operation.GetProperty("responses").EnumerateObject().Where(r => r.Name != "204"))
                ExpectExamples(Resolved(answer.Value), answer.Name);

            void Expect(bool holds, string what)
            {
                if (!holds)
                    lacking.Add($"{method} {path} lacks {what}");
            }

            void ExpectExamples(JsonElement body, string what)
            {
                foreach (var media in body.GetProperty("content").EnumerateObject().Where(m => m.Name == "application/json"))
                {
                    Expect(media.Value.GetProperty("schema").TryGetProperty("$ref", out _), $"a named schema of {what}");
                    Expect(media.Value.TryGetProperty("example", out _)
                        || media.Value.TryGetProperty("examples", out _), $"an example of {what}");
                }
            }
        }

        Assert.Empty(lacking);
        Assert.Equal(names.Count, names.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task Every_example_is_one_of_its_schema()
    {
        var contract = await ApiContract.SharedAsync();
        var examples = contract.Examples().ToList();
        Assert.True(examples.Count > 250);
        Assert.Equal([], examples.Where(e => e.Fault is not null).Select(e => $"{e.Where}: {e.Fault}"));
    }

    [Fact]
    public void Every_error_is_shown_with_values_in_place_of_names() =>
        Assert.DoesNotMatch("\"(message|detail|details)\":\"[^\"]*[{][a-z_]+[}]", document.GetRawText());

    [Fact]
    public void Every_area_has_a_sentence_and_they_come_in_the_order_of_a_newcomer()
    {
        var areas = document.GetProperty("tags").EnumerateArray().ToList();
        Assert.Equal(["Signing in", "Stores", "Adoption", "Data"], areas.Take(4).Select(a => Text(a, "name")));
        Assert.All(areas, a => Assert.Matches(@"^[A-Z].*\.$", Text(a, "description")));
        Assert.Equal(areas.Select(a => Text(a, "name")), Operations().Select(o => o.Operation.GetProperty("tags")[0].GetString()!)
            .Distinct());
    }

    [Fact]
    public void No_schema_is_unused_and_no_integer_is_a_text()
    {
        var text = document.GetRawText();
        Assert.All(document.GetProperty("components").GetProperty("schemas").EnumerateObject().Select(s => s.Name),
            name => Assert.Contains($"#/components/schemas/{name}\"", text, StringComparison.Ordinal));
        Assert.DoesNotMatch("\"integer\",\\s*\"string\"", text);
    }

    [Fact]
    public async Task The_rendition_in_3_0_has_the_same_operations_and_schemas()
    {
        var older = await TestUsers.JsonAsync(await stranger.SendAsync("GET", "/openapi/v1-3.0.json"));
        Assert.StartsWith("3.0.", Text(older, "openapi"), StringComparison.Ordinal);
        Assert.Equal(Names(document.GetProperty("components").GetProperty("schemas")), Names(
            older.GetProperty("components").GetProperty("schemas")));
        Assert.Equal(
            document.GetProperty("paths").EnumerateObject().SelectMany(p => Names(p.Value).Select(m => $"{m} {p.Name}")),
            older.GetProperty("paths").EnumerateObject().SelectMany(p => Names(p.Value).Select(m => $"{m} {p.Name}")));

        static IEnumerable<string> Names(JsonElement value) => value.EnumerateObject().Select(p => p.Name);
    }

    [Fact]
    public void Schemas_have_the_names_of_the_wire()
    {
        Assert.Equal(["id", "username", "type", "display_name", "email", "disabled", "ctime"], Properties("User"));
        Assert.Equal(["id", "name", "clusterId", "parentId", "parent", "createdAt"], Properties("ListedProject"));
        Assert.Equal(["accessToken", "tokenType", "expiresIn"], Properties("ClientToken"));

        IEnumerable<string> Properties(string schema) => document.GetProperty("components").GetProperty("schemas").GetProperty(schema)
            .GetProperty("properties").EnumerateObject().Select(p => p.Name);
    }

    [Fact]
    public void The_document_leads_back_to_where_it_came_from() =>
        Assert.Equal("/", Text(Assert.Single(document.GetProperty("servers").EnumerateArray()), "url"));

    static string Text(JsonElement value, string name) => value.TryGetProperty(name, out var text) ? text.GetString()! : "";

    JsonElement Resolved(JsonElement response) => response.TryGetProperty("$ref", out var reference)
        ? document.GetProperty("components").GetProperty("responses").GetProperty(reference.GetString()!.Split('/')[^1])
        : response;

    [GeneratedRegex("^[a-z]+([A-Z][a-z]*)*$")]
    private static partial Regex ReadsAsMethod();

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
        // The first request leaves nothing of itself in the document.
        Assert.Equal("/", JsonDocument.Parse(text).RootElement.GetProperty("servers")[0].GetProperty("url").GetString());
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

        // A strict policy allows no inline script or style.
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
