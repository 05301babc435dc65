using DataRegistry.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class ProjectTests : ConsoleTest
{
    [BrowserFact]
    public async Task A_project_is_picked_and_gone_to_again_the_next_time_by_those_who_see_it()
    {
        var night = await Service.NewAsync("/api/v0/projects/", new { name = $"night drives {new string('x', 80)}" });
        var page = await OpenAsync("");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Projects" })).ToBeFocusedAsync();
        await page.AssertAccessibleAsync("projects");
        await page.GetByRole(AriaRole.Link, new() { Name = "night drives" }).ClickAsync();
        await Expect(page.GetByText("Nothing is adopted yet")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("data-empty");

        await page.GotoAsync($"{Origin}/console/");
        await Expect(page.GetByText("Nothing is adopted yet")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Project: night drives" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "demo" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Project: demo" })).ToBeVisibleAsync();

        // The next user of the browser does not see that project. There is no choice between the others, so the only one is shown.
        var robot = await Service.NewUserAsync("robot", type: "service_account");
        await Service.GiveAsync(robot, "viewer", "project", night);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
        await Expect(page.GetByText("Sign in to see the page")).ToHaveCountAsync(0);
        await page.GetByLabel("Token", new() { Exact = true }).FillAsync(
            await Service.NewTokenAsync(Service.Http, new { name = "test", user = robot }));
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Project: night drives" })).ToBeVisibleAsync();
        await Expect(page.GetByText("Nothing is adopted yet")).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task Who_has_no_role_is_told_how_to_get_one_and_sees_no_other_project()
    {
        var user = await Service.NewUserAsync("robot", type: "service_account");
        var token = await Service.NewTokenAsync(Service.Http, new { name = "test", user });
        var page = await OpenAsync("", token);
        await Expect(page.GetByText("No project yet")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("projects-none");
        await page.GotoAsync($"{Origin}/console/{In("data")}");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Project not found" })).ToBeFocusedAsync();
        await page.AssertAccessibleAsync("project-missing");
    }

    [BrowserFact]
    public async Task Colours_are_as_the_system_has_them_until_one_chooses()
    {
        var page = await OpenAsync("#/projects");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        var dark = await BackgroundAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Colours: auto" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Colours: light" })).ToBeFocusedAsync();
        var light = await BackgroundAsync(page);
        Assert.NotEqual(dark, light);
        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Colours: light" })).ToBeVisibleAsync();
        Assert.Equal(light, await BackgroundAsync(page));
    }

    static Task<string> BackgroundAsync(IPage page) => page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor");
}
