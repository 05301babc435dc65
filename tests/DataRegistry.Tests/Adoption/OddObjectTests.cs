using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Adoption;

/// <summary>Objects that a LIST and a HEAD describe differently, or that cannot be read.</summary>
public sealed class OddObjectTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_object_whose_head_tells_another_etag_than_its_list_is_downloaded_and_hashed(bool byList)
    {
        service.Put("a.txt");
        service.Server.Intercept = (http, kind) =>
        {
            if (kind == "head")
                (http.Response.Headers.ETag, http.Response.ContentLength) = ("\"of-the-head\"", 5);
            return Task.FromResult(kind == "head");
        };
        using var accepted = byList
            ? await service.AdoptAsync(new { prefix = "s3://bucket/", project = service.Project.Id })
            : await service.AdoptUrlAsync(service.Url("a.txt"));
        await service.DrainAsync();
        var id = Assert.Single(await service.GetDatumsAsync()).GetProperty("id").GetString();

        Assert.NotNull((await service.GetAsync($"/api/v0/data/{id}/download/")).GetProperty("url").GetString());
        Assert.Equal(JsonValueKind.String, (await service.GetAsync($"/api/v0/data/{id}/")).GetProperty("sha256").ValueKind);
    }

    [Fact]
    public async Task An_archived_object_is_no_dead_url()
    {
        service.Put("a.txt");
        service.Server.Intercept = (http, kind) =>
        {
            if (kind == "head")
                (http.Response.Headers.ETag, http.Response.ContentLength, http.Response.Headers["x-amz-storage-class"]) =
                    ("\"e\"", 5, "DEEP_ARCHIVE");
            return Task.FromResult(kind == "head");
        };
        using var adopted = await service.AdoptUrlAsync(service.Url("a.txt"));
        var datum = Assert.Single(await service.GetDatumsAsync());
        Assert.Equal("DEEP_ARCHIVE", datum.GetProperty("storage_class").GetString());

        var refused = await service.GetAsync($"/api/v0/data/{datum.GetProperty("id").GetString()}/download/", HttpStatusCode.Conflict);

        Assert.Equal("datum_archived", refused.GetProperty("code").GetString());
        Assert.Contains("(DEEP_ARCHIVE): restore it first", refused.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("s3://bucket/folder/")]
    [InlineData("s3://bucket/folder")]
    [InlineData("s3://bucket/*.csv")]
    [InlineData("s3://bucket/[ab].csv")]
    [InlineData("s3://bucket/{a,b}.csv")]
    [InlineData("s3://bucket")]
    [InlineData("s3://bucket/")]
    public async Task A_url_that_means_many_objects_is_answered_with_how_to_ask_for_them(string url)
    {
        service.Put("folder/a");
        using var response = await service.AdoptUrlAsync(url);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(
            "as 'prefix' in place of 'url'", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("message").GetString(),
            StringComparison.Ordinal);
    }
}
