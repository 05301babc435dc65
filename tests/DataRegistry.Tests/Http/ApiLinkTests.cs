using System.Net;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Http;

/// <summary>The first requests of a client, or of a page of another origin.</summary>
public sealed class ApiLinkTests : IAsyncLifetime
{
    const string Origin = "https://lab.example.org";

    TestService service = null!;

    public async Task InitializeAsync() =>
        service = await TestService.StartAsync(("Http:CorsOrigins", $"{Origin}, https://other.example.org/"));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Theory]
    [InlineData("/api/")]
    [InlineData("/api")]
    [InlineData("/api/v0/")]
    [InlineData("/api/v0")]
    public async Task The_roots_lead_everybody_to_what_there_is(string root)
    {
        using var stranger = service.NewClient();
        var links = await TestUsers.JsonAsync(await stranger.GetAsync(new Uri(root, UriKind.Relative)));
        Assert.NotEmpty(links.EnumerateObject());
        foreach (var link in links.EnumerateObject())
        {
            using var answer = await service.Http.GetAsync(new Uri(link.Value.GetString()!));
            // 400: a parameter is missing.
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest, $"{link}: {answer.StatusCode}");
        }
    }

    [Fact]
    public async Task Every_described_list_has_its_link()
    {
        var described = (await service.GetAsync("/openapi/v1.json")).GetProperty("paths").EnumerateObject()
            .Where(p => p.Value.TryGetProperty("get", out _)
                && p.Name.Split('/', StringSplitOptions.RemoveEmptyEntries) is ["api", "v0", _]).Select(p => p.Name.Split('/')[3]);
        Assert.Equal(described.Order(StringComparer.Ordinal), (await service.GetAsync("/api/v0/")).EnumerateObject().Select(p => p.Name));
    }

    [Fact]
    public async Task A_page_of_a_listed_origin_may_ask_and_read()
    {
        using var asked = await SendAsync(HttpMethod.Options, Origin, "PATCH", "authorization,content-type,idempotency-key,prefer");
        Assert.True(asked.IsSuccessStatusCode, $"{asked.StatusCode}");
        Assert.Equal(Origin, Header(asked, "Access-Control-Allow-Origin"));
        Assert.Contains("PATCH", Header(asked, "Access-Control-Allow-Methods"), StringComparison.Ordinal);
        Assert.Contains("authorization", Header(asked, "Access-Control-Allow-Headers"), StringComparison.OrdinalIgnoreCase);
        using var read = await SendAsync(HttpMethod.Get, Origin);
        Assert.Equal((HttpStatusCode.OK, Origin), (read.StatusCode, Header(read, "Access-Control-Allow-Origin")));
        Assert.Contains("Location", Header(read, "Access-Control-Expose-Headers"), StringComparison.Ordinal);
        // A page must be able to read the reason of a refusal.
        using var refused = await SendAsync(HttpMethod.Get, Origin, token: false);
        Assert.Equal((HttpStatusCode.Unauthorized, Origin), (refused.StatusCode, Header(refused, "Access-Control-Allow-Origin")));
        // An origin has no slash at its end, but the setting may have one.
        using var other = await SendAsync(HttpMethod.Get, "https://other.example.org");
        Assert.Equal("https://other.example.org", Header(other, "Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task A_page_of_another_origin_may_not()
    {
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Options })
        {
            using var answer = await SendAsync(method, "https://evil.example.org", "GET");
            Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    [Fact]
    public async Task Without_the_setting_no_origin_may()
    {
        await using var plain = await TestService.StartAsync(service.Connection, null);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/api/v0/projects/", UriKind.Relative));
        request.Headers.Add("Origin", Origin);
        using var answer = await plain.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await plain.Http.StatusAsync("OPTIONS", "/api/v0/projects/"));
    }

    async Task<HttpResponseMessage> SendAsync(HttpMethod method, string origin, string? asksFor = null, string? headers = null,
        bool token = true)
    {
        using var request = new HttpRequestMessage(method, new Uri("/api/v0/projects/", UriKind.Relative));
        request.Headers.Add("Origin", origin);
        if (asksFor is not null)
            request.Headers.Add("Access-Control-Request-Method", asksFor);
        if (headers is not null)
            request.Headers.Add("Access-Control-Request-Headers", headers);
        if (token)
            return await service.Http.SendAsync(request);
        using var stranger = service.NewClient();
        return await stranger.SendAsync(request);
    }

    static string Header(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values)
        ? string.Join(',', values) : "";
}
