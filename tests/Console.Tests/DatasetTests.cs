using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class DatasetTests : ConsoleTest
{
    [BrowserFact]
    public async Task A_dataset_gets_versions_and_an_alias_that_moves()
    {
        await Service.AdoptedAsync("images/a.png");
        var b = await Service.AdoptedAsync("images/b.png");
        await Service.AdoptedAsync("images/c.png");
        var page = await OpenAsync(In("data"));
        await page.GetByRole(AriaRole.Link, new() { Name = "Datasets" }).ClickAsync();
        await Expect(page.GetByText("No dataset yet")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("datasets-empty");
        await Button(page, "Create a dataset").First.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name").FillAsync("images/train");
        await dialog.GetByLabel("Root").FillAsync("images/");
        await Button(dialog, "Create").ClickAsync();
        await Expect(dialog.GetByLabel("Name")).ToBeFocusedAsync();
        await page.AssertAccessibleAsync("dataset-create-wrong");
        await dialog.GetByLabel("Name").FillAsync("train");
        await Button(dialog, "Create").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "train" })).ToBeFocusedAsync();
        await Expect(page.GetByText("No version yet")).ToBeVisibleAsync();

        await Button(page, "Create a version").First.ClickAsync();
        await Expect(dialog.GetByLabel("Datums")).ToBeVisibleAsync();
        // There is no version before the first one.
        await Expect(dialog.GetByLabel("Version before")).ToHaveCountAsync(0);
        await page.Keyboard.PressAsync("Escape");
        await NewVersionAsync(page, "v1", $"{Service.Url("images/a.png")}\n{b} => b.png\nnobody");
        await Expect(dialog.GetByText("there is no datum 'nobody'")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("dataset-version-create");
        await dialog.GetByLabel("Datums").FillAsync($"{Service.Url("images/a.png")}\n{b} => b.png");
        await Button(dialog, "Create the version").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "v1" })).ToBeFocusedAsync();
        await Expect(page.GetByText("2 files", new() { Exact = true })).ToBeVisibleAsync();
        // A file below the root, and one with a path of its own.
        await Expect(page.GetByRole(AriaRole.Row).Nth(1)).ToContainTextAsync("a.png");
        await Expect(page.GetByRole(AriaRole.Row).Nth(2)).ToContainTextAsync("b.png");

        await page.GetByRole(AriaRole.Link, new() { Name = "train" }).ClickAsync();
        await NewVersionAsync(page, "v2", $"{b} => a.png\n{Service.Url("images/c.png")}");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "v2" })).ToBeFocusedAsync();
        await Expect(page.GetByRole(AriaRole.Definition).GetByRole(AriaRole.Link, new() { Name = "v1" })).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("dataset-version");
        var second = page.Url;
        await page.GetByRole(AriaRole.Tab, new() { Name = "Read it elsewhere" }).ClickAsync();
        await page.AssertAccessibleAsync("dataset-version-code");
        await page.GetByRole(AriaRole.Tab, new() { Name = "Python" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Python code" })).ToContainTextAsync("stream=True");

        await page.GotoAsync(second);
        await page.GetByRole(AriaRole.Link, new() { Name = "train" }).ClickAsync();
        await page.GetByRole(AriaRole.Tab, new() { Name = "Aliases" }).ClickAsync();
        await Button(page, "Create an alias").First.ClickAsync();
        await dialog.GetByLabel("Name").FillAsync("production");
        await dialog.GetByLabel("Version").FillAsync("v1");
        await Button(dialog, "Create").ClickAsync();
        var alias = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "production" });
        await Expect(alias).ToContainTextAsync("v1");
        await Button(page, "Move production").ClickAsync();
        await dialog.GetByLabel("Version").FillAsync("v2");
        await Button(dialog, "Move").ClickAsync();
        await Expect(alias).ToContainTextAsync("v2");
        await page.AssertAccessibleAsync("dataset");
        await page.GetByRole(AriaRole.Link, new() { Name = "production" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Table, new() { Name = "History" }).GetByText("Moved")).ToBeVisibleAsync();
        await Expect(
            page.GetByRole(AriaRole.Region, new() { Name = "curl commands" })).ToContainTextAsync("uri=dataset://train/production");
        await page.AssertAccessibleAsync("dataset-alias");
        var history = page.Url;

        await page.GetByRole(AriaRole.Link, new() { Name = "← Dataset", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Tab, new() { Name = "Aliases" }).ClickAsync();
        await Button(page, "Delete production").ClickAsync();
        await Button(dialog, "Delete").ClickAsync();
        await Expect(page.GetByText("production is deleted.")).ToBeVisibleAsync();
        await page.GotoAsync(history);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "A deleted alias" })).ToBeVisibleAsync();
        await page.GotoAsync(second);
        await Button(page, "Delete the version").ClickAsync();
        await Button(dialog, "Delete").ClickAsync();
        await Expect(page.GetByText("dataset://train/v2 is deleted.")).ToBeVisibleAsync();
        await Expect(page.GetByText("1 version", new() { Exact = true })).ToBeVisibleAsync();
        await Button(page, "Delete the dataset").ClickAsync();
        await Button(dialog, "Delete").ClickAsync();
        await Expect(page.GetByText("No dataset yet")).ToBeVisibleAsync();
        Assert.Empty(await Service.GetAllAsync($"/api/v0/datasets/?project={Service.Project.Id}"));
    }

    [BrowserFact]
    public async Task A_reader_scrolls_through_the_files_of_a_version_and_is_offered_no_change()
    {
        string[] keys = [.. Enumerable.Range(0, 120).Select(n => $"{new string('f', 120)}/{n:d4}.png")];
        Service.Put(keys);
        await Service.AcceptAsync(keys);
        await Service.DrainAsync();
        var dataset = await Service.NewAsync("/api/v0/datasets/", new { name = "long", project = Service.Project.Id });
        var adopted = await Service.GetDatumsAsync();
        var datums = adopted.ConvertAll(d => new { datum = d.GetProperty("id").GetString() });
        var version = await Service.NewAsync("/api/v0/dataset-versions/", new { name = "all", dataset, files = datums });
        // The first by its path.
        var first = adopted.Single(d => d.GetProperty("name").GetString() == "0000.png").GetProperty("id").GetString();
        (await Service.Http.SendAsync("POST", $"/api/v0/data/{first}/purge/")).Dispose();

        var page = await OpenAsync(In("datasets"), await NewTokenAsync("viewer"));
        await TakePagesOfAsync(page, 80);
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "long" })).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("datasets");
        await Expect(Button(page, "Create a dataset")).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "all", Exact = true }).ClickAsync();
        await Expect(page.GetByText("120 files, 80 loaded")).ToBeVisibleAsync();
        await Expect(page.GetByText("Purged", new() { Exact = true })).ToHaveCountAsync(1);
        await Expect(page.GetByText("At least 1 file is purged, so the version cannot be downloaded whole")).ToBeVisibleAsync();
        // Not one file has a checksum, so the list has no column for it.
        await Expect(page.GetByText("Some checksums are not known yet")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Columnheader, new() { Name = "SHA-256" })).ToHaveCountAsync(0);
        await page.AssertAccessibleAsync("dataset-version-purged");
        var beginning = page.GetByLabel("Paths that begin with");
        await beginning.FillAsync($"{new string('f', 120)}/01");
        await Expect(page.GetByText("20 files", new() { Exact = true })).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Expect(page.GetByText("20 files", new() { Exact = true })).ToBeVisibleAsync();
        await beginning.FillAsync("F");
        await Expect(page.GetByText("No path of the version begins like this.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("dataset-version-no-path");
        await beginning.FillAsync("");
        await Expect(page.GetByText("120 files, 80 loaded")).ToBeVisibleAsync();
        await page.EvaluateAsync("() => scrollTo(0, document.body.scrollHeight)");
        await Expect(page.GetByText("120 files", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(Button(page, "Delete the version")).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "Compare with another version" }).ClickAsync();
        await Expect(page.GetByText("Nothing to compare with")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("dataset-diff-none");
        await page.GotoAsync($"{Origin}/console/{In($"datasets/{dataset}")}");
        await Expect(page.GetByText("1 version", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(Button(page, "Create a version")).ToHaveCountAsync(0);
        await Expect(Button(page, "Create an alias")).ToHaveCountAsync(0);
        await page.GotoAsync($"{Origin}/console/{In($"datasets/{dataset}/versions/{dataset}")}");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Dataset version not found" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Go to the datasets" })).ToBeVisibleAsync();

        // The page asks for the version without its files: there may be ten thousand.
        var bare = await Service.GetAsync($"/api/v0/dataset-versions/{version}/?exclude=files");
        Assert.False(bare.TryGetProperty("files", out _));
        Assert.Equal(120, (await Service.GetAsync($"/api/v0/dataset-versions/{version}/")).GetProperty("files").GetArrayLength());
    }

    static async Task NewVersionAsync(IPage page, string name, string datums)
    {
        await Button(page, "Create a version").First.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name").FillAsync(name);
        await dialog.GetByLabel("Datums").FillAsync(datums);
        await Button(dialog, "Create the version").ClickAsync();
    }

    static ILocator Button(IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    static ILocator Button(ILocator part, string name) => part.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });
}
