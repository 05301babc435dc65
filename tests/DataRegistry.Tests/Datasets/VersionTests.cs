using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Stores;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Datasets.TestDatasets;

namespace DataRegistry.Tests.Datasets;

public sealed class VersionTests(SharedService shared) : IClassFixture<SharedService>
{
    readonly TestService service = shared.Service;

    [Fact]
    public async Task A_version_has_the_files_it_was_made_of_by_path_as_they_were()
    {
        var (b, a) = (await service.AdoptedAsync("shape/b.txt"), await service.AdoptedAsync("shape/a.txt"));
        var dataset = await service.NewDatasetAsync("shapes");
        var first = await service.NewVersionAsync(dataset, "v1", a);
        using var created = await service.Http.PostAsJsonAsync(
            VersionsPath, new { name = "v2", dataset, files = new[] { new { datum = b }, new { datum = a } }, previous_version = first });
        await Wire.AssertAsync("dataset-version-created", created);
        var id = TestUsers.Id(await created.Content.ReadFromJsonAsync<JsonElement>());
        using var got = await service.Http.SendAsync("GET", $"{VersionsPath}{id}/");
        await Wire.AssertAsync("dataset-version", got);
        Assert.Equal(first, (await service.VersionAsync($"{id}")).GetProperty("previous_version").GetString());
        using var listed = await service.Http.SendAsync("GET", $"{VersionsPath}?dataset={dataset}");
        await Wire.AssertAsync("dataset-versions", listed);
        using var files = await service.Http.SendAsync("GET", $"{VersionsPath}{id}/files/?limit=1");
        await Wire.AssertAsync("dataset-version-files", files);
    }

    [Fact]
    public async Task A_file_is_an_id_an_alias_or_a_url()
    {
        var datum = new Dictionary<string, string>();
        foreach (var name in new[] { "a", "b", "c", "d", "e" })
            datum[name] = await service.AdoptedAsync($"named/{name}");
        foreach (var name in new[] { "c", "d" })
            await service.NewAsync(
                "/api/v0/datum-aliases/", new { name = $"alias-{name}", datum = datum[name], project = service.Project.Id });
        var version = await service.NewVersionAsync(
            await service.NewDatasetAsync(), "v1", datum["a"].ToUpperInvariant(), $"datum://{datum["b"]}", "alias-c", "datum://alias-d",
            service.Url("named/e"));
        Assert.Equal(
            datum.Values, (await service.VersionAsync(version)).GetProperty("files").EnumerateArray()
                .Select(f => f.GetProperty("datum").GetProperty("id").GetString()));
    }

    [Fact]
    public async Task A_path_is_given_or_the_key_below_the_prefix_of_the_store_and_the_root()
    {
        var below = await StoreOfAsync("paths/below/");
        service.Put("paths/below/root/a", "paths/below/other/a", "paths/below/rooted", "paths/whole/root/b");
        var (a, b, c) = (await AdoptedAsync(below, "paths/below/root/a"), await AdoptedAsync(below, "paths/below/other/a"),
            await AdoptedAsync(below, "paths/below/rooted"));
        var whole = await service.AdoptedAsync("paths/whole/root/b");
        var given = await service.AdoptedAsync("paths/given");
        var dataset = await service.NewDatasetAsync(root: "root");
        Assert.Equal("root/", (await service.GetAsync($"{DatasetsPath}{dataset}/")).GetProperty("root").GetString());
        using var response = await service.Http.PostAsJsonAsync(
            VersionsPath,
            new
            {
                name = "v1",
                dataset,
                files = new object[] { File(a), File(b), File(c), File(whole), new { datum = given, path = "x/y z" } },
            });
        var version = TestUsers.Id(await TestUsers.JsonAsync(response, HttpStatusCode.Created));
        // By their bytes.
        Assert.Equal(["a", "other/a", "paths/whole/root/b", "rooted", "x/y z"], await service.PathsAsync($"{version}"));
    }

    [Fact]
    public async Task A_page_of_files_has_the_hashes_known_now_and_tells_what_is_purged()
    {
        var (a, b) = (await service.AdoptedAsync("now/a"), await service.AdoptedAsync("now/b"));
        await service.AdoptedAsync("now/c");
        var version = await service.NewVersionAsync(await service.NewDatasetAsync(), "v1", a, b, service.Url("now/c"));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("POST", $"/api/v0/data/{b}/purge/"));
        var hashed = await service.GetAsync($"/api/v0/data/{a}/");
        var files = await service.GetAllAsync($"{VersionsPath}{version}/files/?limit=2");
        Assert.Equal(["now/a", "now/b", "now/c"], files.Select(f => f.GetProperty("path").GetString()));
        Assert.Equal([false, true, false], files.Select(f => f.GetProperty("purged").GetBoolean()));
        Assert.Equal(hashed.GetProperty("sha256").GetString(), files[0].GetProperty("datum").GetProperty("sha256").GetString());
        // The version keeps its facts, and looks at no datum.
        var kept = (await service.VersionAsync(version)).GetProperty("files").EnumerateArray().ToList();
        Assert.Equal(b, kept[1].GetProperty("datum").GetProperty("id").GetString());
        Assert.All(kept, f => Assert.False(f.TryGetProperty("purged", out _)));
    }

    [Fact]
    public async Task A_uri_names_a_version_by_name_by_alias_and_as_the_latest()
    {
        var datum = await service.AdoptedAsync("resolved/a");
        var dataset = await service.NewDatasetAsync("resolved");
        await ResolvedAsync("dataset://resolved/latest", HttpStatusCode.NotFound);
        var first = await service.NewVersionAsync(dataset, "v1", datum);
        var second = await service.NewVersionAsync(dataset, "v2", datum);
        await service.NewAsync(AliasesPath, new { name = "stable", dataset_version = first });
        foreach (var (uri, id) in new[] { ("v1", first), ("v2", second), ("stable", first), ("latest", second) })
        {
            var resolved = await ResolvedAsync($"dataset://resolved/{uri}");
            Assert.Equal((await service.VersionAsync(id)).ToString(), resolved.ToString());
        }

        foreach (var uri in new[] { "dataset://resolved/v3", "dataset://none/v1" })
            await ResolvedAsync(uri, HttpStatusCode.NotFound);
        foreach (var uri in new[]
        {
            "", "resolved/v1", "dataset://resolved", "dataset://resolved/v1/x", "dataset:///v1", "datum://resolved/v1",
        })
            await ResolvedAsync(uri, HttpStatusCode.BadRequest);
        Assert.Equal(
            HttpStatusCode.BadRequest, await service.Http.StatusAsync("GET", $"{VersionsPath}resolve/?uri=dataset://resolved/v1"));
    }

    [Fact]
    public async Task A_deleted_version_gives_its_name_back_and_takes_its_aliases_along()
    {
        var datum = await service.AdoptedAsync("gone/a");
        var dataset = await service.NewDatasetAsync();
        var (kept, gone) = (await service.NewVersionAsync(dataset, "kept", datum), await service.NewVersionAsync(dataset, "gone", datum));
        var stays = await service.NewAsync(AliasesPath, new { name = "stays", dataset_version = kept });
        var goes = await service.NewAsync(AliasesPath, new { name = "goes", dataset_version = gone });
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"{VersionsPath}{gone}/"));
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("DELETE", $"{VersionsPath}{gone}/"));
        await service.GetAsync($"{VersionsPath}{gone}/", HttpStatusCode.NotFound);
        await service.GetAsync($"{AliasesPath}{goes}/", HttpStatusCode.NotFound);
        var last = (await service.GetAllAsync($"{AliasesPath}{goes}/history/"))[0];
        Assert.Equal((gone, JsonValueKind.Null), (last.GetProperty("from").GetString(), last.GetProperty("to").ValueKind));
        await service.GetAsync($"{AliasesPath}{stays}/");
        // Both names are free.
        foreach (var name in new[] { "gone", "goes" })
            await service.NewVersionAsync(dataset, name, datum);
        Assert.DoesNotContain(await service.BlobsAsync(), b => b.StartsWith(gone, StringComparison.Ordinal));
        Assert.DoesNotContain(await service.RowsAsync(), r => r == $"g-{Guid.Parse(gone):N}");
    }

    [Fact]
    public async Task A_version_of_ten_thousand_files_is_answered_by_a_few_reads_and_no_datum_is_looked_at()
    {
        var dataset = await service.NewDatasetAsync();
        var id = await service.MadeAsync(dataset, "large", count: 10_000);
        await service.GetAsync($"{DatasetsPath}{dataset}/");
        var (before, writes) = (service.Transport.Requests, service.Transport.Writes);
        var version = await service.VersionAsync(id);
        // Its row, its dataset's, and the manifest. Roles and the project are read again after some seconds.
        Assert.InRange(service.Transport.Requests - before, 3, 5);
        Assert.Equal(writes, service.Transport.Writes);
        Assert.Equal(10_000, version.GetProperty("files").GetArrayLength());
        Assert.False(version.TryGetProperty("files_truncated", out _));
        before = service.Transport.Requests;
        var list = await service.GetAsync($"{VersionsPath}?dataset={dataset}");
        Assert.Equal(10_000, list.GetProperty("results")[0].GetProperty("count").GetInt32());
        Assert.True(service.Transport.Requests - before <= 4, $"{service.Transport.Requests - before} requests");

        var more = await service.MadeAsync(dataset, "larger", count: 10_001);
        version = await service.VersionAsync(more);
        Assert.Equal((10_000, 10_001), (version.GetProperty("files").GetArrayLength(), version.GetProperty("count").GetInt32()));
        Assert.True(version.GetProperty("files_truncated").GetBoolean());
        var files = await service.GetAllAsync($"{VersionsPath}{more}/files/?limit=9000");
        Assert.Equal(10_001, files.Select(f => f.GetProperty("path").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task Every_bad_version_is_refused_with_its_field_and_writes_nothing()
    {
        var datum = await service.AdoptedAsync("bad/a");
        var purged = await service.AdoptedAsync("bad/purged");
        await service.Http.StatusAsync("POST", $"/api/v0/data/{purged}/purge/");
        var dots = await service.AdoptedAsync("bad/../a");
        var project = await service.NewAsync("/api/v0/projects/", new { name = "others" });
        service.Put("bad/others");
        using (var adopted = await service.AdoptAsync(new { url = service.Url("bad/others"), project }))
            Assert.Equal(HttpStatusCode.OK, adopted.StatusCode);
        var other = (await service.GetAllAsync($"/api/v0/data/?project={project}"))[0].GetProperty("id").GetString()!;
        var second = await StoreOfAsync("bad/");
        var (twin, inner) = (await AdoptedAsync(second, "bad/a"), await service.AdoptedAsync("a"));
        var dataset = await service.NewDatasetAsync();
        var version = await service.NewVersionAsync(dataset, "taken", datum);
        await service.NewAsync(AliasesPath, new { name = "alias", dataset_version = version });
        var elsewhere = await service.NewVersionAsync(await service.NewDatasetAsync(), "v", datum);
        foreach (var name in new[] { "a/b", "taken", "latest", "alias", "", "a:b", "a%b", new string('n', 201) })
            await AssertRefusedAsync("name", new { name, dataset, files = new[] { File(datum) } });
        foreach (var bad in new[] { "", "nonsense", Guid.NewGuid().ToString(), version })
            await AssertRefusedAsync("dataset", new { name = "v", dataset = bad, files = new[] { File(datum) } });
        foreach (var bad in new[] { "nonsense", Guid.NewGuid().ToString(), elsewhere })
            await AssertRefusedAsync(
                "previous_version", new { name = "v", dataset, files = new[] { File(datum) }, previous_version = bad });
        object?[] lists =
        [
            null, Array.Empty<object>(), "x", new[] { "x" }, new object?[] { null }, new object[] { new { } }, new[] { File("") },
            new[] { File("s3://") }, new[] { File("a/b") }, new[] { File("none") }, new[] { File(Guid.NewGuid().ToString()) },
            new[] { File(service.Url("bad/none")) }, new[] { File(purged) }, new[] { File(service.Url("bad/purged")) },
            new[] { File(other) }, new[] { File($"datum://{other}") }, new[] { File(service.Url("bad/others")) }, new[] { File(dots) },
            new[] { File(service.Url("bad/a")) }, new[] { new { datum, path = 5 } }, new[] { new { datum, pth = "x" } },
        ];
        foreach (var files in lists)
            await AssertRefusedAsync("files", new { name = "v", dataset, files });
        foreach (var path in new[] { "", "/a", "../a", "a/..", "a/./b", "a\nb", new string('p', 1025) })
            await AssertRefusedAsync("files", new { name = "v", dataset, files = new[] { new { datum, path } } });
        await AssertRefusedAsync("files", new { name = "v", dataset, files = new[] { File(datum), File(datum) } }, datum);
        // Two stores make one path of two keys; and two files are given one.
        await AssertRefusedAsync("files", new { name = "v", dataset, files = new[] { File(twin), File(inner) } }, twin, inner);
        await AssertRefusedAsync(
            "files", new { name = "v", dataset, files = new[] { new { datum, path = "p" }, new { datum = inner, path = "p" } } },
            datum, inner);
        Assert.Equal(
            ["taken"],
            (await service.GetAllAsync($"{VersionsPath}?dataset={dataset}")).Select(v => v.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task More_files_than_ten_thousand_are_413_and_selections_are_named()
    {
        var dataset = await service.NewDatasetAsync();
        foreach (var count in new[] { 10_001, 200_000 })
        {
            using var refused = await service.Http.PostAsJsonAsync(
                VersionsPath, new { name = "v", dataset, files = Enumerable.Repeat(new { }, count) });
            Assert.Contains(
                "/api/v0/selections/", (await TestUsers.JsonAsync(refused, HttpStatusCode.RequestEntityTooLarge)).ToString(),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_datum_twice_with_two_paths_is_two_files()
    {
        var datum = await service.AdoptedAsync("twice/a");
        using var response = await service.Http.PostAsJsonAsync(
            VersionsPath,
            new
            {
                name = "v1",
                dataset = await service.NewDatasetAsync(),
                files = new[] { new { datum, path = "train/a" }, new { datum, path = "test/a" } },
            });
        var version = TestUsers.Id(await TestUsers.JsonAsync(response, HttpStatusCode.Created));
        Assert.Equal(["test/a", "train/a"], await service.PathsAsync($"{version}"));
    }

    [Fact]
    public async Task A_request_that_is_repeated_with_its_key_gets_the_first_answer_whatever_happened_meanwhile()
    {
        var (datum, other) = (await service.AdoptedAsync("key/a"), await service.AdoptedAsync("key/b"));
        var dataset = await service.NewDatasetAsync();
        var before = await service.NewVersionAsync(dataset, "v1", other);
        string body;
        using (var first = await service.PostVersionWithKeyAsync("a-version", dataset, "v2", datum, before))
            body = (await TestUsers.JsonAsync(first, HttpStatusCode.Created)).ToString();
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"{VersionsPath}{before}/"));
        await service.Http.StatusAsync("POST", $"/api/v0/data/{datum}/purge/");
        using var again = await service.PostVersionWithKeyAsync("a-version", dataset, "v2", datum, before);
        Assert.Equal(body, (await TestUsers.JsonAsync(again, HttpStatusCode.Created)).ToString());
        var path = again.Headers.Location!.AbsolutePath;
        foreach (var (name, file) in new[] { ("v3", datum), ("v2", other) })
        {
            using var used = await service.PostVersionWithKeyAsync("a-version", dataset, name, file, before);
            var error = await TestUsers.JsonAsync(used, HttpStatusCode.BadRequest);
            Assert.Equal("Idempotency-Key", error.EnumerateObject().Single().Name);
        }

        using (var taken = await service.PostVersionWithKeyAsync("another", dataset, "v2", other))
            Assert.Equal(HttpStatusCode.BadRequest, taken.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", path));
        using var deleted = await service.PostVersionWithKeyAsync("a-version", dataset, "v2", datum, before);
        Assert.Equal(HttpStatusCode.Conflict, deleted.StatusCode);
        // The refused request has not used its key up.
        using var later = await service.PostVersionWithKeyAsync("another", dataset, "v4", other);
        Assert.Equal(HttpStatusCode.Created, later.StatusCode);
    }

    static object File(string datum) => new { datum };

    async Task<JsonElement> ResolvedAsync(string uri, HttpStatusCode status = HttpStatusCode.OK) => await service.GetAsync(
        $"{VersionsPath}resolve/?project={service.Project.Id}&uri={Uri.EscapeDataString(uri)}", status);

    /// <param name="named">The words that the message must contain.</param>
    async Task AssertRefusedAsync(string field, object body, params string[] named)
    {
        var writes = service.Transport.Writes;
        using var refused = await service.Http.PostAsJsonAsync(VersionsPath, body);
        var text = await refused.Content.ReadAsStringAsync();
        Assert.True(refused.StatusCode == HttpStatusCode.BadRequest, $"{JsonSerializer.Serialize(body)} → {refused.StatusCode} {text}");
        Assert.Equal(field, JsonDocument.Parse(text).RootElement.EnumerateObject().Single().Name);
        Assert.All(named, n => Assert.Contains(n, text, StringComparison.Ordinal));
        // A name that is taken is noticed by writing.
        if (!text.Contains("\"unique\"", StringComparison.Ordinal))
            Assert.Equal(writes, service.Transport.Writes);
    }

    /// <summary>Another store of the same bucket, with a prefix.</summary>
    async Task<Store> StoreOfAsync(string prefix) => await service.Services.GetRequiredService<StoreTable>().EnsureAsync(
        service.Store with { Id = Guid.NewGuid(), Name = $"store of {prefix}", Prefix = prefix }, default);

    async Task<string> AdoptedAsync(Store store, string key)
    {
        service.Put(key);
        using var response = await service.Http.PostAsJsonAsync(
            $"/api/v0/stores/{store.Id}/adopt/", new { url = service.Url(key), project = service.Project.Id });
        return (await TestUsers.JsonAsync(response)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
    }
}
