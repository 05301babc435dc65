using System.Net;
using DataRegistry.Organization;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class AdminTests : ConsoleTest
{
    const string Password = "correct horse battery";

    [BrowserFact]
    public async Task A_project_is_created_renamed_given_to_somebody_and_deleted_once_nothing_is_in_it()
    {
        await Service.NewUserAsync("alice");
        await Service.AdoptedAsync("a");
        var page = await OpenAsync("#/projects");
        await page.GetByRole(AriaRole.Link, new() { Name = "Administration" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "demo", Exact = true })).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("admin-projects");
        await Button(page, "Create a project").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        var name = dialog.GetByLabel("Name", new() { Exact = true });
        await Expect(name).ToBeFocusedAsync();
        await Expect(dialog.Locator(".actions button")).ToHaveTextAsync(["Create", "Cancel"]);
        await Button(dialog, "Create").ClickAsync();
        await Expect(dialog.GetByText("Fill in “Name”.")).ToBeVisibleAsync();
        await name.FillAsync("night drives");
        await page.AssertAccessibleAsync("admin-project-create");

        // Typed text is not lost by a key: the dialog asks, and a second Escape only ends the question.
        await page.Keyboard.PressAsync("Escape");
        await Expect(Button(dialog, "Go on")).ToBeFocusedAsync();
        await page.AssertAccessibleAsync("admin-project-discard");
        await page.Keyboard.PressAsync("Escape");
        await Expect(name).ToBeFocusedAsync();
        await Button(dialog, "Close").ClickAsync();
        await Button(dialog, "Discard it").ClickAsync();
        await Expect(dialog).ToHaveCountAsync(0);
        await Button(page, "Create a project").ClickAsync();
        await Expect(name).ToHaveValueAsync("");
        await page.Keyboard.PressAsync("Escape");
        await Expect(dialog).ToHaveCountAsync(0);
        await Button(page, "Create a project").ClickAsync();
        await name.FillAsync("night drives");
        await Button(dialog, "Create").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "night drives" })).ToBeFocusedAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("day drives");
        await page.GetByLabel("Description").FillAsync("Cameras, 2026");
        await Button(page, "Save").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "day drives" })).ToBeVisibleAsync();

        await Expect(page.GetByText("No role is given here")).ToBeVisibleAsync();
        await Expect(page.GetByText("So does the administrator’s token of the service’s settings")).ToBeVisibleAsync();
        await Button(page, "Give a role").ClickAsync();
        // In a project these two would allow nothing that no other role does.
        var options = dialog.GetByLabel("Role", new() { Exact = true }).Locator("option");
        // The dialog opens once the users are loaded.
        await Expect(options).ToHaveCountAsync(6);
        var offered = await options.AllInnerTextsAsync();
        Assert.DoesNotContain(offered, o => o.StartsWith("system_admin", StringComparison.Ordinal));
        Assert.DoesNotContain(offered, o => o.StartsWith("cluster_agent", StringComparison.Ordinal));
        await dialog.GetByLabel("User or service account").FillAsync("nobody");
        await dialog.GetByLabel("Role", new() { Exact = true }).SelectOptionAsync("editor");
        await Button(dialog, "Give the role").ClickAsync();
        await Expect(dialog.GetByText("Nothing here has this name.").First).ToBeVisibleAsync();
        await dialog.GetByLabel("User or service account").FillAsync("alice");
        await Button(dialog, "Give the role").ClickAsync();
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "alice" });
        await Expect(row).ToContainTextAsync("editor");
        await page.AssertAccessibleAsync("admin-project");
        await Button(page, "Remove editor from alice").ClickAsync();
        await Button(dialog, "Remove the role").ClickAsync();
        await Expect(page.GetByText("No role is given here")).ToBeVisibleAsync();

        await DeleteAsync(page, "project");
        await Expect(page.GetByText("day drives is deleted.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "demo", Exact = true }).ClickAsync();
        await DeleteAsync(page, "project");
        await Expect(page.GetByText("The project 'demo' has datums that are not purged.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("admin-project-in-use");
        Assert.Single(await Service.GetAllAsync("/api/v0/projects/"));
    }

    [BrowserFact]
    public async Task Clusters_and_departments_are_created_renamed_and_deleted_from_below()
    {
        var page = await OpenAsync("#/admin/units");
        await Button(page, "Create a cluster").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name").FillAsync("north");
        await Button(dialog, "Create").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "north" })).ToBeFocusedAsync();
        var cluster = page.Url;
        await Button(page, "Mark as having an agent").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Definition).GetByText("An agent works in it")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Departments and clusters" }).ClickAsync();
        await Button(page, "Create a department").ClickAsync();
        await dialog.GetByLabel("Name").FillAsync("vision");
        await dialog.GetByLabel("Cluster").SelectOptionAsync("north");
        await Button(dialog, "Create").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "vision" })).ToBeFocusedAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("perception");
        await Button(page, "Save").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "perception" })).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("admin-department");
        var department = page.Url;

        await page.GotoAsync(cluster);
        await DeleteAsync(page, "cluster");
        await Expect(page.GetByText("The cluster 'north' has departments.")).ToBeVisibleAsync();
        await page.GotoAsync(department);
        await DeleteAsync(page, "department");
        await Expect(page.GetByText("perception is deleted.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("admin-units");
        await page.GotoAsync(cluster);
        await DeleteAsync(page, "cluster");
        await Expect(page.GetByText("north is deleted.")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Administration" })).ToBeFocusedAsync();

        // The page of the units lists the users whose role counts in the whole service. A user's name may look like an id.
        var name = Guid.CreateVersion7().ToString();
        await Service.NewUserAsync(name);
        await Button(page, "Give a role").ClickAsync();
        await dialog.GetByLabel("User or service account").FillAsync(name);
        await dialog.GetByLabel("Role", new() { Exact = true }).SelectOptionAsync("viewer");
        await Button(dialog, "Give the role").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = name })).ToContainTextAsync("the whole service");
        Assert.Single(await Service.GetAllAsync("/api/v0/clusters/"));
    }

    [BrowserFact]
    public async Task A_user_is_created_gets_roles_a_new_password_and_is_disabled_enabled_and_deleted()
    {
        var page = await OpenAsync("#/admin/users");
        await Expect(page.GetByText("No user yet")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("admin-users-empty");
        await Button(page, "Create a user").First.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("User name").FillAsync("a b");
        await dialog.GetByLabel("Password").FillAsync(Password);
        await Button(dialog, "Create").ClickAsync();
        await Expect(dialog.GetByLabel("User name")).ToBeFocusedAsync();
        await dialog.GetByLabel("User name").FillAsync("alice");
        await dialog.GetByLabel("Display name").FillAsync("Alice Ång");
        await Button(dialog, "Create").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "alice" })).ToBeFocusedAsync();
        Assert.Equal(HttpStatusCode.OK, await LogInAsync(Password));

        // A name is enough, unless several have it. A dash is one that a keyboard has.
        var vision = await Service.NewAsync("/api/v0/departments/", new { name = "vision" });
        await Service.NewAsync("/api/v0/projects/", new { name = "demo", department = vision });
        await page.ReloadAsync();
        await Button(page, "Give a role").ClickAsync();
        await dialog.GetByLabel("Role", new() { Exact = true }).SelectOptionAsync("research_manager");
        await dialog.GetByLabel("Which one").FillAsync("demo");
        await Button(dialog, "Give the role").ClickAsync();
        await Expect(dialog.GetByText("Several have this name: demo – default, demo – vision.").First).ToBeVisibleAsync();
        await dialog.GetByLabel("Which one").FillAsync("Demo - default");
        await page.AssertAccessibleAsync("admin-user-role");
        await Button(dialog, "Give the role").ClickAsync();
        var roles = page.GetByRole(AriaRole.Table, new() { Name = "Roles of alice" });
        await Expect(roles).ToContainTextAsync("research_manager");
        await Button(page, "Give a role").ClickAsync();
        await dialog.GetByLabel("For").SelectOptionAsync("system");
        await dialog.GetByLabel("Role", new() { Exact = true }).SelectOptionAsync("viewer");
        await Button(dialog, "Give the role").ClickAsync();
        await Expect(roles).ToContainTextAsync("the whole service");
        await page.AssertAccessibleAsync("admin-user");
        await Button(page, "Remove viewer, system").ClickAsync();
        await Button(dialog, "Remove the role").ClickAsync();
        await Expect(roles).Not.ToContainTextAsync("the whole service");

        await page.GetByLabel("New password").FillAsync("short");
        await Button(page, "Set the password").ClickAsync();
        await Expect(page.GetByLabel("New password")).ToBeFocusedAsync();
        await page.GetByLabel("New password").FillAsync("another horse battery");
        await Button(page, "Set the password").ClickAsync();
        await Expect(page.GetByText("alice signs in with the new password.")).ToBeVisibleAsync();
        // The page is shown anew after that, which would take the dialog away.
        await Expect(page.GetByLabel("New password")).ToHaveValueAsync("");
        Assert.Equal(HttpStatusCode.OK, await LogInAsync("another horse battery"));
        await Button(page, "Disable").ClickAsync();
        await Button(dialog, "Disable").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Definition).GetByText("Disabled")).ToBeVisibleAsync();
        Assert.Equal(HttpStatusCode.BadRequest, await LogInAsync("another horse battery"));
        await Button(page, "Enable").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Definition).GetByText("May sign in")).ToBeVisibleAsync();
        await Button(page, "Delete").ClickAsync();
        await Button(dialog, "Delete").ClickAsync();
        await Expect(page.GetByText("alice is deleted.")).ToBeVisibleAsync();
        await Expect(page.GetByText("No user yet")).ToBeVisibleAsync();

        async Task<HttpStatusCode> LogInAsync(string password)
        {
            using var answer = await Service.LogInAsync("alice", password);
            return answer.StatusCode;
        }
    }

    [BrowserFact]
    public async Task A_service_account_gets_a_token_that_is_shown_once_and_revoked()
    {
        var page = await OpenAsync("#/admin/accounts");
        await Button(page, "Create a service account").First.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("User name").FillAsync("pipeline");
        await Button(dialog, "Create").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "pipeline" })).ToBeFocusedAsync();
        await Expect(page.GetByLabel("New password")).ToHaveCountAsync(0);
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("nightly");
        await page.GetByLabel("Expires").SelectOptionAsync("In 30 days");
        await page.GetByLabel("Only for the project").FillAsync("demo");
        await Button(page, "Generate a token").ClickAsync();
        var code = page.GetByRole(AriaRole.Region, new() { Name = "the token" });
        await Expect(code).ToContainTextAsync("dr_");
        var token = await code.InnerTextAsync();
        await page.AssertAccessibleAsync("admin-account");
        using var program = Service.As(token);
        Assert.Equal(HttpStatusCode.OK, await program.StatusAsync("GET", "/api/v0/users/me/"));

        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "nightly" })).ToContainTextAsync("demo");
        Assert.DoesNotContain(token, await page.ContentAsync(), StringComparison.Ordinal);
        await Button(page, "Revoke nightly").ClickAsync();
        await Button(dialog, "Revoke").ClickAsync();
        await Expect(page.GetByText("nightly is revoked.")).ToBeVisibleAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await program.StatusAsync("GET", "/api/v0/users/me/"));

        // The audit trail takes the words of its own table, or those of the service, and names whose token it was.
        await page.GotoAsync($"{Origin}/console/#/admin/audit");
        await page.GetByLabel("Action").FillAsync("token.created");
        await Expect(page.GetByText("1 entry", new() { Exact = true })).ToBeVisibleAsync();
        await page.GetByLabel("Action").FillAsync("Token: created");
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("action=Token"));
        await page.ReloadAsync();
        await Expect(page.GetByLabel("Action")).ToHaveValueAsync("Token: created");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show token: created" }).ClickAsync();
        await Expect(dialog.GetByRole(AriaRole.Link, new() { Name = "pipeline" })).ToBeVisibleAsync();
        await page.GotoAsync($"{Origin}/console/#/admin/accounts");
        await page.GetByLabel("Search").FillAsync("other");
        await Expect(page.GetByText("Nothing here holds “other”.")).ToBeVisibleAsync();
        await page.GetByLabel("Search").FillAsync("PIPE");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "pipeline" })).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Expect(page.GetByLabel("Search")).ToHaveValueAsync("PIPE");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "pipeline" })).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("admin-accounts");
    }

    [BrowserFact]
    public async Task The_audit_trail_is_read_on_filtered_by_its_address_and_shows_an_entry_whole()
    {
        var datum = await Service.AdoptedAsync("a");
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 60),
            async (n, _) => await Service.NewAsync(
                "/api/v0/datum-aliases/", new { name = $"a-{n:d3}", datum, project = Service.Project.Id }));
        (await Service.Http.SendAsync("PATCH", $"/api/v0/projects/{Service.Project.Id}/", """{"name":"renamed"}""")).Dispose();
        var page = await OpenAsync("#/projects");
        await TakePagesOfAsync(page, 50);
        await page.GotoAsync($"{Origin}/console/#/admin/audit?project={Service.Project.Id}");
        await Expect(page.GetByText("project: renamed")).ToBeVisibleAsync();
        await Expect(page.GetByText("50 entries loaded, and more")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("admin-audit");
        await page.EvaluateAsync("() => scrollTo(0, document.body.scrollHeight)");
        await Expect(page.GetByText("62 entries")).ToBeVisibleAsync();

        await page.GetByLabel("Action").FillAsync("project: renamed");
        await Expect(page.GetByText("1 entry", new() { Exact = true })).ToBeVisibleAsync();
        await page.GetByLabel("Action").FillAsync("project");
        await Expect(page.GetByText("1 entry", new() { Exact = true })).ToBeVisibleAsync();
        await page.GetByLabel("By", new() { Exact = true }).FillAsync("nobody");
        await Expect(page.GetByText("No such entry")).ToBeVisibleAsync();
        await page.GetByLabel("By", new() { Exact = true }).FillAsync("");
        await Expect(page.GetByText("1 entry", new() { Exact = true })).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Expect(page.GetByText("1 entry", new() { Exact = true })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Show project: renamed" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("demo → renamed");
        await page.AssertAccessibleAsync("admin-audit-entry");
        await page.Keyboard.PressAsync("Escape");
        await page.GetByLabel("To", new() { Exact = true }).FillAsync("2001-01-01");
        await Expect(page.GetByText("No such entry")).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task A_caller_is_offered_what_the_roles_allow_and_told_which_right_is_missing()
    {
        var page = await OpenAsync(In("data"), await NewTokenAsync("viewer"));
        await Expect(page.GetByText("Nothing is adopted yet")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Administration" })).ToHaveCountAsync(0);
        await page.GotoAsync($"{Origin}/console/#/admin/users");
        await Expect(page.GetByText("The right to look users up is missing (users_read).")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("admin-missing");
        await page.GotoAsync($"{Origin}/console/#/admin/projects/{Service.Project.Id}");
        await Expect(page.GetByText("The right to give and remove roles is missing")).ToBeVisibleAsync();
        await Expect(Button(page, "Save")).ToHaveCountAsync(0);
        await Expect(Button(page, "Delete the project")).ToHaveCountAsync(0);

        // A department's admin gives no role of the system, makes no users, and loses the role while the page is open.
        var admin = await Service.NewUserAsync("admin", type: "service_account");
        await Service.NewUserAsync("alice");
        await Service.GiveAsync(admin, "department_admin", "department", Department.DefaultId);
        var token = await Service.NewTokenAsync(Service.Http, new { name = "test", user = admin });
        page = await OpenAsync("#/admin/users", token);
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "alice" })).ToBeVisibleAsync();
        await Expect(Button(page, "Create a user")).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "alice" }).ClickAsync();
        await Button(page, "Give a role").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        Assert.Equal(
            ["A project", "A department"], await dialog.GetByLabel("For").Locator("option").AllInnerTextsAsync());
        await Expect(dialog.GetByLabel("Role", new() { Exact = true }).Locator("option[value=system_admin]")).ToHaveCountAsync(0);
        await dialog.GetByLabel("Which one").FillAsync("demo – default");
        (await Service.Http.SendAsync(
            "DELETE", $"/api/v0/users/{admin}/roles/department_admin-department-{Department.DefaultId}/")).Dispose();
        await Button(dialog, "Give the role").ClickAsync();
        await Expect(dialog.GetByText("The right to give and remove roles is missing (roles_manage).")).ToBeVisibleAsync();
    }

    static ILocator Button(IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    static ILocator Button(ILocator part, string name) => part.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    static async Task DeleteAsync(IPage page, string kind)
    {
        var delete = Button(page, $"Delete the {kind}");
        await Expect(delete).ToBeVisibleAsync();
        // The list of roles arrives later and moves the button. A click that has begun would end beside it.
        await Expect(page.GetByText("No role is given here")).ToBeVisibleAsync();
        await delete.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        // Enter is no answer to a question that somebody has not read.
        await Expect(Button(dialog, "Cancel")).ToBeFocusedAsync();
        await Expect(Button(dialog, "Cancel")).ToHaveCSSAsync("outline-style", "solid");
        await Expect(dialog.Locator(".actions button")).ToHaveTextAsync(["Delete", "Cancel"]);
        await Button(dialog, "Delete").ClickAsync();
    }
}
