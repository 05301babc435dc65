using System.Net;
using System.Text.RegularExpressions;
using DataRegistry.Access;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Access;

public sealed partial class AuthenticationTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Theory]
    [InlineData("dr_")]
    [InlineData("dr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("dr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("dr_//////////////////////////////////////////8")]
    [InlineData("DR_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task What_is_no_token_of_ours_is_401(string text)
    {
        using var stranger = service.As(text);
        using var response = await stranger.SendAsync("GET", "/api/v0/users/me/");
        await Wire.AssertAsync("wrong-token", response);
    }

    [Fact]
    public async Task Every_endpoint_but_the_log_ins_and_signed_contents_refuses_without_a_token_whatever_else_is_wrong()
    {
        using var stranger = service.NewClient();
        var tried = 0;
        foreach (var endpoint in service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
        {
            var route = endpoint.RoutePattern.RawText!;
            if (!route.StartsWith("/api/v", StringComparison.Ordinal)
                || route is "/api/v0/" or "/api/v0/get-token/" or "/api/v1/token" or "/api/v0/data/{id}/content/"
                    or "/api/v0/selections/{id}/jobs/{job}/files/{name}/content/"
                    or "/api/v0/dataset-versions/{id}/jobs/{job}/files/{name}/content/")
                continue;
            var path = Parameter().Replace(route, "x");
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)
            {
                tried++;
                Assert.True(
                    await stranger.StatusAsync(method, path, method is "GET" or "DELETE" ? null : "[") == HttpStatusCode.Unauthorized,
                    $"{method} {path}");
                using var odd = new HttpRequestMessage(
                    new HttpMethod(method), new Uri(path, UriKind.Relative))
                { Content = new StringContent("x", null, "image/png") };
                using var refused = await stranger.SendAsync(odd);
                Assert.True(refused.StatusCode == HttpStatusCode.Unauthorized, $"{method} {path}");
                Assert.True(
                    await stranger.StatusAsync(method, path.TrimEnd('/') + "?limit=x") == HttpStatusCode.Unauthorized, $"{method} {path}");
            }
        }

        Assert.InRange(tried, 30, 1000);
    }

    [Fact]
    public async Task Two_tokens_in_one_request_are_none_and_neither_is_a_long_or_odd_one()
    {
        var good = await service.NewTokenAsync(service.Http, new { name = "t" });
        using var stranger = service.NewClient();
        foreach (var (values, expected) in new (string[], HttpStatusCode)[]
        {
            ([$"Token {good}"], HttpStatusCode.OK), ([$"bearer  {good} "], HttpStatusCode.OK),
            ([$"Token {good}", $"Token {good}"], HttpStatusCode.Unauthorized),
            ([$"Basic {good}"], HttpStatusCode.Unauthorized), ([good], HttpStatusCode.Unauthorized),
            (["Token "], HttpStatusCode.Unauthorized), ([""], HttpStatusCode.Unauthorized),
            ([$"Token {good}{new string('a', 20_000)}"], HttpStatusCode.Unauthorized),
            ([$"Bearer {new string('.', 20_000)}"], HttpStatusCode.Unauthorized), (["Bearer .."], HttpStatusCode.Unauthorized),
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/api/v0/users/me/", UriKind.Relative));
            request.Headers.TryAddWithoutValidation("Authorization", values);
            using var response = await stranger.SendAsync(request);
            Assert.True(response.StatusCode == expected, string.Join(" | ", values));
        }
    }

    [Fact]
    public async Task A_request_reads_its_token_once()
    {
        var good = await service.NewTokenAsync(service.Http, new { name = "t" });
        using var http = service.As(good);
        Assert.Equal(HttpStatusCode.OK, await http.StatusAsync("GET", "/api/v0/users/me/"));
        var before = service.Transport.Requests;
        Assert.Equal(HttpStatusCode.OK, await http.StatusAsync("GET", "/api/v0/users/me/"));
        Assert.Equal(before + 1, service.Transport.Requests);
        using var bad = service.As(AccessToken.Create().Text);
        Assert.Equal(HttpStatusCode.Unauthorized, await bad.StatusAsync("GET", "/api/v0/users/me/"));
        Assert.Equal(before + 2, service.Transport.Requests);
    }

    [Fact]
    public async Task An_endpoint_that_needs_no_token_reads_none()
    {
        using var bad = service.As(AccessToken.Create().Text);
        var before = service.Transport.Requests;
        foreach (var path in new[] { "/api/health/live", "/openapi/v1.json", "/console/" })
            Assert.Equal(HttpStatusCode.OK, await bad.StatusAsync("GET", path));
        Assert.Equal(before, service.Transport.Requests);
    }

    [Fact]
    public async Task Tokens_that_the_settings_administrator_made_go_with_the_setting()
    {
        var text = await service.NewTokenAsync(service.Http, new { name = "t" });
        using var here = service.As(text);
        Assert.Equal(HttpStatusCode.OK, await here.StatusAsync("GET", "/api/v0/users/me/"));
        await using var without = await TestService.StartAsync(service.Connection, null, ("Access:AdministratorToken", ""));
        using var there = without.As(text);
        Assert.Equal(HttpStatusCode.Unauthorized, await there.StatusAsync("GET", "/api/v0/users/me/"));
        Assert.Equal(HttpStatusCode.Unauthorized, await without.Http.StatusAsync("GET", "/api/v0/users/me/"));
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
