using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using DataRegistry.Organization;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Access;

public sealed class ProjectEndpointTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_project_is_created_listed_and_read()
    {
        await using var alone = await TestService.StartAsync();
        using var created = await alone.Http.PostAsJsonAsync("/api/v0/projects/", new { name = "Straßen" });
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        await Wire.AssertAsync("project-created", created);
        var id = JsonDocument.Parse(await created.Content.ReadAsStringAsync()).RootElement.GetProperty("id").GetString();
        Assert.Equal("Straßen", (await alone.GetAsync($"/api/v0/projects/{id}/")).GetProperty("name").GetString());
        Assert.Equal(
            ["Straßen", "demo"],
            (await alone.GetAllAsync("/api/v0/projects/?limit=1")).Select(
                p => p.GetProperty("name").GetString()).Order(StringComparer.Ordinal));
        Assert.Equal(
            "Not found.",
            (await alone.GetAsync($"/api/v0/projects/{Guid.NewGuid()}/", HttpStatusCode.NotFound)).GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Links_lead_to_where_the_caller_came_from()
    {
        (await service.Http.PostAsJsonAsync("/api/v0/projects/", new { name = "second" })).EnsureSuccessStatusCode();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/api/v0/projects/?limit=1", UriKind.Relative));
        request.Headers.Host = "registry.example.org";
        request.Headers.Add("X-Forwarded-Proto", "https");
        using var response = await service.Http.SendAsync(request);
        var next = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("next").GetString();
        Assert.StartsWith("https://registry.example.org/api/v0/projects/?limit=1&cursor=", next, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"name":" "}""")]
    [InlineData("""{"name":7}""")]
    public async Task A_project_needs_a_name(string json)
    {
        using var response = await service.Http.PostAsync(
            new Uri("/api/v0/projects/", UriKind.Relative), new StringContent(json, Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("name", JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.EnumerateObject().Single().Name);
    }

    [Fact]
    public async Task Projects_made_at_the_same_time_share_no_slot()
    {
        var table = service.Services.GetRequiredService<ProjectTable>();
        var made = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => table.EnsureAsync(Guid.NewGuid(), $"p{i}", default)));
        Assert.Equal(12, made.Select(p => p.Slot).Append(service.Project.Slot).Distinct().Count() - 1);
    }

    [Fact]
    public async Task The_same_project_made_twice_at_once_is_one()
    {
        var table = service.Services.GetRequiredService<ProjectTable>();
        var id = Guid.NewGuid();
        var made = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => table.EnsureAsync(id, "one", default)));
        Assert.Single(made.Distinct());
    }
}
