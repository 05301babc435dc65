using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DataRegistry.Stores;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests;

/// <summary>
/// Sends bad values to every endpoint of the OpenAPI document, in every parameter and field. No answer may be a server
/// fault, each must be the contract's JSON, and a refused request must write nothing. A new endpoint or parameter is
/// covered once it is described.
/// </summary>
public sealed class BadInputSweepTests : IAsyncLifetime
{
    static readonly string[] Texts =
    [
        "", "x", "-1", "0", "99999999999999999999", "1e9", "null", "true", "ü😀𝒳", "a\r\nb", "'\" or 1 eq 1", "<b>", "{id}", "datum://x",
        "s3://", "s3://bucket/", "//",
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "http://127.0.0.1/api/v0/data/x/", "2026-13-45",
        new string('a', 3000),
    ];

    static readonly string[] Values =
    [
        "null", "true", "0", "-1", "1e400", "12345678901234567890123", "\"\"", "\" \"", "\"x\"", "\"\\u0000\"", "\"\\ud800\"",
        "\"\\ud800\\u0041\"", "\"a\\nb\"", "\"ü😀𝒳\"", "[]", "[null]", "[[]]", "[5]", "{}",
        "{\"id\":5}", "{\"id\":\"\\ud800\"}", "{\"\\ud800\":1}", "{\"a\":1,\"a\":2}", "\"00000000-0000-0000-0000-000000000000\"",
        $"\"{new string('a', 70_000)}\"",
    ];

    TestService service = null!;
    JsonElement document;
    readonly List<string> wrong = [];
    readonly Dictionary<string, int> turns = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> ids = new(StringComparer.Ordinal);
    string datum = "", other = "";

    public async Task InitializeAsync()
    {
        // Resolve only this machine's own names, so that no made-up name is looked up on the internet.
        service = await TestService.StartAsync(null, null, services => services.AddSingleton<HostResolver>((host, _) =>
            host == "localhost"
                ? Task.FromResult<IPAddress[]>([IPAddress.Loopback])
                : throw new SocketException((int)SocketError.HostNotFound)));
        service.Secrets.AreNone(Values.Select(v => v.Trim('"')));
        document = await service.GetAsync("/openapi/v1.json");
        (datum, other) = (await service.AdoptedAsync("a"), await service.AdoptedAsync("b"));
        service.Put("readme.txt");
        ids["data"] = datum;
        ids["stores"] = service.Store.Id.ToString();
        ids["projects"] = service.Project.Id.ToString();
        ids["users"] = (await service.NewUserAsync("swept", type: "service_account")).ToString();
        ids["datum-aliases"] = (await service.NewAsync(
            "/api/v0/datum-aliases/", new { name = "latest", datum, project = service.Project.Id })).ToString();
        var dataset = await service.NewAsync("/api/v0/datasets/", new { name = "swept", project = service.Project.Id });
        var version = await service.NewAsync("/api/v0/dataset-versions/", new { name = "v1", dataset, files = new[] { new { datum } } });
        (ids["datasets"], ids["dataset-versions"]) = ($"{dataset}", $"{version}");
        ids["dataset-version-aliases"] = (await service.NewAsync(
            "/api/v0/dataset-version-aliases/", new { name = "stable", dataset_version = version })).ToString();
        using (var scan = await service.Http.SendAsync("POST", $"/api/v0/stores/{service.Store.Id}/rescan/"))
            ids["rescans"] = scan.Headers.Location!.AbsolutePath.Split('/')[^2];
        ids["adoptions"] = (await service.AcceptAsync(Enumerable.Range(0, 101).Select(i => $"none{i}"))).Split('/')[^2];
    }

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task No_parameter_is_a_fault_of_the_server()
    {
        foreach (var (path, method, operation) in Operations())
        {
            var parameters = operation.TryGetProperty("parameters", out var all) ? all.EnumerateArray().ToList() : [];
            var body = BodyOf(path, operation);
            foreach (var parameter in parameters)
            {
                var name = parameter.GetProperty("name").GetString()!;
                var texts = name == "cursor" ? [.. Texts, .. Cursors()] : Texts;
                foreach (var text in ShareOf(name == "id" ? $"id of {path.Split('/')[3]}" : name, texts))
                {
                    var url = parameter.GetProperty("in").GetString() == "query"
                        ? $"{Path(path, method)}?{Required(parameters, name)}{name}={Uri.EscapeDataString(text)}"
                        : Path(path, method).Length > 0 && text.Length > 0
                            ? $"{Path(path, method, name, Uri.EscapeDataString(text))}?{Required(parameters, "")}"
                            : null;
                    if (url is not null)
                        await SendAsync(method, url, body);
                }

                await SendAsync(method, $"{Path(path, method)}?{Required(parameters, name)}{name}=1&{name}=2", body);
                await SendAsync(method, $"{Path(path, method)}?{Required(parameters, name)}{name}=%FF%FE&%FF=1", body);
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task No_field_of_a_body_is_a_fault_of_the_server()
    {
        foreach (var (path, method, operation) in Operations())
        {
            if (BodyOf(path, operation) is not { } valid || JsonNode.Parse(valid) is not JsonObject body)
                continue;
            var url = $"{Path(path, method)}?";
            foreach (var (name, value) in body)
            {
                foreach (var text in Values)
                    await SendAsync(method, url, Replaced(body, name, text));
                foreach (var inner in (value as JsonObject)?.Select(p => p.Key) ?? [])
                {
                    foreach (var text in Values)
                        await SendAsync(method, url, Replaced(body, name, Replaced((JsonObject)value!, inner, text)));
                }

                var without = body.DeepClone().AsObject();
                without.Remove(name);
                await SendAsync(method, url, without.ToJsonString());
            }

            string[] bodies = [
                "", "null", "[]", "5", "\"x\"", "{", "{}", "\0", "{\"\\ud800\":1}", valid + valid, valid[..^1] + ",\"name\":1,\"name\":2}",
                $"{new string('[', 5000)}{new string(']', 5000)}", $"{{\"a\":\"{new string('x', 1 << 20)}\"}}"];
            foreach (var text in bodies)
                await SendAsync(method, url, text);
            await SendAsync(method, url, valid, "application/xml");
            await SendAsync(method, url, valid, null);
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData("latest")]
    [InlineData("datum://latest")]
    [InlineData("loop")]
    [InlineData("http://127.0.0.1/api/v0/datum-aliases/resolve/?name=loop")]
    public async Task An_alias_names_a_datum_and_never_an_alias(string target)
    {
        using var response = await service.Http.PostAsJsonAsync(
            "/api/v0/datum-aliases/", new { name = "loop", datum = target, project = service.Project.Id });
        Assert.Equal("datum", (await TestUsers.JsonAsync(response, HttpStatusCode.BadRequest)).EnumerateObject().Single().Name);
        await service.GetAsync($"/api/v0/datum-aliases/resolve/?name=loop&project={service.Project.Id}", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Of_those_who_make_the_same_at_once_one_does_and_the_others_are_told()
    {
        var aliases = await AtOnceAsync("/api/v0/datum-aliases/", new { name = "same", datum, project = service.Project.Id });
        Assert.Single(aliases, a => a == HttpStatusCode.Created);
        Assert.Equal(7, aliases.Count(a => a == HttpStatusCode.OK));
        var stores = await AtOnceAsync(
            "/api/v0/stores/",
            new
            {
                name = "same",
                configuration = new
                {
                    bucket = "bucket",
                    endpoint_url = service.Server.Url,
                    access_key_id = "key",
                    secret_access_key = "secret",
                },
            });
        Assert.Single(stores, s => s == HttpStatusCode.Created);
        Assert.Equal(7, stores.Count(s => s == HttpStatusCode.BadRequest));
        Assert.All(await AtOnceAsync("/api/v0/tokens/", new { name = "same" }), t => Assert.Equal(HttpStatusCode.Created, t));
        Assert.Equal(
            8, (await service.GetAllAsync("/api/v0/tokens/")).Where(
                t => t.GetProperty("name").GetString() == "same").Select(TestUsers.Id).Distinct().Count());
    }

    async Task<HttpStatusCode[]> AtOnceAsync(string path, object body) => await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
    {
        using var response = await service.Http.PostAsJsonAsync(path, body);
        return response.StatusCode;
    }));

    async Task SendAsync(string method, string url, string? body, string? contentType = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method.ToUpperInvariant()), new Uri(url, UriKind.Relative));
        if (body is not null)
            request.Content = new ByteArrayContent(
                Encoding.UTF8.GetBytes(body))
            { Headers = { ContentType = contentType is null ? null : new(contentType) } };
        var writes = service.Transport.Writes;
        using var response = await service.Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var status = (int)response.StatusCode;
        var fault = status >= 500 || status is > 299 and < 400 ? "a fault"
            : status != 204 && !IsContract(status, text, response) ? "not the contract's shape"
            // A log-in counts its tries, and a taken name is noticed by writing.
            : status >= 400 && service.Transport.Writes != writes && !url.Contains("get-token", StringComparison.Ordinal)
                && !text.Contains("\"unique\"", StringComparison.Ordinal) ? "refused, and yet something was written"
            : null;
        if (fault is not null)
            wrong.Add($"{fault}: {method} {Short(url)} {Short(body)} → {status} {Short(text)}");
    }

    /// <summary>
    /// One piece of code reads all parameters of a name. The first two operations that have it get every text; each of
    /// the others gets a quarter, in turns.
    /// </summary>
    IEnumerable<string> ShareOf(string name, string[] texts)
    {
        var turn = turns[name] = turns.GetValueOrDefault(name) + 1;
        return turn <= 2 ? texts : texts.Where((_, index) => index % 4 == turn % 4);
    }

    static bool IsContract(int status, string text, HttpResponseMessage response)
    {
        // A preview sends the bytes of the file.
        if (response.Content.Headers.ContentType?.MediaType != "application/json")
            return status < 400 && response.Content.Headers.ContentType?.MediaType == "application/octet-stream";
        var body = JsonNode.Parse(text);
        return status < 400
            || (body is JsonObject error
            && (error.All(f => f.Key == "detail" && f.Value is JsonValue) || (error.ContainsKey("message") && error.ContainsKey("code"))
            || error.ContainsKey("errors")
            || error.All(
                f => f.Value is JsonArray { Count: > 0 } messages
                    && messages.All(m => m is JsonObject e && e.ContainsKey("message") && e.ContainsKey("code")))));
    }

    /// <summary>The route's path with existing ids, except for deletions, which must do no harm.</summary>
    string Path(string path, string method, string name = "", string value = "")
    {
        var room = path.Split('/')[3];
        path = name.Length == 0 ? path : path.Replace($"{{{name}}}", value, StringComparison.Ordinal);
        return path.Replace(
            "{id}", method == "delete" ? Guid.NewGuid().ToString() : ids.GetValueOrDefault(room) ?? Guid.NewGuid().ToString(),
            StringComparison.Ordinal)
            .Replace("{role}", "editor-system-x", StringComparison.Ordinal);
    }

    string Required(List<JsonElement> parameters, string but) => string.Concat(parameters
        .Where(p => p.TryGetProperty("required", out var required) && required.GetBoolean() && p.GetProperty("in").GetString() == "query")
        .Select(
            p => p.GetProperty("name").GetString()!).Where(n => n != but).Select(
                n => n == "project" ? $"project={service.Project.Id}&" : $"{n}=latest&"));

    /// <summary>The example of the operation's JSON body, with existing ids; null if none.</summary>
    string? BodyOf(string path, JsonElement operation)
    {
        if (!operation.TryGetProperty("requestBody", out var request)
            || !request.GetProperty("content").TryGetProperty("application/json", out var media))
            return null;
        var text = media.GetProperty("example").GetRawText()
            .Replace("0198c0de-0000-7000-8000-000000000001", service.Project.Id.ToString(), StringComparison.Ordinal)
            .Replace("01a20204-270c-0009-aab0-b2ea25abcaa8", datum, StringComparison.Ordinal)
            .Replace("01a20204-1f3a-0003-8c1d-5be0a7f2c964", other, StringComparison.Ordinal)
            .Replace("s3://demo/", "s3://bucket/", StringComparison.Ordinal);
        if (!path.StartsWith("/api/v0/stores", StringComparison.Ordinal) || path.Contains("adopt", StringComparison.Ordinal))
            return text;
        var store = JsonNode.Parse(text)!;
        store["configuration"] = new JsonObject
        {
            ["bucket"] = "bucket",
            ["region"] = "eu-west-1",
            ["endpoint_url"] = service.Server.Url,
            ["access_key_id"] = "key",
            ["secret_access_key"] = "secret",
            ["role_arn"] = null,
        };
        return store.ToJsonString();
    }

    static string Replaced(JsonObject body, string name, string value) =>
        $"{{{string.Join(
            ',', body.Select(p => $"{JsonSerializer.Serialize(p.Key)}:{(p.Key == name ? value : p.Value?.ToJsonString() ?? "null")}"))}}}";

    /// <summary>Cursors of other lists, and forged ones.</summary>
    IEnumerable<string> Cursors() => new[]
    {
        "", "\0", "/", "a/b", "r- 0", "r-x 99999999999", "r-000000-000000 2147483647", new string('0', 10), new string('f', 28),
        new string('f', 29), new string('f', 32), new string('F', 32), new string('9', 10), datum,
        $"{{{datum}}}", Guid.Empty.ToString(), "202611-", "202613-ffff", "\ud83d", "latest", "name-", new string('k', 2000), "'",
    }.Select(c => WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(c)));

    static string? Short(string? text) => text is { Length: > 200 } ? text[..200] + "…" : text;

    IEnumerable<(string Path, string Method, JsonElement Operation)> Operations() => document.GetProperty("paths").EnumerateObject()
        .Where(
            p => p.Name.StartsWith("/api/v0/", StringComparison.Ordinal)).SelectMany(
                path => path.Value.EnumerateObject().Select(o => (path.Name, o.Name, o.Value)));
}
