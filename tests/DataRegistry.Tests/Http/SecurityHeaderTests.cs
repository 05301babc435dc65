using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Http;

public sealed class SecurityHeaderTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Theory]
    [InlineData("GET", "/api/v0/projects/")]
    [InlineData("GET", "/api/v0/nonsense/")]
    [InlineData("POST", "/api/v0/get-token/")]
    [InlineData("PUT", "/api/v1/token")]
    [InlineData("GET", "/api/health/live")]
    [InlineData("GET", "/api/v0/data/0/content/")]
    public async Task Every_answer_of_the_api_says_that_it_is_not_to_be_kept_framed_or_read_as_something_else(string method, string path)
    {
        using var response = await service.Http.SendAsync(method, path);
        Assert.Equal("nosniff", One(response, "X-Content-Type-Options"));
        Assert.Equal("no-referrer", One(response, "Referrer-Policy"));
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", One(response, "Content-Security-Policy"));
        Assert.Equal("no-store", One(response, "Cache-Control"));
        Assert.False(response.Headers.Contains("Strict-Transport-Security"));
    }

    [Fact]
    public async Task What_came_by_https_comes_by_it_from_then_on()
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri("/api/v0/projects/", UriKind.Relative))
        { Headers = { { "X-Forwarded-Proto", "https" } } };
        using var response = await service.Http.SendAsync(request);
        Assert.Equal("max-age=63072000; includeSubDomains", One(response, "Strict-Transport-Security"));
    }

    [Fact]
    public async Task The_page_of_the_api_keeps_its_own_policy_and_is_not_framed_either()
    {
        using var response = await service.Http.GetAsync(new Uri("/openapi/index.html", UriKind.Relative));
        Assert.Contains("script-src 'self'", One(response, "Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", One(response, "Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Equal("nosniff", One(response, "X-Content-Type-Options"));
    }

    static string One(HttpResponseMessage response, string name) => Assert.Single(response.Headers.GetValues(name));
}
