using System.Net;
using System.Text;
using System.Text.Json;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Adoption;

public sealed class AdoptedTagsTests(SharedService shared) : IClassFixture<SharedService>
{
    readonly TestService service = shared.Service;

    [Fact]
    public async Task All_that_an_adoption_creates_has_its_tags_wherever_tags_are_told()
    {
        service.Put("some/a", "some/b");
        var before = await service.AdoptedAsync("some/before");
        using var adopted = await service.AdoptAsync(
            new
            {
                urls = new[] { "a", "b", "before" }.Select(n => service.Url($"some/{n}")),
                project = service.Project.Id,
                tags = new[] { "some", "x y", "some" },
            });
        var created = (await TestUsers.JsonAsync(adopted)).GetProperty("created").EnumerateObject()
            .Select(p => p.Value.GetString()!).ToList();
        Assert.Equal(2, created.Count);
        Assert.All(created, id => Assert.Equal(["some", "x y"], TagsAsync(id).Result));
        Assert.Empty(await TagsAsync(before));
        Assert.Equal(created.Order(), (await ListedAsync("some")).Order());
        Assert.Equal("""{"valohai.tags":["some","x y"]}""", await MetadataAsync(created[0]));
        var tree = await service.GetAsync(
            $"/api/v0/stores/{service.Store.Id}/tree/?project={service.Project.Id}&prefix=some/a&fields=tags");
        Assert.Equal("""["some","x y"]""", tree.GetProperty("results")[0].GetProperty("tags").GetRawText());

        service.Put("some/c");
        using var lines = new StringContent(service.Url("some/c"), Encoding.UTF8, "text/plain");
        using var text = await service.Http.PostAsync($"{service.AdoptPath}?project={service.Project.Id}&tags=of&tags=text", lines);
        var ofText = (await TestUsers.JsonAsync(text)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
        Assert.Equal(["of", "text"], await TagsAsync(ofText));
    }

    [Fact]
    public async Task Edited_tags_take_the_place_of_the_adoption_s_and_are_composed_into_the_properties()
    {
        service.Put("edited");
        using var adopted = await service.AdoptAsync(
            new { url = service.Url("edited"), project = service.Project.Id, tags = new[] { "adopted" } });
        var id = (await TestUsers.JsonAsync(adopted)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
        await SetAsync(id, """{"a":1,"valohai.tags":["edited"],"b":1.50}""");
        Assert.Equal(["edited"], await TagsAsync(id));
        Assert.Equal("""{"a":1,"valohai.tags":["edited"],"b":1.50}""", await MetadataAsync(id));
        Assert.Empty(await ListedAsync("adopted"));
        await SetAsync(id, """{"b":2}""");
        Assert.Empty(await TagsAsync(id));
        Assert.Equal("""{"b":2}""", await MetadataAsync(id));
    }

    [Fact]
    public async Task Tags_that_were_taken_away_stay_so_when_the_message_comes_again()
    {
        var edited = 0;
        var more = true;
        for (var write = 0; more; write++)
        {
            var folder = $"again-{write}/";
            service.Put([.. Enumerable.Range(0, 3).Select(i => $"{folder}{i}")]);
            using var accepted = await service.AdoptAsync(
                new { prefix = service.Url(folder), project = service.Project.Id, tags = new[] { folder } });
            Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
            var removed = new List<string>();
            more = await service.DrainWithDeathAsync(write, () => RemoveAsync(folder, removed).GetAwaiter().GetResult());
            Assert.Equal(3, removed.Count + (await ListedAsync(folder)).Count);
            Assert.All(removed, id => Assert.Empty(TagsAsync(id).Result));
            edited += removed.Count;
        }

        Assert.True(edited > 0);
    }

    [Theory]
    [InlineData("\"x\"")]
    [InlineData("[5]")]
    [InlineData("[null]")]
    [InlineData("[\"\"]")]
    [InlineData("[\"a\\nb\"]")]
    [InlineData("long")]
    [InlineData("many")]
    [InlineData("together")]
    public async Task Wrong_tags_are_a_400_of_their_field_and_adopt_nothing(string tags)
    {
        service.Put("wrong");
        var json = tags switch
        {
            "long" => $"[\"{new string('a', 201)}\"]",
            "many" => JsonSerializer.Serialize(Enumerable.Range(0, 101).Select(i => $"t{i}")),
            "together" => JsonSerializer.Serialize(Enumerable.Range(0, 21).Select(i => $"{i:D2}{new string('a', 190)}")),
            _ => tags,
        };
        using var answer = await service.Http.SendAsync(
            "POST", service.AdoptPath, $$"""{"url":"{{service.Url("wrong")}}","project":"{{service.Project.Id}}","tags":{{json}}}""");
        var error = await TestUsers.JsonAsync(answer, HttpStatusCode.BadRequest);
        Assert.Equal("tags", error.EnumerateObject().Single().Name);
        Assert.Equal(0, (await service.GetAsync($"/api/v0/data/?project={service.Project.Id}&name=wrong")).GetProperty("count").GetInt32());
    }

    async Task RemoveAsync(string tag, List<string> removed)
    {
        foreach (var id in await ListedAsync(tag))
        {
            await SetAsync(id, "{}");
            removed.Add(id);
        }
    }

    async Task<List<string>> ListedAsync(string tag) =>
    [
        .. (await service.GetAllAsync($"/api/v0/data/?project={service.Project.Id}&tag={Uri.EscapeDataString(tag)}"))
            .Select(d => d.GetProperty("id").GetString()!),
    ];

    async Task<List<string?>> TagsAsync(string id) =>
        [.. (await service.GetAsync($"/api/v0/data/{id}/")).GetProperty("tags").EnumerateArray().Select(t => t.GetString())];

    async Task<string> MetadataAsync(string id)
    {
        using var answer = await service.Http.SendAsync("GET", $"/api/v0/data/{id}/metadata/");
        return await answer.Content.ReadAsStringAsync();
    }

    async Task SetAsync(string id, string json) =>
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("POST", $"/api/v0/data/{id}/metadata/", json));
}
