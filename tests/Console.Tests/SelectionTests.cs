using System.Text.RegularExpressions;
using DataRegistry.Selections;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Selections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class SelectionTests : ConsoleTest
{
    [BrowserFact]
    public async Task Datums_are_searched_by_all_that_a_filter_has_and_the_address_keeps_it()
    {
        Service.Bucket.Put("photos/large Needle.jpg", new byte[3000]);
        Service.Put("photos/small needle.jpg", "texts/needle.txt");
        foreach (var key in new[] { "photos/large Needle.jpg", "photos/small needle.jpg", "texts/needle.txt" })
            (await Service.AdoptAsync(new { url = Service.Url(key), project = Service.Project.Id, tags = new[] { key[..5] } })).Dispose();
        var page = await OpenAsync(In("data"));
        await page.GetByLabel("Search").FillAsync("needle");
        await page.Keyboard.PressAsync("Enter");
        await Expect(Names(page)).ToHaveCountAsync(2);
        await Expect(page.GetByText(new Regex("^Datums with “needle” in the name"))).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("search");
        await Names(page).Filter(new() { HasText = "small" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "← Search", Exact = true }).ClickAsync();
        await Pick(page, "small needle.jpg").ClickAsync();
        await Expect(Bar(page)).ToContainTextAsync("1 datum picked");
        await page.AssertAccessibleAsync("search-picked");
        await Bar(page).GetByRole(AriaRole.Button, new() { Name = "Tag…", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("1 datum");
        await page.Keyboard.PressAsync("Escape");

        await page.GetByLabel("This is").SelectOptionAsync("A pattern of the whole key");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("**/*.jpg");
        await page.GetByText("Tag, drift, size and date").ClickAsync();
        await page.GetByLabel("Smallest size").FillAsync("many");
        await Search(page).ClickAsync();
        await Expect(page.GetByText("This is no size.")).ToBeVisibleAsync();
        await page.GetByLabel("Smallest size").FillAsync("3 kB");
        await page.GetByLabel("Tag", new() { Exact = true }).FillAsync("photo");
        await page.GetByLabel("Adopted on or after").FillAsync("2020-01-01");
        await page.GetByLabel("Adopted on or before").FillAsync("2100-12-31");
        await page.GetByLabel("Drift").SelectOptionAsync("Unknown");
        await page.GetByLabel("Store", new() { Exact = true }).SelectOptionAsync("my-bucket");
        await page.GetByLabel("Below the folder").FillAsync("photos/");
        await Search(page).ClickAsync();
        await Expect(Names(page)).ToHaveTextAsync(["large Needle.jpg"]);
        await Expect(page).ToHaveURLAsync(new Regex("size_min=3000.*selection="));
        await page.AssertAccessibleAsync("search-all-fields");
        await page.ReloadAsync();
        await Expect(Names(page)).ToHaveTextAsync(["large Needle.jpg"]);
        await Expect(page.GetByLabel("Smallest size")).ToHaveValueAsync("3 kB");
        await Expect(page.GetByLabel("Adopted on or before")).ToHaveValueAsync("2100-12-31");

        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("**/*.png");
        await Search(page).ClickAsync();
        await Expect(page.GetByText("Nothing found")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("search-nothing");
        await page.GetByLabel("Below the folder").FillAsync("s3://");
        await Search(page).ClickAsync();
        await Expect(page.GetByText("A prefix is the beginning of a key")).ToBeVisibleAsync();
        await page.GotoAsync($"{Origin}/console/{In($"data/search?name_contains=needle&selection={Guid.CreateVersion7()}")}");
        await Expect(page.GetByText("These results have expired")).ToBeVisibleAsync();
        await Search(page).ClickAsync();
        await Expect(Names(page)).ToHaveCountAsync(2);
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("");
        await Search(page).ClickAsync();
        await Expect(page.GetByText("Say something of what you look for")).ToBeVisibleAsync();

        // The way back is not that of another user of the tab.
        await page.GotoAsync($"{Origin}/console/{In("data/search?name_contains=needle")}");
        await Names(page).First.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "← Search", Exact = true })).ToBeVisibleAsync();
        var datum = page.Url;
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
        await page.GotoAsync(datum);
        await Expect(page.GetByText("Sign in to see the page that you opened: Datum.")).ToBeVisibleAsync();
        await page.GetByLabel("Token", new() { Exact = true }).FillAsync(await NewTokenAsync("viewer"));
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "← Data", Exact = true })).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task Picked_rows_are_tagged_exported_and_purged_each_after_its_preview()
    {
        var keys = Enumerable.Range(0, 8).Select(n => $"rows/{n}.txt").ToArray();
        Service.Put(keys);
        (await Service.AdoptUrlsAsync(keys.Select(Service.Url))).Dispose();
        var page = await OpenAsync(In("data?ordering=name"));
        await Pick(page, "1.txt").ClickAsync();
        await Pick(page, "4.txt").ClickAsync(new() { Modifiers = [KeyboardModifier.Shift] });
        await Pick(page, "3.txt").ClickAsync();
        await Expect(Bar(page)).ToContainTextAsync("3 datums picked, 30 B");
        await page.AssertAccessibleAsync("data-picked");

        await Bar(page).GetByRole(AriaRole.Button, new() { Name = "Tag…", Exact = true }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog).ToContainTextAsync("3 datums, 30 B");
        await Expect(dialog.GetByRole(AriaRole.List, new() { Name = "Some of them" }).GetByRole(AriaRole.Listitem)).ToHaveCountAsync(3);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Tag 3 datums" }).ClickAsync();
        await Expect(dialog.GetByText("Fill in “Tags”.")).ToBeVisibleAsync();
        await Expect(dialog.GetByLabel("Tags")).ToBeFocusedAsync();
        await dialog.GetByLabel("Tags").FillAsync("train, night,train");
        await page.AssertAccessibleAsync("data-tag-dialog");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Tag 3 datums" }).ClickAsync();
        await Expect(dialog.GetByText("0 of 3")).ToBeVisibleAsync();
        await Service.DrainAsync();
        await Expect(dialog.GetByText("3 of 3")).ToBeVisibleAsync();
        await Expect(dialog.GetByText("The job goes on if you close this window.")).ToHaveCountAsync(0);
        await page.AssertAccessibleAsync("data-tagged");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Close" }).Last.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "night" })).ToHaveCountAsync(3);
        await Expect(Bar(page)).ToBeHiddenAsync();

        // All that a filter takes. The file of an export is read with its own address.
        await page.GetByLabel("Tag", new() { Exact = true }).FillAsync("night");
        await page.GetByRole(AriaRole.Button, new() { Name = "Pick all that match" }).ClickAsync();
        await Bar(page).GetByRole(AriaRole.Button, new() { Name = "Export…" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Export 3 datums" }).ClickAsync();
        await Expect(dialog.GetByText("0 of 3")).ToBeVisibleAsync();
        await Service.DrainAsync();
        var file = await page.RunAndWaitForDownloadAsync(
            () => dialog.GetByRole(AriaRole.Link, new() { Name = "Download" }).First.ClickAsync());
        Assert.Contains("rows/", await File.ReadAllTextAsync(await file.PathAsync()), StringComparison.Ordinal);
        await page.AssertAccessibleAsync("data-exported");
        await dialog.GetByRole(AriaRole.Link, new() { Name = "page that shows its progress" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Export as csv" })).ToBeVisibleAsync();
        await Expect(Names(page)).ToHaveCountAsync(3);

        await page.GetByRole(AriaRole.Button, new() { Name = "Purge…" }).ClickAsync();
        var cancel = dialog.GetByRole(AriaRole.Button, new() { Name = "Cancel" });
        await Expect(cancel).ToBeFocusedAsync();
        await Expect(cancel).ToHaveCSSAsync("outline-style", "solid");
        await page.AssertAccessibleAsync("selection-purge-dialog");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Purge 3 datums" }).ClickAsync();
        await Expect(dialog.GetByText("0 of 3")).ToBeVisibleAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Close" }).Last.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Purge", Exact = true })).ToBeVisibleAsync();
        // Its end takes nothing away that somebody types meanwhile.
        await page.GetByRole(AriaRole.Button, new() { Name = "Tag…", Exact = true }).ClickAsync();
        await dialog.GetByLabel("Tags").FillAsync("kept");
        await Service.DrainAsync();
        await Expect(page.GetByText("3 of 3")).ToBeVisibleAsync();
        await Expect(page.GetByText("Nothing more can be done with these datums.")).ToBeVisibleAsync();
        await Expect(dialog.GetByLabel("Tags")).ToHaveValueAsync("kept");
        await page.Keyboard.PressAsync("Escape");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Discard it" }).ClickAsync();
        await Expect(page.GetByText("Nothing more can be done with these datums.")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Purge…" })).ToHaveCountAsync(0);
        await Expect(page.GetByRole(AriaRole.Checkbox)).ToHaveCountAsync(0);
        await page.AssertAccessibleAsync("selection-purged");
        Assert.Equal(5, (await Service.GetDatumsAsync()).Count);

        // A reader sees why there are no actions. Datums that were purged meanwhile are skipped, with the reason.
        var selection = await Service.SelectAsync(new { prefix = "rows/" });
        await Service.Http.StatusAsync("POST", $"/api/v0/data/{(await Service.GetDatumsAsync())[0].GetProperty("id").GetString()}/purge/");
        var job = await Service.ActedAsync(selection, "tag", """{"tags":["late"]}""");
        var viewer = await OpenAsync(
            $"#/selections/{selection.GetProperty("id").GetString()}?job={job.GetProperty("id").GetString()}",
            await NewTokenAsync("viewer"));
        await Expect(viewer.GetByText("1 datum was skipped")).ToBeVisibleAsync();
        await Expect(viewer.GetByText("The datum was purged meanwhile.")).ToBeVisibleAsync();
        await Expect(viewer.GetByText("To purge many at once, you need a role")).ToBeVisibleAsync();
        await Expect(viewer.GetByRole(AriaRole.Button, new() { Name = "Purge…" })).ToHaveCountAsync(0);
        await viewer.AssertAccessibleAsync("selection-viewer");

        // All of them are listed among the jobs, and the selections, too.
        await page.GetByRole(AriaRole.Navigation, new() { Name = "Main" }).GetByRole(AriaRole.Link, new() { Name = "Jobs" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Tags, exports, purges" }).ClickAsync();
        await Expect(Names(page)).ToHaveTextAsync(["Tag with “late”", "Purge", "Export as csv", "Tag with “train”, “night”"]);
        await page.AssertAccessibleAsync("jobs-actions");
        await page.GetByRole(AriaRole.Link, new() { Name = "Selections" }).ClickAsync();
        await Expect(Names(page).First).ToHaveTextAsync("Datums below rows/");
        await page.AssertAccessibleAsync("jobs-selections");
        await Names(page).First.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Table, new() { Name = "Jobs of this selection" })).ToContainTextAsync("Tag with “late”");
    }

    [BrowserFact]
    public async Task A_whole_folder_is_picked_and_one_that_may_not_purge_is_told_so()
    {
        var keys = Enumerable.Range(0, 3).Select(n => $"f/{n}/x.txt").ToArray();
        Service.Put(keys);
        (await Service.AdoptUrlsAsync(keys.Select(Service.Url))).Dispose();
        var page = await OpenAsync(In($"data?view=tree&store={Service.Store.Id}&prefix=f/"), await NewTokenAsync("editor"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Pick all below" }).ClickAsync();
        await Expect(Bar(page)).ToContainTextAsync("All below my-bucket, f/");
        await Expect(Bar(page).GetByText("To purge many at once, you need a role")).ToBeVisibleAsync();
        await Expect(Bar(page).GetByRole(AriaRole.Button, new() { Name = "Purge…" })).ToHaveCountAsync(0);
        await page.AssertAccessibleAsync("folder-picked");
        await Bar(page).GetByRole(AriaRole.Button, new() { Name = "Remove tags…" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("3 datums, 27 B");
        await page.Keyboard.PressAsync("Escape");
        await Bar(page).GetByRole(AriaRole.Button, new() { Name = "Clear" }).ClickAsync();
        await Expect(Bar(page)).ToBeHiddenAsync();
    }

    static ILocator Pick(IPage page, string name) => page.GetByRole(AriaRole.Checkbox, new() { Name = $"Pick {name}" });

    static ILocator Bar(IPage page) => page.GetByRole(AriaRole.Region, new() { Name = "Picked datums" });

    static ILocator Search(IPage page) => page.GetByRole(AriaRole.Button, new() { Name = "Search", Exact = true });

    static ILocator Names(IPage page) => page.GetByRole(AriaRole.Table).Last.Locator("td:first-child a");
}

/// <summary>Selections that are left to the queue, each shard as a range, so that somebody sees them on their way.</summary>
public sealed class RunningSelectionTests : ConsoleTest
{
    protected override void Replace(IServiceCollection services) =>
        services.AddSingleton(new SelectionLimits { AtOnce = TimeSpan.Zero, FewRows = 0 });

    [BrowserFact]
    public async Task A_search_that_takes_long_shows_what_it_has_and_can_be_stopped()
    {
        var keys = Enumerable.Range(0, 40).Select(n => $"long/{n:D2}.txt").ToArray();
        Service.Put(keys);
        (await Service.AdoptUrlsAsync(keys.Select(Service.Url))).Dispose();
        var page = await OpenAsync(In("data/search?prefix=long/"));
        await Expect(page.GetByText("0 datums found so far. Looked at 0…")).ToBeVisibleAsync();
        var function = Registry.QueueFunctions.First(f => f.Name == "AdoptRange");
        var messages = await Service.ReceiveAsync(function.Queue, visibilitySeconds: 5);
        foreach (var message in messages.Take(8))
        {
            await function.RunAsync(Service.Services, new(message.MessageText, message.DequeueCount), default);
            await Service.Storage.Queues.GetQueueClient(function.Queue).DeleteMessageAsync(message.MessageId, message.PopReceipt);
        }

        await Expect(page.GetByText(new Regex("^[1-9][0-9]* datums found so far. Looked at [1-9][0-9]*…"))).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Table, new() { Name = "First matches" })).ToContainTextAsync("long/");
        await page.AssertAccessibleAsync("search-running");
        await page.RunAndWaitForResponseAsync(
            () => page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync(), "**/cancel/");
        await Service.DrainAsync();
        await Expect(page.GetByText("It was stopped.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("search-stopped");
    }
}
