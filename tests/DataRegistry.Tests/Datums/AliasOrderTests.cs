using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Datums;

public sealed class AliasOrderTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    const string Path = "/api/v0/datum-aliases/";

    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Theory]
    [InlineData("", "a b c d")]
    [InlineData("&ordering=name", "a b c d")]
    [InlineData("&ordering=ctime", "c a d b")]
    [InlineData("&ordering=-ctime", "b d a c")]
    [InlineData("&ordering=mtime", "c d b a")]
    [InlineData("&ordering=-mtime", "a b d c")]
    public async Task Aliases_are_listed_in_the_order_that_is_asked_for_whatever_the_size_of_a_page(string ordering, string expected)
    {
        await PointAsync();
        foreach (var limit in new[] { 1, 2, 3, 4, 9000 })
            Assert.Equal(
                expected,
                string.Join(
                    ' ',
                    (await service.GetAllAsync($"{Path}?project={service.Project.Id}{ordering}&limit={limit}")).Select(
                        a => a.GetProperty("name").GetString())));
    }

    /// <summary>The public command line client asks for its first page like this.</summary>
    [Fact]
    public async Task The_newest_aliases_are_the_first_page_of_a_client_that_asks_for_them_and_for_no_count()
    {
        await PointAsync();
        var page = await service.GetAsync($"{Path}?limit=2&ordering=-ctime&deleted=false&no_count=true&project={service.Project.Id}");
        Assert.Equal(["b", "d"], page.GetProperty("results").EnumerateArray().Select(a => a.GetProperty("name").GetString()));
        Assert.Equal(JsonValueKind.Null, page.GetProperty("count").ValueKind);
        var counted = await service.GetAsync($"{Path}?limit=2&ordering=-ctime&project={service.Project.Id}");
        Assert.Equal(4, counted.GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task An_alias_that_is_deleted_or_made_meanwhile_moves_no_other_one_to_another_page()
    {
        var datum = await PointAsync();
        var first = await service.GetAsync($"{Path}?limit=2&ordering=-ctime&project={service.Project.Id}");
        var last = first.GetProperty("results")[1];
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"{Path}{last.GetProperty("id").GetString()}/"));
        await PointAsync("e", datum);
        var rest = await service.GetAllAsync(new Uri(first.GetProperty("next").GetString()!).PathAndQuery);
        Assert.Equal(["a", "c"], rest.Select(a => a.GetProperty("name").GetString()));
    }

    [Theory]
    [InlineData("ordering=-name", "ordering")]
    [InlineData("ordering=size", "ordering")]
    [InlineData("ordering=ctime&cursor=YQ", "cursor")]
    [InlineData("no_count=x", "no_count")]
    public async Task A_wrong_parameter_is_a_400_of_its_field(string query, string field)
    {
        var error = await service.GetAsync($"{Path}?project={service.Project.Id}&{query}", HttpStatusCode.BadRequest);
        Assert.Equal(field, error.EnumerateObject().Single().Name);
    }

    /// <summary>Creates aliases in the order c, a, d, b, then moves b and a. Returns a datum.</summary>
    async Task<string> PointAsync()
    {
        var (x, y) = (await service.AdoptedAsync("x"), await service.AdoptedAsync("y"));
        foreach (var name in new[] { "c", "a", "d", "b" })
            await PointAsync(name, x);
        await PointAsync("b", y);
        await PointAsync("a", y);
        return x;
    }

    async Task PointAsync(string name, string datum)
    {
        using var response = await service.Http.PostAsJsonAsync(Path, new { name, datum, project = service.Project.Id });
        response.EnsureSuccessStatusCode();
    }
}
