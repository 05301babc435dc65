using System.Text.RegularExpressions;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class TreeTests : ConsoleTest
{
    [BrowserFact]
    public async Task Folders_are_walked_by_mouse_keyboard_and_address()
    {
        Service.Put("readme.txt", "a/1.csv", "a/b c/2 ü.csv", "a/b c/3.csv", "a//odd.csv");
        (await Service.AdoptUrlsAsync(new[]
        {
            "readme.txt", "a/1.csv", "a/b c/2 ü.csv", "a/b c/3.csv", "a//odd.csv",
        }.Select(Service.Url))).Dispose();
        Service.Bucket.Put("a/1.csv", "other bytes"u8.ToArray());
        (await Service.Http.SendAsync("POST", $"/api/v0/stores/{Service.Store.Id}/rescan/")).Dispose();
        await Service.DrainAsync();
        var page = await OpenAsync(In("data"));
        await page.GetByRole(AriaRole.Link, new() { Name = "Folders" }).ClickAsync();
        await page.GetByRole(AriaRole.Table).GetByRole(AriaRole.Link, new() { Name = "my-bucket" }).ClickAsync();
        await Expect(Rows(page)).ToHaveTextAsync(["a/", "readme.txt"]);
        await Expect(page.GetByText("1 folder and 1 file")).ToBeVisibleAsync();
        await Expect(page.GetByText("Shown are the files that demo has adopted.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("folders");
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Pick readme.txt" }).CheckAsync();
        await Rows(page).First.FocusAsync();

        // The keyboard: into the list, into the folder, on to its second row, and back to the folder that was left.
        await page.Keyboard.PressAsync("/");
        await Expect(page.GetByLabel("Search below this folder")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("Enter");
        await Expect(Rows(page)).ToHaveTextAsync(["/", "1.csv", "b c/"]);
        await Expect(Rows(page).First).ToBeFocusedAsync();
        // Picks go along, and so do those of this folder back.
        var bar = page.GetByRole(AriaRole.Region, new() { Name = "Picked datums" });
        await Expect(bar).ToContainTextAsync("1 datum picked, 10 B");
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Pick 1.csv" }).CheckAsync();
        await Expect(bar).ToContainTextAsync("2 datums picked, 17 B");
        await Rows(page).First.FocusAsync();
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "1.csv" })).ToContainTextAsync("Changed");
        await page.Keyboard.PressAsync("End");
        await Expect(Rows(page).Last).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await Expect(Rows(page)).ToHaveTextAsync(["2 ü.csv", "3.csv"]);
        await Expect(page).ToHaveURLAsync(new Regex($"view=tree&store={Service.Store.Id}&prefix=a%2Fb\\+c%2F"));
        await page.ReloadAsync();
        await Expect(Rows(page)).ToHaveTextAsync(["2 ü.csv", "3.csv"]);
        await Rows(page).First.FocusAsync();
        await page.Keyboard.PressAsync("ArrowLeft");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "b c/" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowUp");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "1.csv" })).ToBeVisibleAsync();
        await page.GoBackAsync();
        var crumbs = page.GetByRole(AriaRole.Navigation, new() { Name = "Folder" });
        await Expect(crumbs.GetByRole(AriaRole.Link)).ToHaveTextAsync(["All stores", "my-bucket", "a"]);

        await page.GetByRole(AriaRole.Button, new() { Name = "Count all below" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "4 datums" })).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("folder-counted");
        await page.EmulateMediaAsync(new() { ForcedColors = ForcedColors.Active });
        Assert.NotEqual(await StyleAsync(page, "Search", "borderBottomColor"), await StyleAsync(page, "Browse", "borderBottomColor"));
        Assert.NotEqual(await StyleAsync(page, "Jobs", "borderBottomColor"), await StyleAsync(page, "Data", "borderBottomColor"));
        Assert.NotEqual(await StyleAsync(page, "List", "backgroundColor"), await StyleAsync(page, "Folders", "backgroundColor"));
        await page.EmulateMediaAsync(new() { ForcedColors = ForcedColors.None });
        await page.GetByLabel("Search below this folder").FillAsync("2*");
        await page.Keyboard.PressAsync("Enter");
        await Expect(Rows(page)).ToHaveTextAsync(["2 ü.csv"]);

        await page.GotoAsync($"{Origin}/console/{In($"data?view=tree&store={Service.Store.Id}&prefix=gone/")}");
        await Expect(page.GetByText("Nothing here")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("folder-empty");
        await page.GetByRole(AriaRole.Link, new() { Name = "Go up" }).ClickAsync();
        await Expect(Rows(page)).ToHaveTextAsync(["a/", "readme.txt"]);
        // A reload ends the picks.
        await Expect(page.GetByRole(AriaRole.Checkbox, new() { Name = "Pick readme.txt" })).Not.ToBeCheckedAsync();
        await page.GotoAsync($"{Origin}/console/{In($"data?view=tree&store={Guid.NewGuid()}")}");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Store not found" })).ToBeFocusedAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Go to the data" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "readme.txt" })).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task A_large_folder_has_the_rows_in_view_only_and_a_key_asks_for_nothing_but_a_next_page()
    {
        var keys = Enumerable.Range(0, 210).Select(n => $"many/{n:D4}.jpg").ToList();
        foreach (var key in keys)
            Service.Bucket.AddSynthetic(key, 10);
        await Service.AcceptAsync(keys);
        await Service.DrainAsync();
        var page = await OpenAsync("#/projects");
        await TakePagesOfAsync(page, 90);
        await page.GotoAsync($"{Origin}/console/{In($"data?view=tree&store={Service.Store.Id}&prefix=many/")}");
        await Expect(page.GetByText("90 files loaded, and more")).ToBeVisibleAsync();
        var asked = new List<string>();
        page.Request += (_, request) => asked.Add(request.Url);
        await Rows(page).First.FocusAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "0001.jpg" })).ToBeFocusedAsync();
        Assert.Empty(asked);
        // Far enough for a page, and not one more request for it.
        for (var n = 2; n <= 85; n++)
            await page.Keyboard.PressAsync("ArrowDown");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "0085.jpg" })).ToBeFocusedAsync();
        await Expect(page.GetByText("180 files loaded, and more")).ToBeVisibleAsync();
        Assert.InRange(await page.GetByRole(AriaRole.Row).CountAsync(), 10, 60);
        Assert.Contains("cursor=", Assert.Single(asked), StringComparison.Ordinal);
        await page.Keyboard.PressAsync("End");
        await Expect(page.GetByText("210 files", new() { Exact = true })).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Home");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "0000.jpg" })).ToBeFocusedAsync();
        Assert.Equal(2, asked.Count);
        // Typing sends no request: Enter searches.
        await page.GetByLabel("Search below this folder").PressSequentiallyAsync("0003");
        Assert.Equal(2, asked.Count);
    }

    [BrowserFact]
    public async Task A_folder_that_may_hold_nothing_of_the_project_says_so()
    {
        await Service.AdoptedAsync("seen.txt");
        var page = await OpenAsync("#/projects");
        await page.RouteAsync("**/tree/?*", route => route.FulfillAsync(new()
        {
            ContentType = "application/json",
            Body = """{"folders":[{"prefix":"mine/","visible":true},{"prefix":"others/","visible":null}],"results":[],"next":null}""",
        }));
        await page.GotoAsync($"{Origin}/console/{In($"data?view=tree&store={Service.Store.Id}")}");
        var row = page.GetByRole(AriaRole.Row, new() { Name = "others/" });
        await Expect(row).ToContainTextAsync("Perhaps empty");
        await Expect(page.GetByText("Perhaps empty")).ToHaveCountAsync(1);
        await page.UnrouteAllAsync();
        await page.RouteAsync("**/tree/?*", route => route.FulfillAsync(new() { Status = 500, Body = "" }));
        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The service had a problem.");
        await page.AssertAccessibleAsync("folder-error");
        await page.UnrouteAllAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await Expect(Rows(page)).ToHaveTextAsync(["seen.txt"]);
    }

    static ILocator Rows(IPage page) => page.GetByRole(AriaRole.Table).Locator("td:first-child a");

    static Task<string> StyleAsync(IPage page, string link, string name) =>
        page.GetByRole(AriaRole.Link, new() { Name = link, Exact = true }).EvaluateAsync<string>(
            "(element, name) => getComputedStyle(element)[name]", name);
}
