using DataRegistry.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class SignInTests : ConsoleTest
{
    [BrowserFact]
    public async Task A_name_and_a_password_lead_to_the_page_that_was_asked_for()
    {
        var alice = await Service.NewUserAsync("alice", "correct horse battery");
        await Service.GiveAsync(alice, "editor", "project", Service.Project.Id);
        var page = await OpenAsync(In("data/adopt"), token: "");
        // A token is all that a new service has.
        await Expect(page.GetByLabel("Token", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByText("Sign in to see the page that you opened: Adopt.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("sign-in");
        await page.GetByRole(AriaRole.Tab, new() { Name = "Name and password" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("alice");
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync("wrong");
        await Send(page).ClickAsync();
        await Expect(page.GetByText("The name or the password is not right.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("sign-in-wrong");

        await page.GetByLabel("Password", new() { Exact = true }).FillAsync("correct horse battery");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByLabel("Destination store")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Banner).GetByText("alice")).ToBeVisibleAsync();

        // The next time begins with what was used the last time.
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByLabel("Password", new() { Exact = true })).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task A_token_is_taken_as_it_is_pasted_and_kept_in_the_tab_only()
    {
        var page = await OpenAsync(In("data"), token: "");
        await page.GetByLabel("Token", new() { Exact = true }).FillAsync("dr_no_such_token_at_all");
        await Send(page).ClickAsync();
        await Expect(page.GetByText("This token is unknown, revoked or expired.")).ToBeVisibleAsync();
        await page.GetByLabel("Token", new() { Exact = true }).FillAsync($" Token {TestService.Token}\n");
        await Send(page).ClickAsync();
        await Expect(page.GetByLabel("Search")).ToBeVisibleAsync();

        await page.ReloadAsync();
        await Expect(page.GetByLabel("Search")).ToBeVisibleAsync();
        Assert.DoesNotContain(
            TestService.Token, await page.EvaluateAsync<string>("() => JSON.stringify(localStorage) + document.cookie"),
            StringComparison.Ordinal);
        var other = await page.Context.NewPageAsync();
        await other.GotoAsync(page.Url);
        await Expect(other.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
        Assert.Equal(0, await page.EvaluateAsync<int>("() => Object.keys(sessionStorage).filter(k => k.endsWith('token')).length"));
    }

    [BrowserFact]
    public async Task Whose_token_ends_signs_in_again_and_is_where_he_was()
    {
        var user = await Service.NewUserAsync("robot", type: "service_account");
        await Service.GiveAsync(user, "viewer", "project", Service.Project.Id);
        var token = await Service.NewTokenAsync(Service.Http, new { name = "test", user });
        var page = await OpenAsync(In("data"), token);
        await Expect(page.GetByText("Nothing is adopted yet")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Adopt files" })).ToHaveCountAsync(0);

        var id = (await Service.GetAllAsync($"/api/v0/tokens/?user={user}")).Single().GetProperty("id").GetString();
        Assert.Equal(System.Net.HttpStatusCode.NoContent, await Service.Http.StatusAsync("DELETE", $"/api/v0/tokens/{id}/?user={user}"));
        await page.GetByRole(AriaRole.Link, new() { Name = "Aliases" }).ClickAsync();
        await Expect(page.GetByText("Your session has ended. Sign in to go on where you were.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("sign-in-again");
        await page.GetByLabel("Token", new() { Exact = true }).FillAsync(TestService.Token);
        await Send(page).ClickAsync();
        await Expect(page.GetByText("No alias yet")).ToBeVisibleAsync();
    }

    static ILocator Send(IPage page) => page.GetByRole(AriaRole.Button, new() { Name = "Sign in" });
}
