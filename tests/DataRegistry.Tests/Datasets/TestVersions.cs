using System.Text;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Datasets;

/// <summary>Versions that jobs make.</summary>
static class TestVersions
{
    /// <param name="key">The Idempotency-Key; null for none.</param>
    public static async Task<HttpResponseMessage> NewVersionOfAsync(
        this TestService service, string dataset, string name, JsonElement selection, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/api/v0/dataset-versions/", UriKind.Relative))
        {
            Content = new StringContent(
                JsonSerializer.Serialize(new { name, dataset, selection = selection.GetProperty("id").GetString() }), Encoding.UTF8,
                "application/json"),
        };
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        return await service.Http.SendAsync(request);
    }

    public static string VersionPathOf(JsonElement version) => $"/api/v0/dataset-versions/{version.GetProperty("id").GetString()}/";

    public static async Task<List<string>> PathsOfAsync(this TestService service, string version) =>
        [.. (await service.GetAllAsync($"{version}files/?limit=7")).Select(f => f.GetProperty("path").GetString()!)];
}
