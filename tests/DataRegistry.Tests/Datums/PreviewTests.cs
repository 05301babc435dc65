using System.Net;
using System.Text;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Datums;

public sealed class PreviewTests(SharedService shared) : IClassFixture<SharedService>
{
    readonly TestService service = shared.Service;

    [Fact]
    public async Task A_preview_is_the_first_64_KiB_by_one_range_request_and_nothing_that_a_browser_runs()
    {
        var bytes = Encoding.UTF8.GetBytes($"<script>alert(1)</script>{new string('x', 100_000)}");
        service.Bucket.Put("page.html", bytes, "text/html");
        var id = await AdoptAsync("page.html");
        service.Server.Requests.Reset();
        using var answer = await service.Http.GetAsync(Path(id));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(bytes[..65_536], await answer.Content.ReadAsByteArrayAsync());
        Assert.Equal("application/octet-stream", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal(["nosniff"], answer.Headers.GetValues("X-Content-Type-Options"));
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        Assert.Equal(
            new Dictionary<string, long>(StringComparer.Ordinal) { ["head"] = 1, ["get"] = 1 }, service.Server.Requests.Snapshot());

        using var request = new HttpRequestMessage(HttpMethod.Head, Path(id));
        using var head = await service.Http.SendAsync(request);
        Assert.Equal(65_536, head.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task A_short_object_and_an_empty_one_are_previewed_whole_and_by_an_alias()
    {
        service.Put("short.txt");
        service.Bucket.Put("empty.bin", []);
        var datum = await AdoptAsync("short.txt");
        await service.NewAsync("/api/v0/datum-aliases/", new { name = "short", datum, project = service.Project.Id });
        Assert.Equal("short.txt", await service.Http.GetStringAsync(Path("short", $"?project={service.Project.Id}")));
        Assert.Equal("", await service.Http.GetStringAsync(Path(await AdoptAsync("empty.bin"))));
    }

    [Theory]
    [InlineData("datum_changed")]
    [InlineData("datum_missing")]
    [InlineData("datum_archived")]
    [InlineData("datum_purged")]
    [InlineData("store_deleted")]
    [InlineData("read_not_allowed")]
    public async Task A_preview_that_cannot_be_had_says_why(string code)
    {
        await using var own = await TestService.StartAsync();
        own.Put("a");
        var id = await own.AdoptedAsync("a");
        var store = $"/api/v0/stores/{own.Store.Id}/";
        switch (code)
        {
            case "datum_changed":
                own.Bucket.Put("a", "something else"u8);
                break;
            case "datum_missing":
                own.Bucket.Delete("a");
                break;
            case "datum_archived":
                own.Server.Intercept = (http, kind) =>
                {
                    if (kind is "head" or "get")
                        http.Response.Headers["x-amz-storage-class"] = "GLACIER";
                    return Task.FromResult(false);
                };
                break;
            case "datum_purged":
                (await own.Http.SendAsync("POST", $"/api/v0/data/{id}/purge/")).Dispose();
                break;
            case "store_deleted":
                (await own.Http.SendAsync("DELETE", $"{store}?force=true")).Dispose();
                break;
            default:
                (await own.Http.SendAsync("PATCH", store, """{"allow_read":false}""")).Dispose();
                break;
        }

        using var answer = await own.Http.GetAsync(Path(id));
        var (status, body) = (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        Assert.Contains($"\"code\":\"{code}\"", body, StringComparison.Ordinal);
        Assert.Equal(
            code switch
            {
                "datum_purged" => HttpStatusCode.NotFound,
                "read_not_allowed" => HttpStatusCode.Forbidden,
                _ => HttpStatusCode.Conflict,
            }, status);
    }

    [Fact]
    public async Task A_bucket_that_does_not_answer_is_said_to_and_strangers_see_no_preview()
    {
        service.Put("unread");
        var id = await AdoptAsync("unread");
        using var stranger = service.NewClient();
        Assert.Equal(HttpStatusCode.Unauthorized, await stranger.StatusAsync("GET", $"/api/v0/data/{id}/preview/"));
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("GET", $"/api/v0/data/{Guid.NewGuid()}/preview/"));
        Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("GET", "/api/v0/data/latest/preview/?project=nonsense"));
        service.Server.Faults = new FaultPlan { InternalError = 1 };
        try
        {
            using var answer = await service.Http.GetAsync(Path(id));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        }
        finally
        {
            service.Server.Faults = FaultPlan.None;
        }
    }

    static Uri Path(string id, string query = "") => new($"/api/v0/data/{id}/preview/{query}", UriKind.Relative);

    async Task<string> AdoptAsync(string key)
    {
        using var answer = await service.AdoptUrlAsync(service.Url(key));
        return (await TestUsers.JsonAsync(answer)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
    }
}
