using System.Net;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.DataVolumes;

/// <summary>A project has at most the data volumes of the setting.</summary>
public sealed class DataVolumeCapTests : IAsyncLifetime
{
    TestService service = null!;
    TestService second = null!;

    public async Task InitializeAsync()
    {
        service = await TestService.StartAsync(("DataVolumes:MaxPerProject", "3"));
        second = await TestService.StartAsync(service.Connection, null, ("DataVolumes:MaxPerProject", "3"));
    }

    public async Task DisposeAsync()
    {
        await second.DisposeAsync();
        await service.DisposeAsync();
    }

    [Fact]
    public async Task One_too_many_is_400_in_the_contracts_shape_until_another_is_gone()
    {
        var first = await service.NewVolumeAsync("a");
        await service.NewVolumeAsync("b");
        using var third = await service.Http.CreateVolumeAsync(Body("c"), "key");
        Assert.Equal(HttpStatusCode.Created, third.StatusCode);
        using var refused = await service.Http.CreateVolumeAsync(Body("d"), "another key");
        var error = await TestUsers.JsonAsync(refused, HttpStatusCode.BadRequest);
        Assert.Equal((400, "A project has at most 3 data volumes. Delete some of them first."),
            (error.GetProperty("code").GetInt32(), error.GetProperty("message").GetString()));
        // A repeated create still gets its answer.
        using var repeated = await service.Http.CreateVolumeAsync(Body("c"), "key");
        Assert.Equal(await third.Content.ReadAsStringAsync(), await repeated.Content.ReadAsStringAsync());
        // Another project has its own limit.
        var other = await service.NewAsync("/api/v0/projects/", new { name = "other" });
        await service.NewVolumeAsync("e", other);

        Assert.Equal(HttpStatusCode.Accepted, await service.Http.StatusAsync("DELETE", $"{TestVolumes.Path}/{first}"));
        using var now = await service.Http.CreateVolumeAsync(Body("d"), "another key");
        Assert.Equal(HttpStatusCode.Created, now.StatusCode);
    }

    [Fact]
    public async Task Of_many_who_make_some_at_once_no_more_stay_and_nothing_is_left_of_the_others()
    {
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 12).Select(i => (i % 2 == 0 ? service : second).Http.CreateVolumeAsync(Body($"v{i}"), $"key{i}")));
        Assert.All(answers, a => Assert.True(a.StatusCode is HttpStatusCode.Created or HttpStatusCode.BadRequest, $"{a.StatusCode}"));
        var made = Enumerable.Range(0, 12).Where(i => answers[i].StatusCode == HttpStatusCode.Created).Select(i => $"v{i}").ToList();
        Assert.InRange(made.Count, 0, 3);
        Assert.Equal(made.Order(StringComparer.Ordinal),
            (await service.Http.NamesAsync("requestType=Originated")).Order(StringComparer.Ordinal));
        // Their names are free and their keys unused in any project with room.
        var other = await service.NewAsync("/api/v0/projects/", new { name = "other" });
        var refused = Enumerable.Range(0, 12).First(i => answers[i].StatusCode == HttpStatusCode.BadRequest);
        using var again = await service.Http.CreateVolumeAsync(
            new { name = $"v{refused}", projectId = other, originPvcName = "pvc" }, $"key{refused}");
        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
    }

    object Body(string name) => new { name, projectId = service.Project.Id, originPvcName = "pvc" };
}
