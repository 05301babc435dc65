using System.Net;
using System.Text.Json;
using DataRegistry.Http;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Tests.Datums;

public sealed class DatumListTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task Every_filter_lets_its_datums_through_and_no_others()
    {
        var (a, b, c) = (await service.AdoptedAsync("x/a.txt"), await service.AdoptedAsync("y/a.txt"), await service.AdoptedAsync("b.txt"));
        Assert.Equal(
            HttpStatusCode.OK,
            await service.Http.StatusAsync("POST", $"/api/v0/data/{b}/metadata/", """{"valohai.tags":["train","v1"]}"""));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("POST", $"/api/v0/data/{c}/purge/"));
        await ExpectAsync("", b, a);
        await ExpectAsync($"store={service.Store.Id}", b, a);
        await ExpectAsync($"store={Guid.NewGuid()}");
        await ExpectAsync("name=a.txt", b, a);
        await ExpectAsync("name=A.txt");
        await ExpectAsync("tag=v1", b);
        await ExpectAsync("tag=v");
        await ExpectAsync("uri=s3://bucket/x/a.txt", a);
        await ExpectAsync("uri=s3://bucket/b.txt");
        await ExpectAsync("uri=s3://bucket/b.txt&purged=true", c);
        await ExpectAsync("purged=true", c);
        await ExpectAsync("purged=false", b, a);
        await ExpectAsync("deleted=true");
        await ExpectAsync("deleted=false", b, a);
        await ExpectAsync($"output_execution={Guid.NewGuid()}");
        await ExpectAsync("offset=1", a);
        await ExpectAsync("offset=2");
        await ExpectAsync("name=a.txt&offset=1", a);
        await ExpectAsync("ordering=ctime", a, b);
        await ExpectAsync("ordering=id&offset=1", b);
        await ExpectAsync("ordering=-ctime", b, a);
    }

    [Fact]
    public async Task Other_orders_are_whole_over_pages_of_any_length()
    {
        var keys = Enumerable.Range(0, 15).Select(i => $"k{i % 7}/{new string('n', i % 5)}{i}").ToArray();
        service.Put(keys);
        using var adopted = await service.AdoptUrlsAsync(keys.Select(service.Url));
        adopted.EnsureSuccessStatusCode();
        foreach (var (ordering, field) in new[]
        {
            ("name", "name"), ("-name", "name"), ("size", "size"), ("-size", "size"), ("ctime", "ctime"), ("id", "id"),
        })
        {
            var whole = await service.GetAllAsync($"{Path}&ordering={ordering}");
            var values = whole.Select(d => d.GetProperty(field)).ToList();
            var sorted = field == "size"
                ? values.OrderBy(v => v.GetInt64()).ToList()
                : [.. values.OrderBy(v => v.GetString(), StringComparer.Ordinal)];
            if (ordering[0] == '-')
                sorted.Reverse();
            Assert.Equal(sorted.Select(v => v.ToString()), values.Select(v => v.ToString()));
            foreach (var limit in new[] { 1, 7, 14, 15 })
                Assert.Equal(whole.Select(Id), (await service.GetAllAsync($"{Path}&ordering={ordering}&limit={limit}")).Select(Id));
        }
    }

    [Fact]
    public async Task An_offset_counts_once_and_not_on_every_page()
    {
        for (var i = 0; i < 6; i++)
            await service.AdoptedAsync($"k{i}");
        var all = (await service.GetDatumsAsync()).Select(Id).ToList();
        foreach (var ordering in new[] { "-ctime", "ctime" })
        {
            var page = await service.GetAsync($"{Path}&offset=2&limit=2&ordering={ordering}");
            Assert.Equal(6, page.GetProperty("count").GetInt32());
            var expected = ordering == "ctime" ? all.AsEnumerable().Reverse() : all;
            Assert.Equal(expected.Skip(2), (await service.GetAllAsync($"{Path}&offset=2&limit=2&ordering={ordering}")).Select(Id));
        }
    }

    [Fact]
    public async Task Following_next_neither_skips_nor_repeats_while_others_adopt_and_purge()
    {
        var keys = Enumerable.Range(0, 40).Select(i => $"k{i}").ToArray();
        service.Put(keys);
        (await service.AdoptUrlsAsync(keys.Select(service.Url))).EnsureSuccessStatusCode();
        var before = (await service.GetDatumsAsync()).Select(Id).ToList();
        var seen = new List<string?>();
        for (string? next = $"{Path}&limit=7&name="; next is not null;)
        {
            var page = await service.GetAsync(next);
            seen.AddRange(page.GetProperty("results").EnumerateArray().Select(Id));
            next = page.GetProperty("next").GetString();
            await service.AdoptedAsync($"late{seen.Count}");
            await service.Http.StatusAsync("POST", $"/api/v0/data/{seen[^1]}/purge/");
        }

        Assert.Equal(before, seen);
    }

    [Fact]
    public async Task Excluded_fields_are_left_out_and_the_count_is_if_it_is_not_wanted()
    {
        await service.AdoptedAsync("a");
        using var page = await service.Http.SendAsync("GET", $"{Path}&exclude=md5,sha1,sha256,project,nonsense&no_count=true");
        await Wire.AssertAsync("data-excluded", page);
    }

    /// <summary>Public clients ask for 10,000 of everything.</summary>
    [Theory]
    [InlineData("data")]
    [InlineData("projects")]
    [InlineData("stores")]
    [InlineData("datum-aliases")]
    public async Task A_client_that_asks_for_more_than_the_largest_page_is_given_that(string list)
    {
        Assert.Equal(
            JsonValueKind.Array,
            (await service.GetAsync($"/api/v0/{list}/?limit=10000&project={service.Project.Id}")).GetProperty("results").ValueKind);
        foreach (var (asked, given) in new[] { ("9000", 9000), ("9001", 9000), ("99999999999", 9000), ("8999", 8999) })
            Assert.Equal(given, Paging.From(new DefaultHttpContext { Request = { QueryString = new($"?limit={asked}") } }.Request).Limit);
    }

    [Theory]
    [InlineData("store=x", "store")]
    [InlineData("uri=x", "uri")]
    [InlineData("output_execution=x", "output_execution")]
    [InlineData("deleted=yes", "deleted")]
    [InlineData("purged=1", "purged")]
    [InlineData("no_count=x", "no_count")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("limit=99999999999999999999", "limit")]
    [InlineData("offset=-1", "offset")]
    [InlineData("offset=10001", "offset")]
    [InlineData("ordering=md5", "ordering")]
    [InlineData("name=a&name=b", "name")]
    [InlineData("cursor=!", "cursor")]
    [InlineData("cursor=YQ", "cursor")]
    [InlineData("ordering=name&cursor=YQ", "cursor")]
    public async Task A_wrong_parameter_is_a_400_of_its_field(string query, string field)
    {
        await service.AdoptedAsync("a");
        var error = await service.GetAsync($"{Path}&{query}", HttpStatusCode.BadRequest);
        Assert.Equal(field, error.EnumerateObject().Single().Name);
    }

    string Path => $"/api/v0/data/?project={service.Project.Id}";

    static string? Id(JsonElement datum) => datum.GetProperty("id").GetString();

    async Task ExpectAsync(string query, params string[] ids)
    {
        var page = await service.GetAsync($"{Path}&{query}");
        Assert.True(ids.SequenceEqual(page.GetProperty("results").EnumerateArray().Select(Id)), $"{query}: {page}");
        Assert.Equal(
            query.StartsWith("offset", StringComparison.Ordinal)
                ? 2
                : ids.Length + (query.Contains("offset", StringComparison.Ordinal) ? 1 : 0), page.GetProperty("count").GetInt32());
    }
}
