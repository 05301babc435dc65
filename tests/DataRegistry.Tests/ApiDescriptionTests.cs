using System.Text.Json;
using System.Text.RegularExpressions;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests;

/// <summary>The OpenAPI document says what the service does.</summary>
public sealed partial class ApiDescriptionTests : IAsyncLifetime
{
    TestService service = null!;
    JsonElement document;

    public async Task InitializeAsync()
    {
        service = await TestService.StartAsync();
        using var stranger = new HttpClient { BaseAddress = service.Http.BaseAddress };
        document = await TestUsers.JsonAsync(await stranger.SendAsync("GET", "/openapi/v1.json"));
    }

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public void Every_route_of_both_apis_is_in_it()
    {
        var routes = service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/api/v", StringComparison.Ordinal))
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => Plain(m, e.RoutePattern.RawText!))).Order(StringComparer.Ordinal).ToList();
        Assert.Contains("POST /api/v0/get-token", routes);
        Assert.Contains("PATCH /api/v1/datavolumes/{}/shared-scopes", routes);
        Assert.Equal(routes, Operations().Select(o => Plain(o.Method.ToUpperInvariant(), o.Path)).Order(StringComparer.Ordinal));

        static string Plain(string method, string path) => $"{method} {Parameter().Replace(path.TrimEnd('/'), "{}")}";
    }

    [Fact]
    public void Every_operation_of_access_has_a_summary_a_body_and_an_answer()
    {
        string[] rooms = ["/users", "/tokens", "/projects", "/departments", "/clusters", "/audit", "/get-token"];
        foreach (var (path, method, operation) in Operations().Where(o => Array.Exists(rooms, r => o.Path.StartsWith("/api/v0" + r, StringComparison.Ordinal))))
        {
            Assert.True(operation.TryGetProperty("summary", out _), $"{method} {path}");
            Assert.True(method is not ("post" or "patch") || operation.TryGetProperty("requestBody", out _), $"{method} {path}");
            Assert.True(operation.GetProperty("responses").EnumerateObject().Any(r => r.Name[0] == '2'), $"{method} {path}");
            Assert.Equal(path.StartsWith("/api/v0/get-token", StringComparison.Ordinal), !operation.TryGetProperty("security", out _));
        }
    }

    [Fact]
    public void Schemas_have_the_names_of_the_wire()
    {
        var user = document.GetProperty("components").GetProperty("schemas").GetProperty("UserBody").GetProperty("properties");
        Assert.Equal(["id", "username", "type", "display_name", "email", "disabled", "ctime"], user.EnumerateObject().Select(p => p.Name));
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();

    IEnumerable<(string Path, string Method, JsonElement Operation)> Operations() => document.GetProperty("paths").EnumerateObject()
        .SelectMany(path => path.Value.EnumerateObject().Select(o => (path.Name, o.Name, o.Value)));
}
