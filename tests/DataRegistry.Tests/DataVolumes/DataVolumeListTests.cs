using System.Globalization;
using DataRegistry.Access;
using DataRegistry.DataVolumes;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Tests.Fixtures;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.DataVolumes;

public sealed class DataVolumeListTests
{
    static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Filters_sorts_and_pages_are_those_of_a_plain_model()
    {
        var volumes = Gen.Choose(1, 12).SelectMany(count => Gen.ListOf(Volume(), count));
        Prop.ForAll(
            Arb.From(from all in volumes from query in ModelQuery.Of([.. all.Select(Model)]) select (all, query)),
            given =>
            {
                var query = Parse($"requestType=Originated{given.query}");
                var (page, next) = query.List.Page(given.all);
                var expected = given.query.Answer(given.all.Select(Model));
                Assert.Equal(expected.Ids, page.Select(v => v.Row.Id.ToString()));
                Assert.Equal(expected.Next, expected.Ids.Count == 0 ? expected.Next : next);
                Assert.Equal(expected.Count, query.List.Filter(given.all).Count());
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Theory]
    [InlineData("name==a,b", "name==a,b")]
    [InlineData("name==a,phase!=Ready", "name==a|phase!=Ready")]
    [InlineData("name=@,,createdBy=$,x,projectName<=a,name", "name=@,|createdBy=$,x|projectName<=a,name")]
    [InlineData("name==id==5", "name==id==5")]
    [InlineData("name<==5", "name<==5")]
    public void Only_a_comma_before_a_field_and_an_operator_ends_a_filter(string text, string expected)
    {
        var parsed = ListFilter<ListedVolume>.ParseAll([text], ListedVolume.Grammar.Fields).Select(f => f.Field + f.Operator + f.Value);
        Assert.Equal(expected, string.Join('|', parsed));
    }

    [Fact]
    public async Task Lists_over_the_api_are_those_of_a_plain_model_for_random_volumes_scopes_and_queries()
    {
        await using var service = await TestService.StartAsync();
        var (model, projects) = await FillAsync(service, volumes: 60, seed: 20260301);
        var callers = new List<(HttpClient Http, Func<ModelVolume, bool> Sees)> { (service.Http, _ => true) };
        foreach (var (kind, field) in new[] { ("project", "projectId"), ("department", "departmentId"), ("cluster", "clusterId") })
        {
            var scope = model[0].Fields[field];
            callers.Add(((await service.NewCallerAsync(("viewer", kind, Guid.Parse(scope)))).Http, v => v.Fields[field] == scope));
        }

        foreach (var (query, i) in ModelQuery.Of(model).Sample(120).Select((q, i) => (q, i)))
        {
            var (http, sees) = callers[i % callers.Count];
            await CompareAsync(http, $"requestType=Originated{query}", query.Answer(model.Where(sees)));
            var project = projects[i % projects.Count].ToString();
            await CompareAsync(
                service.Http, $"requestType=UsableInProject&usableInProjectId={project}{query}",
                query.Answer(model.Where(v => v.UsableIn.Contains(project))));
        }

        callers.ForEach(c => c.Http.Dispose());
    }

    [Fact]
    public async Task What_a_list_asks_of_the_tables_does_not_grow_with_volumes_outside_of_its_scope()
    {
        await using var service = await TestService.StartAsync();
        var volumes = service.Services.GetRequiredService<DataVolumeTable>();
        for (var i = 0; i < 3; i++)
            await service.NewVolumeAsync($"v{i}");
        var (_, viewer) = await service.NewCallerAsync(("viewer", "project", service.Project.Id));
        using var _viewer = viewer;
        var before = await RequestsAsync();
        var other = await service.Services.GetRequiredService<ProjectTable>().EnsureAsync(Guid.NewGuid(), "other", default);
        for (var i = 0; i < 60; i++)
            await volumes.CreateAsync(Row(other, $"other{i}", i, "robot"), Name($"other{i}"), null, default);
        Assert.Equal(before, await RequestsAsync());
        Assert.InRange(before.Max(), 1, 8);

        // The token, the volumes and the cluster of both. Roles and the project are cached for a while.
        async Task<List<int>> RequestsAsync()
        {
            var counts = new List<int>();
            foreach (var query in new[]
            {
                "requestType=Originated&filterBy=name=^v&sortBy=name",
                $"requestType=UsableInProject&usableInProjectId={service.Project.Id}",
            })
            {
                await viewer.NamesAsync(query);
                var reads = service.Transport.Requests;
                Assert.Equal(["v0", "v1", "v2"], await viewer.NamesAsync(query));
                counts.Add(service.Transport.Requests - reads);
            }

            return counts;
        }
    }

    static async Task CompareAsync(HttpClient http, string query, (List<string> Ids, int? Next, int Count) expected)
    {
        var list = await TestUsers.JsonAsync(await http.SendAsync("GET", $"{TestVolumes.Path}?{query}"));
        Assert.Equal(expected.Ids, list.GetProperty("datavolumes").EnumerateArray().Select(v => v.GetProperty("id").GetString()!));
        Assert.Equal(expected.Ids.Count == 0 ? null : expected.Next, list.TryGetProperty("next", out var next) ? next.GetInt32() : null);
        Assert.Equal(
            expected.Count,
            (await TestUsers.JsonAsync(await http.SendAsync("GET", $"{TestVolumes.Path}/count?{query}"))).GetProperty("count").GetInt32());
    }

    /// <summary>Volumes of eight projects in four departments of two clusters, shared with random scopes of their clusters.</summary>
    static async Task<(List<ModelVolume> Model, List<Guid> Projects)> FillAsync(TestService service, int volumes, int seed)
    {
        var random = new Random(seed);
        var (units, projectTable, table) =
            (service.Services.GetRequiredService<UnitTable>(), service.Services.GetRequiredService<ProjectTable>(),
                service.Services.GetRequiredService<DataVolumeTable>());
        var projects = new List<Project>();
        for (var c = 0; c < 2; c++)
        {
            var cluster = await units.CreateClusterAsync($"cluster{c}", default);
            for (var d = 0; d < 2; d++)
            {
                var department = (await units.CreateDepartmentAsync($"department{d}", cluster, default))!;
                for (var p = 0; p < 2; p++)
                    projects.Add(
                        await projectTable.EnsureAsync(Guid.NewGuid(), $"{(p == 0 ? "Alpha" : "beta")} {c}{d}", department, default));
            }
        }

        var model = new List<ModelVolume>();
        for (var i = 0; i < volumes; i++)
        {
            var project = projects[random.Next(projects.Count)];
            var row = Row(project, $"v{i}", random.Next(5), random.Next(2) == 0 ? "anna" : "Bert");
            Assert.IsType<DataVolumeCreation.Created>(await table.CreateAsync(row, Name(row.Name), null, default));
            var peers = projects.Where(p => p.Cluster == project.Cluster).ToList();
            var shared = peers.Where(
                _ => random.Next(4) == 0).Select(p => new SharedScope(ScopeKind.Project, p.Id, p.Department, Noon, "anna"))
                .Concat(
                    peers.Select(p => p.Department).Distinct().Where(
                        _ => random.Next(5) == 0).Select(d => new SharedScope(ScopeKind.Department, d, null, Noon, "anna")))
                .Concat(random.Next(10) == 0 ? [new SharedScope(ScopeKind.Cluster, project.Cluster, null, Noon, "anna")] : []).ToList();
            await table.ChangeAsync(DataVolumeId.Of(row), r => r.WithScopes(shared), default);
            var listed = Model(new(row, project.Name, DataVolumePhase.Ready));
            listed.UsableIn.UnionWith(
                peers.Where(
                    p => p.Id == project.Id || shared.Any(s => s.Id == p.Id || s.Id == p.Department || s.Id == p.Cluster))
                    .Select(p => p.Id.ToString()));
            model.Add(listed);
        }

        return (model, [.. projects.Select(p => p.Id)]);
    }

    static DataVolumeRow Row(Project project, string name, int minute, string user)
    {
        var time = Noon.AddMinutes(minute);
        var id = DataVolumeId.Create(time, project);
        return new()
        {
            PartitionKey = DataVolumeKeys.Partition(id),
            RowKey = DataVolumeKeys.Volume(id),
            Id = id.Value.ToGuid(),
            Name = name,
            Description = $"number {minute}",
            OriginPvcName = $"pvc-{name}",
            Project = project.Id,
            Department = project.Department,
            Cluster = project.Cluster,
            CreatedAt = time,
            CreatedBy = user,
            UpdatedAt = time,
            UpdatedBy = user,
            Generation = 1,
        };
    }

    static Gen<ListedVolume> Volume() =>
        from name in Gen.Elements("a", "b", "a-b", "z1", "name", "abc")
        from project in Gen.Choose(0, 2)
        from projectName in Gen.Elements("Alpha", "alpha", "beta,name=x", "ÄÖ")
        from minute in Gen.Choose(0, 3)
        from user in Gen.Elements("anna", "Bert", "x,phase=y")
        from phase in Gen.Elements(Enum.GetValues<DataVolumePhase>())
        select new ListedVolume(
            Row(new Project(
                new Guid(project, 0, 0, new byte[8]), projectName, 0, new Guid(9, 0, 0, new byte[8]), Cluster.DefaultId), name, minute,
                user), projectName, phase);

    static ModelVolume Model(ListedVolume volume) => new(
        volume.Row.Id.ToString(),
        new()
        {
            ["name"] = volume.Row.Name,
            ["projectId"] = volume.Row.Project.ToString(),
            ["clusterId"] = volume.Row.Cluster.ToString(),
            ["departmentId"] = volume.Row.Department.ToString(),
            ["projectName"] = volume.ProjectName,
            ["createdBy"] = volume.Row.CreatedBy,
            ["phase"] = volume.Phase.ToString(),
            ["createdAt"] = volume.Row.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
        },
        volume.Row.Description!, volume.Row.OriginPvcName, []);

    static DataVolumeQuery Parse(string query) =>
        DataVolumeQuery.From(new DefaultHttpContext { Request = { QueryString = new QueryString("?" + query) } }.Request);

    static DataVolumeName Name(string text) => DataVolumeName.TryParse(text, out var name) ? name : throw new ArgumentException(text);
}
