using System.Net;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.DataVolumes;

/// <summary>The life of a data volume, with an agent and without.</summary>
public sealed class DataVolumeLifeTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(null, clock);

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task With_an_agent_a_volume_is_made_reported_on_asked_to_go_and_gone_when_the_agent_says_so()
    {
        var (cluster, project, agent) = await service.NewAgentClusterAsync();
        using var _agent = agent;
        using var created = await service.Http.CreateVolumeAsync(
            new { name = "v", projectId = project.Id, originPvcName = "pvc", shouldDeleteOriginalVolume = true });
        await Wire.AssertAsync("datavolume-created", created);
        var id = (await TestUsers.JsonAsync(created, HttpStatusCode.Created)).GetProperty("id").GetString()!;
        using var work = await agent.SendAsync("GET", $"/api/v1/clusters/{cluster}/datavolumes/pending");
        await Wire.AssertAsync("datavolumes-pending", work);

        using var notBound = await agent.ReportAsync(
            cluster, id,
            new
            {
                phase = "NotReady",
                conditions = new[] { new { type = "PvcsCreated", status = "False", reason = "OriginalPvcNotBound" } },
            });
        await Wire.AssertAsync("datavolume-not-bound", notBound);
        Assert.Equal((id, "create"), Assert.Single(await agent.PendingAsync(cluster)));
        using var ready = await agent.ReportAsync(
            cluster, id, new { phase = "Ready", datavolumePvcName = "copy", datavolumePvName = "pv", inUse = true });
        Assert.Equal("Ready", await service.PhaseAsync(id));
        Assert.Empty(await agent.PendingAsync(cluster));

        Assert.Equal(HttpStatusCode.Conflict, await service.Http.StatusAsync("DELETE", $"{TestVolumes.Path}/{id}"));
        using var unused = await agent.ReportAsync(cluster, id, new { phase = "Ready", inUse = false });
        Assert.Equal("copy", (await TestUsers.JsonAsync(unused)).GetProperty("datavolumePvcName").GetString());
        foreach (var _ in new[] { 1, 2 })
            Assert.Equal(HttpStatusCode.Accepted, await service.Http.StatusAsync("DELETE", $"{TestVolumes.Path}/{id}"));
        Assert.Equal("Deleting", await service.PhaseAsync(id));
        Assert.Equal((id, "delete"), Assert.Single(await agent.PendingAsync(cluster)));
        using var late = await agent.ReportAsync(cluster, id, new { phase = "Ready" });
        Assert.Equal("Deleting", await service.PhaseAsync(id));
        foreach (var _ in new[] { 1, 2 })
        {
            using var gone = await agent.ReportAsync(cluster, id, new { isDeleted = true });
            Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        }

        await service.GetAsync($"{TestVolumes.Path}/{id}", HttpStatusCode.NotFound);
        Assert.Empty(await agent.PendingAsync(cluster));
        await service.NewVolumeAsync("v", project.Id);
        Assert.Equal(
            ["datavolume.created", "datavolume.created", "datavolume.deleted", "datavolume.deletion_requested"],
            (await service.GetAllAsync($"/api/v0/audit/?project={project.Id}&action=datavolume")).Select(
                e => e.GetProperty("action").GetString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Reports_that_are_late_or_repeated_change_nothing()
    {
        var (cluster, project, agent) = await service.NewAgentClusterAsync();
        using var _agent = agent;
        var id = await service.NewVolumeAsync("v", project.Id);
        var noon = clock.GetUtcNow();
        object Report(string phase, int minute) => new { phase, observedAt = noon.AddMinutes(minute) };
        foreach (var (phase, minute, shown) in new[]
        {
            ("NotReady", 0, "NotReady"), ("Ready", 2, "Ready"), ("Ready", 2, "Ready"), ("NotReady", 1, "Ready"), ("NotReady", 0, "Ready"),
            ("NotReady", 3, "NotReady"),
        })
        {
            using var answer = await agent.ReportAsync(cluster, id, Report(phase, minute));
            Assert.Equal(shown, (await TestUsers.JsonAsync(answer)).GetProperty("phase").GetString());
            Assert.Equal(shown == "Ready" ? 0 : 1, (await agent.PendingAsync(cluster)).Count);
        }

        // A report without a time is about its last transition.
        object Transition(string phase, int minute) =>
            new { phase, conditions = new[] { new { type = "x", status = "True", lastTransitionTime = noon.AddMinutes(minute) } } };
        using var before = await agent.ReportAsync(cluster, id, Transition("Ready", 2));
        Assert.Equal("NotReady", await service.PhaseAsync(id));
        using var after = await agent.ReportAsync(cluster, id, Transition("Ready", 4));
        Assert.Equal("Ready", await service.PhaseAsync(id));
        Assert.Equal(
            HttpStatusCode.NotFound,
            (await agent.ReportAsync(cluster, await service.NewVolumeAsync("elsewhere"), Report("Ready", 0))).StatusCode);
    }

    [Fact]
    public async Task A_report_without_a_time_that_knows_fewer_conditions_is_not_late()
    {
        var (cluster, project, agent) = await service.NewAgentClusterAsync();
        using var _agent = agent;
        var id = await service.NewVolumeAsync("v", project.Id);
        var noon = clock.GetUtcNow();
        // Go's zero time means nothing.
        var never = DateTimeOffset.MinValue;
        object At(string type, DateTimeOffset time) => new { type, status = "True", lastTransitionTime = time };
        foreach (var (phase, shown, conditions) in new[]
        {
            ("NotReady", "NotReady", new[] { At("PvcsCreated", noon.AddMinutes(-60)), At("Failed", noon) }),
            ("Ready", "Ready", [At("PvcsCreated", noon.AddMinutes(-60))]),
            ("NotReady", "NotReady", [At("PvcsCreated", noon.AddMinutes(-60)), At("Bound", noon.AddMinutes(-30))]),
            ("Ready", "NotReady", [At("PvcsCreated", noon.AddMinutes(-60)), At("Bound", noon.AddMinutes(-40))]),
            ("Ready", "Ready", [At("PvcsCreated", never), At("Bound", never)]),
        })
        {
            using var answer = await agent.ReportAsync(cluster, id, new { phase, conditions });
            Assert.Equal(shown, (await TestUsers.JsonAsync(answer)).GetProperty("phase").GetString());
        }

        // The report without a time did not set it back.
        using var late = await agent.ReportAsync(cluster, id, new { phase = "NotReady", observedAt = noon.AddMinutes(-1) });
        Assert.Equal("Ready", await service.PhaseAsync(id));
    }

    [Fact]
    public async Task A_share_that_the_agent_has_not_seen_is_work_until_it_reports_on_it()
    {
        var (cluster, project, agent) = await service.NewAgentClusterAsync();
        using var _agent = agent;
        var id = await service.NewVolumeAsync("v", project.Id);
        using var ready = await agent.ReportAsync(cluster, id, new { phase = "Ready", observedGeneration = 1 });
        using var shared = await service.Http.ShareAsync(id, [("cluster", cluster)], []);
        Assert.Equal((id, "update"), Assert.Single(await agent.PendingAsync(cluster)));
        using var old = await agent.ReportAsync(cluster, id, new { phase = "Ready", observedGeneration = 1 });
        Assert.Single(await agent.PendingAsync(cluster));
        using var seen = await agent.ReportAsync(cluster, id, new { phase = "Ready", observedGeneration = 2 });
        Assert.Empty(await agent.PendingAsync(cluster));
    }

    [Fact]
    public async Task Without_an_agent_a_volume_is_ready_at_once_as_an_entry_of_the_catalog_and_deleted_at_once()
    {
        var id = await service.NewVolumeAsync("v");
        using var response = await service.Http.SendAsync("GET", $"{TestVolumes.Path}/{id}");
        await Wire.AssertAsync("datavolume-catalog-only", response);
        using var shared = await service.Http.ShareAsync(id, [("project", service.Project.Id)], []);
        Assert.Equal(HttpStatusCode.Accepted, await service.Http.StatusAsync("DELETE", $"{TestVolumes.Path}/{id}"));
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("DELETE", $"{TestVolumes.Path}/{id}"));
        Assert.Empty(await service.Http.NamesAsync("requestType=Originated"));
        Assert.Empty(await service.Http.NamesAsync($"requestType=UsableInProject&usableInProjectId={service.Project.Id}"));
        await service.NewVolumeAsync("v");
    }

    [Fact]
    public async Task A_cluster_that_gets_an_agent_has_its_volumes_made_and_one_that_loses_it_has_a_catalog()
    {
        var (cluster, project, agent) = await service.NewAgentClusterAsync();
        using var _agent = agent;
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("DELETE", $"/api/v0/clusters/{cluster}/agent/"));
        Assert.Equal(HttpStatusCode.Conflict, await agent.StatusAsync("GET", $"/api/v1/clusters/{cluster}/datavolumes/pending"));
        var id = await service.NewVolumeAsync("v", project.Id);
        Assert.Equal("Ready", await service.PhaseAsync(id));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PUT", $"/api/v0/clusters/{cluster}/agent/"));
        Assert.Equal("Creating", await service.PhaseAsync(id));
        Assert.Equal((id, "create"), Assert.Single(await agent.PendingAsync(cluster)));
        using var used = await agent.ReportAsync(cluster, id, new { phase = "Ready", inUse = true });
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("DELETE", $"/api/v0/clusters/{cluster}/agent/"));
        Assert.Equal(HttpStatusCode.Accepted, await service.Http.StatusAsync("DELETE", $"{TestVolumes.Path}/{id}"));
    }

    [Fact]
    public async Task While_the_agent_is_silent_nothing_is_known_and_when_it_speaks_again_all_is()
    {
        var (cluster, project, agent) = await service.NewAgentClusterAsync();
        using var _agent = agent;
        var id = await service.NewVolumeAsync("v", project.Id);
        using var ready = await agent.ReportAsync(cluster, id, new { phase = "Ready" });
        clock.Move(TimeSpan.FromSeconds(300));
        Assert.Equal("Ready", await service.PhaseAsync(id));
        var writes = service.Transport.Writes;
        clock.Move(TimeSpan.FromSeconds(1));
        using var response = await service.Http.SendAsync("GET", $"{TestVolumes.Path}/{id}");
        await Wire.AssertAsync("datavolume-agent-silent", response);
        Assert.Equal(["v"], await service.Http.NamesAsync("requestType=Originated&filterBy=phase==Unknown"));
        Assert.Empty(await service.Http.NamesAsync("requestType=Originated&filterBy=phase==Ready"));
        Assert.Equal(writes, service.Transport.Writes);
        await agent.PendingAsync(cluster);
        Assert.Equal("Ready", await service.PhaseAsync(id));

        // For an agent that never came, the time runs from the volume's creation.
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PUT", $"/api/v0/clusters/{Organization.Cluster.DefaultId}/agent/"));
        var waiting = await service.NewVolumeAsync("waiting");
        Assert.Equal("Creating", await service.PhaseAsync(waiting));
        clock.Move(TimeSpan.FromSeconds(301));
        Assert.Equal("Unknown", await service.PhaseAsync(waiting));
    }
}
