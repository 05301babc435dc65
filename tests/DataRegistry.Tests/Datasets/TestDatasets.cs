using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Datasets;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Datasets;

static class TestDatasets
{
    public const string DatasetsPath = "/api/v0/datasets/";
    public const string VersionsPath = "/api/v0/dataset-versions/";
    public const string AliasesPath = "/api/v0/dataset-version-aliases/";

    static int names;

    /// <summary>A dataset; its id. Without a name it has one of its own.</summary>
    public static async Task<string> NewDatasetAsync(this TestService service, string? name = null, string? root = null) =>
        (await service.NewAsync(
            DatasetsPath, new { name = name ?? $"set-{Interlocked.Increment(ref names)}", project = service.Project.Id, root })).ToString();

    public static Task<HttpResponseMessage> PostVersionAsync(
        this TestService service, string dataset, string name, params string[] datums) =>
        service.Http.PostAsJsonAsync(VersionsPath, new { name, dataset, files = datums.Select(datum => new { datum }) });

    public static async Task<HttpResponseMessage> PostVersionWithKeyAsync(
        this TestService service, string key, string dataset, string name, string datum, string? previous = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(VersionsPath, UriKind.Relative))
        {
            Content = JsonContent.Create(new { name, dataset, files = new[] { new { datum } }, previous_version = previous }),
            Headers = { { "Idempotency-Key", key } },
        };
        return await service.Http.SendAsync(request);
    }

    /// <summary>A version; its id.</summary>
    public static async Task<string> NewVersionAsync(this TestService service, string dataset, string name, params string[] datums)
    {
        using var response = await service.PostVersionAsync(dataset, name, datums);
        return TestUsers.Id(await TestUsers.JsonAsync(response, HttpStatusCode.Created)).ToString();
    }

    /// <summary>A version of files that no datums stand behind, without a request.</summary>
    public static async Task<string> MadeAsync(this TestService service, string dataset, string name, int count = 1)
    {
        var row = await service.Services.GetRequiredService<DatasetTable>().FindAsync(DatasetId.Of(Guid.Parse(dataset)), default);
        Assert.True(DatasetName.TryParse(name, out var parsed));
        var made = await service.Services.GetRequiredService<DatasetVersions>().MakeAsync(
            row!, new(parsed, "tester", Previous: null, Job: null),
            [.. Enumerable.Range(0, count).Select(n => Entry($"images/{n:d6}.png", size: n))], default);
        return Assert.IsType<VersionMade.Made>(made).Version.VersionId.ToString();
    }

    public static async Task<JsonElement> VersionAsync(this TestService service, string id) =>
        await service.GetAsync($"{VersionsPath}{id}/");

    /// <summary>The paths of a version's files.</summary>
    public static async Task<string[]> PathsAsync(this TestService service, string id) =>
        [.. (await service.VersionAsync(id)).GetProperty("files").EnumerateArray().Select(f => f.GetProperty("path").GetString()!)];

    public static async Task<string?> LatestAsync(this TestService service, string dataset) =>
        (await service.GetAsync($"{DatasetsPath}{dataset}/")).GetProperty("latest_version") is { ValueKind: JsonValueKind.Object } latest
            ? latest.GetProperty("name").GetString()
            : null;

    /// <summary>How many rows there are of datasets.</summary>
    public static async Task<List<string>> RowsAsync(this TestService service) =>
        await service.Storage.Tables.GetTableClient("datasets")
            .ReadAsync<RowKeyOnly>(new TableRange($"{service.Project.Slot:x3}"), 1000).Select(r => r.RowKey).ToListAsync();

    public static async Task<List<string>> BlobsAsync(this TestService service) =>
        await service.Storage.Blobs.GetBlobContainerClient("datasets").GetBlobsAsync().Select(b => b.Name).ToListAsync();

    public static Task CollectAsync(this TestService service) =>
        service.Services.GetRequiredService<DatasetDeletion>().CollectAsync(default);

    public static ManifestEntry Entry(string path, long size) => new()
    {
        Path = path,
        Datum = new(TimedId.Create(DateTimeOffset.UnixEpoch, 0, (ulong)Random.Shared.NextInt64(1, long.MaxValue))),
        Store = Guid.Empty,
        Bucket = "bucket",
        Key = $"data/{path}",
        Size = size,
        Etag = "etag",
    };
}
