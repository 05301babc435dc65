using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using DataRegistry.DataVolumes;
using DataRegistry.Organization;
using DataRegistry.Storage;

namespace DataRegistry.Benchmarks;

/// <summary>
/// Lists of data volumes of 50 projects: filtered, sorted, one page, as an administrator and as a viewer of one
/// project. Then again with three times as many volumes in other projects. The viewer's table requests must not grow.
/// </summary>
static class ListVolumes
{
    const int Projects = 50;
    const int Grown = 3;
    const int AtOnce = 8;
    const string Query = "filterBy=name=@9&sortBy=projectName&limit=50";

    public static Benchmark Benchmark { get; } = new(
        "list-volumes",
        "Lists data volumes of 50 projects, filtered and sorted: table requests and time, with more and more of them outside of the "
            + "caller's scope.", new Scale(10_000, 5), RunAsync);

    static async Task RunAsync(Scale scale, CancellationToken cancellationToken)
    {
        await using var bucket = await BucketProcess.StartAsync([], cancellationToken);
        await using var arena = await Arena.StartAsync(cancellationToken);
        await using var service = await RunningService.StartAsync(arena, bucket.Store, cancellationToken);
        var projects = new List<Project>();
        for (var i = 0; i < Projects; i++)
            projects.Add(await service.Find<ProjectTable>().EnsureAsync(Guid.NewGuid(), $"project {i}", cancellationToken));
        using var viewer = await ViewerAsync(service, projects[0], cancellationToken);
        Console.WriteLine(
            $"list-volumes: {scale.Objects} data volumes in {Projects} projects, then {Grown} times as many outside of the viewer's; "
                + $"{scale.Rounds} calls each\n");

        var table = new TextTable("list", "volumes", "matches", "ms a call", "table requests a call");
        await FillAsync(service, projects, 0, scale.Objects, cancellationToken);
        var few = await MeasureAsync(table, arena, service, viewer, projects[0], scale, scale.Objects, cancellationToken);
        await FillAsync(service, projects[1..], scale.Objects, (Grown - 1) * scale.Objects, cancellationToken);
        var many = await MeasureAsync(table, arena, service, viewer, projects[0], scale, Grown * scale.Objects, cancellationToken);
        table.Print();
        if (!few.SequenceEqual(many))
            throw new WrongResultException(
                $"The viewer's lists took {string.Join(
                    ", ", few)} table requests before, and {string.Join(", ", many)} with more volumes outside.");
        Console.WriteLine("The viewer's lists take as many table requests with more volumes outside of its project.");
    }

    /// <summary>Measures each kind of list; returns the viewer's table requests.</summary>
    static async Task<List<double>> MeasureAsync(
        TextTable table, Arena arena, RunningService service, HttpClient viewer, Project project, Scale scale, int volumes,
        CancellationToken cancellationToken)
    {
        var requests = new List<double>();
        foreach (var (name, http, query) in new[]
        {
            ("administrator, all", service.Http, $"requestType=Originated&{Query}"),
            ("viewer, one project", viewer, $"requestType=Originated&{Query}"),
            ("viewer, usable in it", viewer, $"requestType=UsableInProject&usableInProjectId={project.Id}&{Query}"),
        })
        {
            // Roles and names are cached for some seconds, so the first call differs.
            await ListAsync(http, query, cancellationToken);
            arena.Requests.Reset();
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < scale.Rounds; i++)
                await ListAsync(http, query, cancellationToken);
            var counted = arena.Requests.Snapshot();
            var elapsed = watch.Elapsed.TotalMilliseconds / scale.Rounds;
            var count = (await http.GetFromJsonAsync<JsonElement>(
                $"/api/v1/datavolumes/count?{query}", cancellationToken)).GetProperty("count").GetInt32();
            table.Add(name, volumes, count, elapsed, counted.Describe(RequestCounter.Tables, scale.Rounds));
            if (http == viewer)
                requests.Add(counted.Total(RequestCounter.Tables) / (double)scale.Rounds);
        }

        return requests;
    }

    static async Task ListAsync(HttpClient http, string query, CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync(new Uri($"/api/v1/datavolumes?{query}", UriKind.Relative), cancellationToken);
        if (!response.IsSuccessStatusCode)
            throw new WrongResultException($"{query}: {response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
    }

    /// <summary>
    /// Adds only the volumes' own rows, because lists read no others. Names and the agent's work would take three times
    /// as long.
    /// </summary>
    static async Task FillAsync(RunningService service, List<Project> projects, int from, int count, CancellationToken cancellationToken)
    {
        var table = service.Find<DataVolumeTable>().Table;
        await Parallel.ForEachAsync(
            Enumerable.Range(from, count).Select(i => Row(projects[i % projects.Count], i)).Chunk(Tables.MaxTransactionActions),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (rows, token) =>
            {
                if (!(await table.TrySubmitAsync([.. rows.Select(Change.Add)], token)).IsDone)
                    throw new WrongResultException($"{rows[0].Name} was not made.");
            });
    }

    static DataVolumeRow Row(Project project, int number)
    {
        var time = DateTimeOffset.UnixEpoch.AddDays(20_000).AddSeconds(number);
        var id = DataVolumeId.Create(time, project);
        return new()
        {
            PartitionKey = DataVolumeKeys.Partition(id),
            RowKey = DataVolumeKeys.Volume(id),
            Id = id.Value.ToGuid(),
            Name = string.Create(CultureInfo.InvariantCulture, $"volume-{number}"),
            Description = "Results of an experiment",
            OriginPvcName = "pvc",
            Project = project.Id,
            Department = project.Department,
            Cluster = project.Cluster,
            CreatedAt = time,
            CreatedBy = "somebody",
            UpdatedAt = time,
            UpdatedBy = "somebody",
            Generation = 1,
        };
    }

    static async Task<HttpClient> ViewerAsync(RunningService service, Project project, CancellationToken cancellationToken)
    {
        var user = (await PostAsync("users", new { username = "viewer", type = "service_account" })).GetProperty("id").GetGuid();
        await PostAsync($"users/{user}/roles", new { role = "viewer", scope_type = "project", scope_id = project.Id });
        var token = (await PostAsync("tokens", new { name = "benchmark", user })).GetProperty("token").GetString();
        return new()
        {
            BaseAddress = service.Http.BaseAddress,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
        };

        async Task<JsonElement> PostAsync(string path, object body)
        {
            using var response = await service.Http.PostAsJsonAsync($"/api/v0/{path}/", body, cancellationToken);
            return await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        }
    }
}
