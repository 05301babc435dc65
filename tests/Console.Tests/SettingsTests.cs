using System.Net;
using System.Text.RegularExpressions;
using DataRegistry.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class SettingsTests : ConsoleTest
{
    [BrowserFact]
    public async Task The_project_s_id_is_there_to_be_copied()
    {
        var page = await OpenAsync(In("settings"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy the project’s id" }).ClickAsync();
        await Expect(page.GetByText("Copied.")).ToBeVisibleAsync();
        Assert.Equal(Service.Project.Id.ToString(), await page.EvaluateAsync<string>("() => navigator.clipboard.readText()"));
    }

    [BrowserFact]
    public async Task The_version_of_the_service_is_there()
    {
        var page = await OpenAsync(In("settings"));
        await Expect(page.GetByText(DataRegistry.Telemetry.Product.Version, new() { Exact = true })).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task A_token_is_generated_shown_once_used_and_revoked()
    {
        var page = await OpenAsync(In("settings"), await NewTokenAsync("viewer"));
        await page.AssertAccessibleAsync("settings");
        await page.GetByLabel("Name").FillAsync("notebook");
        await page.GetByLabel("Only for the project demo").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Generate a token" }).ClickAsync();
        var code = page.GetByRole(AriaRole.Region, new() { Name = "the token" });
        await Expect(code).ToContainTextAsync("dr_");
        var token = await code.InnerTextAsync();
        await page.AssertAccessibleAsync("settings-token");
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy the token" }).ClickAsync();
        Assert.Equal(token, await page.EvaluateAsync<string>("() => navigator.clipboard.readText()"));
        using var program = Service.As(token);
        Assert.Equal(HttpStatusCode.OK, await program.StatusAsync("GET", "/api/v0/users/me/"));

        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "notebook" })).ToContainTextAsync("this project only");
        Assert.DoesNotContain(token, await page.ContentAsync(), StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke notebook" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await Expect(page.GetByText("notebook is revoked.")).ToBeVisibleAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await program.StatusAsync("GET", "/api/v0/users/me/"));
    }

    [BrowserFact]
    public async Task Only_ends_of_a_token_are_offered_that_the_service_takes()
    {
        var alice = await Service.NewUserAsync("alice", "correct horse battery");
        await Service.GiveAsync(alice, "viewer", "project", Service.Project.Id);
        using var answer = await Service.LogInAsync("alice", "correct horse battery");
        var page = await OpenAsync(In("settings"), (await TestUsers.JsonAsync(answer)).GetProperty("token").GetString());
        var ends = page.GetByLabel("Expires").Locator("option");
        await Expect(ends).ToHaveTextAsync(["In 30 days", "In 90 days", "In a year"]);

        // A token that ends in 40 days makes none that ends later.
        var robot = await Service.NewUserAsync("robot", type: "service_account");
        await Service.GiveAsync(robot, "viewer", "project", Service.Project.Id);
        var brief = await Service.NewTokenAsync(
            Service.Http, new { name = "brief", user = robot, expires = DateTimeOffset.UtcNow.AddDays(40) });
        page = await OpenAsync(In("settings"), brief);
        ends = page.GetByLabel("Expires").Locator("option");
        await Expect(ends).ToHaveTextAsync([new Regex("^In 30 days$"), new Regex("^With your own sign-in, ")]);
        await page.GetByLabel("Name").FillAsync("child");
        await page.GetByLabel("Expires").SelectOptionAsync("latest");
        await page.GetByRole(AriaRole.Button, new() { Name = "Generate a token" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "the token" })).ToContainTextAsync("dr_");
    }

    [BrowserFact]
    public async Task A_user_changes_the_own_password_and_signs_in_with_the_new_one()
    {
        var alice = await Service.NewUserAsync("alice", "correct horse battery");
        await Service.GiveAsync(alice, "viewer", "project", Service.Project.Id);
        using var answer = await Service.LogInAsync("alice", "correct horse battery");
        var page = await OpenAsync(In("settings"), (await TestUsers.JsonAsync(answer)).GetProperty("token").GetString());
        await page.GetByLabel("Display name").FillAsync("Alice Ång");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(page.GetByText("It is saved.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("settings-account");
        await page.GetByLabel("Current password").FillAsync("not this one at all");
        await page.GetByLabel("New password").FillAsync("another horse battery");
        var change = page.GetByRole(AriaRole.Button, new() { Name = "Change the password" });
        await change.ClickAsync();
        await Expect(page.GetByText("This is not the current password.")).ToBeVisibleAsync();
        await page.GetByLabel("Current password").FillAsync("correct horse battery");
        await change.ClickAsync();
        await Expect(page.GetByText("Your password is changed. Sign in with the new one.")).ToBeVisibleAsync();
        using var again = await Service.LogInAsync("alice", "another horse battery");
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [BrowserFact]
    public async Task Who_revokes_the_token_in_use_is_asked_to_sign_in()
    {
        var page = await OpenAsync(In("settings"), await NewTokenAsync("viewer"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke test" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task A_token_that_is_limited_to_projects_is_told_that_it_handles_none()
    {
        var token = await Service.NewTokenAsync(Service.Http, new { name = "limited", projects = new[] { Service.Project.Id } });
        var page = await OpenAsync(In("settings"), token);
        await Expect(page.GetByText("limited to some projects")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("settings-limited");
    }
}
