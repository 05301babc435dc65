using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.Organization;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.DataVolumes;

/// <summary>Creates data volumes of a service under test, and reports on them, through its API.</summary>
static class TestVolumes
{
    public const string Path = "/api/v1/datavolumes";

    public static Task<HttpResponseMessage> CreateVolumeAsync(this HttpClient http, object body, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Path, UriKind.Relative)) { Content = JsonContent.Create(body) };
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        return http.SendAsync(request);
    }

    public static async Task<string> NewVolumeAsync(this TestService service, string name, Guid? project = null)
    {
        using var response = await service.Http.CreateVolumeAsync(
            new { name, projectId = project ?? service.Project.Id, originPvcName = "pvc-" + name });
        return (await TestUsers.JsonAsync(response, HttpStatusCode.Created)).GetProperty("id").GetString()!;
    }

    public static async Task<JsonElement> VolumeAsync(this TestService service, string id) => await service.GetAsync($"{Path}/{id}");

    public static async Task<string> PhaseAsync(this TestService service, string id) =>
        (await service.VolumeAsync(id)).GetProperty("status").GetProperty("phase").GetString()!;

    public static async Task<List<string>> NamesAsync(this HttpClient http, string query) =>
        [.. (await TestUsers.JsonAsync(await http.SendAsync("GET", $"{Path}?{query}"))).GetProperty("datavolumes").EnumerateArray().Select(
            v => v.GetProperty("name").GetString()!)];

    public static async Task<HttpResponseMessage> ShareAsync(
        this HttpClient http, string id, IEnumerable<(string Type, Guid Id)> add, IEnumerable<(string Type, Guid Id)> remove) =>
        await http.SendAsync("PATCH", $"{Path}/{id}/sharedScopes", JsonSerializer.Serialize(new
        {
            add = add.Select(
                s => new { scopeType = s.Type, scopeId = s.Id }),
            remove = remove.Select(s => new { scopeType = s.Type, scopeId = s.Id }),
        }));

    public static async Task<List<Guid>> SharedWithAsync(this TestService service, string id) =>
        [.. (await service.GetAsync($"{Path}/{id}/shared-scopes")).EnumerateArray().Select(
            s => Guid.Parse(s.GetProperty("scopeId").GetString()!))];

    /// <summary>A cluster with an agent, a department and a project in it, and the agent's client.</summary>
    public static async Task<(Guid Cluster, Project Project, HttpClient Agent)> NewAgentClusterAsync(this TestService service)
    {
        var cluster = await service.NewAsync("/api/v0/clusters/", new { name = "with-agent", has_agent = true });
        var department = await service.NewAsync("/api/v0/departments/", new { name = "d", cluster });
        var project = await service.NewAsync("/api/v0/projects/", new { name = "p", department });
        var (_, agent) = await service.NewCallerAsync(("cluster_agent", "cluster", cluster));
        return (cluster, (await service.Services.GetRequiredService<ProjectTable>().FindAsync(project, default))!, agent);
    }

    public static Task<HttpResponseMessage> ReportAsync(this HttpClient agent, Guid cluster, string id, object report) =>
        agent.SendAsync("PUT", $"/api/v1/clusters/{cluster}/datavolumes/{id}/status", JsonSerializer.Serialize(report));

    public static async Task<List<(string Id, string Action)>> PendingAsync(this HttpClient agent, Guid cluster) =>
        [.. (await TestUsers.JsonAsync(
            await agent.SendAsync("GET", $"/api/v1/clusters/{cluster}/datavolumes/pending"))).GetProperty("datavolumes").EnumerateArray()
            .Select(v => (v.GetProperty("id").GetString()!, v.GetProperty("action").GetString()!))];
}
