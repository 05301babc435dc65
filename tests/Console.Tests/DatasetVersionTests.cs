using System.Text.RegularExpressions;
using DataRegistry.Tests.Datasets;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class DatasetVersionTests : ConsoleTest
{
    [BrowserFact]
    public async Task Two_versions_are_compared_and_the_address_keeps_which()
    {
        var a = await Service.AdoptedAsync("a.png");
        var b = await Service.AdoptedAsync("b.png");
        var c = await Service.AdoptedAsync("c.png");
        var dataset = await Service.NewAsync("/api/v0/datasets/", new { name = "train", project = Service.Project.Id });
        var first = await NewVersionAsync("v1", null, new { datum = a }, new { datum = b });
        var second = await NewVersionAsync("v2", first, new { datum = b, path = "a.png" }, new { datum = c });
        var same = await NewVersionAsync("v3", second, new { datum = b, path = "a.png" }, new { datum = c });

        var page = await OpenAsync(In($"datasets/{dataset}/versions/{second}"));
        await page.GetByRole(AriaRole.Link, new() { Name = "Compare with another version" }).ClickAsync();
        await Expect(page.GetByText("3 changes", new() { Exact = true })).ToBeVisibleAsync();
        Assert.Equal("v1", await page.GetByLabel("Compared with").Locator("option:checked").InnerTextAsync());
        var changes = page.GetByRole(AriaRole.Table, new() { Name = "Changes" }).GetByRole(AriaRole.Row);
        await Expect(changes.Filter(new() { HasText = "Changed" })).ToContainTextAsync("a.png");
        await Expect(changes.Filter(new() { HasText = "Removed" })).ToContainTextAsync("b.png");
        await Expect(changes.Filter(new() { HasText = "Added" })).ToContainTextAsync("c.png");
        await page.AssertAccessibleAsync("dataset-diff");
        await page.GetByLabel("Compared with").SelectOptionAsync("v3");
        await Expect(page.GetByText("No difference")).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Expect(page.GetByText("No difference")).ToBeVisibleAsync();
        await Expect(page).ToHaveURLAsync(new Regex($"from={same}"));

        Task<Guid> NewVersionAsync(string name, Guid? previous, params object[] files) =>
            Service.NewAsync("/api/v0/dataset-versions/", new { name, dataset, files, previous_version = previous });
    }

    [BrowserFact]
    public async Task A_selection_becomes_a_version_of_a_new_dataset_that_is_followed_until_its_files_are_there()
    {
        string[] keys = ["images/a.png", "images/b.png", "texts/c.txt"];
        Service.Put(keys);
        (await Service.AdoptUrlsAsync(keys.Select(Service.Url))).Dispose();
        var page = await OpenAsync(In("data/search?prefix=images/"));
        await Button(page, "Add to a dataset…").ClickAsync();
        // The search page has the same count, and a field of the same name.
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Add to a dataset" })).ToBeVisibleAsync();
        await Expect(page.GetByText("2 datums, 24 B")).ToBeVisibleAsync();
        // The folder that was searched is proposed, below that of the store.
        await Expect(page.GetByLabel("Root")).ToHaveValueAsync("images/");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("train");
        await Button(page, "Create").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "The first version of train" })).ToBeVisibleAsync();
        await Expect(page.GetByText("train is created. Name its first version now.")).ToBeVisibleAsync();
        await Expect(page.GetByLabel("Name", new() { Exact = true })).ToBeFocusedAsync();
        await Expect(page.GetByLabel("Version before")).ToHaveCountAsync(0);
        await Expect(page.GetByText("It gets the 2 datums of the selection.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("dataset-add");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("v1");
        await Button(page, "Create the version").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "It is being created" })).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("dataset-version-creating");
        await Service.DrainAsync();
        await Expect(page.GetByText("2 files", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "b.png" })).ToBeVisibleAsync();

        // The next version starts from the files of this one, but for a purged one.
        var dataset = page.Url.Split("/versions/")[0].Split('/')[^1];
        await page.GetByRole(AriaRole.Link, new() { Name = "← train", Exact = true }).ClickAsync();
        (await Service.Http.SendAsync("POST", $"/api/v0/data/{await IdOfAsync("a.png")}/purge/")).Dispose();
        await Button(page, "Create a version").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        var (b, c) = (await IdOfAsync("b.png"), await IdOfAsync("c.txt"));
        // Those lines are not lost by a key, though nobody has typed them.
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Start from the files of v1" }).ClickAsync();
        await Expect(dialog.GetByLabel("Datums")).ToHaveValueAsync($"{b} => b.png");
        await page.Keyboard.PressAsync("Escape");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Discard it" }).ClickAsync();
        await Expect(dialog).ToHaveCountAsync(0);
        await Service.MadeAsync(dataset, "large", count: 10_001);
        await Button(page, "Create a version").ClickAsync();
        // A path may begin and end with a space.
        await dialog.GetByLabel("Datums").FillAsync($"{c} =>  texts/c.txt ");
        await dialog.GetByLabel("Version before").FillAsync("V1");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Start from the files of v1" }).ClickAsync();
        await Expect(dialog.GetByLabel("Datums")).ToHaveValueAsync($"{c} =>  texts/c.txt \n{b} => b.png");
        await Expect(dialog.GetByText("1 line added, 1 purged file left out.")).ToBeVisibleAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Start from the files of v1" }).ClickAsync();
        await Expect(dialog.GetByText("0 lines added, 1 line there already, 1 purged file left out.")).ToBeVisibleAsync();
        await Expect(dialog.GetByLabel("Datums")).ToHaveValueAsync($"{c} =>  texts/c.txt \n{b} => b.png");
        await page.AssertAccessibleAsync("dataset-version-from");
        await dialog.GetByLabel("Version before").FillAsync("large");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Start from the files of large" }).ClickAsync();
        await Expect(dialog.GetByText("large has 10,001 files. A list has at most 10,000 datums. Make a selection")).ToBeVisibleAsync();
        await dialog.GetByLabel("Version before").FillAsync("v");
        await Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Start from the files of" })).ToHaveCountAsync(0);
        await dialog.GetByLabel("Version before").FillAsync("v1");
        await dialog.GetByLabel("Name").FillAsync("v2");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create the version" }).ClickAsync();
        await Expect(page.GetByText("2 files", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "texts/c.txt" })).ToBeVisibleAsync();

        // The path has kept its spaces.
        await page.GetByRole(AriaRole.Link, new() { Name = "← train", Exact = true }).ClickAsync();
        await Button(page, "Create a version").ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Start from the files of v2" }).ClickAsync();
        await Expect(dialog.GetByLabel("Datums")).ToHaveValueAsync($"{c} =>  texts/c.txt \n{b} => b.png");
        await page.GotoAsync($"{Origin}/console/{In("add-to-dataset")}");
        await Expect(page.GetByText("No selection")).ToBeVisibleAsync();

        async Task<string> IdOfAsync(string name) => (await Service.GetAsync(
            $"/api/v0/data/?project={Service.Project.Id}&name={name}")).GetProperty("results")[0].GetProperty("id").GetString()!;
    }

    static ILocator Button(IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });
}
