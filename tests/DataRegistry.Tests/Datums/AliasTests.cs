using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Datums;

public sealed class AliasTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    const string Path = "/api/v0/datum-aliases/";

    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_deletion_whose_answer_is_lost_is_no_refusal()
    {
        using var created = await PointAsync("lost", await service.AdoptedAsync("a"));
        var path = $"{Path}{(await TestUsers.JsonAsync(created, HttpStatusCode.Created)).GetProperty("id").GetString()}/";
        service.Transport.Wrote = () =>
        {
            service.Transport.Wrote = null;
            throw new IOException("The answer is lost.");
        };
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", path));
        Assert.Null(service.Transport.Wrote);
        Assert.Equal(2, (await service.GetAllAsync($"{path}history/")).Count);
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("DELETE", path));
    }

    [Fact]
    public async Task An_alias_is_created_moved_listed_resolved_and_deleted_and_its_history_tells_all_of_it()
    {
        var (a, b) = (await service.AdoptedAsync("a"), await service.AdoptedAsync("b"));
        using var created = await PointAsync("latest", a);
        await Wire.AssertAsync("alias-created", created);
        using var moved = await PointAsync("latest", $"datum://{b}");
        var alias = await TestUsers.JsonAsync(moved);
        Assert.Equal(b, alias.GetProperty("datum").GetProperty("id").GetString());
        var path = $"{Path}{alias.GetProperty("id").GetString()}/";
        Assert.Equal(alias.ToString(), (await service.GetAsync(path)).ToString());
        Assert.Equal(alias.ToString(), Assert.Single(await service.GetAllAsync($"{Path}?project={service.Project.Id}")).ToString());
        Assert.Equal(
            b, (await service.GetAsync($"{Path}resolve/?name=latest&project={service.Project.Id}")).GetProperty("datum").GetProperty("id")
                .GetString());

        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", path));
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("DELETE", path));
        await service.GetAsync(path, HttpStatusCode.NotFound);
        await service.GetAsync($"{Path}resolve/?name=latest&project={service.Project.Id}", HttpStatusCode.NotFound);
        Assert.Empty(await service.GetAllAsync($"{Path}?project={service.Project.Id}"));
        using var history = await service.Http.SendAsync("GET", $"{path}history/");
        await Wire.AssertAsync("alias-history", history);
        Assert.Equal([(b, null), (a, b), (null, a)], await HistoryAsync(path));
        Assert.Equal(
            ["alias.created", "alias.deleted", "alias.moved"],
            (await service.GetAllAsync($"/api/v0/audit/?project={service.Project.Id}&action=alias")).Select(
                e => e.GetProperty("action").GetString()).Order(StringComparer.Ordinal));

        // The name is free again, and its next alias has an id and a history of its own.
        using var again = await PointAsync("latest", a);
        var second = await TestUsers.JsonAsync(again, HttpStatusCode.Created);
        await service.GetAsync(path, HttpStatusCode.NotFound);
        Assert.Equal([(null, a)], await HistoryAsync($"{Path}{second.GetProperty("id").GetString()}/"));
    }

    [Fact]
    public async Task The_same_datum_again_changes_nothing()
    {
        var a = await service.AdoptedAsync("a");
        using var created = await PointAsync("x", a);
        using var again = await PointAsync("x", a);
        Assert.Equal(
            (await TestUsers.JsonAsync(created, HttpStatusCode.Created)).ToString(), (await TestUsers.JsonAsync(again)).ToString());
        Assert.Single(await service.GetAllAsync($"/api/v0/audit/?project={service.Project.Id}&action=alias"));
    }

    [Fact]
    public async Task Of_those_who_create_and_move_it_at_once_one_creates_it_and_the_history_is_a_chain()
    {
        var datums = new List<string>();
        for (var i = 0; i < 5; i++)
            datums.Add(await service.AdoptedAsync($"k{i}"));
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var moves = Enumerable.Range(0, 40).Select(_ => datums[random.Next(datums.Count)]).ToList();
        var answers = new List<(HttpStatusCode Status, string Id)>();
        await Parallel.ForEachAsync(moves, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (datum, _) =>
        {
            using var response = await PointAsync("latest", datum);
            var id = (await response.Content.ReadFromJsonAsync<JsonElement>(CancellationToken.None)).GetProperty("id").GetString()!;
            lock (answers)
                answers.Add((response.StatusCode, id));
        });

        Assert.Single(answers, a => a.Status == HttpStatusCode.Created);
        Assert.All(answers, a => Assert.True(a.Status is HttpStatusCode.Created or HttpStatusCode.OK));
        var path = $"{Path}{Assert.Single(answers.Select(a => a.Id).Distinct())}/";
        var history = await HistoryAsync(path, limit: 7);
        history.Reverse();
        Assert.Null(history[0].From);
        for (var i = 1; i < history.Count; i++)
            Assert.True(history[i].From == history[i - 1].To && history[i].From != history[i].To, $"Seed {seed}, change {i}");
        Assert.Equal(history[^1].To, (await service.GetAsync(path)).GetProperty("datum").GetProperty("id").GetString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_move_whose_answer_was_lost_or_that_died_before_can_be_repeated(int dies)
    {
        var (a, b) = (await service.AdoptedAsync("a"), await service.AdoptedAsync("b"));
        using var created = await PointAsync("x", a);
        service.Transport.DieAt(0, after: dies == 1);
        using var lost = await PointAsync("x", b);
        Assert.Equal(HttpStatusCode.InternalServerError, lost.StatusCode);
        service.Transport.Revive();
        using var again = await PointAsync("x", b);
        var id = (await TestUsers.JsonAsync(again)).GetProperty("id").GetString();
        Assert.Equal([(a, b), (null, a)], await HistoryAsync($"{Path}{id}/"));
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData(" a")]
    [InlineData("a ")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a\\u0000b")]
    [InlineData("\\ud800")]
    [InlineData("017a515f-30a4-d0f1-d37a-53ffc38e90c7")]
    [InlineData("017a515f30a4d0f1d37a53ffc38e90c7")]
    [InlineData("{017a515f-30a4-d0f1-d37a-53ffc38e90c7}")]
    public async Task A_name_that_is_none_is_a_400_with_the_requirement(string name)
    {
        var a = await service.AdoptedAsync("a");
        using var response = await service.Http.SendAsync(
            "POST", Path, $$"""{"name":"{{name}}","datum":"{{a}}","project":"{{service.Project.Id}}"}""");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("ä", 100, HttpStatusCode.Created)]
    [InlineData("ä", 101, HttpStatusCode.BadRequest)]
    [InlineData("x", 200, HttpStatusCode.Created)]
    [InlineData("x", 201, HttpStatusCode.BadRequest)]
    public async Task A_name_has_up_to_200_bytes(string letter, int times, HttpStatusCode expected)
    {
        using var response = await PointAsync(string.Concat(Enumerable.Repeat(letter, times)), await service.AdoptedAsync("a"));
        Assert.Equal(expected, response.StatusCode);
    }

    [Theory]
    [InlineData("""{"name":"x","project":"$"}""", "datum")]
    [InlineData("""{"name":"x","datum":5,"project":"$"}""", "datum")]
    [InlineData("""{"name":"x","datum":"y","project":"$"}""", "datum")]
    [InlineData("""{"name":"x","datum":"017a515f-30a4-d0f1-d37a-53ffc38e90c7","project":"$"}""", "datum")]
    [InlineData("""{"datum":"017a515f-30a4-d0f1-d37a-53ffc38e90c7","project":"$"}""", "name")]
    [InlineData("""{"name":"x","datum":"017a515f-30a4-d0f1-d37a-53ffc38e90c7"}""", "project")]
    public async Task A_wrong_body_is_a_400_of_its_field(string json, string field)
    {
        using var response = await service.Http.SendAsync(
            "POST", Path, json.Replace("$", service.Project.Id.ToString(), StringComparison.Ordinal));
        Assert.Equal(field, (await TestUsers.JsonAsync(response, HttpStatusCode.BadRequest)).EnumerateObject().Single().Name);
    }

    [Fact]
    public async Task Names_are_kept_as_they_are_and_listed_in_the_order_of_their_bytes_page_by_page()
    {
        var a = await service.AdoptedAsync("a");
        string[] names = ["A", "a", "a b", "a(b)", "a\\b", "größe", "数据集", "𝒳"];
        foreach (var name in names.Reverse())
            (await PointAsync(name, a)).EnsureSuccessStatusCode();
        var listed = await service.GetAllAsync($"{Path}?project={service.Project.Id}&limit=3");
        Assert.Equal(names, listed.Select(e => e.GetProperty("name").GetString()));
        foreach (var name in names)
            Assert.Equal(
                a, (await service.GetAsync($"/api/v0/data/{Uri.EscapeDataString(name)}/?project={service.Project.Id}")).GetProperty("id")
                    .GetString());
    }

    [Fact]
    public async Task A_datum_is_read_by_its_id_or_an_alias_with_datum_before_it_or_not()
    {
        var a = await service.AdoptedAsync("a");
        (await PointAsync("only-here", a)).EnsureSuccessStatusCode();
        foreach (var text in new[] { a, "only-here", $"datum:%2F%2F{a}", "datum:%2f%2fonly-here" })
            Assert.Equal(a, (await service.GetAsync($"/api/v0/data/{text}/")).GetProperty("id").GetString());
        await service.GetAsync("/api/v0/data/Only-here/", HttpStatusCode.NotFound);
        await service.GetAsync("/api/v0/data/only-here/?project=x", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_name_that_two_projects_have_needs_its_project_and_one_of_another_project_is_not_told()
    {
        var a = await service.AdoptedAsync("a");
        var other = await service.NewAsync("/api/v0/projects/", new { name = "other" });
        service.Put("b");
        using var adopted = await service.AdoptAsync(new { url = service.Url("b"), project = other });
        var b = (await TestUsers.JsonAsync(adopted)).GetProperty("created").EnumerateObject().Single().Value.GetString();
        using var foreign = await PointAsync("in-two", b!);
        Assert.Equal(HttpStatusCode.BadRequest, foreign.StatusCode);
        (await PointAsync("in-two", a)).EnsureSuccessStatusCode();
        using var second = await service.Http.PostAsJsonAsync(Path, new { name = "in-two", datum = b, project = other });
        var alias = TestUsers.Id(await TestUsers.JsonAsync(second, HttpStatusCode.Created));

        Assert.True((await service.GetAsync("/api/v0/data/in-two/", HttpStatusCode.BadRequest)).TryGetProperty("project", out _));
        Assert.Equal(b, (await service.GetAsync($"/api/v0/data/in-two/?project={other}")).GetProperty("id").GetString());
        var (_, viewer) = await service.NewCallerAsync(("viewer", "project", service.Project.Id));
        using (viewer)
        {
            using var own = await viewer.SendAsync("GET", "/api/v0/data/in-two/");
            Assert.Equal(a, (await TestUsers.JsonAsync(own)).GetProperty("id").GetString());
            Assert.Equal(HttpStatusCode.Forbidden, await viewer.StatusAsync("GET", $"/api/v0/data/in-two/?project={other}"));
            foreach (var (method, part) in new[]
            {
                ("GET", "download/"), ("GET", "metadata/"), ("POST", "metadata/"), ("GET", "trace/"), ("POST", "purge/"),
            })
            {
                Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync(method, $"/api/v0/data/in-two/{part}", Json()));
                var path = $"/api/v0/data/in-two/{part}?project={other}";
                Assert.Equal(HttpStatusCode.Forbidden, await viewer.StatusAsync(method, path, Json()));

                string? Json() => part == "metadata/" && method == "POST" ? "{}" : null;
            }

            Assert.Equal(HttpStatusCode.NotFound, await viewer.StatusAsync("GET", $"{Path}{alias}/"));
            Assert.Equal(HttpStatusCode.NotFound, await viewer.StatusAsync("GET", $"{Path}{alias}/history/"));
            Assert.Equal(HttpStatusCode.NotFound, await viewer.StatusAsync("DELETE", $"{Path}{alias}/"));
            Assert.Equal(
                HttpStatusCode.Forbidden,
                await viewer.StatusAsync("POST", Path, $$"""{"name":"x","datum":"{{a}}","project":"{{service.Project.Id}}"}"""));
        }
    }

    [Theory]
    [InlineData("cursor=YS9i")]
    [InlineData("cursor=!")]
    [InlineData("limit=0")]
    public async Task A_wrong_page_is_a_400(string query)
    {
        await service.GetAsync($"{Path}?project={service.Project.Id}&{query}", HttpStatusCode.BadRequest);
        using var created = await PointAsync("x", await service.AdoptedAsync("a"));
        await service.GetAsync(
            $"{Path}{TestUsers.Id(await TestUsers.JsonAsync(created, HttpStatusCode.Created))}/history/?{query}",
            HttpStatusCode.BadRequest);
    }

    Task<HttpResponseMessage> PointAsync(string name, string datum) =>
        service.Http.PostAsJsonAsync(Path, new { name, datum, project = service.Project.Id });

    async Task<List<(string? From, string? To)>> HistoryAsync(string path, int limit = 100) =>
        [.. (await service.GetAllAsync($"{path}history/?limit={limit}")).Select(
            e => (e.GetProperty("from").GetString(), e.GetProperty("to").GetString()))];
}
