using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Organization;
using DataRegistry.Stores;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Stores.TestStores;

namespace DataRegistry.Tests.Stores;

/// <summary>The life of stores, and who sees them.</summary>
public sealed class StoreLifeTests : IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_changed_store_keeps_its_secret_unless_another_is_given()
    {
        service.Put("data/a", "b");
        var path = await service.NewStoreAsync(
            new { name = "s", configuration = service.Configuration(), paths = new { prefix = "data/" } });
        using var changed = await SendAsync(
            "PUT", path, new { name = "t", allow_read = false, configuration = service.Configuration(secret: null) });
        await Wire.AssertAsync("store-changed", changed);
        Assert.Equal("t", (await service.GetAsync(path)).GetProperty("name").GetString());
        Assert.Equal("secret", await SecretAsync(path));
        Assert.Equal(HttpStatusCode.OK, await AdoptAsync(path, "data/a"));
        using var trail = await service.Http.GetAsync(new Uri("/api/v0/audit/?action=store.changed", UriKind.Relative));
        var details = JsonDocument.Parse(
            await trail.Content.ReadAsStringAsync()).RootElement.GetProperty("results")[0].GetProperty("details");
        Assert.Equal("""{"name":{"before":"s","after":"t"},"allow_read":{"before":true,"after":false}}""", details.GetRawText());
    }

    [Fact]
    public async Task A_patch_changes_what_it_names_and_nothing_else()
    {
        var path = await service.NewStoreAsync(
            new { name = "s", configuration = service.Configuration(), allow_read = false, project = service.Project.Id });
        using var changed = await SendAsync("PATCH", path, new { allow_adopt = false, configuration = new { region = "eu-west-1" } });
        var store = await TestUsers.JsonAsync(changed);
        Assert.Equal(
            ("s", false, false),
            (store.GetProperty("name").GetString(), store.GetProperty("allow_read").GetBoolean(), store.GetProperty("allow_adopt")
                .GetBoolean()));
        Assert.Equal("eu-west-1", store.GetProperty("configuration").GetProperty("region").GetString());
        Assert.Equal(service.Project.Id, store.GetProperty("project").GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task What_was_read_can_be_put_back()
    {
        var path = await service.NewStoreAsync(
            new
            {
                name = "s",
                configuration = service.Configuration(),
                access_mode = "single_project",
                project = service.Project.Id,
                paths = new { prefix = "a/" },
            });
        var before = (await service.GetAsync(path)).GetRawText();
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PUT", path, before));
        Assert.Equal(before, (await service.GetAsync(path)).GetRawText());
        Assert.DoesNotContain(await service.GetAllAsync("/api/v0/audit/"), e => e.GetProperty("action").GetString() == "store.changed");
    }

    [Fact]
    public async Task A_store_of_a_project_is_its_own_where_nobody_says_otherwise_and_keeps_its_mode_when_it_is_replaced()
    {
        var own = await service.NewStoreAsync(new { name = "own", configuration = service.Configuration(), project = service.Project.Id });
        Assert.Equal("single_project", await ModeAsync(own));
        var anybody = await service.NewStoreAsync(new { name = "anybody", configuration = service.Configuration() });
        Assert.Equal("public", await ModeAsync(anybody));
        var opened = await service.NewStoreAsync(
            new { name = "opened", configuration = service.Configuration(), project = service.Project.Id, access_mode = "public" });
        Assert.Equal("public", await ModeAsync(opened));

        // A PUT or PATCH that says nothing of it leaves it as it is.
        foreach (var (path, name, mode) in new[] { (own, "own", "single_project"), (opened, "opened", "public") })
        {
            using var put = await SendAsync(
                "PUT", path, new { name, configuration = service.Configuration(), project = service.Project.Id });
            Assert.Equal(mode, (await TestUsers.JsonAsync(put)).GetProperty("access_mode").GetString());
            using var patch = await SendAsync("PATCH", path, new { allow_adopt = false });
            Assert.Equal(mode, (await TestUsers.JsonAsync(patch)).GetProperty("access_mode").GetString());
        }

        // A store that gets a project stays as open as it was; one that loses it has to say who may see it then.
        using var given = await SendAsync("PATCH", anybody, new { project = service.Project.Id });
        Assert.Equal("public", (await TestUsers.JsonAsync(given)).GetProperty("access_mode").GetString());
        using var lost = await SendAsync("PUT", own, new { name = "own", configuration = service.Configuration() });
        await AssertFieldAsync("project", "required", lost);

        async Task<string?> ModeAsync(string path) => (await service.GetAsync(path)).GetProperty("access_mode").GetString();
    }

    [Fact]
    public async Task Whether_it_may_be_written_to_is_shown_as_it_was_given()
    {
        var path = await service.NewStoreAsync(new { name = "s", configuration = service.Configuration(), allow_write = true });
        Assert.True((await service.GetAsync(path)).GetProperty("allow_write").GetBoolean());
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", path, """{"name":"t"}"""));
        Assert.True((await service.GetAsync(path)).GetProperty("allow_write").GetBoolean());
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", path, """{"allow_write":false}"""));
        Assert.False((await service.GetAsync(path)).GetProperty("allow_write").GetBoolean());
        Assert.DoesNotContain("put", service.Server.Requests.Snapshot().Keys);
    }

    [Fact]
    public async Task A_secret_never_follows_to_another_key_or_server()
    {
        await using var other = await DataRegistry.LocalHost.Buckets.BucketServer.StartAsync();
        other.CreateBucket("bucket");
        var path = await service.NewStoreAsync(new { name = "s", configuration = service.Configuration() });
        foreach (var method in new[] { "PUT", "PATCH" })
        {
            using var server = await SendAsync(
                method, path, new { name = "s", configuration = service.Configuration(other.Url, secret: null) });
            await AssertFieldAsync("configuration", "required", server);
            using var key = await SendAsync(
                method, path, new { name = "s", configuration = service.Configuration(id: "another", secret: null) });
            await AssertFieldAsync("configuration", "required", key);
        }

        Assert.Equal(
            HttpStatusCode.OK,
            (await SendAsync("PATCH", path, new { configuration = service.Configuration(other.Url, secret: "new") })).StatusCode);
        Assert.Equal("new", await SecretAsync(path));
    }

    [Fact]
    public async Task A_store_that_datums_refer_to_is_deleted_by_force_only_and_they_stay()
    {
        service.Put("a");
        var path = await service.NewStoreAsync(new { name = "s", configuration = service.Configuration() });
        Assert.Equal(HttpStatusCode.OK, await AdoptAsync(path, "a"));
        using var refused = await service.Http.SendAsync("DELETE", path);
        await Wire.AssertAsync("store-in-use", refused);
        Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("DELETE", path + "?force=yes"));
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", path + "?force=true"));

        Assert.Single(await service.GetAllAsync("/api/v0/stores/"));
        Assert.True((await service.GetAsync(path)).GetProperty("deleted").GetBoolean());
        Assert.Null(await SecretAsync(path));
        Assert.Single(await service.GetDatumsAsync());
        Assert.Equal(HttpStatusCode.NotFound, await AdoptAsync(path, "a"));
        foreach (var method in new[] { "DELETE", "PUT", "PATCH" })
            Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync(method, path, "{}"));
        // Its name is free.
        await service.NewStoreAsync(new { name = "s", configuration = service.Configuration() });
        Assert.Single(await service.GetAllAsync("/api/v0/audit/?action=store.deleted"));
    }

    [Fact]
    public async Task A_store_that_nothing_refers_to_is_deleted_at_once() =>
        Assert.Equal(
            HttpStatusCode.NoContent,
            await service.Http.StatusAsync("DELETE", await service.NewStoreAsync(
                new { name = "s", configuration = service.Configuration() })));

    [Fact]
    public async Task A_job_whose_store_is_deleted_ends()
    {
        var keys = Enumerable.Range(0, 101).Select(i => $"k{i}").ToArray();
        service.Put(keys);
        var job = await service.AcceptAsync(keys);
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/stores/{service.Store.Id}/"));
        await service.DrainAsync();
        var ended = await service.GetAsync(job);
        Assert.Equal("failed", ended.GetProperty("status").GetString());
        Assert.Contains("store", ended.GetProperty("error").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_instances_that_take_a_name_at_once_one_gets_it()
    {
        await using var second = await TestService.StartAsync(service.Connection, null);
        for (var i = 0; i < 4; i++)
        {
            var body = new { name = $"Näme {i} / #?", configuration = service.Configuration() };
            var both = await Task.WhenAll(
                service.Http.PostAsJsonAsync("/api/v0/stores/", body), second.Http.PostAsJsonAsync("/api/v0/stores/", body));
            Assert.Equal([HttpStatusCode.Created, HttpStatusCode.BadRequest], both.Select(r => r.StatusCode).Order());
            await AssertFieldAsync("name", "unique", both.Single(r => r.StatusCode == HttpStatusCode.BadRequest));
        }
    }

    [Fact]
    public async Task Changes_made_at_once_by_two_instances_are_all_kept()
    {
        await using var second = await TestService.StartAsync(service.Connection, null);
        var path = await service.NewStoreAsync(new { name = "s", configuration = service.Configuration() });
        await Task.WhenAll(
            service.Http.StatusAsync("PATCH", path, """{"allow_read":false}"""),
            second.Http.StatusAsync("PATCH", path, """{"allow_adopt":false}"""),
            service.Http.StatusAsync("PATCH", path, """{"name":"t"}"""),
            second.Http.StatusAsync("PATCH", path, """{"configuration":{"region":"eu-west-1"}}"""));
        var store = await service.GetAsync(path);
        Assert.Equal(
            ("t", false, false, "eu-west-1"),
            (store.GetProperty("name").GetString(), store.GetProperty("allow_read").GetBoolean(), store.GetProperty("allow_adopt")
                .GetBoolean(), store.GetProperty("configuration").GetProperty("region").GetString()));
    }

    [Fact]
    public async Task A_name_is_taken_in_whatever_case_and_free_after_a_renaming()
    {
        var path = await service.NewStoreAsync(new { name = "First", configuration = service.Configuration() });
        using var taken = await service.Http.PostAsJsonAsync(
            "/api/v0/stores/", new { name = " fIRST", configuration = service.Configuration() });
        await Wire.AssertAsync("store-name-taken", taken);
        var second = await service.NewStoreAsync(new { name = "second", configuration = service.Configuration() });
        using var renamed = await SendAsync("PATCH", second, new { name = "FIRST" });
        await AssertFieldAsync("name", "unique", renamed);
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", path, """{"name":"FIRST"}"""));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", path, """{"name":"third"}"""));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", second, """{"name":"first"}"""));
    }

    [Fact]
    public async Task Nothing_outside_of_the_prefix_is_adopted_and_nothing_at_all_where_adopting_is_off()
    {
        service.Put("data/a", "data/b", "other");
        var path = await service.NewStoreAsync(
            new { name = "s", configuration = service.Configuration(), paths = new { prefix = "data/" } });
        Assert.Equal(HttpStatusCode.OK, await AdoptAsync(path, "data/a"));
        Assert.Equal(HttpStatusCode.BadRequest, await AdoptAsync(path, "other"));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", path, """{"allow_adopt":false}"""));
        using var refused = await SendAsync("POST", path + "adopt/", new { url = "s3://bucket/data/b", project = service.Project.Id });
        await Wire.AssertAsync("adopt-not-allowed", refused);
    }

    [Fact]
    public async Task A_store_of_a_single_project_is_that_projects_only()
    {
        service.Put("a");
        var other = await service.NewAsync("/api/v0/projects/", new { name = "other" });
        var path = await service.NewStoreAsync(
            new { name = "s", configuration = service.Configuration(), access_mode = "single_project", project = service.Project.Id });
        var (_, member) = await service.NewCallerAsync(("editor", "project", service.Project.Id), ("editor", "project", other));
        var (_, stranger) = await service.NewCallerAsync(("department_admin", "project", other));
        Assert.Equal(HttpStatusCode.NotFound, await stranger.StatusAsync("GET", path));
        Assert.Equal(HttpStatusCode.NotFound, await stranger.StatusAsync("DELETE", path));
        Assert.Equal(
            HttpStatusCode.NotFound,
            await stranger.StatusAsync("POST", path + "adopt/", $$"""{"url":"s3://bucket/a","project":"{{other}}"}"""));
        Assert.Equal(["my-bucket"], await NamesAsync(stranger));
        Assert.Equal(["my-bucket", "s"], await NamesAsync(member));
        Assert.Equal(HttpStatusCode.Forbidden, await member.StatusAsync("DELETE", path));
        Assert.Equal(
            HttpStatusCode.Forbidden,
            await member.StatusAsync("POST", path + "adopt/", $$"""{"url":"s3://bucket/a","project":"{{other}}"}"""));
        Assert.Equal(
            HttpStatusCode.OK,
            await member.StatusAsync("POST", path + "adopt/", $$"""{"url":"s3://bucket/a","project":"{{service.Project.Id}}"}"""));
    }

    [Theory]
    [InlineData("teams")]
    [InlineData("owner_organization")]
    public async Task A_store_of_an_organization_is_seen_by_whoever_has_a_role_anywhere_in_its_cluster(string mode)
    {
        await service.NewStoreAsync(
            new { name = "s", configuration = service.Configuration(), access_mode = mode, project = service.Project.Id });
        var units = service.Services.GetRequiredService<UnitTable>();
        var elsewhere = await units.CreateClusterAsync("elsewhere", default);
        foreach (var (type, scope) in new[]
        {
            ("cluster", Cluster.DefaultId), ("department", Department.DefaultId), ("project", service.Project.Id),
        })
            Assert.Equal(["my-bucket", "s"], await NamesAsync((await service.NewCallerAsync(("viewer", type, scope))).Http));
        Assert.Equal(["my-bucket"], await NamesAsync((await service.NewCallerAsync(("system_admin", "cluster", elsewhere.Id))).Http));
        Assert.Equal(["my-bucket"], await NamesAsync((await service.NewCallerAsync()).Http));
    }

    [Fact]
    public async Task Who_manages_a_department_makes_and_changes_the_stores_of_its_projects_and_no_others()
    {
        var (_, admin) = await service.NewCallerAsync(("department_admin", "department", Department.DefaultId));
        using var created = await admin.PostAsJsonAsync(
            "/api/v0/stores/", new { name = "s", configuration = service.Configuration(), project = service.Project.Id });
        var path = created.Headers.Location!.AbsolutePath;
        Assert.Equal(HttpStatusCode.OK, await admin.StatusAsync("PATCH", path, """{"allow_read":false}"""));
        Assert.Equal(
            HttpStatusCode.Forbidden,
            await admin.StatusAsync("POST", "/api/v0/stores/", """{"name":"t","configuration":{"bucket":"bucket"}}"""));
        Assert.Equal(
            HttpStatusCode.Forbidden, await admin.StatusAsync("PATCH", $"/api/v0/stores/{service.Store.Id}/", """{"allow_read":false}"""));
        // A manager cannot take a store over by giving it their own project.
        Assert.Equal(
            HttpStatusCode.Forbidden,
            await admin.StatusAsync("PATCH", $"/api/v0/stores/{service.Store.Id}/", $$"""{"project":"{{service.Project.Id}}"}"""));
        Assert.Equal(HttpStatusCode.NoContent, await admin.StatusAsync("DELETE", path));
    }

    [Fact]
    public async Task Where_private_endpoints_are_not_allowed_none_is_registered_nor_connected_to()
    {
        await using var strict = await TestService.StartAsync(("Stores:AllowPrivateEndpoints", "false"));
        strict.Put("a");
        using var refused = await strict.Http.PostAsJsonAsync(
            "/api/v0/stores/", new { name = "s", configuration = service.Configuration(strict.Server.Url) });
        await Wire.AssertAsync("store-endpoint-refused", refused);
        // This store existed before, or its name resolved differently.
        using var adopted = await strict.AdoptUrlAsync(strict.Url("a"));
        Assert.Equal(HttpStatusCode.BadRequest, adopted.StatusCode);
        Assert.Contains("endpoint_refused", await adopted.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_means_another_address_when_it_is_connected_to_makes_no_store()
    {
        var resolutions = 0;
        await using var strict = await TestService.StartAsync(
            null, null,
            services => services.AddSingleton<HostResolver>(
                (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(resolutions++ == 0 ? "8.8.8.8" : "127.0.0.1")])),
            ("Stores:AllowPrivateEndpoints", "false"));
        var endpoint = new UriBuilder(strict.Server.Url) { Host = "s3.example.org" }.ToString();
        using var refused = await strict.Http.PostAsJsonAsync(
            "/api/v0/stores/", new { name = "s", configuration = service.Configuration(endpoint) });
        await AssertFieldAsync("configuration", "endpoint_refused", refused);
        Assert.True(resolutions > 1);
        Assert.Single(await strict.GetAllAsync("/api/v0/stores/"));
    }

    [Fact]
    public async Task A_store_whose_secret_no_longer_decrypts_is_given_a_new_one_or_deleted()
    {
        var path = await service.NewStoreAsync(new { name = "s", configuration = service.Configuration() });
        await using var rekeyed = await TestService.StartAsync(
            service.Connection, null, ("Stores:SecretKey", Convert.ToBase64String(Enumerable.Repeat((byte)1, 32).ToArray())));
        Assert.Equal(
            HttpStatusCode.OK,
            await rekeyed.Http.StatusAsync(
                "PUT", path, JsonSerializer.Serialize(new { name = "s", configuration = service.Configuration() })));
        Assert.Equal(HttpStatusCode.NoContent, await rekeyed.Http.StatusAsync("DELETE", path));
    }

    Task<HttpResponseMessage> SendAsync(string method, string path, object body) =>
        service.Http.SendAsync(method, path, JsonSerializer.Serialize(body));

    Task<HttpStatusCode> AdoptAsync(string store, string key) =>
        service.Http.StatusAsync(
            "POST", store + "adopt/", JsonSerializer.Serialize(new { url = $"s3://bucket/{key}", project = service.Project.Id }));

    async Task<string?> SecretAsync(string path) =>
        (await service.Services.GetRequiredService<StoreTable>().FindAsync(
            Guid.Parse(path.Split('/')[4]), default))!.Configuration.SecretAccessKey;

    static async Task<IEnumerable<string>> NamesAsync(HttpClient http)
    {
        using var response = await http.SendAsync("GET", "/api/v0/stores/");
        return (await TestUsers.JsonAsync(response)).GetProperty("results").EnumerateArray().Select(
            s => s.GetProperty("name").GetString()!).Order(StringComparer.Ordinal);
    }
}
