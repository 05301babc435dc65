using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests;

/// <summary>Every answer has the contract's shape, and reveals no internals.</summary>
public sealed class UniformErrorTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    public static TheoryData<string, string, int> Cases => new()
    {
        { "GET", "/", 404 },
        { "GET", "/api/v2", 404 },
        { "GET", "/api/v0/nonsense/", 404 },
        { "GET", "/api/v1/nonsense", 404 },
        { "GET", "/api/v2/datavolumes", 404 },
        { "GET", "/AdoptRange", 404 },
        { "GET", "/api/v0/../../etc/passwd", 404 },
        { "GET", "/api/v0/stores/%zz/", 404 },
        { "GET", "/api/v0/stores/%/", 404 },
        { "GET", "/api/v0/stores/%c3%28/", 404 },
        { "GET", "/api/v0/stores/%ff%fe/", 404 },
        { "GET", "/api/v0/stores/%2e%2e%2f/", 404 },
        { "GET", "/api/v0/users/%F0%9F%98%80/", 404 },
        { "GET", "/api/v0/projects/?limit=%00", 400 },
        { "GET", "/api/v0/projects/?limit=%zz", 400 },
        { "GET", "/api/v0/audit/?actor=%00", 400 },
        { "GET", "/api/v0/audit/?cursor=%ff", 400 },
        { "GET", "/api/v1/org-unit/projects?filterBy=%00", 400 },
        { "GET", "/api/v1/org-unit/projects?search=%00", 400 },
        { "GET", "/api/v1/org-unit/projects?limit=501", 400 },
        { "GET", "/api/v1/org-unit/projects?offset=-1", 400 },
        { "GET", "/api/v1/org-unit/projects?sortBy=owner", 400 },
        { "GET", "/api/v1/org-unit/projects?sortOrder=up", 400 },
        { "GET", "/api/v1/org-unit/departments?filterBy=name", 400 },
        { "PUT", "/api/v0/projects/", 405 },
        { "DELETE", "/api/v0/audit/", 405 },
        { "OPTIONS", "/api/v0/projects/", 405 },
        { "OPTIONS", "/api/v1/token", 405 },
        { "TRACE", "/api/v0/projects/", 405 },
        { "BREW", "/api/v0/stores/", 405 },
        { "GET", "/api/v0/get-token/", 405 },
        { "GET", "/api/v1/token", 405 },
        { "POST", "/api/v1/clusters", 405 },
        { "POST", "/api/v0/get-token/", 415 },
        { "POST", "/api/v0/projects/", 400 },
        { "POST", "/api/v1/token", 400 },
        { "PATCH", "/api/v0/users/me/", 403 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_answer_has_the_contracts_shape_with_and_without_a_slash(string method, string target, int expected)
    {
        var query = target.IndexOf('?', StringComparison.Ordinal) is var at && at >= 0 ? target[at..] : "";
        var path = target[..^query.Length].TrimEnd('/');
        foreach (var variant in new[] { path + query, path + "/" + query })
        {
            var (status, headers, body) = await SendAsync(
                $"{method} {(variant.StartsWith('/') ? variant : "/" + variant)} HTTP/1.1",
                body: method is "POST" or "PATCH" ? "nonsense" : "");
            Assert.True(status == expected, $"{variant}: {status} {body}");
            AssertShape(target, status, headers, body);
            if (status == 405)
                Assert.NotEmpty(headers["Allow"]);
        }
    }

    [Fact]
    public async Task What_is_too_large_is_refused_in_shape()
    {
        foreach (var (line, extra, expected) in new[]
        {
            ($"GET /api/v0/projects/?cursor={new string('a', 9000)} HTTP/1.1", "", 414),
            ($"GET /api/v1/{new string('a', 9000)} HTTP/1.1", "", 414),
            ("GET /api/v0/projects/ HTTP/1.1", $"X-Large: {new string('a', 40_000)}\r\n", 431),
            ("GET /api/v1/clusters HTTP/1.1", string.Concat(Enumerable.Range(0, 120).Select(i => $"X-{i}: a\r\n")), 431),
            ("POST /api/v0/projects/ HTTP/1.1", "Content-Length: 100000000000\r\nContent-Type: application/json\r\n", 413),
            ("POST /api/v1/token HTTP/1.1", "Content-Length: 17000\r\nContent-Type: application/json\r\n", 413),
        })
        {
            var (status, headers, body) = await SendAsync(line, extra);
            Assert.True(status == expected, $"{line.Split(' ')[1][..12]}: {status} {body}");
            AssertShape(line.Split(' ')[1], status, headers, body);
        }
    }

    [Theory]
    [InlineData("zz\r\n{}\r\n0\r\n\r\n")]
    [InlineData("-1\r\n{}\r\n0\r\n\r\n")]
    [InlineData("80000000\r\n{}")]
    [InlineData("fffffffff\r\n{}")]
    [InlineData("ffffffffffffffffffff\r\n{}")]
    [InlineData("3\r\n{\"n\r\nffffffff0\r\n")]
    [InlineData("2\r\n{}X\r\n")]
    public async Task A_body_whose_chunks_cannot_be_read_is_400_in_shape(string body)
    {
        foreach (var (path, type) in new[]
        {
            ("/api/v0/projects/", "application/json"), ("/api/v0/get-token/", "application/x-www-form-urlencoded"),
            ("/api/v1/token", "application/json"), ("/api/v1/token", "application/x-www-form-urlencoded"),
                ("/api/v1/datavolumes", "application/json"),
            ($"/api/v0/stores/{service.Store.Id}/adopt/", "application/json"), ($"/api/v0/stores/{service.Store.Id}/adopt/", "text/plain"),
        })
        {
            var (status, headers, answer) = await SendAsync(
                $"POST {path} HTTP/1.1", $"Transfer-Encoding: chunked\r\nContent-Type: {type}\r\n", body);
            Assert.True(status == 400, $"{path} {type}: {status} {answer}");
            AssertShape(path, status, headers, answer);
        }

        Assert.DoesNotContain("failed unexpectedly", service.Logs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_server_itself_refuses_has_no_body_and_so_nothing_that_should_not_be_told()
    {
        foreach (var (line, extra, expected) in new[]
        {
            ("GET /api/v0/stores/%00/ HTTP/1.1", "", 400),
            ("GET /api/v0/projects/ HTTP/1.1", $"X-Large: {new string('a', 70_000)}\r\n", 431),
            ("GET /api/v0/pro jects/ HTTP/1.1", "", 400),
            ("GET /api/v0/projects/ HTTP/1.1", "X-Nul: a\0b\r\n", 400),
        })
        {
            var (status, _, body) = await SendAsync(line, extra);
            Assert.Equal((expected, ""), (status, body));
        }
    }

    [Fact]
    public async Task A_head_is_answered_as_a_get_without_its_body()
    {
        foreach (var (path, expected) in new[]
        {
            ("/api/v0/projects/", 200), ("/api/v1/clusters", 200), ("/api/health/live", 200), ("/api/v0/nonsense/", 404),
            ("/api/v0/get-token/", 405),
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, new Uri(path, UriKind.Relative));
            using var response = await service.Http.SendAsync(request);
            Assert.Equal(expected, (int)response.StatusCode);
            Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
            Assert.Empty(await response.Content.ReadAsStringAsync());
        }

        using var wrong = await service.Http.SendAsync("PUT", "/api/v0/projects/", "{}");
        Assert.Equal(["GET", "HEAD", "POST"], wrong.Content.Headers.Allow.Order());
    }

    [Fact]
    public async Task A_request_without_a_token_is_401_in_shape_whatever_it_asks()
    {
        foreach (var path in new[] { "/api/v0/projects/", "/api/v1/org-unit/projects?limit=x", "/api/v1/clusters" })
        {
            var (status, headers, body) = await SendAsync($"GET {path} HTTP/1.1", token: "wrong");
            Assert.Equal(401, status);
            AssertShape(path, status, headers, body);
            Assert.Equal(path.StartsWith("/api/v1/", StringComparison.Ordinal) ? "Bearer" : "Token", headers["WWW-Authenticate"]);
        }
    }

    [Fact]
    public async Task A_fault_inside_is_a_500_or_503_in_shape_with_its_headers_and_no_word_of_what_it_was()
    {
        service.Transport.DieAt(0, after: false);
        var (status, headers, body) = await SendAsync(
            "POST /api/v0/projects/ HTTP/1.1", extra: "X-Request-Id: the-fault\r\n", body: """{"name":"a"}""");
        service.Transport.Revive();
        Assert.InRange(status, 500, 503);
        AssertShape("/api/v0/projects/", status, headers, body);
        Assert.Equal("the-fault", headers["X-Request-Id"]);
    }

    [Theory]
    [InlineData("a-b_c.1", true)]
    [InlineData("!\"#~", true)]
    [InlineData("a b", false)]
    [InlineData("\u00e9", false)]
    [InlineData("", false)]
    [InlineData("long", false)]
    [InlineData("longest", true)]
    public async Task A_sane_request_id_is_kept_and_another_replaced_everywhere(string given, bool kept)
    {
        given = given switch { "long" => new string('x', 129), "longest" => new string('x', 128), _ => given };
        var name = Guid.NewGuid().ToString("N");
        var (status, headers, _) = await SendAsync(
            "POST /api/v0/clusters/ HTTP/1.1", $"X-Request-Id: {given}\r\n", $$"""{"name":"{{name}}"}""");
        Assert.Equal(201, status);
        var id = headers["X-Request-Id"];
        if (kept)
            Assert.Equal(given, id);
        else
            Assert.Matches("^[0-9a-f]{32}$", id);
        var row = (await service.GetAllAsync("/api/v0/audit/?action=cluster.created")).Single(
            e => e.GetProperty("details").GetProperty("name").GetString() == name);
        Assert.Equal(id, row.GetProperty("request_id").GetString());
    }

    static void AssertShape(string path, int status, Dictionary<string, string> headers, string body)
    {
        Assert.Equal("application/json; charset=utf-8", headers["Content-Type"]);
        Assert.Equal("nosniff", headers["X-Content-Type-Options"]);
        Assert.NotEmpty(headers["X-Request-Id"]);
        var json = JsonDocument.Parse(body).RootElement;
        if (path.StartsWith("/api/v1", StringComparison.Ordinal))
        {
            Assert.Equal(status, json.GetProperty("code").GetInt32());
            Assert.NotEmpty(json.GetProperty("message").GetString()!);
        }
        else if (!json.TryGetProperty("detail", out _))
        {
            var error = Assert.Single(json.EnumerateObject()).Value.EnumerateArray().Single();
            Assert.NotEmpty(error.GetProperty("message").GetString()!);
        }

        foreach (var inside in new[] { "   at ", "Exception", "DataRegistry.", ".cs:" })
            Assert.DoesNotContain(inside, body, StringComparison.Ordinal);
    }

    /// <summary>Sends the request as it is, because a client library would correct it.</summary>
    async Task<(int Status, Dictionary<string, string> Headers, string Body)> SendAsync(
        string line, string extra = "", string body = "", string token = TestService.Token)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(service.Http.BaseAddress!.Host, service.Http.BaseAddress.Port);
        await using var stream = client.GetStream();
        var length = extra.Contains("Content-Length", StringComparison.Ordinal) || extra.Contains("chunked", StringComparison.Ordinal)
            || body.Length == 0
            ? ""
            : $"Content-Length: {body.Length}\r\n";
        await stream.WriteAsync(
            Encoding.UTF8.GetBytes(
                $"{line}\r\nHost: {service.Http.BaseAddress.Authority}\r\nConnection: close\r\nAuthorization: Token "
                    + $"{token}\r\n{length}{extra}\r\n{body}"));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var text = new StringBuilder();
        try
        {
            // Piece by piece: bytes before a reset count.
            var buffer = new char[4096];
            while (await reader.ReadAsync(buffer, timeout.Token) is var read && read > 0)
                text.Append(buffer, 0, read);
        }
        catch (IOException)
        {
            // The server resets the connection because it did not read the whole request.
        }

        var end = text.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal);
        Assert.True(end > 0, $"No answer to {line[..Math.Min(line.Length, 60)]}");
        var lines = text.ToString()[..end].Split("\r\n");
        var headers = lines[1..].Select(l => l.Split(": ", 2)).ToDictionary(p => p[0], p => p[1], StringComparer.OrdinalIgnoreCase);
        var rest = text.ToString()[(end + 4)..];
        return (int.Parse(
            lines[0].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), headers, headers.ContainsKey("Transfer-Encoding")
                ? Unchunked(rest)
                : rest);
    }

    static string Unchunked(string text)
    {
        var body = new StringBuilder();
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf("\r\n", at, StringComparison.Ordinal);
            // Bodies of errors are ASCII, so bytes are characters.
            var size = Convert.ToInt32(text[at..end], 16);
            body.Append(text, end + 2, size);
            at = end + 2 + size + 2;
            if (size == 0)
                break;
        }

        return body.ToString();
    }
}
