using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class AliasTests : ConsoleTest
{
    [BrowserFact]
    public async Task An_alias_is_created_moved_and_deleted_and_its_history_tells_all_of_it()
    {
        await Service.AdoptedAsync("2026/first.csv");
        var second = await Service.AdoptedAsync("2026/second.csv");
        var page = await OpenAsync(In("data/aliases"));
        await Expect(page.GetByText("No alias yet")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("aliases-empty");

        // By the URL of an adopted object.
        await page.GetByRole(AriaRole.Button, new() { Name = "Create an alias" }).First.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name").FillAsync("latest");
        await dialog.GetByLabel("Datum").FillAsync(Service.Url("2026/first.csv"));
        await page.AssertAccessibleAsync("aliases-create");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "latest" });
        await Expect(row).ToContainTextAsync("first.csv");

        // By a datum's address.
        await page.GetByRole(AriaRole.Button, new() { Name = "Move latest" }).ClickAsync();
        await dialog.GetByLabel("Datum").FillAsync($"datum://{second}");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Move" }).ClickAsync();
        await Expect(row).ToContainTextAsync("second.csv");
        await page.AssertAccessibleAsync("aliases");

        await row.GetByRole(AriaRole.Link, new() { Name = "latest" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "latest" })).ToBeFocusedAsync();
        await Expect(page.GetByRole(AriaRole.Table).GetByText("Moved", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Table).GetByText("Created", new() { Exact = true })).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("alias");
        var address = page.Url;

        await page.GetByRole(AriaRole.Link, new() { Name = "Aliases" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete latest" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(page.GetByText("No alias yet")).ToBeVisibleAsync();
        Assert.Empty(await Service.GetAllAsync($"/api/v0/datum-aliases/?project={Service.Project.Id}"));

        await page.GotoAsync(address);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "A deleted alias" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Table).GetByText("Deleted", new() { Exact = true })).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task What_is_wrong_is_said_at_its_field_and_the_words_stay()
    {
        var page = await OpenAsync(In("data/aliases"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Create an alias" }).First.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await Expect(dialog.GetByText("Fill in “Name”.")).ToBeVisibleAsync();
        await Expect(dialog.GetByLabel("Name")).ToBeFocusedAsync();

        await dialog.GetByLabel("Name").FillAsync("latest");
        await dialog.GetByLabel("Datum").FillAsync(Service.Url("missing"));
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await Expect(dialog.GetByText("Nothing at this URL is adopted into the project. Adopt it first.")).ToBeVisibleAsync();
        await Expect(dialog.GetByLabel("Datum")).ToBeFocusedAsync();
        await dialog.GetByLabel("Datum").FillAsync("no-such-name");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await Expect(dialog.GetByText("No alias of the project has this name.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("aliases-wrong");
        Assert.Equal("latest", await dialog.GetByLabel("Name").InputValueAsync());
    }

    [BrowserFact]
    public async Task Aliases_of_several_pages_are_scrolled_through_and_long_names_keep_their_place()
    {
        var datum = await Service.AdoptedAsync(
            $"{new string('d', 200)}/a file with a name that goes on and on {new string('x', 150)}.parquet");
        var names = Enumerable.Range(1, 99).Select(n => $"b-{n:D4}").Prepend(new string('a', 120));
        await Parallel.ForEachAsync(
            names, async (name, _) => await Service.NewAsync("/api/v0/datum-aliases/", new { name, datum, project = Service.Project.Id }));
        var page = await OpenAsync("#/projects");
        await TakePagesOfAsync(page, 80);
        await page.GotoAsync($"{Origin}/console/{In("data/aliases")}");
        await Expect(page.GetByText("b-0001")).ToBeVisibleAsync();
        await Expect(page.GetByText("80 aliases loaded, and more")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("aliases-many");
        await page.EvaluateAsync(
            "async () => { while (!document.body.textContent.includes('b-0099')) { scrollTo(0, document.body.scrollHeight); "
                + "await new Promise(requestAnimationFrame); } }");
        await Expect(page.GetByText("b-0099")).ToBeVisibleAsync();
        await Expect(page.GetByText("100 aliases")).ToBeVisibleAsync();
        // Only visible rows exist.
        Assert.InRange(await page.GetByRole(AriaRole.Row).CountAsync(), 10, 60);
    }

    [BrowserFact]
    public async Task Who_may_only_read_is_offered_no_changes()
    {
        var datum = await Service.AdoptedAsync("a");
        await Service.NewAsync("/api/v0/datum-aliases/", new { name = "latest", datum, project = Service.Project.Id });
        var page = await OpenAsync(In("data/aliases"), await NewTokenAsync("viewer"));
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "latest" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Create an alias" })).ToHaveCountAsync(0);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Move latest" })).ToHaveCountAsync(0);
    }
}
