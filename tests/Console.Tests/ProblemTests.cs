using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

/// <summary>Each page says what is wrong, in the words of the request, and where to go on.</summary>
public sealed class ProblemTests : ConsoleTest
{
    [BrowserFact]
    public async Task What_is_not_there_is_said_by_its_name_with_a_way_to_go_on()
    {
        var nobody = Guid.NewGuid();
        var page = await OpenAsync("#/nonsense");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Page not found" })).ToBeFocusedAsync();
        await page.AssertAccessibleAsync("page-not-found");
        foreach (var (address, title, way) in new[]
        {
            (In("nonsense"), "Page not found", "All projects"),
            (In($"datums/{nobody}"), "Datum not found", "Go to the data"),
            (In($"stores/{nobody}"), "Store not found", "Go to the stores"),
            (In($"stores/{nobody}/edit"), "Store not found", "Go to the stores"),
            (In($"jobs/adoptions/{nobody}"), "Job not found", "Go to the jobs"),
            (In($"jobs/nonsense/{nobody}"), "Job not found", "Go to the jobs"),
            (In($"volumes/{nobody}"), "Data volume not found", "Go to the data volumes"),
            (In($"data/aliases/{nobody}"), "Alias not found", "Go to the aliases"),
            (In($"data?view=tree&store={nobody}"), "Store not found", "Go to the data"),
            (In($"add-to-dataset?selection={Guid.CreateVersion7()}"), "Selection not found", "Go to the data"),
            (In($"datasets/{nobody}/versions/{nobody}/diff"), "Dataset version not found", "Go to the datasets"),
            ($"#/p/{nobody}/data", "Project not found", "All projects"),
        })
        {
            await page.GotoAsync($"{Origin}/console/{address}");
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = title })).ToBeFocusedAsync();
            await Expect(page.GetByRole(AriaRole.Link, new() { Name = way })).ToBeVisibleAsync();
            await Expect(page).ToHaveTitleAsync(new System.Text.RegularExpressions.Regex($"^{title}"));
        }

        await page.GotoAsync($"{Origin}/console/{In($"stores/{nobody}")}");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Store not found" })).ToBeFocusedAsync();
        await page.AssertAccessibleAsync("store-not-found");
        await page.GetByRole(AriaRole.Link, new() { Name = "Go to the stores" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "my-bucket" })).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task A_list_that_is_refused_says_so_above_in_plain_words_and_keeps_no_rows_of_before()
    {
        var id = await Service.AdoptedAsync("a.csv");
        await Service.NewAsync("/api/v0/datum-aliases/", new { name = "latest", datum = id, project = Service.Project.Id });
        var page = await OpenAsync(In("data"));
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "a.csv" })).ToBeVisibleAsync();
        var refused = true;
        await page.RouteAsync("**/api/v0/data/?*ordering=size*", async route =>
        {
            if (refused)
                await route.FulfillAsync(new() { Status = 400, ContentType = "application/json", Body = Refusal });
            else
                await route.ContinueAsync();
        });
        await page.GetByLabel("Sort by").SelectOptionAsync("size");
        var alert = page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "There are too many datums here to sort them this way." });
        await Expect(alert).ToBeInViewportAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "a.csv" })).ToHaveCountAsync(0);
        await Expect(page.GetByText("1 datum", new() { Exact = true })).ToHaveCountAsync(0);
        await page.AssertAccessibleAsync("list-refused");
        refused = false;
        await alert.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "a.csv" })).ToBeVisibleAsync();
        await Expect(alert).ToHaveCountAsync(0);
    }

    /// <summary>As the service says it to programs.</summary>
    const string Refusal =
        """{"ordering":[{"message":"Over 10000 matches … are listed by -ctime only. … or leave 'ordering' out.","code":"too_many"}]}""";

    [BrowserFact]
    public async Task A_page_that_may_not_be_seen_says_so_and_one_that_fails_can_be_tried_again()
    {
        var page = await OpenAsync(In("stores"));
        const string Refused = """{"detail":"You do not have permission to perform this action."}""";
        await page.RouteAsync($"**/api/v0/stores/{Service.Store.Id}/", route => route.FulfillAsync(
            new() { Status = 403, ContentType = "application/json", Body = Refused }));
        await page.GetByRole(AriaRole.Link, new() { Name = "my-bucket" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No access" })).ToBeFocusedAsync();
        await Expect(page.GetByText("Ask an administrator of this project for a role that allows it.")).ToBeVisibleAsync();

        await page.UnrouteAllAsync();
        await page.RouteAsync($"**/api/v0/stores/{Service.Store.Id}/", route => route.FulfillAsync(new() { Status = 500, Body = "" }));
        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The service had a problem. Try again.");
        await page.AssertAccessibleAsync("page-failed");
        await page.UnrouteAllAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "my-bucket" })).ToBeFocusedAsync();
    }
}
