using System.Net;
using System.Text;
using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Datums;

public sealed class TreeTests(SharedService shared) : IClassFixture<SharedService>
{
    readonly TestService service = shared.Service;

    [Fact]
    public async Task Pages_of_any_length_join_to_what_a_listing_of_the_keys_is()
    {
        var (flat, deep) = ($"flat/{new string('f', 470)}/", $"deep/{new string('d', 500)}/");
        string[] keys =
        [
            "a", "a/", "a//x", "a/1", "a/b/1", "a/b/2", "a/b/c/3", "a/bb", "a-b/x", "ab/x", "b/", "ü/1", "😀/x", "\uffee/x", "z",
            .. Enumerable.Range(0, 9).Select(i => $"{flat}{i % 3}/{i}"), .. Enumerable.Range(0, 30).Select(i => $"{deep}{i % 3}/{i}"),
        ];
        var store = await service.NewStoreAsync();
        await service.AddLocationsAsync(store, service.Project, keys);
        foreach (var prefix in new[] { "", "a", "a/", "a/b/", "a/b/1", "flat/", flat, "deep/", deep, $"{deep}1/", $"{deep[..^1]}", "none" })
        {
            foreach (var (delimiter, limit) in new[] { ("/", 3), ("/", 1000), (null, 1000), ("b/", 7) })
                await ExpectAsync(store, keys, new(store, service.Project.Id, prefix, delimiter, limit, null));
        }

        await ExpectAsync(store, keys, new(store, service.Project.Id, "a", "/", 1, null));
        // Each page ends after so few requests that it may be empty.
        await ExpectAsync(store, keys, new(store, service.Project.Id, "", "/", 1000, null) { MaxRequests = 48 });
    }

    [Fact]
    public async Task A_folder_is_leapt_over_and_costs_a_request_a_shard()
    {
        var store = await service.NewStoreAsync();
        await service.AddLocationsAsync(
            store, service.Project, Enumerable.Range(0, 12).SelectMany(d => Enumerable.Range(0, 400).Select(f => $"d{d:D2}/f{f:D3}")));
        var folders = new TreeReader(Locations, new(store, service.Project.Id, "", "/", 100, null));
        Assert.Equal(12, (await folders.ReadAsync(default)).Folders.Count);
        Assert.InRange(folders.Requests, 1, Shards.Count * (12 + 1));

        // All rows belong to another project, so no row of any folder is shown.
        var others = new TreeReader(Locations, new(store, Guid.NewGuid(), "", "/", 100, null));
        Assert.Empty((await others.ReadAsync(default)).Folders);
        Assert.InRange(others.Requests, 1, Shards.Count * (12 + 2));

        TreePosition? after = null;
        foreach (var _ in Enumerable.Range(0, 3))
        {
            var files = new TreeReader(Locations, new(store, service.Project.Id, "d", null, 100, after));
            after = (await files.ReadAsync(default)).Next;
            Assert.InRange(files.Requests, 1, 2 * Shards.Count);
        }

        // Requests for the caller: the others are its store, project, roles and the last scans.
        var before = service.Transport.Requests;
        Assert.Equal(12, Folders(await service.GetAsync(Path(store, "delimiter=/"))).Count);
        Assert.InRange(service.Transport.Requests - before, 1, (Shards.Count * (12 + 1)) + 10);
    }

    [Fact]
    public async Task Only_what_the_project_has_there_and_did_not_purge_is_shown()
    {
        var store = await service.NewStoreAsync();
        var other = await OtherProjectAsync();
        await service.AddLocationsAsync(store, service.Project, ["mine", "both/a", "d/e/mine"]);
        await service.AddLocationsAsync(store, other, ["others", "both/b", "theirs/a"]);
        await service.AddLocationsAsync(store, service.Project, ["gone", "undone/a", "both/c"], purged: true);
        var tree = await service.GetAsync(Path(store, "delimiter=/"));
        Assert.Equal([("both/", true), ("d/", true)], Folders(tree));
        Assert.Equal(["mine"], Keys(tree));
        Assert.Equal(["both/a", "d/e/mine", "mine"], Keys(await service.GetAsync(Path(store, ""))));
        Assert.Equal([("d/e/", true)], Folders(await service.GetAsync(Path(store, "delimiter=/&prefix=d/"))));
    }

    [Fact]
    public async Task A_folder_of_too_many_others_is_listed_to_who_may_see_the_whole_store()
    {
        var other = await OtherProjectAsync();
        // Keys of one shard, so that few rows are enough. Ours lies after the rows that are read.
        var keys = Enumerable.Range(0, int.MaxValue).Select(i => $"much/{i:D6}").Where(k => Shards.Of(k) == 5).Take(1100).ToList();
        var shared = await service.NewStoreAsync();
        var single = await service.NewStoreAsync(service.Project.Id, StoreAccessMode.SingleProject);
        // A reader of the store's project may not list the bucket.
        var open = await service.NewStoreAsync(service.Project.Id, StoreAccessMode.Public);
        foreach (var store in new[] { shared, single, open })
        {
            await service.AddLocationsAsync(store, other, keys.Take(1050));
            await service.AddLocationsAsync(store, service.Project, keys.Skip(1050).Append("last"));
        }

        var (_, viewer) = await service.NewCallerAsync(("viewer", "project", service.Project.Id));
        using (viewer)
        {
            Assert.Equal([("much/", null)], Folders(await service.GetAsync(Path(shared, "delimiter=/"))));
            Assert.Empty(Folders(await TestUsers.JsonAsync(await viewer.SendAsync("GET", Path(shared, "delimiter=/")))));
            Assert.Empty(Folders(await TestUsers.JsonAsync(await viewer.SendAsync("GET", Path(open, "delimiter=/")))));
            // Such a store has only this project's names.
            Assert.Equal([("much/", null)], Folders(await TestUsers.JsonAsync(await viewer.SendAsync("GET", Path(single, "delimiter=/")))));
            Assert.Equal(51, Keys(await TestUsers.JsonAsync(await viewer.SendAsync("GET", Path(shared, "limit=1000")))).Count);
        }
    }

    [Fact]
    public async Task A_file_has_what_its_location_knows_and_what_is_asked_for_besides()
    {
        var id = await service.AdoptedAsync("tree/readme.txt");
        await service.Http.StatusAsync(
            "POST", $"/api/v0/data/{id}/metadata/", """{"valohai.tags":["train"],"valohai.alias":"latest-of-tree"}""");
        service.Put("tree/sub/x");
        await service.AdoptedAsync("tree/sub/x");
        using var plain = await service.Http.SendAsync("GET", Path(service.Store, "prefix=tree/&delimiter=/"));
        await Wire.AssertAsync("tree", plain);
        using var more = await service.Http.SendAsync(
            "GET", Path(service.Store, "prefix=tree/&delimiter=/&fields=tags,aliases,hashes&limit=1"));
        await Wire.AssertAsync("tree-fields", more);
        var first = await service.GetAsync(Path(service.Store, "prefix=tree/&delimiter=/&limit=1"));
        var second = await service.GetAsync(first.GetProperty("next").GetString()!);
        Assert.Equal([("tree/sub/", true)], Folders(second));
        // A page may end at another project's key.
        var cursor = QueryHelpers.ParseQuery(new Uri(first.GetProperty("next").GetString()!).Query)["cursor"].ToString();
        Assert.DoesNotContain("tree/", Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(cursor)), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, second.GetProperty("next").ValueKind);
    }

    [Theory]
    [InlineData("fields=md5", "fields")]
    [InlineData("limit=0", "limit")]
    [InlineData("cursor=!", "cursor")]
    [InlineData("cursor=YQ", "cursor")]
    [InlineData("prefix=a/&cursor=ZmIvYw", "cursor")]
    [InlineData("delimiter=/&cursor=ZmIvYw", "cursor")]
    [InlineData("prefix=a&prefix=b", "prefix")]
    public async Task A_wrong_parameter_is_a_400_of_its_field(string query, string field)
    {
        var error = await service.GetAsync(Path(service.Store, query), HttpStatusCode.BadRequest);
        Assert.Equal(field, error.EnumerateObject().Single().Name);
    }

    [Fact]
    public async Task A_project_is_required_and_has_to_be_readable()
    {
        var error = await service.GetAsync($"/api/v0/stores/{service.Store.Id}/tree/", HttpStatusCode.BadRequest);
        Assert.Equal("project", error.EnumerateObject().Single().Name);
        await service.GetAsync($"/api/v0/stores/{Guid.NewGuid()}/tree/?project={service.Project.Id}", HttpStatusCode.NotFound);
        var other = await OtherProjectAsync();
        var (_, viewer) = await service.NewCallerAsync(("viewer", "project", other.Id));
        using (viewer)
            Assert.Equal(HttpStatusCode.Forbidden, await viewer.StatusAsync("GET", Path(service.Store, "")));
    }

    LocationTable Locations => service.Services.GetRequiredService<LocationTable>();

    string Path(Store store, string query) => $"/api/v0/stores/{store.Id}/tree/?project={service.Project.Id}&{query}";

    Task<Project> OtherProjectAsync() =>
        service.Services.GetRequiredService<ProjectTable>().EnsureAsync(Guid.NewGuid(), $"other-{Guid.NewGuid():N}", default);

    /// <summary>Follows the pages, each by the text of the previous cursor.</summary>
    async Task ExpectAsync(Store store, string[] keys, TreeQuery query)
    {
        var (folders, files) = (new List<string>(), new List<string>());
        for (TreePosition? after = null; ;)
        {
            var page = await new TreeReader(Locations, query with { After = after }).ReadAsync(default);
            Assert.InRange(page.Folders.Count + page.Files.Count, 0, query.Limit);
            folders.AddRange(page.Folders.Select(f => f.Prefix));
            files.AddRange(page.Files.Select(f => f.Key));
            if (page.Next is not { } next)
                break;
            Assert.True(TreePosition.TryParse(next.ToString(), out var position) && position == next);
            after = position;
        }

        var listed = keys.Where(k => k.StartsWith(query.Prefix, StringComparison.Ordinal)).Order(OrderedKey.Comparer).ToList();
        Assert.Equal(listed.Select(query.FolderOf).OfType<string>().Distinct(), folders);
        Assert.Equal(listed.Where(k => query.FolderOf(k) is null), files);
    }

    static List<(string?, bool?)> Folders(JsonElement tree) =>
    [
        .. tree.GetProperty("folders").EnumerateArray().Select(f => (
            f.GetProperty("prefix").GetString(),
            f.GetProperty("visible").ValueKind == JsonValueKind.Null ? (bool?)null : f.GetProperty("visible").GetBoolean())),
    ];

    static List<string?> Keys(JsonElement tree) =>
        [.. tree.GetProperty("results").EnumerateArray().Select(f => f.GetProperty("key").GetString())];
}
