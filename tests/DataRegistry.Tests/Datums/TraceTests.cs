using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Datums;

public sealed class TraceTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_trace_tells_where_a_datum_comes_from_and_what_became_of_it()
    {
        var (a, b) = (await service.AdoptedAsync("a"), await service.AdoptedAsync("b"));
        foreach (var datum in new[] { a, b, a })
            await PointAsync("latest", datum);
        await PointAsync("other", b);
        await service.Http.StatusAsync("POST", $"/api/v0/data/{b}/metadata/", """{"x":1}""");
        await service.Http.StatusAsync("POST", $"/api/v0/data/{b}/purge/");
        using var trace = await service.Http.SendAsync("GET", $"/api/v0/data/{b}/trace/");
        await Wire.AssertAsync("trace", trace);

        var spans = await AliasesAsync(a);
        Assert.Equal(2, spans.Count);
        Assert.Equal(JsonValueKind.Null, spans[0].GetProperty("until").ValueKind);
        var between = (await AliasesAsync(b)).Single(s => s.GetProperty("name").GetString() == "latest");
        Assert.Equal(spans[1].GetProperty("until").GetString(), between.GetProperty("from").GetString());
        Assert.Equal(spans[0].GetProperty("from").GetString(), between.GetProperty("until").GetString());
    }

    [Fact]
    public async Task What_a_url_stood_for_before_and_after_is_told_to_who_may_read_it()
    {
        var versions = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            versions.Add(await service.AdoptedAsync("a"));
            await service.Http.StatusAsync("POST", $"/api/v0/data/{versions[i]}/purge/");
        }

        var other = await service.NewAsync("/api/v0/projects/", new { name = "other" });
        using var adopted = await service.AdoptAsync(new { url = service.Url("a"), project = other });
        var foreign = (await TestUsers.JsonAsync(adopted)).GetProperty("created").EnumerateObject().Single().Value.GetString();
        var trace = await TraceAsync(versions[1]);
        Assert.Equal([versions[0]], Ids(trace, "earlier"));
        Assert.Equal([foreign, versions[2]], Ids(trace, "later"));
        Assert.True(trace.GetProperty("versions_complete").GetBoolean());

        var (_, viewer) = await service.NewCallerAsync(("viewer", "project", service.Project.Id));
        using (viewer)
        {
            using var response = await viewer.SendAsync("GET", $"/api/v0/data/{versions[1]}/trace/");
            Assert.Equal([versions[2]], Ids(await TestUsers.JsonAsync(response), "later"));
        }
    }

    [Fact]
    public async Task A_job_s_datum_names_its_job_and_what_was_adopted_at_once_an_id_that_the_audit_trail_has()
    {
        var keys = Keys(101);
        service.Put(keys);
        var path = await service.AcceptAsync(keys);
        await service.DrainAsync();
        var datum = (await service.GetDatumsAsync())[0].GetProperty("id").GetString()!;
        var adopted = (await TraceAsync(datum)).GetProperty("adopted");
        Assert.EndsWith($"/{adopted.GetProperty("job").GetString()}/", path, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, adopted.GetProperty("adoption").ValueKind);

        adopted = (await TraceAsync(await service.AdoptedAsync("at-once"))).GetProperty("adopted");
        Assert.Equal(JsonValueKind.Null, adopted.GetProperty("job").ValueKind);
        var told = Assert.Single(await service.GetAllAsync($"/api/v0/audit/?project={service.Project.Id}&action=data.adopted"));
        Assert.Equal(adopted.GetProperty("adoption").GetString(), told.GetProperty("details").GetProperty("adoption").GetString());
    }

    [Fact]
    public async Task The_trace_of_what_may_not_be_read_is_a_404()
    {
        var a = await service.AdoptedAsync("a");
        var (_, stranger) = await service.NewCallerAsync();
        using (stranger)
            Assert.Equal(HttpStatusCode.NotFound, await stranger.StatusAsync("GET", $"/api/v0/data/{a}/trace/"));
    }

    Task<JsonElement> TraceAsync(string id) => service.GetAsync($"/api/v0/data/{id}/trace/");

    async Task<List<JsonElement>> AliasesAsync(string id) => [.. (await TraceAsync(id)).GetProperty("aliases").EnumerateArray()];

    static IEnumerable<string?> Ids(JsonElement trace, string list) =>
        trace.GetProperty(list).EnumerateArray().Select(d => d.GetProperty("id").GetString());

    async Task PointAsync(string name, string datum)
    {
        using var response = await service.Http.PostAsJsonAsync(
            "/api/v0/datum-aliases/", new { name, datum, project = service.Project.Id });
        response.EnsureSuccessStatusCode();
    }
}
