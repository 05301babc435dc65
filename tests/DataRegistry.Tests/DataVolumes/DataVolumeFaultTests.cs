using System.Net;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.DataVolumes;

/// <summary>Concurrent requests, lost answers, deaths between writes, and repeated creates.</summary>
public sealed class DataVolumeFaultTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(null, clock);

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task Of_those_who_take_a_name_at_once_one_gets_it()
    {
        await using var second = await TestService.StartAsync(service.Connection, clock);
        for (var round = 0; round < 5; round++)
        {
            var body = Body($"v{round}");
            var answers = await Task.WhenAll(
                Enumerable.Range(0, 6).Select(i => (i % 2 == 0 ? service : second).Http.CreateVolumeAsync(body)));
            Assert.Equal(
                [HttpStatusCode.Created, .. Enumerable.Repeat(HttpStatusCode.Conflict, 5)], answers.Select(a => a.StatusCode).Order());
            Assert.Equal([$"v{round}"], await service.Http.NamesAsync($"requestType=Originated&filterBy=name==v{round}"));
        }
    }

    [Fact]
    public async Task A_create_whose_answer_from_the_table_is_lost_is_no_failure_if_it_was_committed()
    {
        service.Transport.LoseNextAnswer = true;
        using var created = await service.Http.CreateVolumeAsync(Body("v"));
        var id = (await TestUsers.JsonAsync(created, HttpStatusCode.Created)).GetProperty("id").GetString()!;
        Assert.Equal("v", (await service.VolumeAsync(id)).GetProperty("name").GetString());
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(1, true)]
    public async Task A_create_that_died_anywhere_is_repeated_with_its_key_and_makes_one_volume(int write, bool after)
    {
        service.Transport.DieAt(write, after);
        using var first = await service.Http.CreateVolumeAsync(Body("v"), "key");
        service.Transport.Revive();
        Assert.Equal(write == 0 ? HttpStatusCode.InternalServerError : HttpStatusCode.Created, first.StatusCode);
        using var again = await service.Http.CreateVolumeAsync(Body("v"), "key");
        var id = (await TestUsers.JsonAsync(again, HttpStatusCode.Created)).GetProperty("id").GetString();
        Assert.Equal(
            id, (await service.GetAsync($"{TestVolumes.Path}?requestType=Originated")).GetProperty("datavolumes").EnumerateArray().Single()
                .GetProperty("id").GetString());
    }

    [Fact]
    public async Task Creates_with_one_key_at_once_make_one_volume_and_answer_alike()
    {
        await using var second = await TestService.StartAsync(service.Connection, clock);
        for (var round = 0; round < 5; round++)
        {
            var answers = await Task.WhenAll(
                Enumerable.Range(0, 4).Select(
                    i => (i % 2 == 0 ? service : second).Http.CreateVolumeAsync(Body($"v{round}"), $"key {round}")));
            Assert.All(answers, a => Assert.Equal(HttpStatusCode.Created, a.StatusCode));
            Assert.Single((await Task.WhenAll(answers.Select(a => a.Content.ReadAsStringAsync()))).Distinct());
        }

        Assert.Equal(5, (await service.GetAsync($"{TestVolumes.Path}/count?requestType=Originated")).GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task A_repeated_create_answers_as_the_first_did_for_a_day_whatever_became_of_the_volume()
    {
        using var first = await service.Http.CreateVolumeAsync(Body("v"), "key");
        var answer = await first.Content.ReadAsStringAsync();
        var id = (await TestUsers.JsonAsync(first, HttpStatusCode.Created)).GetProperty("id").GetString()!;
        using var patched = await service.Http.SendAsync("PATCH", $"{TestVolumes.Path}/{id}", """{"description":"changed"}""");
        Assert.Equal(HttpStatusCode.Accepted, await service.Http.StatusAsync("DELETE", $"{TestVolumes.Path}/{id}"));
        clock.Move(TimeSpan.FromHours(23.9));
        using var again = await service.Http.CreateVolumeAsync(Body("v"), "key");
        Assert.Equal((HttpStatusCode.Created, answer), (again.StatusCode, await again.Content.ReadAsStringAsync()));
        using var other = await service.Http.CreateVolumeAsync(Body("w"), "key");
        Assert.Equal(HttpStatusCode.BadRequest, other.StatusCode);
        Assert.Contains(
            "Idempotency-Key: This Idempotency-Key was used before", await other.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var (_, somebody) = await service.NewCallerAsync(("editor", "project", service.Project.Id));
        using var _ = somebody;
        using var theirs = await somebody.CreateVolumeAsync(Body("w"), "key");
        Assert.Equal(HttpStatusCode.Created, theirs.StatusCode);
        clock.Move(TimeSpan.FromHours(0.2));
        using var anew = await service.Http.CreateVolumeAsync(Body("v"), "key");
        Assert.NotEqual(id, (await TestUsers.JsonAsync(anew, HttpStatusCode.Created)).GetProperty("id").GetString());
        Assert.Equal(HttpStatusCode.BadRequest, (await service.Http.CreateVolumeAsync(Body("x"), new string('k', 256))).StatusCode);
    }

    [Fact]
    public async Task Shares_and_descriptions_changed_at_once_are_all_kept()
    {
        var id = await service.NewVolumeAsync("v");
        var projects = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(i => service.NewAsync("/api/v0/projects/", new { name = $"p{i}" })));
        await using var second = await TestService.StartAsync(service.Connection, clock);
        await Task.WhenAll(projects.Select((p, i) => (i % 2 == 0 ? service : second).Http.ShareAsync(id, [("project", p)], [])).Append(
            service.Http.SendAsync("PATCH", $"{TestVolumes.Path}/{id}", """{"description":"d"}""")));
        Assert.Equal(projects.Order(), (await service.SharedWithAsync(id)).Order());
        foreach (var project in projects)
        {
            var usable = (await service.GetAsync(
                $"{TestVolumes.Path}?requestType=UsableInProject&usableInProjectId={project}")).GetProperty("datavolumes").EnumerateArray()
                .Single();
            Assert.Equal((id, "d"), (usable.GetProperty("id").GetString(), usable.GetProperty("description").GetString()));
        }
    }

    [Fact]
    public async Task Fifty_scopes_are_exchanged_for_fifty_others_all_or_none_wherever_it_dies()
    {
        var (id, old, next) = await FiftySharedAsync();
        for (var write = 0; ; write++)
        {
            service.Transport.DieAfter(write);
            using var exchanged = await service.Http.ShareAsync(id, next.Select(p => ("project", p)), old.Select(p => ("project", p)));
            var died = service.Transport.IsDead;
            service.Transport.Revive();
            var now = (await service.SharedWithAsync(id)).Order().ToList();
            Assert.True(now.SequenceEqual(next.Order()) || now.SequenceEqual(old.Order()), $"write {write}: {now.Count} scopes");
            foreach (var project in new[] { old[0], old[48], old[49], next[0], next[49] })
                Assert.Equal(
                    now.Contains(project) ? ["v"] : [],
                    await service.Http.NamesAsync($"requestType=UsableInProject&usableInProjectId={project}"));
            if (!died)
                break;
            // Back to the first state, over all leftovers.
            using var back = await service.Http.ShareAsync(id, old.Select(p => ("project", p)), next.Select(p => ("project", p)));
            Assert.Equal(HttpStatusCode.OK, back.StatusCode);
            Assert.InRange(write, 0, 10);
        }

        using var fortyMore = await service.Http.ShareAsync(id, old[..40].Select(p => ("project", p)), []);
        Assert.Equal(HttpStatusCode.OK, fortyMore.StatusCode);
        using var tooMany = await service.Http.ShareAsync(id, old[40..41].Select(p => ("project", p)), []);
        Assert.Equal(HttpStatusCode.BadRequest, tooMany.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, await service.Http.StatusAsync("DELETE", $"{TestVolumes.Path}/{id}"));
        Assert.Empty(await service.Http.NamesAsync($"requestType=UsableInProject&usableInProjectId={next[3]}"));
    }

    [Fact]
    public async Task A_scope_that_is_shared_again_while_a_large_exchange_ends_stays_shared()
    {
        await using var second = await TestService.StartAsync(service.Connection, clock);
        var (id, old, next) = await FiftySharedAsync();
        var between = 0;
        // Just after the exchange's commit: the copies that did not fit are deleted afterwards.
        service.Transport.Wrote = () =>
        {
            if (between == 0 && second.SharedWithAsync(id).GetAwaiter().GetResult().Order().SequenceEqual(next.Order()))
            {
                between++;
                using var again = second.Http.ShareAsync(id, old[40..].Select(p => ("project", p)), []).GetAwaiter().GetResult();
                Assert.Equal(HttpStatusCode.OK, again.StatusCode);
            }
        };
        using var exchanged = await service.Http.ShareAsync(id, next.Select(p => ("project", p)), old.Select(p => ("project", p)));
        service.Transport.Wrote = null;
        Assert.Equal((HttpStatusCode.OK, 1), (exchanged.StatusCode, between));
        Assert.Equal(next.Concat(old[40..]).Order(), (await service.SharedWithAsync(id)).Order());
        foreach (var project in old[40..])
            Assert.Equal(["v"], await service.Http.NamesAsync($"requestType=UsableInProject&usableInProjectId={project}"));
        using var changed = await service.Http.SendAsync("PATCH", $"{TestVolumes.Path}/{id}", """{"description":"d"}""");
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, await service.Http.StatusAsync("DELETE", $"{TestVolumes.Path}/{id}"));
    }

    /// <summary>A volume that is shared with the first fifty of a hundred projects.</summary>
    async Task<(string Id, List<Guid> Old, List<Guid> Next)> FiftySharedAsync()
    {
        var id = await service.NewVolumeAsync("v");
        var table = (Organization.ProjectTable)service.Services.GetService(typeof(Organization.ProjectTable))!;
        var projects = new List<Guid>();
        for (var i = 0; i < 100; i++)
            projects.Add((await table.EnsureAsync(Guid.NewGuid(), $"p{i}", default)).Id);
        using var shared = await service.Http.ShareAsync(id, projects[..50].Select(p => ("project", p)), []);
        Assert.Equal(HttpStatusCode.OK, shared.StatusCode);
        return (id, projects[..50], projects[50..]);
    }

    object Body(string name) => new { name, projectId = service.Project.Id, originPvcName = "pvc" };
}
