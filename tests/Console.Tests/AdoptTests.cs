using System.Globalization;
using System.Text;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class AdoptTests : ConsoleTest
{
    [BrowserFact]
    public async Task URLs_are_adopted_and_the_table_tells_what_became_of_each()
    {
        Service.Put("a.csv", "b.csv");
        (await Service.AdoptUrlAsync(Service.Url("b.csv"))).Dispose();
        var page = await OpenAsync(In("data/adopt"));
        await Expect(
            page.GetByText("One URL per line; only URLs supported by the selected destination store are accepted.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("adopt");
        await Adopt(page).ClickAsync();
        await Expect(page.GetByText("Fill in “URLs to adopt”, or choose a file below.")).ToBeVisibleAsync();

        await Urls(page).FillAsync($"{Service.Url("a.csv")}\r\n\n  {Service.Url("b.csv")}  \n{Service.Url("missing.csv")}\nnonsense");
        await Adopt(page).ClickAsync();
        var rows = page.GetByRole(AriaRole.Table).Locator("tbody tr");
        await Expect(rows).ToHaveCountAsync(4);
        await Expect(rows.Nth(0)).ToContainTextAsync("Adopted");
        await Expect(rows.Nth(1)).ToContainTextAsync("Already adopted");
        await Expect(rows.Nth(2)).ToContainTextAsync("Not found in my-bucket");
        await Expect(rows.Nth(3)).ToContainTextAsync("Not an S3 URL");
        await Expect(page.GetByText("1 adopted, 1 already adopted, 2 failed.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("adopt-result");
        var failed = await page.RunAndWaitForDownloadAsync(
            () => page.GetByRole(AriaRole.Button, new() { Name = "Download the failed URLs" }).ClickAsync());
        Assert.Equal($"{Service.Url("missing.csv")}\nnonsense\n", await File.ReadAllTextAsync(await failed.PathAsync()));

        await rows.Nth(0).GetByRole(AriaRole.Link).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "a.csv" })).ToBeFocusedAsync();
    }

    [BrowserFact]
    public async Task Where_none_can_be_adopted_each_URL_still_has_its_reason()
    {
        var page = await OpenAsync(In("data/adopt"));
        await Urls(page).FillAsync($"{Service.Url("x")}\ns3://elsewhere/y");
        await Adopt(page).ClickAsync();
        await Expect(page.GetByText("2 failed.")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Table)).ToContainTextAsync("Outside my-bucket");
    }

    [BrowserFact]
    public async Task A_double_click_adopts_once()
    {
        Service.Put("a.csv");
        var page = await OpenAsync(In("data/adopt"));
        var posts = 0;
        page.Request += (_, request) => posts += request.Method == "POST" ? 1 : 0;
        await Urls(page).FillAsync(Service.Url("a.csv"));
        await Adopt(page).DblClickAsync();
        await Expect(page.GetByText("1 adopted.")).ToBeVisibleAsync();
        Assert.Equal(1, posts);
        Assert.Single(await Service.GetDatumsAsync());
    }

    [BrowserFact]
    public async Task An_adoption_whose_answer_is_lost_goes_on_when_the_connection_is_back()
    {
        Service.Put("a.csv");
        var page = await OpenAsync(In("data/adopt"));
        await Urls(page).FillAsync(Service.Url("a.csv"));
        var lost = false;
        await page.RouteAsync("**/adopt/", async route =>
        {
            if (lost)
            {
                await route.ContinueAsync();
                return;
            }

            // The adoption is done, but its answer is lost.
            lost = true;
            await route.FetchAsync();
            await route.AbortAsync("connectionreset");
        });
        await Adopt(page).ClickAsync();
        await Expect(page.GetByText("1 already adopted.")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Table).GetByRole(AriaRole.Link, new() { Name = "Show the datum" })).ToBeVisibleAsync();
        Assert.Single(await Service.GetDatumsAsync());
    }

    [BrowserFact]
    public async Task A_long_list_becomes_a_job_that_is_followed_also_after_a_reload()
    {
        var keys = Enumerable.Range(0, 150).Select(n => $"{n:D3}.csv").ToArray();
        Service.Put(keys[..140]);
        var page = await OpenAsync(In("data/adopt"));
        await Urls(page).FillAsync(string.Join('\n', keys.Select(Service.Url)));
        await Adopt(page).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Adoption job" })).ToBeVisibleAsync();
        await Expect(page.GetByText("0 of 150")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("adopt-job");
        await page.ReloadAsync();
        await Expect(page.GetByText("0 of 150")).ToBeVisibleAsync();
        await Service.DrainAsync();
        await Expect(page.GetByText("150 of 150")).ToBeVisibleAsync();
        await Expect(page.GetByText("Completed, some failed").First).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("adopt-job-completed");
        var failed = await page.RunAndWaitForDownloadAsync(
            () => page.GetByRole(AriaRole.Button, new() { Name = "Download failed (NDJSON)" }).ClickAsync());
        var lines = (await File.ReadAllTextAsync(await failed.PathAsync())).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            keys[140..].Select(Service.Url),
            lines.Select(l => JsonDocument.Parse(l).RootElement.GetProperty("url").GetString()).Order(StringComparer.Ordinal));
        Assert.Equal(140, (await Service.GetDatumsAsync()).Count);
    }

    [BrowserFact]
    public async Task A_job_that_begins_again_is_cancelled_from_the_same_page()
    {
        var keys = Enumerable.Range(0, 150).Select(n => $"{n:D3}.csv").ToArray();
        var page = await OpenAsync(In("data/adopt"));
        await page.GetByLabel("Or a text file with one URL per line").SetInputFilesAsync(new FilePayload
        {
            Name = "list.txt",
            MimeType = "text/plain",
            Buffer = Encoding.UTF8.GetBytes(string.Join("\r\n", keys.Select(Service.Url))),
        });
        await Adopt(page).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel the job" }).ClickAsync();
        await Expect(page.GetByText("Cancelled", new() { Exact = true }).First).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Cancel the job" })).ToHaveCountAsync(0);
        Assert.Empty(await Service.GetDatumsAsync());
    }

    [BrowserFact]
    public async Task A_folder_is_adopted_only_after_its_preview_was_confirmed_and_patterns_tell_what_they_leave_out()
    {
        Service.Put("drives/a.jpg", "drives/b.jpg", "drives/c.tmp", "other/d.jpg");
        var page = await OpenAsync(In("data/adopt"));
        await page.GetByRole(AriaRole.Tab, new() { Name = "Folder or pattern" }).ClickAsync();
        await Expect(Prefix(page)).ToHaveValueAsync("");
        await AdoptAll(page).ClickAsync();
        await Expect(page.GetByText("Fill in “Folder or pattern”.")).ToBeVisibleAsync();
        await Expect(Prefix(page)).ToBeFocusedAsync();

        // A path within the store works like the whole URL.
        await Prefix(page).FillAsync("drives/");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Exclude" }).FillAsync("**/*.tmp\n");
        await page.GetByRole(AriaRole.Form, new() { Name = "Adopt a folder or pattern" }).GetByText("Tags and changed files").ClickAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Tags" }).FillAsync("train,  night ");
        await page.GetByRole(AriaRole.Button, new() { Name = "Preview the folder" }).ClickAsync();
        await Expect(page.GetByText("2 will be adopted, 1 left out by your patterns.")).ToBeVisibleAsync();
        await Expect(page.GetByText("leaves nothing")).ToHaveCountAsync(0);
        await page.GetByText("1 file left out by your patterns").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Table, new() { Name = "Files that the patterns leave out" }))
            .ToContainTextAsync("s3://bucket/drives/c.tmpExcluded by '**/*.tmp'");
        await page.AssertAccessibleAsync("adopt-preview");

        // A pattern that leaves nothing out is named, and a folder without its slash takes more than that folder.
        var exclude = page.GetByRole(AriaRole.Textbox, new() { Name = "Exclude" });
        await exclude.FillAsync("*.tmp\n**/*.tmp");
        await page.GetByRole(AriaRole.Button, new() { Name = "Preview the folder" }).ClickAsync();
        await Expect(page.GetByText("*.tmp leaves nothing more out. A pattern matches the whole key")).ToBeVisibleAsync();
        await exclude.FillAsync("*.tmp");
        await Prefix(page).FillAsync("s3://bucket/drive");
        await page.GetByRole(AriaRole.Button, new() { Name = "Preview the folder" }).ClickAsync();
        await Expect(page.GetByText("3 will be adopted.")).ToBeVisibleAsync();
        await Expect(page.GetByText("*.tmp leaves nothing out. A pattern matches the whole key")).ToBeVisibleAsync();
        await Expect(page.GetByText("There is no slash at the end of s3://bucket/drive, so")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("adopt-preview-open");
        await AdoptAll(page).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog, new() { Name = "Adopt 3 files?" }))
            .ToContainTextAsync("Their URLs begin with s3://bucket/drive, in whatever folder.");
        await page.Keyboard.PressAsync("Escape");
        await exclude.FillAsync("**/*.tmp");
        await Prefix(page).FillAsync("drives/");

        await AdoptAll(page).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Adopt 2 files?" });
        await Expect(dialog).ToContainTextAsync("They are below s3://bucket/drives/. 1 is left out by your patterns.");
        // The opener waits for the user, without a spinner behind the dialog.
        await Expect(page.Locator("[aria-busy=true]")).ToHaveCountAsync(0);
        await page.AssertAccessibleAsync("adopt-confirm");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        Assert.Empty((await Service.GetAsync($"/api/v0/adoptions/?project={Service.Project.Id}")).GetProperty("results").EnumerateArray());
        await AdoptAll(page).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Adopt" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Adoption job" })).ToBeVisibleAsync();
        await Expect(page.GetByText("s3://bucket/drives/ · excluding **/*.tmp · tagged train, night")).ToBeVisibleAsync();
        await Expect(page.GetByText("Files that your patterns leave out are in no count.")).ToBeVisibleAsync();

        // The job's panel stays while something else is previewed.
        await Prefix(page).FillAsync("s3://bucket/other/*");
        await page.GetByRole(AriaRole.Button, new() { Name = "Preview the folder" }).ClickAsync();
        await Expect(page.GetByText("1 will be adopted.")).ToBeVisibleAsync();
        await Service.DrainAsync();
        await Expect(page.GetByText("Completed", new() { Exact = true }).First).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("adopt-job-and-preview");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Show the newest datums of this store" })).ToBeVisibleAsync();
        var datums = await Service.GetDatumsAsync();
        Assert.Equal(["a.jpg", "b.jpg"], datums.Select(d => d.GetProperty("name").GetString()).Order(StringComparer.Ordinal));
        Assert.All(datums, d => Assert.Equal(["train", "night"], d.GetProperty("tags").EnumerateArray().Select(t => t.GetString())));

        // If everything is adopted, no job is needed.
        await Prefix(page).FillAsync("drives/*.jpg");
        await AdoptAll(page).ClickAsync();
        await Expect(page.GetByText("2 already adopted, 1 left out by your patterns.")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);

        await Prefix(page).FillAsync("s3://elsewhere/");
        await AdoptAll(page).ClickAsync();
        await Expect(Prefix(page)).ToBeFocusedAsync();
        await Expect(Prefix(page)).ToHaveAttributeAsync("aria-invalid", "true");

        // The address keeps the tab, and the job that was followed last.
        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Adoption job" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Tab, new() { Name = "Folder or pattern", Selected = true })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Open the job’s own page" }).ClickAsync();
        await Expect(page.GetByText("Nothing to list")).ToBeVisibleAsync();
        await Expect(page.GetByText("Files that your patterns leave out are in no count.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("job-with-patterns");
    }

    [BrowserFact]
    public async Task The_files_of_a_list_in_the_bucket_are_adopted_with_tags_and_a_wrong_list_is_said_at_its_field()
    {
        Service.Put("a.csv", "b.csv");
        Service.Bucket.Put("lists/all.txt", Encoding.UTF8.GetBytes("a.csv\nb.csv\n"));
        var page = await OpenAsync(In("data/adopt"));
        await page.GetByRole(AriaRole.Tab, new() { Name = "List in the bucket" }).ClickAsync();
        var list = page.GetByRole(AriaRole.Textbox, new() { Name = "List", Exact = true });
        await list.FillAsync("lists/none.txt");
        var adopt = page.GetByRole(AriaRole.Button, new() { Name = "Adopt the files of the list" });
        await adopt.ClickAsync();
        await Expect(list).ToHaveAttributeAsync("aria-invalid", "true");
        await page.AssertAccessibleAsync("adopt-list-wrong");
        await list.FillAsync("lists/all.txt");
        await adopt.ClickAsync();
        await Expect(page.GetByText("The list s3://bucket/lists/all.txt")).ToBeVisibleAsync();
        await Service.DrainAsync();
        await Expect(page.GetByText("Completed", new() { Exact = true }).First).ToBeVisibleAsync();
        Assert.Equal(2, (await Service.GetDatumsAsync()).Count);
    }

    [BrowserFact]
    public async Task URLs_are_previewed_without_adopting_them()
    {
        Service.Put("a.csv");
        var page = await OpenAsync(In("data/adopt"));
        await Urls(page).FillAsync(
            string.Join(
                '\n', Enumerable.Range(0, 120).Select(n => Service.Url(n == 0 ? "a.csv" : n.ToString(CultureInfo.InvariantCulture)))));
        await page.GetByRole(AriaRole.Button, new() { Name = "Preview the URLs" }).ClickAsync();
        await Expect(page.GetByText("1 will be adopted, 119 will fail.")).ToBeVisibleAsync();
        Assert.Empty(await Service.GetDatumsAsync());
    }

    [BrowserFact]
    public async Task Who_may_not_adopt_or_has_no_store_is_told_what_to_do()
    {
        var reader = await OpenAsync(In("data/adopt"), await NewTokenAsync("viewer"));
        await Expect(reader.GetByText("You may look here, but not adopt")).ToBeVisibleAsync();
        await reader.AssertAccessibleAsync("adopt-not-allowed");

        await TestUsers.JsonAsync(
            await Service.Http.SendAsync("PATCH", $"/api/v0/stores/{Service.Store.Id}/", """{"allow_adopt":false}"""));
        var page = await OpenAsync(In("data/adopt"));
        await Expect(page.GetByText("There is no store to adopt from")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("adopt-no-store");
    }

    static ILocator Prefix(IPage page) => page.GetByRole(AriaRole.Textbox, new() { Name = "Folder or pattern" });

    static ILocator AdoptAll(IPage page) => page.GetByRole(AriaRole.Button, new() { Name = "Adopt all of it…" });

    static ILocator Urls(IPage page) => page.GetByLabel("URLs to adopt");

    static ILocator Adopt(IPage page) => page.GetByRole(AriaRole.Button, new() { Name = "Adopt selected files" });
}
