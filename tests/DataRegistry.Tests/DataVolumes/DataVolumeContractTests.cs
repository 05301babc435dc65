using System.Text.Json;
using System.Text.Json.Nodes;
using DataRegistry.Organization;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.DataVolumes;

/// <summary>
/// Every operation with every declared status. Each body is checked against the schemas of the service's own OpenAPI
/// document.
/// </summary>
public sealed class DataVolumeContractTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    const string One = "/api/v1/datavolumes/{datavolumeId}";
    const string Pending = "/api/v1/clusters/{clusterId}/datavolumes/pending";
    const string Report = "/api/v1/clusters/{clusterId}/datavolumes/{datavolumeId}/status";

    readonly HashSet<(string, string, string)> seen = [];
    TestService service = null!;
    ApiContract contract = null!;

    public async Task InitializeAsync()
    {
        service = await shared.ForTestAsync();
        contract = await ApiContract.SharedAsync();
    }

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task Every_operation_answers_each_declared_status_with_a_body_of_its_schema()
    {
        var (cluster, project, agent) = await service.NewAgentClusterAsync();
        using var _agent = agent;
        await GoodAsync(cluster, project, agent);
        await BadAsync(cluster, project);
        await RefusedAsync(cluster, project);
        await BrokenAsync(cluster);
        // Other tests cover the limits. A deletion's 204 is published but never sent, because generated clients fail
        // without a body.
        Assert.Equal([("DELETE", One, "204")], Declared().Where(d => d.Status is not ("413" or "415" or "429")).Except(seen));
    }

    [Fact]
    public async Task The_documents_part_is_the_rooms_own()
    {
        var room = await ReadAsync("src", "DataRegistry", "DataVolumes", "openapi.json");
        var served = await service.GetAsync("/openapi/v1.json");
        foreach (var kind in new[] { "schemas", "parameters", "responses" })
        {
            foreach (var component in room.GetProperty("components").GetProperty(kind).EnumerateObject())
                Assert.Equal(Normal(component.Value), Normal(
                    served.GetProperty("components").GetProperty(kind).GetProperty(component.Name)));
        }

        foreach (var path in room.GetProperty("paths").EnumerateObject())
            Assert.Equal(Normal(path.Value), Normal(served.GetProperty("paths").GetProperty(path.Name)));
    }

    /// <summary><c>x-added</c> is true on our additions, and lists those of a published operation.</summary>
    [Fact]
    public async Task The_rooms_part_is_the_published_one_word_for_word_but_for_what_is_marked()
    {
        var published = await ReadAsync("tests", "DataRegistry.Tests", "DataVolumes", "published.json");
        var room = JsonNode.Parse((await ReadAsync("src", "DataRegistry", "DataVolumes", "openapi.json")).GetRawText())!;
        foreach (var kind in room["components"]!.AsObject().Select(k => k.Value!.AsObject()))
            RemoveAdded(kind);
        foreach (var (path, item) in room["paths"]!.AsObject().ToList())
        {
            RemoveAdded(item!.AsObject());
            if (item.AsObject().Count == 0)
                room["paths"]!.AsObject().Remove(path);
        }

        foreach (var part in new[] { "paths", "components" })
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(published.GetProperty(part).GetRawText()), room[part]), part);
    }

    static void RemoveAdded(JsonObject named)
    {
        foreach (var (name, value) in named.ToList())
        {
            if (value!["x-added"] is not { } added)
                continue;
            value.AsObject().Remove("x-added");
            if (added is not JsonArray)
                named.Remove(name);
            foreach (var part in (added as JsonArray)?.Select(p => p!.GetValue<string>().Split('/')) ?? [])
            {
                if (part[0] != "parameters")
                    (part.Length == 1 ? value : value[part[0]]!).AsObject().Remove(part[^1]);
                else if (value["parameters"]!.AsArray() is var all
                    && all.Remove(all.Single(p => p!["$ref"]?.GetValue<string>()
                        .EndsWith($"/{part[1]}", StringComparison.Ordinal) == true)) && all.Count == 0)
                    value.AsObject().Remove("parameters");
            }
        }
    }

    static async Task<JsonElement> ReadAsync(params string[] path) =>
        JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine([AzuriteFixture.RepositoryRoot(), .. path]))).RootElement;

    List<(string Method, string Path, string Status)> Declared() => contract.Declared
        .Select(d => (Operation: d.Operation.Split(' '), d.Status))
        .Where(d => d.Operation[1].StartsWith("/api/v1/datavolumes", StringComparison.Ordinal)
            || d.Operation[1].StartsWith("/api/v1/clusters/{clusterId}/datavolumes", StringComparison.Ordinal))
        .Select(d => (d.Operation[0], d.Operation[1], d.Status)).ToList();

    async Task GoodAsync(Guid cluster, Project project, HttpClient agent)
    {
        var (admin, body) =
            (service.Http, $$"""
                {"name":"a","description":"d","projectId":"{{project.Id}}","originPvcName":"pvc",
                "shouldDeleteOriginalVolume":true,"unknown":{"x":[1]} }
                """);
        var created = await TryAsync(admin, "POST", TestVolumes.Path, null, null, 201, body);
        var id = JsonDocument.Parse(created).RootElement.GetProperty("id").GetString()!;
        await TryAsync(admin, "POST", TestVolumes.Path, null, null, 409, body);
        await TryAsync(admin, "GET", TestVolumes.Path, "requestType=Originated", null, 200);
        await TryAsync(admin, "GET", TestVolumes.Path, "requestType=Originated&limit=1&filterBy=name==nobody", null, 200);
        await TryAsync(admin, "GET", TestVolumes.Path + "/count", "requestType=Originated", null, 200);
        foreach (var (name, status) in new[] { ("a", 409), ("b", 204) })
            await TryAsync(admin, "GET", TestVolumes.Path + "/name-availability", $"dataName={name}&clusterId={cluster}", null, status);
        await TryAsync(admin, "GET", One, null, id, 200);
        await TryAsync(admin, "PATCH", One, null, id, 200, """{"description":"e"}""");
        foreach (var path in new[] { One + "/sharedScopes", One + "/shared-scopes" })
        {
            await TryAsync(
                admin, "PATCH", path, null, id, 200,
                $$"""{"add":[{"scopeType":"project","scopeId":"{{project.Id}}"},{"scopeType":"cluster","scopeId":"{{cluster}}"}]}""");
            await TryAsync(admin, "GET", path, null, id, 200);
        }

        await TryAsync(agent, "GET", Pending, null, id, 200, cluster: cluster);
        const string ready =
            """
            {"phase":"Ready","phaseMessage":"m","datavolumePvcName":"p","datavolumePvName":"v","inUse":true,"conditions":[
            {"type":"PvcsCreated","status":"True","message":"m","reason":"r","lastTransitionTime":"2026-01-01T00:00:00Z"},
            {"type":"x","status":"Unknown","lastTransitionTime":null}]}
            """;
        await TryAsync(agent, "PUT", Report, null, id, 200, ready, cluster);
        await TryAsync(admin, "GET", One, null, id, 200);
        await TryAsync(admin, "GET", TestVolumes.Path, "requestType=Originated", null, 200);
        await TryAsync(admin, "DELETE", One, null, id, 409);
        await TryAsync(agent, "PUT", Report, null, id, 409, """{"isDeleted":true}""", cluster);
        await TryAsync(agent, "PUT", Report, null, id, 200, """{"phase":"NotReady","inUse":false}""", cluster);
        await TryAsync(admin, "DELETE", One, null, id, 202);
        await TryAsync(agent, "PUT", Report, null, id, 204, """{"isDeleted":true}""", cluster);
        await TryAsync(admin, "DELETE", One, null, await service.NewVolumeAsync("catalog"), 202);
        await TryAsync(admin, "GET", Pending, null, id, 409, cluster: Cluster.DefaultId);
    }

    async Task BadAsync(Guid cluster, Project project)
    {
        var id = await service.NewVolumeAsync("bad", project.Id);
        await TryAsync(service.Http, "POST", TestVolumes.Path, null, null, 400, "{}");
        await TryAsync(service.Http, "GET", TestVolumes.Path, "requestType=Other", null, 400);
        await TryAsync(service.Http, "GET", TestVolumes.Path + "/count", null, null, 400);
        await TryAsync(service.Http, "GET", TestVolumes.Path + "/name-availability", "dataName=a", null, 400);
        await TryAsync(service.Http, "PATCH", One, null, id, 400, """{"description":1}""");
        foreach (var path in new[] { One + "/sharedScopes", One + "/shared-scopes" })
            await TryAsync(service.Http, "PATCH", path, null, id, 400, """{"add":[{}]}""");
        await TryAsync(service.Http, "GET", Pending, "limit=0", id, 400, cluster: cluster);
        await TryAsync(service.Http, "PUT", Report, null, id, 400, """{"phase":"Odd"}""", cluster);
        var body = new { name = "kept", projectId = project.Id, originPvcName = "pvc" };
        using var first = await service.Http.CreateVolumeAsync(body, "key");
        using var other = await service.Http.CreateVolumeAsync(body with { originPvcName = "other" }, "key");
        await CheckAsync(first, "POST", TestVolumes.Path, 201);
        await CheckAsync(other, "POST", TestVolumes.Path, 400);
    }

    /// <summary>
    /// 401 for a stranger; 403 for a caller who sees it without the permission; 404 for others, and for malformed ids.
    /// </summary>
    async Task RefusedAsync(Guid cluster, Project project)
    {
        var id = await service.NewVolumeAsync("refused", project.Id);
        using var stranger = service.NewClient();
        var (_, nobody) = await service.NewCallerAsync();
        // Sees the volume through its cluster, but may neither change it nor see its shared scopes.
        var (_, viewer) = await service.NewCallerAsync(("viewer", "project", project.Id));
        foreach (var (method, path, status) in Declared())
        {
            var query = path.EndsWith("name-availability", StringComparison.Ordinal)
                ? $"dataName=a&clusterId={cluster}"
                : "requestType=Originated";
            var json = path == TestVolumes.Path
                ? $$"""{"name":"n","projectId":"{{project.Id}}","originPvcName":"p"}"""
                : """{"phase":"Ready"}""";
            var caller = path.Contains("{datavolumeId}", StringComparison.Ordinal) || path == Pending ? viewer : nobody;
            if (status == "401")
                await TryAsync(stranger, method, path, query, id, 401, json, cluster);
            // A viewer of the whole cluster sees it too, as the agents' operations require.
            if (status == "403" && !path.Contains("{clusterId}", StringComparison.Ordinal) && (method, path) != ("GET", One))
                await TryAsync(caller, method, path, query, id, 403, json, cluster);
            if (status == "404")
            {
                await TryAsync(nobody, method, path, query, id, 404, json, cluster);
                foreach (var none in new[] { "x", Guid.NewGuid().ToString(), id[..^1] + (id[^1] == '0' ? '1' : '0') })
                    await TryAsync(service.Http, method, path, query, none, 404, json, path == Pending ? Guid.NewGuid() : cluster);
            }
        }

        var (_, overseer) = await service.NewCallerAsync(("viewer", "cluster", cluster));
        await TryAsync(overseer, "GET", Pending, null, id, 403, cluster: cluster);
        await TryAsync(overseer, "PUT", Report, null, id, 403, """{"phase":"Ready"}""", cluster);
        // Declared, but every caller who sees a volume may read it: 404 for all others.
        seen.Add(("GET", One, "403"));
    }

    /// <summary>500 and 503 of every operation, by faults of the storage.</summary>
    async Task BrokenAsync(Guid cluster)
    {
        var id = await service.NewVolumeAsync("broken");
        foreach (var (fault, status) in new[]
        {
            ((Exception)new InvalidOperationException("A bug."), 500), (new Azure.RequestFailedException(503, "Busy."), 503),
        })
        {
            service.Transport.Fault = fault;
            foreach (var (method, path, declared) in Declared())
            {
                if (declared == "500")
                    await TryAsync(
                        service.Http, method, path, $"requestType=Originated&dataName=a&clusterId={cluster}", id, status,
                        $$"""{"projectId":"{{Guid.NewGuid()}}"}""", cluster);
            }

            service.Transport.Fault = null;
        }
    }

    async Task<string> TryAsync(
        HttpClient http, string method, string path, string? query, string? id, int status, string? json = null, Guid cluster = default)
    {
        var url = path.Replace(
            "{datavolumeId}", id, StringComparison.Ordinal).Replace("{clusterId}", cluster.ToString(), StringComparison.Ordinal);
        using var response = await http.SendAsync(
            method, query is null ? url : $"{url}?{query}", method is "GET" or "DELETE" ? null : json);
        return await CheckAsync(response, method, path, status);
    }

    async Task<string> CheckAsync(HttpResponseMessage response, string method, string path, int status)
    {
        var body = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{method} {path}: {response.StatusCode} instead of {status} {body}");
        seen.Add((method, path, status.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        return body;
    }

    /// <summary>The same text for OpenAPI 3.0 and 3.1, in any order.</summary>
    static string Normal(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object =>
            $"{{{string.Join(
                ',',
                value.EnumerateObject().Where(p => !IsDefault(p)).OrderBy(
                    p => p.Name, StringComparer.Ordinal).Select(p => $"{p.Name}:{Normal(p)}"))}}}",
        JsonValueKind.Array => $"[{string.Join(',', value.EnumerateArray().Select(Normal))}]",
        _ => value.ToString(),
    };

    static string Normal(JsonProperty property) => property.Name == "type" && property.Value.ValueKind == JsonValueKind.Array
        ? property.Value.EnumerateArray().Select(t => t.GetString()).Single(t => t != "null")!
        : Normal(property.Value);

    // "nullable" is a part of "type" in 3.1, and a parameter without "required" is not required.
    static bool IsDefault(JsonProperty property) =>
        property.Name == "nullable" || (property.Name == "required" && property.Value.ValueKind == JsonValueKind.False);
}
