using System.Net;
using System.Net.Http.Json;
using DataRegistry.Organization;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Access;

public sealed class UserEndpointTests : IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_user_is_made_listed_changed_and_removed()
    {
        using var created = await service.Http.PostAsJsonAsync(
            "/api/v0/users/", new { username = "Alice", display_name = "Älice", email = "a@example.org", password = "long enough it is" });
        await Wire.AssertAsync("user-created", created);
        var id = TestUsers.Id(await TestUsers.JsonAsync(created, HttpStatusCode.Created));
        await service.NewUserAsync("robot", type: "service_account");
        Assert.Equal(
            ["Alice", "robot"], (await service.GetAllAsync("/api/v0/users/?limit=1")).Select(u => u.GetProperty("username").GetString()));
        Assert.Equal(
            ["robot"],
            (await service.GetAllAsync("/api/v0/users/?type=service_account")).Select(u => u.GetProperty("username").GetString()));
        using var changed = await service.Http.SendAsync("PATCH", $"/api/v0/users/{id}/", """{"display_name":"A","disabled":true}""");
        await Wire.AssertAsync("user-changed", changed);
        var (admin, http) = await service.NewCallerAsync(("system_admin", "system", null));
        using (http)
            Assert.Equal(HttpStatusCode.BadRequest, await http.StatusAsync("DELETE", $"/api/v0/users/{admin}/"));
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("GET", $"/api/v0/users/{admin}/"));
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/users/{id}/"));
        Assert.Equal(HttpStatusCode.NotFound, await service.Http.StatusAsync("GET", $"/api/v0/users/{id}/"));
    }

    [Fact]
    public async Task Of_those_who_take_a_name_at_once_one_gets_it()
    {
        var tries = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(
                i => service.Http.PostAsJsonAsync("/api/v0/users/", new { username = i % 2 == 0 ? "alice" : "ALICE" })));
        Assert.Single(tries, t => t.StatusCode == HttpStatusCode.Created);
        await Wire.AssertAsync("user-exists", tries.First(t => t.StatusCode != HttpStatusCode.Created));
        Assert.Single(await service.GetAllAsync("/api/v0/users/"));
    }

    [Fact]
    public async Task A_departments_admin_gives_roles_there_and_none_that_it_lacks()
    {
        var (_, http) = await service.NewCallerAsync(("department_admin", "department", Department.DefaultId));
        using var _http = http;
        var other = await service.NewAsync("/api/v0/departments/", new { name = "other" });
        var alice = await service.NewUserAsync("alice");
        var roles = $"/api/v0/users/{alice}/roles/";
        using var given = await http.PostAsJsonAsync(roles, new { role = "editor", scope_type = "project", scope_id = service.Project.Id });
        await Wire.AssertAsync("role-given", given);
        Assert.Equal(
            HttpStatusCode.OK,
            await http.StatusAsync("POST", roles, $$"""{"role":"editor","scope_type":"project","scope_id":"{{service.Project.Id}}"}"""));
        foreach (var (role, type, id) in new (string, string, Guid?)[]
        {
            ("system_admin", "project", service.Project.Id), ("viewer", "system", null), ("viewer", "department", other),
            ("viewer", "cluster", Cluster.DefaultId), ("viewer", "project", Guid.NewGuid()),
        })
        {
            Assert.Equal(
                HttpStatusCode.Forbidden, (await http.PostAsJsonAsync(roles, new { role, scope_type = type, scope_id = id })).StatusCode);
        }

        await service.GiveAsync(alice, "viewer", "department", other);
        await service.GiveAsync(alice, "system_admin", "project", service.Project.Id);
        // It sees the roles in its department, and revokes those that it could give.
        Assert.Equal(2, (await TestUsers.JsonAsync(await http.SendAsync("GET", roles))).GetProperty("count").GetInt32());
        Assert.Equal(HttpStatusCode.NotFound, await http.StatusAsync("DELETE", $"{roles}viewer-department-{other}/"));
        Assert.Equal(HttpStatusCode.Forbidden, await http.StatusAsync("DELETE", $"{roles}system_admin-project-{service.Project.Id}/"));
        Assert.Equal(HttpStatusCode.NoContent, await http.StatusAsync("DELETE", $"{roles}editor-project-{service.Project.Id}/"));
    }

    [Fact]
    public async Task Who_has_which_role_is_listed_for_a_scope_as_far_as_the_caller_gives_roles()
    {
        var (admin, http) = await service.NewCallerAsync(("department_admin", "department", Department.DefaultId));
        using var _http = http;
        var other = await service.NewAsync("/api/v0/departments/", new { name = "other" });
        var alice = await service.NewUserAsync("alice");
        var bob = await service.NewUserAsync("bob");
        await service.GiveAsync(alice, "viewer", "system", null);
        await service.GiveAsync(alice, "editor", "department", other);
        await service.GiveAsync(bob, "editor", "project", service.Project.Id);

        var all = await service.GetAllAsync("/api/v0/roles/?limit=1");
        Assert.Equal(
            ["department_admin", "editor", "viewer", "editor"], all.Select(r => r.GetProperty("role").GetString()));
        Assert.Equal("alice", all[1].GetProperty("user").GetProperty("username").GetString());
        Assert.Equal("administrator", all[1].GetProperty("given_by").GetString());
        var here = $"scope_type=project&scope_id={service.Project.Id}";
        Assert.Equal([admin, alice, bob], await HoldersAsync(service.Http, here));
        Assert.Equal([alice], await HoldersAsync(service.Http, "scope_type=system"));
        // A department's admin sees no role that is given above the department or beside it.
        Assert.Equal([admin, bob], await HoldersAsync(http, here));
        Assert.Equal([admin, bob], await HoldersAsync(http, ""));
        Assert.Equal(
            HttpStatusCode.Forbidden, await http.StatusAsync("GET", $"/api/v0/roles/?scope_type=department&scope_id={other}"));
        Assert.Equal(HttpStatusCode.BadRequest, await service.Http.StatusAsync("GET", "/api/v0/roles/?scope_type=project"));

        async Task<IEnumerable<Guid>> HoldersAsync(HttpClient caller, string query) =>
            (await TestUsers.JsonAsync(await caller.SendAsync("GET", $"/api/v0/roles/?{query}"))).GetProperty("results").EnumerateArray()
                .Select(r => r.GetProperty("user").GetProperty("id").GetGuid()).ToList();
    }

    [Fact]
    public async Task Who_has_no_role_sees_itself_and_nobody_else()
    {
        var alice = await service.NewUserAsync("alice");
        var (id, http) = await service.NewCallerAsync();
        using var _ = http;
        Assert.Equal(HttpStatusCode.OK, await http.StatusAsync("GET", $"/api/v0/users/{id}/"));
        Assert.Equal(HttpStatusCode.OK, await http.StatusAsync("GET", $"/api/v0/users/{id}/roles/"));
        foreach (var path in new[]
        {
            $"/api/v0/users/{alice}/", $"/api/v0/users/{alice}/roles/", "/api/v0/users/x/", $"/api/v0/users/{Guid.NewGuid()}/",
        })
            Assert.Equal(HttpStatusCode.NotFound, await http.StatusAsync("GET", path));
        foreach (var list in new[] { "projects", "clusters", "departments" })
            Assert.Equal(0, (await TestUsers.JsonAsync(await http.SendAsync("GET", $"/api/v0/{list}/"))).GetProperty("count").GetInt32());
        Assert.Equal(HttpStatusCode.OK, await http.StatusAsync("GET", "/api/v0/stores/"));
    }

    [Fact]
    public async Task Units_are_made_and_projects_in_them()
    {
        var cluster = await service.NewAsync("/api/v0/clusters/", new { name = "c" });
        using var department = await service.Http.PostAsJsonAsync("/api/v0/departments/", new { name = "d", cluster });
        await Wire.AssertAsync("department-created", department);
        var departmentId = TestUsers.Id(await TestUsers.JsonAsync(department, HttpStatusCode.Created));
        var project = await service.NewAsync("/api/v0/projects/", new { name = "p", department = departmentId });
        var (_, http) = await service.NewCallerAsync(("viewer", "cluster", cluster));
        using var _http = http;
        foreach (var (list, id) in new[] { ("clusters", cluster), ("departments", departmentId), ("projects", project) })
        {
            var page = await TestUsers.JsonAsync(await http.SendAsync("GET", $"/api/v0/{list}/"));
            Assert.Equal(id, TestUsers.Id(page.GetProperty("results").EnumerateArray().Single()));
            Assert.Equal(HttpStatusCode.OK, await http.StatusAsync("GET", $"/api/v0/{list}/{id}/"));
        }

        Assert.Equal(HttpStatusCode.NotFound, await http.StatusAsync("GET", $"/api/v0/departments/{Department.DefaultId}/"));
        Assert.Equal(
            HttpStatusCode.BadRequest,
            await service.Http.StatusAsync("POST", "/api/v0/projects/", $$"""{"name":"p","department":"{{Guid.NewGuid()}}"}"""));
        Assert.Equal(
            HttpStatusCode.BadRequest,
            await service.Http.StatusAsync("POST", "/api/v0/departments/", $$"""{"name":"p","cluster":"{{Guid.NewGuid()}}"}"""));
        Assert.Equal(
            HttpStatusCode.BadRequest,
            await service.Http.StatusAsync("PATCH", $"/api/v0/projects/{project}/", $$"""{"name":"p","department":"{{departmentId}}"}"""));
    }

    [Fact]
    public async Task Whoever_meets_a_datum_of_a_hidden_project_is_told_that_it_exists_not_which_it_is()
    {
        service.Put("a", "b");
        using var adopted = await service.AdoptUrlAsync(service.Url("a"));
        adopted.EnsureSuccessStatusCode();
        var project = await service.NewAsync("/api/v0/projects/", new { name = "mine" });
        var (_, http) = await service.NewCallerAsync(("editor", "project", project));
        using var _http = http;
        using var again = await http.PostAsJsonAsync(
            service.AdoptPath, new { urls = new[] { service.Url("a"), service.Url("b") }, project });
        await Wire.AssertAsync("adopt-existing-hidden", again);
    }
}
