using System.Text;
using DataRegistry.Tests.Datums;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class RescanTests : ConsoleTest
{
    [BrowserFact]
    public async Task A_store_is_rescanned_and_its_page_and_the_report_tell_what_has_changed()
    {
        await Service.AdoptedAsync("same.csv");
        var changed = await Service.AdoptedAsync("changed.csv");
        await Service.AdoptedAsync("missing.csv");
        Service.Bucket.Put("changed.csv", Encoding.UTF8.GetBytes("something longer than it was"));
        Service.Bucket.Delete("missing.csv");
        Service.Put("new.csv");
        var page = await OpenAsync(In($"stores/{Service.Store.Id}"));
        await Expect(page.GetByText("No rescan yet.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("store-never-scanned");
        await page.GetByRole(AriaRole.Button, new() { Name = "Rescan now" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Rescan of my-bucket" })).ToBeFocusedAsync();
        await Service.DrainAsync();
        var results = page.GetByRole(AriaRole.Table, new() { Name = "Results" });
        await Expect(results.GetByRole(AriaRole.Row).Filter(new() { HasText = "s3://bucket/changed.csv" })).ToContainTextAsync("Changed");
        await Expect(results.GetByRole(AriaRole.Row).Filter(new() { HasText = "s3://bucket/missing.csv" }))
            .ToContainTextAsync("11 B before, not in the bucket now");
        await page.AssertAccessibleAsync("rescan");
        await page.GetByLabel("Show").SelectOptionAsync("missing");
        await Expect(page.GetByText("1 result", new() { Exact = true })).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Expect(page.GetByText("1 result", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByLabel("Show")).ToHaveValueAsync("missing");
        await page.GetByLabel("Show").SelectOptionAsync("changed");
        // The other list's rows stay until this one's rows arrive.
        await results.GetByRole(AriaRole.Row).Filter(new() { HasText = "s3://bucket/changed.csv" }).GetByRole(
            AriaRole.Link, new() { Name = "its datum" }).ClickAsync();
        await Expect(page).ToHaveURLAsync($"{Origin}/console/{In($"datums/{changed}")}");
        await page.GetByRole(AriaRole.Link, new() { Name = "← Job", Exact = true }).ClickAsync();
        await Expect(page.GetByLabel("Show")).ToHaveValueAsync("changed");

        await page.GotoAsync($"{Origin}/console/{In($"stores/{Service.Store.Id}")}");
        var last = page.GetByRole(AriaRole.Region, new() { Name = "Last rescan" });
        await Expect(
            last.Locator("div").Filter(new() { Has = page.GetByText("Changed", new() { Exact = true }) }).Last).ToContainTextAsync("1");
        await page.AssertAccessibleAsync("store-scanned");
        await page.GetByRole(AriaRole.Link, new() { Name = "Jobs" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Rescans" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Rescan of my-bucket" })).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("jobs-rescans");

        // The store belongs to no project. So its report is for those who see all projects, and others find no link that would be refused.
        await page.GetByRole(AriaRole.Link, new() { Name = "Rescan of my-bucket" }).ClickAsync();
        await Expect(results).ToBeVisibleAsync();
        var report = page.Url;
        var viewer = await OpenAsync(In($"stores/{Service.Store.Id}"), await NewTokenAsync("viewer"));
        await Expect(viewer.GetByText("ask an administrator for the role viewer for the whole service.")).ToBeVisibleAsync();
        await Expect(viewer.GetByRole(AriaRole.Link, new() { Name = "See the report" })).ToHaveCountAsync(0);
        await Expect(viewer.GetByText("To adopt, you need one of these roles in this project:")).ToBeVisibleAsync();
        await viewer.AssertAccessibleAsync("store-viewer");
        await viewer.GotoAsync(report);
        await Expect(viewer.GetByText("its reports name files of all projects")).ToBeVisibleAsync();
        await Expect(viewer.GetByLabel("Show")).ToHaveCountAsync(0);
        await viewer.AssertAccessibleAsync("rescan-viewer");
    }

    [BrowserFact]
    public async Task A_choice_that_is_made_while_the_ended_job_is_read_again_stays()
    {
        await Service.AdoptedAsync("missing.csv");
        Service.Bucket.Delete("missing.csv");
        Service.Put("new.csv");
        var page = await OpenAsync(In($"stores/{Service.Store.Id}"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Rescan now" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Rescan of my-bucket" })).ToBeFocusedAsync();
        var held = new TaskCompletionSource();
        var store = $"**/api/v0/stores/{Service.Store.Id}/";
        await page.RouteAsync(store, async route =>
        {
            await held.Task;
            await route.ContinueAsync();
        });
        var asked = page.WaitForRequestAsync(store);
        await Service.DrainAsync();
        await asked;
        await page.GetByLabel("Show").SelectOptionAsync("missing");
        held.SetResult();
        // Only the new page says how long the job took; the old one has a dash.
        var took = page.Locator("dl.facts > div").Filter(new() { HasText = "Took" }).Locator("dd");
        await Expect(took).Not.ToHaveTextAsync("–");
        await Expect(page.GetByLabel("Show")).ToHaveValueAsync("missing");
        await Expect(page.GetByText("1 result", new() { Exact = true })).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task A_bucket_that_lists_nothing_is_believed_only_by_who_says_so()
    {
        // With fewer, the scan would accept that they are gone.
        string[] keys = [.. Enumerable.Range(0, 12).Select(n => $"{n}.csv")];
        Service.Put(keys);
        (await Service.AdoptUrlsAsync(keys.Select(Service.Url))).Dispose();
        foreach (var key in keys)
            Service.Bucket.Delete(key);
        var page = await OpenAsync(In($"stores/{Service.Store.Id}"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Rescan now" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Rescan of my-bucket" })).ToBeFocusedAsync();
        await Service.DrainAsync();
        await Expect(page.GetByText("The bucket lists no objects")).ToBeVisibleAsync();
        await page.GotoAsync($"{Origin}/console/{In($"stores/{Service.Store.Id}")}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Rescan the empty bucket" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Rescan it all the same" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Rescan of my-bucket" })).ToBeFocusedAsync();
        await Service.DrainAsync();
        await Expect(page.GetByText("Completed", new() { Exact = true }).First).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Table, new() { Name = "Results" })).ToContainTextAsync("Missing");
    }

    [BrowserFact]
    public async Task A_store_s_schedule_is_saved_and_a_wrong_one_is_said_at_its_field()
    {
        var page = await OpenAsync(In($"stores/{Service.Store.Id}/edit"));
        var rescans = page.GetByRole(AriaRole.Region, new() { Name = "Rescans", Exact = true });
        await rescans.GetByLabel("Schedule").FillAsync("now and then");
        await rescans.GetByRole(AriaRole.Button, new() { Name = "Save the rescans" }).ClickAsync();
        await Expect(rescans.GetByText("A schedule is 'off', an interval")).ToBeVisibleAsync();
        await Expect(rescans.GetByLabel("Schedule")).ToBeFocusedAsync();
        await page.AssertAccessibleAsync("store-edit-wrong");
        await rescans.GetByLabel("Schedule").FillAsync("24h");
        await rescans.GetByLabel("Adopt changed files as new datums").CheckAsync();
        await rescans.GetByLabel("Exclude").FillAsync("**/*.tmp\n\nscratch/**");
        await rescans.GetByRole(AriaRole.Button, new() { Name = "Save the rescans" }).ClickAsync();
        await Expect(page.GetByText("The rescans are saved.")).ToBeVisibleAsync();
        var saved = (await Service.GetAsync($"/api/v0/stores/{Service.Store.Id}/")).GetProperty("rescan");
        Assert.Equal("24h", saved.GetProperty("schedule").GetString());
        Assert.True(saved.GetProperty("adopt_changed").GetBoolean());
        Assert.Equal(["**/*.tmp", "scratch/**"], saved.GetProperty("exclude").EnumerateArray().Select(p => p.GetString()));
        await Expect(page.GetByText("Every 24h; adopts changed files as new datums")).ToBeVisibleAsync();

        // An emptied field has the service's default again.
        await page.GetByRole(AriaRole.Link, new() { Name = "Edit" }).ClickAsync();
        await Expect(rescans.GetByLabel("Exclude")).ToHaveValueAsync("**/*.tmp\nscratch/**");
        await rescans.GetByLabel("Schedule").FillAsync("");
        await rescans.GetByRole(AriaRole.Button, new() { Name = "Save the rescans" }).ClickAsync();
        await Expect(page.GetByText("The service’s default schedule; adopts changed files as new datums")).ToBeVisibleAsync();
    }
}
