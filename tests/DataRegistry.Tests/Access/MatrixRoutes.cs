using System.Net.Http.Json;
using DataRegistry.Access;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Access;

/// <summary>The scope of a role or a request, from the widest to the narrowest; the last is beside all others.</summary>
enum Place
{
    System,
    Cluster,
    Department,
    Project,
    Outside,
}

/// <summary>One request of the matrix.</summary>
/// <param name="Route">The route as it is mapped, with its method.</param>
/// <param name="Path">The requested path. Bodies may be wrong, because they are checked after the permission: 400 and
/// 409 show that the caller has it.</param>
/// <param name="Permission">Null if every caller may.</param>
/// <param name="At">The place of the request; null for any.</param>
/// <param name="Seen">From this place on, a caller without the permission sees the thing and gets 403; others get 404.
/// Null: 403 for all.</param>
/// <param name="Fresh">For a request that can succeed only once: makes another thing, and gives its path.</param>
sealed record MatrixRoute(
    string Route, string Path, string? Json, Permission? Permission, Place? At, Place? Seen, Func<Task<string>>? Fresh = null)
{
    /// <summary>The status for a caller who sees the thing but lacks the permission.</summary>
    public int Refusal { get; init; } = 403;

    /// <summary>The status for a caller who does not see the thing.</summary>
    public int Hidden { get; init; } = 404;

    public string Method => Route[..Route.IndexOf(' ')];
}

/// <summary>
/// The things that the matrix acts on, made once: a cluster, a department, a project, and everything in a project.
/// </summary>
sealed class MatrixRoutes
{
    readonly TestService service;
    readonly List<MatrixRoute> routes = [];

    MatrixRoutes(TestService service) => this.service = service;

    public Guid Cluster { get; private set; }

    public Guid Department { get; private set; }

    public Guid Project { get; private set; }

    /// <summary>A project of another cluster and department.</summary>
    public Guid Outside { get; private set; }

    public IReadOnlyList<MatrixRoute> All => routes;

    /// <summary>Routes for everybody, or for the caller that the request itself names.</summary>
    public static IReadOnlySet<string> Open { get; } = new HashSet<string>
    {
        "POST /api/v0/get-token/", "POST /api/v1/token", "GET /api/v0/data/{id}/content/", "GET /api/", "GET /api/v0/",
            "GET /api/v0/selections/{id}/jobs/{job}/files/{name}/content/",
            "GET /api/v0/dataset-versions/{id}/jobs/{job}/files/{name}/content/",
            "GET /api/health/live", "GET /api/health/ready",
    };

    public static async Task<MatrixRoutes> CreateAsync(TestService service)
    {
        var all = new MatrixRoutes(service);
        all.Cluster = await service.NewAsync("/api/v0/clusters/", new { name = "inside" });
        all.Department = await service.NewAsync("/api/v0/departments/", new { name = "inside", cluster = all.Cluster });
        all.Project = await service.NewAsync("/api/v0/projects/", new { name = "inside", department = all.Department });
        var cluster = await service.NewAsync("/api/v0/clusters/", new { name = "outside" });
        var department = await service.NewAsync("/api/v0/departments/", new { name = "outside", cluster });
        all.Outside = await service.NewAsync("/api/v0/projects/", new { name = "outside", department });
        all.AddOrganization();
        await all.AddSubjectsAsync();
        await all.AddDataAsync();
        await all.AddDataVolumesAsync();
        return all;
    }

    void AddOrganization()
    {
        foreach (var list in new[]
        {
            "/api/v0/projects/", "/api/v0/departments/", "/api/v0/clusters/", "/api/v0/stores/", "/api/v1/org-unit/projects",
            "/api/v1/org-unit/departments", "/api/v1/clusters",
        })
            Add($"GET {list}", list, null, null, null, null);
        Add("POST /api/v0/projects/", "/api/v0/projects/", $$"""{"name":" ","department":"{{Department}}"}""",
            Permission.ProjectsManage, Place.Department, null);
        Unit("projects", Project, Place.Project, Permission.ProjectsManage, Place.Project);
        Add("POST /api/v0/departments/", "/api/v0/departments/", $$"""{"name":" ","cluster":"{{Cluster}}"}""",
            Permission.OrganizationManage, Place.Cluster, null);
        Unit("departments", Department, Place.Department, Permission.OrganizationManage, Place.Cluster);
        Add("POST /api/v0/clusters/", "/api/v0/clusters/", "{}", Permission.OrganizationManage, Place.System, null);
        Unit("clusters", Cluster, Place.Cluster, Permission.OrganizationManage, Place.System);
        foreach (var absent in new[]
        {
            "commits", "deployment-versions", "deployments", "environments", "executions", "model-versions", "models",
                "notebook-executions",
            "organizations", "pipelines", "registry-credentials", "repositories", "tasks", "teams", "projects/ownership_options",
        })
        {
            Add($"GET /api/v0/{absent}/", $"/api/v0/{absent}/", null, null, null, null);
        }

        Add("GET /api/v0/projects/{id}/commits/", $"/api/v0/projects/{Project}/commits/", null, Permission.ProjectsRead, Place.Project,
            Place.Project);
        Add("POST /api/v0/projects/{id}/fetch/", $"/api/v0/projects/{Project}/fetch/", null, Permission.ProjectsRead, Place.Project,
            Place.Project);
        Add("GET /api/v0/audit/", "/api/v0/audit/", null, Permission.AuditRead, Place.System, null);
        Add("GET /api/v0/audit/", $"/api/v0/audit/?project={Project}", null, Permission.AuditRead, Place.Project, null);
    }

    void Unit(string kind, Guid id, Place place, Permission manage, Place delete)
    {
        var (route, path) = ($"/api/v0/{kind}/{{id}}/", $"/api/v0/{kind}/{id}/");
        Add($"GET {route}", path, null, Permission.ProjectsRead, place, place);
        Add($"PATCH {route}", path, """{"name":" "}""", manage, place, place);
        // 409: the unit is not empty.
        Add($"DELETE {route}", path, null, manage, delete, place);
    }

    async Task AddSubjectsAsync()
    {
        var user = await service.NewUserAsync("somebody");
        var robot = await service.NewUserAsync("something", type: "service_account");
        var roles = $"/api/v0/users/{user}/roles/";
        await service.GiveAsync(user, "viewer", "project", Project);
        var role = $"viewer-project-{Project}";
        Add("GET /api/v0/users/", "/api/v0/users/", null, Permission.UsersRead, null, null);
        Add("POST /api/v0/users/", "/api/v0/users/", "{}", Permission.UsersManage, Place.System, null);
        Add("GET /api/v0/users/me/", "/api/v0/users/me/", null, null, null, null);
        Add("GET /api/v0/users/{id}/", $"/api/v0/users/{user}/", null, Permission.UsersRead, null, null, refusal: 404);
        Add("PATCH /api/v0/users/{id}/", $"/api/v0/users/{user}/", "{}", Permission.UsersManage, Place.System, null);
        Add("DELETE /api/v0/users/{id}/", $"/api/v0/users/{user}/", null, Permission.UsersManage, Place.System, null,
            async () => $"/api/v0/users/{await service.NewUserAsync($"passing-{Guid.NewGuid():N}")}/");
        Add("GET /api/v0/users/{id}/roles/", roles, null, Permission.RolesManage, null, null, refusal: 404);
        Add("POST /api/v0/users/{id}/roles/", roles, $$"""{"role":"viewer","scope_type":"project","scope_id":"{{Project}}"}""",
            Permission.RolesManage, Place.Project, null);
        Add("GET /api/v0/roles/", "/api/v0/roles/", null, Permission.RolesManage, null, null);
        Add("DELETE /api/v0/users/{id}/roles/{role}/", $"{roles}{role}/", null, Permission.RolesManage, Place.Project,
            Place.Project, async () =>
        {
            var passing = await service.NewUserAsync($"passing-{Guid.NewGuid():N}");
            await service.GiveAsync(passing, "viewer", "project", Project);
            return $"/api/v0/users/{passing}/roles/{role}/";
        });

        // Everybody lists their own tokens; administrators list those of others.
        Add("GET /api/v0/tokens/", "/api/v0/tokens/", null, null, null, null);
        Add("POST /api/v0/tokens/", "/api/v0/tokens/", """{"name":" "}""", null, null, null);
        var token = await NewTokenAsync();
        Add("GET /api/v0/tokens/", $"/api/v0/tokens/?user={robot}", null, Permission.TokensManage, Place.System, null);
        Add("POST /api/v0/tokens/", "/api/v0/tokens/", $$"""{"name":" ","user":"{{robot}}"}""", Permission.TokensManage,
            Place.System, null);
        Add("GET /api/v0/tokens/{id}/", token, null, Permission.TokensManage, Place.System, null);
        Add("DELETE /api/v0/tokens/{id}/", token, null, Permission.TokensManage, Place.System, null, NewTokenAsync);

        async Task<string> NewTokenAsync()
        {
            using var made = await service.Http.PostAsJsonAsync("/api/v0/tokens/", new { name = "passing", user = robot });
            return $"/api/v0/tokens/{TestUsers.Id(await TestUsers.JsonAsync(made, System.Net.HttpStatusCode.Created))}/?user={robot}";
        }
    }

    async Task AddDataAsync()
    {
        service.Put("a", "b");
        var configuration = new
        {
            bucket = "bucket",
            endpoint_url = service.Server.Url,
            access_key_id = "key",
            secret_access_key = "secret",
        };
        var store = $"/api/v0/stores/{await service.NewAsync(
            "/api/v0/stores/", new { name = "inside", project = Project, access_mode = "single_project", configuration })}/";
        Add("POST /api/v0/stores/", "/api/v0/stores/", $$"""{"project":"{{Project}}"}""", Permission.StoresManage, Place.Project, null);
        Add("POST /api/v0/stores/", "/api/v0/stores/", "{}", Permission.StoresManage, Place.System, null);
        Add("GET /api/v0/stores/{id}/", store, null, Permission.StoresRead, Place.Project, Place.Project);
        Add("PUT /api/v0/stores/{id}/", store, $$"""{"project":"{{Project}}"}""", Permission.StoresManage, Place.Project, Place.Project);
        Add("PATCH /api/v0/stores/{id}/", store, """{"name":" "}""", Permission.StoresManage, Place.Project, Place.Project);
        Add("DELETE /api/v0/stores/{id}/", store, null, Permission.StoresManage, Place.Project, Place.Project);
        var body = new { urls = new[] { service.Url("a"), service.Url("b") }, project = Project };
        var made = (await TestUsers.JsonAsync(await service.Http.PostAsJsonAsync($"{store}adopt/", body))).GetProperty("created")
            .EnumerateObject().Select(p => p.Value.GetString()!).ToList();
        Add("POST /api/v0/stores/{id}/adopt/", $"{store}adopt/", $$"""{"url":"{{service.Url(
            "a")}}","project":"{{Project}}"}""", Permission.DataAdopt, Place.Project, Place.Project);
        var (datum, purged) = (made[0], made[1]);
        Add("GET /api/v0/data/", $"/api/v0/data/?project={Project}", null, Permission.DataRead, Place.Project, null);
        foreach (var tail in new[] { "", "metadata/", "download/", "preview/", "trace/" })
            Add($"GET /api/v0/data/{{id}}/{tail}", $"/api/v0/data/{datum}/{tail}", null, Permission.DataRead, Place.Project, Place.Project);
        Add("POST /api/v0/data/{id}/metadata/", $"/api/v0/data/{datum}/metadata/", "{}", Permission.DataEdit, Place.Project, Place.Project);
        // A datum that the caller may not see is a wrong value of the field: 400, as for a caller with the permission.
        // Nothing else distinguishes the two.
        Add("POST /api/v0/data/metadata/apply/", "/api/v0/data/metadata/apply/", $$"""{"datum_metadata":{"{{datum}}":{ } } }""",
            Permission.DataEdit, Place.Project, Place.Project, hidden: 400);
        Add("POST /api/v0/data/{id}/purge/", $"/api/v0/data/{purged}/purge/", null, Permission.DataEdit, Place.Project, Place.Project);
        Add("GET /api/v0/stores/{id}/tree/", $"{store}tree/?project={Project}", null, Permission.DataRead, Place.Project, Place.Project);
        await AddAliasesAsync(datum);
        await AddDatasetsAsync(datum);
        await AddSelectionsAsync();
        await AddRescansAsync(store);
        using var accepted = await service.Http.PostAsJsonAsync(
            $"{store}adopt/", new { urls = Enumerable.Range(0, 101).Select(i => service.Url($"missing{i}")), project = Project });
        var job = accepted.Headers.Location!.AbsolutePath;
        Add("GET /api/v0/adoptions/", $"/api/v0/adoptions/?project={Project}", null, Permission.DataRead, Place.Project, null);
        Add("GET /api/v0/adoptions/{id}/", job, null, Permission.DataRead, Place.Project, Place.Project);
        Add("GET /api/v0/adoptions/{id}/results/", $"{job}results/", null, Permission.DataRead, Place.Project, Place.Project);
        foreach (var verb in new[] { "cancel", "retry" })
            Add($"POST /api/v0/adoptions/{{id}}/{verb}/", $"{job}{verb}/", null, Permission.DataAdopt, Place.Project, Place.Project);
    }

    async Task AddSelectionsAsync()
    {
        var made = await NewSelectionAsync();
        var job = await ActedAsync();
        Add("POST /api/v0/selections/", "/api/v0/selections/", $$"""{"project":"{{Project}}","filter":{"name":"a"} }""",
            Permission.DataRead, Place.Project, null);
        foreach (var list in new[] { "selections", "selection-jobs" })
            Add($"GET /api/v0/{list}/", $"/api/v0/{list}/?project={Project}", null, Permission.DataRead, Place.Project, null);
        Add("GET /api/v0/selections/{id}/", made, null, Permission.DataRead, Place.Project, Place.Project);
        Add("GET /api/v0/selections/{id}/items/", $"{made}items/", null, Permission.DataRead, Place.Project, Place.Project);
        // 409: it is already frozen.
        Add("POST /api/v0/selections/{id}/cancel/", $"{made}cancel/", null, Permission.DataEdit, Place.Project, Place.Project);
        // 409 while the first action runs, and no worker finishes it.
        Add("POST /api/v0/selections/{id}/purge/", $"{made}purge/", null, Permission.DataManage, Place.Project, Place.Project);
        foreach (var verb in new[] { "tag", "untag" })
            Add($"POST /api/v0/selections/{{id}}/{verb}/", $"{made}{verb}/", "{}", Permission.DataEdit, Place.Project, Place.Project);
        Add("POST /api/v0/selections/{id}/export/", $"{made}export/", "{}", Permission.DataRead, Place.Project, Place.Project);
        Add("GET /api/v0/selections/{id}/jobs/{job}/", job, null, Permission.DataRead, Place.Project, Place.Project);
        Add("GET /api/v0/selections/{id}/jobs/{job}/results/", $"{job}results/", null, Permission.DataRead, Place.Project, Place.Project);
        Add("POST /api/v0/selections/{id}/jobs/{job}/cancel/", $"{job}cancel/", null, Permission.DataEdit, Place.Project, Place.Project);

        async Task<string> NewSelectionAsync()
        {
            using var answer = await service.Http.PostAsJsonAsync(
                "/api/v0/selections/", new { project = Project, filter = new { name = "a" } });
            // On a slow machine the request leaves the freeze to the queue.
            await service.DrainAsync();
            return answer.Headers.Location!.AbsolutePath;
        }

        async Task<string> ActedAsync()
        {
            using var acted = await service.Http.PostAsJsonAsync($"{await NewSelectionAsync()}tag/", new { tags = new[] { "x" } });
            return acted.Headers.Location!.AbsolutePath;
        }
    }

    async Task AddRescansAsync(string store)
    {
        using var accepted = await service.Http.SendAsync("POST", $"{store}rescan/");
        var scan = accepted.Headers.Location!.AbsolutePath;
        Add("POST /api/v0/stores/{id}/rescan/", $"{store}rescan/", null, Permission.StoresManage, Place.Project, Place.Project);
        Add("GET /api/v0/rescans/", "/api/v0/rescans/", null, null, null, null);
        Add("GET /api/v0/rescans/", $"/api/v0/rescans/?project={Project}", null, Permission.StoresRead, Place.Project, null);
        Add("GET /api/v0/rescans/{id}/", scan, null, Permission.StoresRead, Place.Project, Place.Project);
        Add("GET /api/v0/rescans/{id}/results/", $"{scan}results/", null, Permission.DataRead, Place.Project, Place.Project);
        foreach (var verb in new[] { "cancel", "retry" })
            Add($"POST /api/v0/rescans/{{id}}/{verb}/", $"{scan}{verb}/", null, Permission.StoresManage, Place.Project, Place.Project);
    }

    async Task AddAliasesAsync(string datum)
    {
        var alias = await NewAliasAsync();
        Add("GET /api/v0/datum-aliases/", $"/api/v0/datum-aliases/?project={Project}", null, Permission.DataRead, Place.Project, null);
        Add("POST /api/v0/datum-aliases/", "/api/v0/datum-aliases/",
            $$"""{"name":"current","datum":"{{datum}}","project":"{{Project}}"}""", Permission.AliasesEdit, Place.Project, null);
        Add("GET /api/v0/datum-aliases/resolve/", $"/api/v0/datum-aliases/resolve/?name=current&project={Project}", null,
            Permission.DataRead, Place.Project, null);
        Add("GET /api/v0/datum-aliases/{id}/", alias, null, Permission.DataRead, Place.Project, Place.Project);
        Add("GET /api/v0/datum-aliases/{id}/history/", $"{alias}history/", null, Permission.DataRead, Place.Project, Place.Project);
        Add("DELETE /api/v0/datum-aliases/{id}/", alias, null, Permission.AliasesEdit, Place.Project, Place.Project, NewAliasAsync);

        async Task<string> NewAliasAsync()
        {
            var name = routes.Exists(r => r.Route == "GET /api/v0/datum-aliases/{id}/") ? $"passing-{Guid.NewGuid():N}" : "current";
            return $"/api/v0/datum-aliases/{await service.NewAsync("/api/v0/datum-aliases/", new { name, datum, project = Project })}/";
        }
    }

    async Task AddDatasetsAsync(string datum)
    {
        const string Datasets = "/api/v0/datasets/", Versions = "/api/v0/dataset-versions/", Aliases = "/api/v0/dataset-version-aliases/";
        var dataset = await service.NewAsync(Datasets, new { name = "inside", project = Project });
        var version = await NewVersionAsync(dataset);
        var (at, of) = ($"{Datasets}{dataset}/", $"{Versions}{version}/");
        using var exported = await service.Http.PostAsJsonAsync($"{of}export/", new { format = "csv" });
        var job = exported.Headers.Location!.AbsolutePath;
        var alias = await NewAliasAsync();

        Add($"GET {Datasets}", $"{Datasets}?project={Project}", null, Permission.DataRead, Place.Project, null);
        // 400: the name is taken.
        Add($"POST {Datasets}", Datasets, $$"""{"name":"inside","project":"{{Project}}"}""", Permission.DataEdit, Place.Project, null);
        Add($"GET {Datasets}{{id}}/", at, null, Permission.DataRead, Place.Project, Place.Project);
        Add($"DELETE {Datasets}{{id}}/", at, null, Permission.DataEdit, Place.Project, Place.Project,
            async () => $"{Datasets}{await NewDatasetAsync()}/");

        Add($"GET {Versions}", $"{Versions}?dataset={dataset}", null, Permission.DataRead, Place.Project, Place.Project, hidden: 400);
        // 400: the name is taken.
        Add($"POST {Versions}", Versions, $$"""{"name":"v1","dataset":"{{dataset}}","files":[{"datum":"{{datum}}"}]}""",
            Permission.DataEdit, Place.Project, Place.Project, hidden: 400);
        Add($"GET {Versions}resolve/", $"{Versions}resolve/?uri=dataset://inside/latest&project={Project}", null, Permission.DataRead,
            Place.Project, null);
        foreach (var tail in new[] { "", "files/" })
            Add($"GET {Versions}{{id}}/{tail}", $"{of}{tail}", null, Permission.DataRead, Place.Project, Place.Project);
        Add($"GET {Versions}{{id}}/diff/", $"{of}diff/?to={version}", null, Permission.DataRead, Place.Project, Place.Project);
        Add($"DELETE {Versions}{{id}}/", of, null, Permission.DataEdit, Place.Project, Place.Project,
            async () => $"{Versions}{await NewVersionAsync(await NewDatasetAsync())}/");
        // 400: an export has a format.
        Add($"POST {Versions}{{id}}/export/", $"{of}export/", "{}", Permission.DataRead, Place.Project, Place.Project);
        foreach (var tail in new[] { "", "results/" })
            Add($"GET {Versions}{{id}}/jobs/{{job}}/{tail}", $"{job}{tail}", null, Permission.DataRead, Place.Project, Place.Project);
        // Another caller's export.
        Add($"POST {Versions}{{id}}/jobs/{{job}}/cancel/", $"{job}cancel/", null, Permission.DataEdit, Place.Project, Place.Project);

        Add($"GET {Aliases}", $"{Aliases}?project={Project}", null, Permission.DataRead, Place.Project, null);
        Add($"POST {Aliases}", Aliases, $$"""{"name":"current","dataset_version":"{{version}}"}""", Permission.AliasesEdit,
            Place.Project, Place.Project, hidden: 400);
        Add($"GET {Aliases}{{id}}/", alias, null, Permission.DataRead, Place.Project, Place.Project);
        Add($"GET {Aliases}{{id}}/history/", $"{alias}history/", null, Permission.DataRead, Place.Project, Place.Project);
        Add($"DELETE {Aliases}{{id}}/", alias, null, Permission.AliasesEdit, Place.Project, Place.Project, NewAliasAsync);

        Task<Guid> NewDatasetAsync() => service.NewAsync(Datasets, new { name = $"passing-{Guid.NewGuid():N}", project = Project });

        Task<Guid> NewVersionAsync(Guid parent) =>
            service.NewAsync(Versions, new { name = "v1", dataset = parent, files = new[] { new { datum } } });

        async Task<string> NewAliasAsync()
        {
            var name = routes.Exists(r => r.Route == $"GET {Aliases}{{id}}/") ? $"passing-{Guid.NewGuid():N}" : "current";
            return $"{Aliases}{await service.NewAsync(Aliases, new { name, dataset_version = version })}/";
        }
    }

    async Task AddDataVolumesAsync()
    {
        const string Volumes = "/api/v1/datavolumes";
        foreach (var method in new[] { "PUT", "DELETE" })
            Add($"{method} /api/v0/clusters/{{id}}/agent/", $"/api/v0/clusters/{Cluster}/agent/", null,
                Permission.OrganizationManage, Place.Cluster, Place.Cluster);
        var volume = await NewVolumeAsync();
        Add($"GET {Volumes}", $"{Volumes}?requestType=Originated", null, Permission.DataVolumesRead, null, null);
        Add($"GET {Volumes}", $"{Volumes}?requestType=UsableInProject&usableInProjectId={Project}", null,
            Permission.DataVolumesRead, Place.Project, null);
        Add($"GET {Volumes}/count", $"{Volumes}/count?requestType=Originated", null, Permission.DataVolumesRead, null, null);
        // For callers who may create a volume somewhere in the cluster.
        Add($"GET {Volumes}/name-availability", $"{Volumes}/name-availability?dataName=free&clusterId={Cluster}", null,
            Permission.DataVolumesCreate, Place.Project, null);
        Add($"POST {Volumes}", Volumes, $$"""{"name":" ","originPvcName":"pvc","projectId":"{{Project}}"}""",
            Permission.DataVolumesCreate, Place.Project, null);
        Add($"GET {Volumes}/{{id}}", volume, null, Permission.DataVolumesRead, Place.Project, Place.Project);
        Add($"PATCH {Volumes}/{{id}}", volume, """{"description":"changed"}""", Permission.DataVolumesUpdate, Place.Project, Place.Project);
        Add($"DELETE {Volumes}/{{id}}", volume, null, Permission.DataVolumesDelete, Place.Project, Place.Project, NewVolumeAsync);
        foreach (var tail in new[] { "sharedScopes", "shared-scopes" })
        {
            Add($"GET {Volumes}/{{id}}/{tail}", $"{volume}/{tail}", null, Permission.DataVolumesShare, Place.Project, Place.Project);
            Add($"PATCH {Volumes}/{{id}}/{tail}", $"{volume}/{tail}", "{}", Permission.DataVolumesShare, Place.Project, Place.Project);
        }

        // 409 while the cluster has no agent.
        var agent = $"/api/v1/clusters/{Cluster}/datavolumes";
        Add("GET /api/v1/clusters/{clusterId}/datavolumes/pending", $"{agent}/pending", null, Permission.DataVolumesReport,
            Place.Cluster, Place.Cluster);
        Add("PUT /api/v1/clusters/{clusterId}/datavolumes/{id}/status", $"{agent}{volume[
            Volumes.Length..]}/status", "{}", Permission.DataVolumesReport, Place.Cluster, Place.Cluster);

        async Task<string> NewVolumeAsync() =>
            $"{Volumes}/{await service.NewAsync(
                Volumes, new { name = $"volume-{Guid.NewGuid():N}", originPvcName = "pvc", projectId = Project })}";
    }

    void Add(
        string route, string path, string? json, Permission? permission, Place? at, Place? seen, Func<Task<string>>? fresh = null,
        int refusal = 403, int hidden = 404) =>
        routes.Add(new(route, path, json, permission, at, seen, fresh) { Refusal = refusal, Hidden = hidden });
}
