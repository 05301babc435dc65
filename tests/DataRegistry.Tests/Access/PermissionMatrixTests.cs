using System.Net;
using DataRegistry.Access;
using DataRegistry.Organization;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Access;

/// <summary>Who may do what, where: the whole table, through the check and through HTTP.</summary>
public sealed class PermissionMatrixTests : IAsyncLifetime
{
    // Columns in the order of the enum: system admin, department admin, research manager, editor, data volume admin, L1 researcher, viewer, cluster agent.
    const string Matrix = """
        ProjectsRead        x x x x x x x .
        DataRead            x x x x x x x .
        StoresRead          x x x x x x x .
        DataVolumesRead     x x x x x x x .
        DataAdopt           x x x x . x . .
        DataEdit            x x x x . x . .
        AliasesEdit         x x x x . x . .
        StoresManage        x x . . . . . .
        DataVolumesCreate   x x x x x x . .
        DataVolumesUpdate   x x x x x x . .
        DataVolumesDelete   x x x x x x . .
        DataVolumesShare    x x x x x . . .
        DataVolumesReport   x . . . . . . x
        ProjectsManage      x x . . . . . .
        OrganizationManage  x . . . . . . .
        UsersRead           x x . . . . . .
        UsersManage         x . . . . . . .
        RolesManage         x x . . . . . .
        TokensManage        x . . . . . . .
        AuditRead           x x x . . . . .
        """;

    static readonly IReadOnlyDictionary<Permission, bool[]> Table = Matrix.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        .ToDictionary(cells => Enum.Parse<Permission>(cells[0]), cells => cells[1..].Select(c => c == "x").ToArray());

    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task Every_role_allows_what_the_table_says_at_its_scope_and_below_and_nothing_elsewhere()
    {
        Assert.Equal(Enum.GetValues<Permission>(), Table.Keys.Order());
        var units = new Units(service.Services);
        var inside = await units.NewAsync();
        var outside = await units.NewAsync();
        var sibling = await units.NewProjectAsync(inside.Department);
        var permissions = service.Services.GetRequiredService<Permissions>();
        var roles = service.Services.GetRequiredService<RoleTable>();

        // From the widest to the narrowest; a role counts from where it was given on.
        Scope[] chain = [Scope.System, Scope.Of(inside.Cluster), Scope.Of(inside.Department), Scope.Of(inside.Project)];
        Scope[] elsewhere = [Scope.Of(outside.Cluster), Scope.Of(outside.Department), Scope.Of(outside.Project)];
        foreach (var role in Enum.GetValues<Role>())
        {
            for (var at = 0; at < chain.Length; at++)
            {
                var caller = new Caller(Guid.NewGuid(), "somebody", SubjectKind.User, null, null);
                await roles.AddAsync(caller.Id, new(role, chain[at].Kind, chain[at].Id), "test", default);
                foreach (var (permission, allowed) in Table)
                {
                    for (var asked = 0; asked < chain.Length; asked++)
                        Assert.Equal(asked >= at && allowed[(int)role], await permissions.AllowsAsync(caller, permission, chain[asked]));
                    foreach (var scope in elsewhere)
                        Assert.Equal(at == 0 && allowed[(int)role], await permissions.AllowsAsync(caller, permission, scope));
                    Assert.Equal(at < 3 && allowed[(int)role], await permissions.AllowsAsync(caller, permission, Scope.Of(sibling)));
                }
            }
        }
    }

    [Fact]
    public async Task A_token_for_some_projects_allows_nothing_outside_of_them_whatever_the_role()
    {
        var units = new Units(service.Services);
        var one = await units.NewAsync();
        var other = await units.NewProjectAsync(one.Department);
        var permissions = service.Services.GetRequiredService<Permissions>();
        var caller = Caller.Administrator with { Projects = new HashSet<Guid> { one.Project.Id } };
        foreach (var permission in Enum.GetValues<Permission>())
        {
            Assert.True(await permissions.AllowsAsync(caller, permission, Scope.Of(one.Project)));
            foreach (var scope in new[] { Scope.System, Scope.Of(one.Cluster), Scope.Of(one.Department), Scope.Of(other) })
                Assert.False(await permissions.AllowsAsync(caller, permission, scope));
        }
    }

    [Theory]
    [InlineData("system_admin")]
    [InlineData("department_admin")]
    [InlineData("research_manager")]
    [InlineData("editor")]
    [InlineData("data_volume_admin")]
    [InlineData("l1_researcher")]
    [InlineData("viewer")]
    public async Task Every_endpoint_refuses_what_the_table_does_not_allow(string roleName)
    {
        var role = Enum.GetValues<Role>().Single(r => Http.Fields.WireName(r) == roleName);
        service.Put("a");
        var other = await service.NewAsync("/api/v0/projects/", new { name = "other" });
        using var adopted = await service.AdoptUrlAsync(service.Url("a"));
        var datum = (await TestUsers.JsonAsync(adopted)).GetProperty("created").EnumerateObject().Single().Value.GetString();
        var somebody = await service.NewUserAsync("somebody");

        foreach (var (type, id) in new (string, Guid?)[] { ("system", null), ("department", Department.DefaultId), ("project", service.Project.Id), ("project", other) })
        {
            var (_, http) = await service.NewCallerAsync((roleName, type, id));
            using var _http = http;
            var inside = id != other;
            foreach (var (permission, method, path, json, wide, hidden) in Requests(datum!, somebody))
            {
                // Some are asked at the system, or at the department that new projects get, however small what they name.
                var reaches = wide switch { "system" => type == "system", "department" => type != "project", "anywhere" => true, _ => inside };
                var allowed = reaches && Table[permission][(int)role];
                var status = await http.StatusAsync(method, path, json);
                if (allowed)
                    Assert.True((int)status < 400 || (status == HttpStatusCode.BadRequest && json is not null), $"{roleName} at {type}: {method} {path} is {status}");
                else
                    Assert.True(status == (hidden && !inside ? HttpStatusCode.NotFound : HttpStatusCode.Forbidden), $"{roleName} at {type}: {method} {path} is {status}");
            }
        }
    }

    /// <summary>What is asked of each endpoint; bodies may be wrong, as they are looked at after the permission.</summary>
    IEnumerable<(Permission Permission, string Method, string Path, string? Json, string Wide, bool Hidden)> Requests(string datum, Guid user)
    {
        var project = service.Project.Id;
        yield return (Permission.ProjectsRead, "GET", $"/api/v0/projects/{project}/", null, "", true);
        yield return (Permission.DataRead, "GET", $"/api/v0/data/?project={project}", null, "", false);
        yield return (Permission.DataRead, "GET", $"/api/v0/data/{datum}/", null, "", true);
        yield return (Permission.DataRead, "GET", $"/api/v0/adoptions/?project={project}", null, "", false);
        yield return (Permission.DataAdopt, "POST", service.AdoptPath, $$"""{"url":"s3://bucket/a","project":"{{project}}"}""", "", false);
        yield return (Permission.StoresManage, "POST", "/api/v0/stores/", "{}", "system", false);
        yield return (Permission.StoresManage, "PATCH", $"/api/v0/stores/{service.Store.Id}/", "{}", "system", false);
        yield return (Permission.ProjectsManage, "POST", "/api/v0/projects/", """{"name":" "}""", "department", false);
        yield return (Permission.ProjectsManage, "PATCH", $"/api/v0/projects/{project}/", """{"name":"demo"}""", "", true);
        yield return (Permission.OrganizationManage, "POST", "/api/v0/clusters/", "{}", "system", false);
        yield return (Permission.UsersRead, "GET", "/api/v0/users/", null, "anywhere", false);
        yield return (Permission.UsersManage, "POST", "/api/v0/users/", "{}", "system", false);
        yield return (Permission.UsersManage, "PATCH", $"/api/v0/users/{user}/", "{}", "system", false);
        yield return (Permission.RolesManage, "POST", $"/api/v0/users/{user}/roles/", $$"""{"role":"viewer","scope_type":"project","scope_id":"{{project}}"}""", "", false);
        yield return (Permission.TokensManage, "GET", $"/api/v0/tokens/?user={user}", null, "system", false);
        yield return (Permission.AuditRead, "GET", $"/api/v0/audit/?project={project}", null, "", false);
        yield return (Permission.AuditRead, "GET", "/api/v0/audit/", null, "system", false);
    }

    sealed class Units(IServiceProvider services)
    {
        public async Task<(Cluster Cluster, Department Department, Project Project)> NewAsync()
        {
            var table = services.GetRequiredService<UnitTable>();
            var cluster = await table.CreateClusterAsync("c", default);
            var department = await table.CreateDepartmentAsync("d", cluster, default);
            return (cluster, department, await NewProjectAsync(department));
        }

        public Task<Project> NewProjectAsync(Department department) =>
            services.GetRequiredService<ProjectTable>().EnsureAsync(Guid.NewGuid(), "p", department, default);
    }
}
