using System.Net;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.DataVolumes;

/// <summary>Wrong bodies and parameters give 400, and the message begins with the wrong field.</summary>
public sealed class DataVolumeBadInputTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task Names_of_every_length_and_alphabet_are_taken_or_refused()
    {
        string[] good = ["a", "z9", "a-", "a--b", "a-9", new('a', 63), "b" + new string('-', 62)];
        string[] bad = [
            "", " ", "A", "aB", "1a", "-a", "a_b", "a.b", "a b", "a/b", "ä", "aä", "а", "a\n", "a\u0000", "😀", new('a', 64),
            new('a', 5000)];
        foreach (var name in good)
        {
            using var response = await service.Http.CreateVolumeAsync(New(name));
            Assert.True(response.StatusCode == HttpStatusCode.Created, name);
        }

        foreach (var name in bad)
            await AssertBadAsync(await service.Http.CreateVolumeAsync(New(name)), "name: ", name);
    }

    [Fact]
    public async Task Wrong_fields_of_a_create_are_named()
    {
        var project = service.Project.Id;
        (string Json, string Message)[] table =
        [
            ("", "JSON parse error"), ("[", "JSON parse error"), ("null", "JSON parse error"), ("[]", "JSON parse error"),
            ("\"x\"", "JSON parse error"),
            ("{}", "projectId: "),
            ($$"""{"projectId":"{{project}}","originPvcName":"p"}""", "name: "),
            ($$"""{"projectId":"{{project}}","name":"n"}""", "originPvcName: "),
            ($$"""{"projectId":"{{project}}","name":"n","originPvcName":""}""", "originPvcName: "),
            ($$"""{"projectId":"{{project}}","name":"n","originPvcName":"{{new string('p', 254)}}"}""", "originPvcName: "),
            ("""{"projectId":"5","name":"n","originPvcName":"p"}""", "projectId: "),
            ($$"""{"projectId":"{{Guid.NewGuid()}}","name":"n","originPvcName":"p"}""", "projectId: "),
            ($$"""{"projectId":"{{project}}","name":5,"originPvcName":"p"}""", "name: "),
            ($$"""{"projectId":"{{project}}","name":["n"],"originPvcName":"p"}""", "name: "),
            ($$"""{"projectId":5,"name":"n","originPvcName":"p"}""", "projectId: "),
            ($$"""{"projectId":"{{project}}","name":"n","originPvcName":{} }""", "originPvcName: "),
            ($$"""{"projectId":"{{project}}","name":"n","originPvcName":"p","description":1}""", "description: "),
            ($$"""{"projectId":"{{project}}","name":"n","originPvcName":"p","shouldDeleteOriginalVolume":"true"}""",
            "shouldDeleteOriginalVolume: "),
            ($$"""{"projectId":"{{project}}","name":"n","originPvcName":"p","description":"{{new string('d', 128)}}"}""", "description: "),
            ($$"""{"projectId":"{{project}}","name":"n","originPvcName":"p","description":"{{"\\ud83d"}}"}""", ""),
            ($$"""{"projectId":"{{project}}","name":"n","originPvcName":"p","description":"{{"\\u0000"}}"}""", "description: "),
        ];
        foreach (var (json, message) in table)
            await AssertBadAsync(await service.Http.SendAsync("POST", TestVolumes.Path, json), message, json);
    }

    [Fact]
    public async Task A_description_has_127_characters_at_most_which_are_not_units_of_UTF16()
    {
        var id = await service.NewVolumeAsync("described");
        foreach (var good in new[] { "", "two\nlines", new string('d', 127), string.Concat(Enumerable.Repeat("😀", 127)) })
        {
            using var changed = await service.Http.SendAsync(
                "PATCH", $"{TestVolumes.Path}/{id}", JsonSerializer.Serialize(new { description = good, name = "ignored" }));
            var body = await TestUsers.JsonAsync(changed);
            Assert.Equal((good, "described"), (body.GetProperty("description").GetString(), body.GetProperty("name").GetString()));
        }

        foreach (var bad in new[] { new string('d', 128), string.Concat(Enumerable.Repeat("😀", 128)) })
            await AssertBadAsync(
                await service.Http.SendAsync("PATCH", $"{TestVolumes.Path}/{id}", JsonSerializer.Serialize(new { description = bad })),
                "description: ", bad);
    }

    [Fact]
    public async Task Wrong_shared_scopes_are_named_and_none_of_the_patch_is_done()
    {
        var id = await service.NewVolumeAsync("v");
        var (foreign, elsewhere, _) = await service.NewAgentClusterAsync();
        string Scope(string type, object scope) => $$"""{"scopeType":"{{type}}","scopeId":"{{scope}}"}""";
        var good = Scope("project", service.Project.Id);
        (string Json, string Message)[] table =
        [
            ("[]", "JSON parse error"), ("""{"add":{} }""", "add: "), ("""{"add":[1]}""", "add: "), ("""{"remove":"x"}""", "remove: "),
            ($$"""{"add":[{{good}},null]}""", "add[1]: "), ($$"""{"add":[{{good}},{}]}""", "add[1].scopeType: "),
            ($$"""{"add":[{{good}},{"scopeType":"project"}]}""", "add[1].scopeId: "),
            ($$"""{"add":[{{good}},{{Scope("system", service.Project.Id)}}]}""", "add[1].scopeType: "),
            ($$"""{"add":[{{good}},{{Scope("Project", service.Project.Id)}}]}""", "add[1].scopeType: "),
            ($$"""{"add":[{{good}},{{Scope("project", "5")}}]}""", "add[1].scopeId: "),
            ($$"""{"add":[{{good}},{{Scope("department", service.Project.Id)}}]}""", "add[1].scopeId: "),
            ($$"""{"add":[{{good}},{{Scope("project", Guid.NewGuid())}}]}""", "add[1].scopeId: "),
            ($$"""{"add":[{{good}},{{Scope("project", elsewhere.Id)}}]}""", "add[1].scopeId: "),
            ($$"""{"add":[{{good}},{{Scope("department", elsewhere.Department)}}]}""", "add[1].scopeId: "),
            ($$"""{"add":[{{good}},{{Scope("cluster", foreign)}}]}""", "add[1].scopeId: "),
            ($$"""{"add":[{{good}}],"remove":[{{good}}]}""", "add: "),
            ($$"""{"add":[{{string.Join(',', Enumerable.Repeat(good, 51))}}]}""", "add: "),
            ($$"""{"remove":[{{string.Join(',', Enumerable.Repeat(good, 51))}}]}""", "remove: "),
        ];
        foreach (var (json, message) in table)
            await AssertBadAsync(await service.Http.SendAsync("PATCH", $"{TestVolumes.Path}/{id}/sharedScopes", json), message, json);
        Assert.Empty(await service.SharedWithAsync(id));
        using var fifty = await service.Http.SendAsync(
            "PATCH", $"{TestVolumes.Path}/{id}/sharedScopes",
            $$"""{"add":[{{string.Join(',', Enumerable.Repeat(good, 50))}}],"other":1}""");
        Assert.Single((await TestUsers.JsonAsync(fifty)).EnumerateArray());
    }

    [Fact]
    public async Task Wrong_parameters_of_a_list_are_named()
    {
        (string Query, string Message)[] table =
        [
            ("", "requestType: "), ("requestType=", "requestType: "), ("requestType=originated", "requestType: "),
            ("requestType=Originated&requestType=Originated", "requestType: "),
            ("requestType=UsableInProject", "usableInProjectId: "),
            ("requestType=UsableInProject&usableInProjectId=5", "usableInProjectId: "),
            ($"requestType=UsableInProject&usableInProjectId={Guid.NewGuid()}", "usableInProjectId: "),
            .. new[]
            {
                "offset=-1", "offset=x", "offset=2147483648", "limit=0", "limit=501", "limit=-1", "limit=1.5", "limit=99999999999",
                "sortBy=Name", "sortBy=id", "sortOrder=up", "sortOrder=DESC",
            }
                .Select(q => ($"requestType=Originated&{q}", $"{q[..q.IndexOf('=')]}: ")),
            .. new[]
            {
                "x", "name", "name=", "name==", "name=x", "Name==x", "id==x", "name ==x", " name==x", "==x", "description==x",
                "phase<Ready", "createdAt=@2026", "createdAt=^2026", "createdAt==yesterday", "createdAt<=2026-13-01", "name==a,phase==",
                "createdAt==1", ",name==x",
            }
                .Select(f => ($"requestType=Originated&filterBy={Uri.EscapeDataString(f)}", "filterBy: '")),
        ];
        foreach (var (query, message) in table)
        {
            await AssertBadAsync(await service.Http.SendAsync("GET", $"{TestVolumes.Path}?{query}"), message, query);
            await AssertBadAsync(await service.Http.SendAsync("GET", $"{TestVolumes.Path}/count?{query}"), message, query);
        }
    }

    [Fact]
    public async Task Wrong_reports_are_named_and_change_nothing()
    {
        var (cluster, project, agent) = await service.NewAgentClusterAsync();
        using var _agent = agent;
        var id = await service.NewVolumeAsync("v", project.Id);
        (string Json, string Message)[] table =
        [
            ("{}", "phase: "), ("""{"phase":"ready"}""", "phase: "), ("""{"phase":"1"}""", "phase: "), ("""{"phase":1}""", "phase: "),
            ("""{"isDeleted":"x"}""", "isDeleted: "),
            ("""{"phase":"Ready","conditions":{} }""", "conditions: "), ("""{"phase":"Ready","conditions":[null]}""", "conditions[0]: "),
            ("""{"phase":"Ready","conditions":[{"status":"True"}]}""", "conditions[0].type: "),
            ("""{"phase":"Ready","conditions":[{"type":"x"}]}""", "conditions[0].status: "),
            ("""{"phase":"Ready","conditions":[{"type":"x","status":"y","lastTransitionTime":"now"}]}""",
            "conditions[0].lastTransitionTime: "),
            ("""{"phase":"Ready","observedAt":"now"}""", "observedAt: "),
            ("""{"phase":"Ready","observedAt":"2999-01-01T00:00:00Z"}""", "observedAt: "),
            ($$"""{"phase":"Ready","phaseMessage":"{{new string('m', 2001)}}"}""", "phaseMessage: "),
        ];
        foreach (var (json, message) in table)
            await AssertBadAsync(await agent.SendAsync("PUT", $"/api/v1/clusters/{cluster}/datavolumes/{id}/status", json), message, json);
        Assert.Equal("Creating", await service.PhaseAsync(id));
    }

    object New(string name) => new { name, projectId = service.Project.Id, originPvcName = "pvc" };

    static async Task AssertBadAsync(HttpResponseMessage response, string message, string what)
    {
        using var _ = response;
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{what}: {response.StatusCode} {body}");
        Assert.StartsWith(message, JsonDocument.Parse(body).RootElement.GetProperty("message").GetString());
    }
}
