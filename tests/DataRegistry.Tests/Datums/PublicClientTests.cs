using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Datums;

/// <summary>The requests of public clients of this API, and the answers that they need.</summary>
public sealed class PublicClientTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    const string Key = "path/größe.txt", Name = "größe.txt", Alias = "größe.v1";

    static readonly string Sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key)));

    TestService service = null!;

    public async Task InitializeAsync()
    {
        service = await shared.ForTestAsync();
        service.Http.DefaultRequestHeaders.TryAddWithoutValidation(
            "User-Agent", "valohai-cli/0.35.0 on CPython 3.11.7 (Linux;host;6.1;#1 SMP;x86_64)");
        service.Http.DefaultRequestHeaders.TryAddWithoutValidation("Accept", "application/json");
        // So the first request is the first to need the hash.
        using var changed = await service.Http.SendAsync("PATCH", $"/api/v0/stores/{service.Store.Id}/", """{"hash_adopted":"none"}""");
        changed.EnsureSuccessStatusCode();
    }

    public async Task DisposeAsync() => await service.DisposeAsync();

    /// <summary>
    /// The client compares the file with the checksum of the answer that resolved the name, and never asks again. So
    /// the answer must have it.
    /// </summary>
    [Fact]
    public async Task A_datum_that_was_never_hashed_is_resolved_by_its_alias_downloaded_and_verified()
    {
        await PointAsync(await service.AdoptedAsync(Key));
        var datum = (await service.GetAsync(
            $"/api/v0/datum-aliases/resolve/?name={Alias}&project={service.Project.Id}")).GetProperty("datum");
        await DownloadedAsync(datum);
    }

    /// <summary>The client sends no slash at the end.</summary>
    [Fact]
    public async Task A_datum_that_was_never_hashed_is_resolved_by_its_id_without_a_redirect_downloaded_and_verified()
    {
        var path = $"/api/v0/data/{await service.AdoptedAsync(Key)}";
        using var answer = await service.Http.SendAsync("GET", path);
        Assert.Equal(path, answer.RequestMessage!.RequestUri!.AbsolutePath);
        await DownloadedAsync(await TestUsers.JsonAsync(answer));
    }

    [Fact]
    public async Task A_list_of_data_has_every_field_that_its_table_shows()
    {
        var id = await service.AdoptedAsync(Key);
        var page = await service.GetAsync(
            $"/api/v0/data/?limit=100&ordering=-ctime&deleted=false&no_count=true&project={service.Project.Id}");
        var datum = Assert.Single(page.GetProperty("results").EnumerateArray());
        Assert.Equal(
            (id, Name, service.Url(Key)),
            (datum.GetProperty("id").GetString(), datum.GetProperty("name").GetString(), datum.GetProperty("uri").GetString()));
        Assert.Equal(Encoding.UTF8.GetByteCount(Key), datum.GetProperty("size").GetInt64());
        Assert.Equal(JsonValueKind.Null, datum.GetProperty("output_execution").ValueKind);
        Assert.Equal(JsonValueKind.String, datum.GetProperty("ctime").ValueKind);
    }

    /// <summary>The client reads a count other than 0 as an existing file.</summary>
    [Fact]
    public async Task Whether_a_file_was_adopted_is_told_by_the_count_of_its_name_and_store()
    {
        var id = await service.AdoptedAsync(Key);
        var found = await service.GetAsync($"/api/v0/data/?name={Name}&store={service.Store.Id}&project={service.Project.Id}");
        Assert.Equal(1, found.GetProperty("count").GetInt32());
        Assert.Equal(id, found.GetProperty("results")[0].GetProperty("id").GetString());
        var none = await service.GetAsync($"/api/v0/data/?name=other&store={service.Store.Id}&project={service.Project.Id}");
        Assert.Equal(0, none.GetProperty("count").GetInt32());
    }

    async Task DownloadedAsync(JsonElement datum)
    {
        Assert.Equal((Name, Sha256), (datum.GetProperty("name").GetString(), datum.GetProperty("sha256").GetString()));
        using var answer = await service.Http.SendAsync("GET", $"/api/v0/data/{datum.GetProperty("id").GetString()}/download/");
        // With a disposition the client would save the answer itself as the file.
        Assert.Null(answer.Content.Headers.ContentDisposition);
        using var stranger = service.NewClient();
        var bytes = await stranger.GetByteArrayAsync(new Uri((await TestUsers.JsonAsync(answer)).GetProperty("url").GetString()!));
        Assert.Equal(Sha256, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    async Task PointAsync(string datum)
    {
        using var response = await service.Http.PostAsJsonAsync(
            "/api/v0/datum-aliases/", new { name = Alias, datum, project = service.Project.Id });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }
}
