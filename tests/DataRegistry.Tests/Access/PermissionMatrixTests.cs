using DataRegistry.Access;
using DataRegistry.Organization;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Access;

/// <summary>The whole table of permissions. <see cref="RouteMatrixTests"/> tries every route.</summary>
public sealed class PermissionMatrixTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    // Columns in the order of the enum: system admin, department admin, research manager, editor, data volume admin, L1 researcher, viewer,
    // cluster agent.
    const string Matrix = """
        ProjectsRead        x x x x x x x .
        DataRead            x x x x x x x .
        StoresRead          x x x x x x x .
        DataVolumesRead     x x x x x x x .
        DataAdopt           x x x x . x . .
        DataEdit            x x x x . x . .
        AliasesEdit         x x x x . x . .
        DataManage          x x x . . . . .
        StoresManage        x x . . . . . .
        StoresAnyRole       x . . . . . . .
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

    static readonly IReadOnlyDictionary<Permission, bool[]> Table = Matrix.Split('\n').Select(
        line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        .ToDictionary(cells => Enum.Parse<Permission>(cells[0]), cells => cells[1..].Select(c => c == "x").ToArray());

    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

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

        // From the widest to the narrowest. A role counts from its scope on.
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

    sealed class Units(IServiceProvider services)
    {
        public async Task<(Cluster Cluster, Department Department, Project Project)> NewAsync()
        {
            var table = services.GetRequiredService<UnitTable>();
            var cluster = await table.CreateClusterAsync("c", default);
            var department = (await table.CreateDepartmentAsync("d", cluster, default))!;
            return (cluster, department, await NewProjectAsync(department));
        }

        public Task<Project> NewProjectAsync(Department department) =>
            services.GetRequiredService<ProjectTable>().EnsureAsync(Guid.NewGuid(), "p", department, default);
    }
}
