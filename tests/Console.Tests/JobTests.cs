using System.Net;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class JobTests : ConsoleTest
{
    // Several windows, so that a job has a middle.
    protected override (string Setting, string Value)[] Settings =>
        [("Adoption:WindowKeys", "100"), ("Adoption:WindowsPerRange", "1"), ("Adoption:MessagesPerJob", "1")];

    [BrowserFact]
    public async Task A_running_job_is_followed_to_its_end_and_what_failed_is_shown_downloaded_and_tried_again()
    {
        var keys = Keys(300);
        Service.Put(keys[..290]);
        var path = await Service.AcceptAsync(keys);
        var page = await OpenAsync(In("jobs"));
        var card = page.Locator(".card").Filter(new() { HasText = "Adoption from my-bucket" });
        await Expect(card.GetByText("0 of 300")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("jobs-running");
        await card.GetByRole(AriaRole.Link, new() { Name = "Adoption from my-bucket" }).ClickAsync();
        await Expect(page.GetByText("Nothing so far")).ToBeVisibleAsync();

        await DeliverAsync(1);
        await Expect(page.GetByText("100 of 300")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("job-running");
        await Service.DrainAsync();
        await Expect(page.GetByText("Completed, some failed")).ToBeVisibleAsync();
        var results = page.GetByRole(AriaRole.Table, new() { Name = "Results" });
        await Expect(
            results.GetByText("adoptable_file_not_found").Or(results.GetByText("Not found in my-bucket")).First).ToBeVisibleAsync();
        await Expect(page.GetByText("10 results")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("job-completed");
        // Forced colours take its background away: its edge is drawn then.
        await page.EmulateMediaAsync(new() { ForcedColors = ForcedColors.Active });
        await Expect(page.GetByRole(AriaRole.Progressbar)).ToHaveCSSAsync("border-top-style", "solid");
        await page.EmulateMediaAsync(new() { ForcedColors = ForcedColors.None });

        var download = await page.RunAndWaitForDownloadAsync(
            () => page.GetByRole(AriaRole.Button, new() { Name = "Download failed (CSV)" }).ClickAsync());
        var lines = (await File.ReadAllTextAsync(await download.PathAsync())).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(11, lines.Length);
        Assert.StartsWith($"\"{Service.Url(keys[290])}\",\"failed\",\"adoptable_file_not_found\",", lines[1], StringComparison.Ordinal);

        // The failed objects exist now.
        Service.Put(keys[290..]);
        await page.GetByRole(AriaRole.Button, new() { Name = "Try what failed again" }).ClickAsync();
        await Expect(page).Not.ToHaveURLAsync(new System.Text.RegularExpressions.Regex(path.Split('/')[^2]));
        await Service.DrainAsync();
        await Expect(page.GetByText("10 of 10")).ToBeVisibleAsync();
        await Expect(page.GetByText("Nothing to list")).ToBeVisibleAsync();
        Assert.Equal(300, (await Service.GetDatumsAsync()).Count);
    }

    [BrowserFact]
    public async Task A_job_is_cancelled_and_keeps_what_it_did()
    {
        var keys = Keys(300);
        Service.Put(keys);
        var path = await Service.AcceptAsync(keys);
        await DeliverAsync(1);
        var page = await OpenAsync(In($"jobs/adoptions/{path.Split('/')[^2]}"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel the job" }).ClickAsync();
        await Expect(page.GetByText("Cancelled", new() { Exact = true }).First).ToBeVisibleAsync();
        Assert.Equal("cancelled", (await Service.GetAsync(path)).GetProperty("status").GetString());
        Assert.Equal(100, (await Service.GetDatumsAsync()).Count);
        await page.AssertAccessibleAsync("job-cancelled");
    }

    [BrowserFact]
    public async Task An_adoption_is_undone_after_its_count_and_only_by_somebody_who_may()
    {
        var keys = Keys(120);
        Service.Put(keys);
        await Service.AdoptedAsync(keys[0]);
        var path = await Service.AcceptAsync(keys);
        await Service.DrainAsync();
        var address = In($"jobs/adoptions/{path.Split('/')[^2]}");
        var editor = await OpenAsync(address, await NewTokenAsync("editor"));
        await Expect(editor.GetByText("To undo, you need a role that manages the project’s data")).ToBeVisibleAsync();
        await Expect(editor.GetByRole(AriaRole.Button, new() { Name = "Undo this adoption…" })).ToHaveCountAsync(0);

        var page = await OpenAsync(address);
        await page.GetByRole(AriaRole.Button, new() { Name = "Undo this adoption…" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Undo this adoption" });
        await Expect(dialog).ToContainTextAsync("119 datums");
        await page.AssertAccessibleAsync("job-undo");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Purge 119 datums" }).ClickAsync();
        await Expect(dialog.GetByText("0 of 119")).ToBeVisibleAsync();
        await Service.DrainAsync();
        await Expect(dialog.GetByText("119 of 119")).ToBeVisibleAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Close" }).Last.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Purge", Exact = true })).ToBeVisibleAsync();
        Assert.Single(await Service.GetDatumsAsync());
        await page.GoBackAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Undo this adoption…" }).ClickAsync();
        await Expect(dialog).ToContainTextAsync("All that this job created is purged already.");
    }

    [BrowserFact]
    public async Task Jobs_are_listed_by_their_status_and_the_address_keeps_it()
    {
        Service.Put(Keys(300));
        await Service.AcceptAsync(Keys(150));
        await Service.DrainAsync();
        var second = await Service.AcceptAsync(Keys(300)[150..]);
        (await Service.Http.SendAsync("POST", $"{second}cancel/")).Dispose();
        var page = await OpenAsync(In("jobs"));
        await Expect(page.GetByText("2 jobs")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("jobs");
        await page.GetByLabel("Status").SelectOptionAsync("cancelled");
        await Expect(page.GetByText("1 job", new() { Exact = true })).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Expect(page.GetByText("1 job", new() { Exact = true })).ToBeVisibleAsync();
        await page.GetByLabel("Status").SelectOptionAsync("failed");
        await Expect(page.GetByText("Nothing with this status")).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task A_job_says_what_it_was_asked_for_and_what_it_waits_for_and_looks_failed_when_it_has()
    {
        Service.Put(Keys(150));
        var asked = new
        {
            prefix = "s3://bucket/objects/",
            exclude = new[] { "**/*.tmp" },
            tags = new[] { "train" },
            adopt_changed = true,
            project = Service.Project.Id,
        };
        (await Service.AdoptAsync(asked)).Dispose();
        Service.Server.Faults = new() { SlowDown = 1 };
        await DeliverAsync(1);
        var page = await OpenAsync(In("jobs"));
        const string Asked = "s3://bucket/objects/ · excluding **/*.tmp · tagged train · changed files as new datums";
        await Expect(page.GetByText(Asked).First).ToBeVisibleAsync();
        await Expect(page.GetByText("Waiting", new() { Exact = true }).First).ToBeVisibleAsync();
        await Expect(page.GetByText("asks us to slow down")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("jobs-waiting");

        Service.Server.Faults = DataRegistry.LocalHost.Buckets.FaultPlan.None;
        using var accepted = await Service.AdoptAsync(asked);
        var path = accepted.Headers.Location!.AbsolutePath;
        Assert.Equal(
            HttpStatusCode.NoContent, await Service.Http.StatusAsync("DELETE", $"/api/v0/stores/{Service.Store.Id}/?force=true"));
        await Service.DrainAsync();
        await page.GotoAsync($"{Origin}/console/{In($"jobs/adoptions/{path.Split('/')[^2]}")}");
        await Expect(page.GetByText("The job failed:")).ToBeVisibleAsync();
        await Expect(page.GetByText(Asked)).ToBeVisibleAsync();
        await Expect(page.GetByText("Failed", new() { Exact = true }).First).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("job-failed");
    }

    [BrowserFact]
    public async Task Results_come_while_a_scan_runs_and_a_datum_that_a_scan_adopted_leads_to_the_scan()
    {
        Service.Put(Keys(210));
        using var adopted = await Service.AdoptAsync(new { prefix = "s3://bucket/", project = Service.Project.Id });
        await Service.DrainAsync();
        foreach (var key in Keys(210)[..2])
            Service.Bucket.Delete(key);
        Service.Put("new.csv");
        await TestUsers.JsonAsync(await Service.Http.SendAsync(
            "PATCH", $"/api/v0/stores/{Service.Store.Id}/", $$$"""{"project":"{{{Service.Project.Id}}}","rescan":{"adopt_new":true}}"""));
        using var scan = await Service.Http.SendAsync("POST", $"/api/v0/stores/{Service.Store.Id}/rescan/");
        var id = scan.Headers.Location!.AbsolutePath.Split('/')[^2];
        var page = await OpenAsync(In($"jobs/rescans/{id}"));
        await Expect(page.GetByText("Nothing so far")).ToBeVisibleAsync();
        await DeliverAsync(1);
        var missing = page.Locator(".counts .missing dd");
        await Expect(missing).ToHaveTextAsync("2");
        // Beside a count there is never nothing: it is listed, or said to come.
        await Expect(page.GetByText("Nothing so far")).ToHaveCountAsync(0);
        await Service.DrainAsync();
        await Expect(page.GetByText("3 results")).ToBeVisibleAsync();

        var datum = (await Service.GetDatumsAsync()).Single(d => d.GetProperty("name").GetString() == "new.csv");
        await page.GotoAsync($"{Origin}/console/{In($"datums/{datum.GetProperty("id").GetString()}")}");
        var trace = page.GetByRole(AriaRole.List, new() { Name = "From the store to the names" });
        await trace.GetByRole(AriaRole.Link, new() { Name = "Job" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Rescan of my-bucket" })).ToBeFocusedAsync();
        await Expect(page).ToHaveURLAsync($"{Origin}/console/{In($"jobs/rescans/{id}")}");
    }

    [BrowserFact]
    public async Task Without_a_job_the_page_says_what_becomes_one()
    {
        var page = await OpenAsync(In("jobs"));
        await Expect(page.GetByText("No job yet")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("jobs-empty");
    }

    static string[] Keys(int count) => [.. Enumerable.Range(0, count).Select(n => $"objects/{n:D4} ü.jpg")];

    /// <summary>Delivers this number of messages from the queue, but not those that follow from them.</summary>
    async Task DeliverAsync(int count)
    {
        var function = Registry.QueueFunctions.First(f => f.Name == "AdoptRange");
        for (var n = 0; n < count; n++)
        {
            var message = Assert.Single(await Service.ReceiveAsync(function.Queue));
            await function.RunAsync(Service.Services, new(message.MessageText, message.DequeueCount), default);
            await Service.Storage.Queues.GetQueueClient(function.Queue).DeleteMessageAsync(message.MessageId, message.PopReceipt);
        }
    }
}
