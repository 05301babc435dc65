using System.Net;
using System.Text.Json;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Rescans;

static class TestScans
{
    public static string[] Keys(int count) => [.. Enumerable.Range(0, count).Select(n => $"k{n:D4}")];

    /// <summary>Puts objects and adopts them, as a job if they are many.</summary>
    public static async Task AdoptAllAsync(this TestService service, params string[] keys)
    {
        service.Put(keys);
        using var response = await service.AdoptUrlsAsync(keys.Select(service.Url));
        Assert.True(response.IsSuccessStatusCode, service.Logs);
        await service.DrainAsync();
    }

    /// <summary>Starts a scan of the store; returns the scan's path.</summary>
    public static async Task<string> AcceptScanAsync(this TestService service, string query = "", Guid? store = null)
    {
        using var response = await service.Http.SendAsync("POST", $"/api/v0/stores/{store ?? service.Store.Id}/rescan/{query}");
        await TestUsers.JsonAsync(response, HttpStatusCode.Accepted);
        return response.Headers.Location!.AbsolutePath;
    }

    /// <summary>Scans the store to the end; returns the scan.</summary>
    public static async Task<JsonElement> ScanAsync(this TestService service, string query = "", Guid? store = null)
    {
        var path = await service.AcceptScanAsync(query, store);
        await service.DrainAsync();
        var scan = await service.GetAsync(path);
        Assert.True(scan.GetProperty("status").GetString() == "completed", $"{scan}\n{service.Logs}");
        return scan;
    }

    /// <summary>The counts that are not 0, as <c>unchanged 3, missing 1</c>.</summary>
    public static string Counts(JsonElement scan) => string.Join(", ", scan.GetProperty("counts").EnumerateObject()
        .Where(c => c.Name != "total" && c.Value.GetInt64() != 0).Select(c => $"{c.Name} {c.Value}"));

    public static Task<List<JsonElement>> ResultsAsync(this TestService service, JsonElement scan, string query = "") =>
        service.GetAllAsync($"/api/v0/rescans/{scan.GetProperty("id").GetString()}/results/{query}");

    /// <summary>The drift of the key's present datum; null if none.</summary>
    public static async Task<string?> DriftAsync(this TestService service, string key) =>
        (await service.GetAsync(
            $"/api/v0/data/?project={service.Project.Id}&uri={Uri.EscapeDataString(service.Url(key))}")).GetProperty("results")
            .EnumerateArray().ToList() is [var datum]
            ? datum.GetProperty("drift").GetProperty("state").GetString() : null;

    public static async Task<IEnumerable<string>> DriftedAsync(this TestService service, string state) =>
        (await service.GetAllAsync($"/api/v0/data/?project={service.Project.Id}&drift={state}&limit=7")).Select(
            d => d.GetProperty("name").GetString()!).Order(StringComparer.Ordinal);

    /// <summary>Sets a store's policy.</summary>
    public static async Task SetPolicyAsync(this TestService service, string json)
    {
        using var response = await service.Http.SendAsync(
            "PATCH", $"/api/v0/stores/{service.Store.Id}/", $$"""{"project":"{{service.Project.Id}}","rescan":{{json}}}""");
        await TestUsers.JsonAsync(response);
    }

    /// <summary>Every row of locations and datums with its ETag, to detect writes.</summary>
    public static async Task<List<string>> RowsAsync(this TestService service)
    {
        var rows = (await service.LocationsAsync(service.Store.Id)).ConvertAll(r => $"{r.Key} {r.ETag}");
        await foreach (var row in service.RowsAsync<RowKeyOnly>("datums"))
            rows.Add($"{row.PartitionKey} {row.RowKey} {row.ETag}");
        return rows;
    }
}
