using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Stores;

public sealed class StoreEndpointTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_store_is_created_after_a_look_at_its_bucket_and_its_secret_is_never_shown()
    {
        await using var alone = await TestService.StartAsync();
        using var created = await CreateAsync(alone, "bucket", alone.Server.Url);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.DoesNotContain("super-secret", await created.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await Wire.AssertAsync("store-created", created);
        Assert.Equal(2, (await alone.GetAllAsync("/api/v0/stores/?limit=1")).Count);

        alone.Put("a");
        var id = JsonDocument.Parse(await created.Content.ReadAsStringAsync()).RootElement.GetProperty("id").GetString();
        using var adopted = await alone.Http.PostAsJsonAsync(
            $"/api/v0/stores/{id}/adopt/", new { url = "s3://bucket/a", project = alone.Project.Id });
        Assert.Equal(HttpStatusCode.OK, adopted.StatusCode);
    }

    [Fact]
    public async Task A_store_whose_bucket_is_not_there_is_refused()
    {
        using var response = await CreateAsync(service, "no-such-bucket", service.Server.Url);
        await Wire.AssertAsync("store-no-such-bucket", response);
        Assert.DoesNotContain(await service.GetAllAsync("/api/v0/stores/"), s => s.GetProperty("name").GetString() == "created");
    }

    [Fact]
    public async Task A_store_that_cannot_be_reached_is_refused()
    {
        using var response = await CreateAsync(service, "bucket", "http://127.0.0.1:1");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("bucket_unavailable", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/")]
    [InlineData("nonsense")]
    public async Task An_endpoint_that_is_no_http_url_is_refused(string endpoint)
    {
        using var response = await CreateAsync(service, "bucket", endpoint);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("endpoint", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    static Task<HttpResponseMessage> CreateAsync(TestService service, string bucket, string endpoint) => service.Http.PostAsJsonAsync(
        "/api/v0/stores/",
        new
        {
            name = "created",
            configuration = new { bucket, endpoint_url = endpoint, access_key_id = "key", secret_access_key = "super-secret" },
        });
}
