using System.Text.Json;
using System.Text.RegularExpressions;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class BrowseTests : ConsoleTest
{
    [BrowserFact]
    public async Task A_datum_is_found_by_its_name_its_URL_its_id_and_an_alias()
    {
        var id = await Service.AdoptedAsync("2026/überblick #1.csv");
        await Service.AdoptedAsync("2026/other.csv");
        await Service.NewAsync("/api/v0/datum-aliases/", new { name = "latest", datum = id, project = Service.Project.Id });
        var page = await OpenAsync(In("data"));
        await Expect(page.GetByText("2 datums")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("data");
        foreach (var text in new[]
        {
            "überblick #1.csv", Service.Url("2026/überblick #1.csv"), id, $"datum://{id}", "latest", "datum://latest",
        })
        {
            await Search(page).FillAsync(text);
            await Expect(page.GetByText("1 datum", new() { Exact = true })).ToBeVisibleAsync();
            await Expect(Names(page)).ToHaveTextAsync(["überblick #1.csv"]);
        }

        await Search(page).FillAsync("other");
        await Expect(page.GetByText("No datum has exactly this name or alias")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("data-none");
        await page.Keyboard.PressAsync("Enter");
        await Expect(Names(page)).ToHaveTextAsync(["other.csv"]);
        await page.GoBackAsync();

        await Search(page).FillAsync(Service.Url("not/adopted"));
        await Expect(page.GetByText("This URL is not adopted here")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Adopt it" }).ClickAsync();
        await Expect(page.GetByLabel("URLs to adopt")).ToHaveValueAsync(Service.Url("not/adopted"));
    }

    [BrowserFact]
    public async Task Datums_are_filtered_and_sorted_and_the_address_keeps_it()
    {
        Service.Bucket.Put("large.bin", new byte[3000]);
        var tagged = await Service.AdoptedAsync("b.txt");
        await Service.AdoptedAsync("a.txt");
        (await Service.AdoptUrlAsync(Service.Url("large.bin"))).Dispose();
        await TagAsync(tagged, "train");
        var page = await OpenAsync(In("data"));
        await Expect(Names(page)).ToHaveTextAsync(["large.bin", "a.txt", "b.txt"]);
        await page.GetByLabel("Sort by").SelectOptionAsync("Name");
        await Expect(Names(page)).ToHaveTextAsync(["a.txt", "b.txt", "large.bin"]);
        await page.GetByLabel("Sort by").SelectOptionAsync("Largest first");
        await Expect(Names(page).First).ToHaveTextAsync("large.bin");
        await page.GetByLabel("Tag", new() { Exact = true }).FillAsync("train");
        await Expect(Names(page)).ToHaveTextAsync(["b.txt"]);
        await page.ReloadAsync();
        await Expect(Names(page)).ToHaveTextAsync(["b.txt"]);
        await page.GetByLabel("Tag", new() { Exact = true }).FillAsync("test");
        await Expect(page.GetByText("Nothing found")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("data-nothing-found");
        await page.GetByRole(AriaRole.Link, new() { Name = "Show all" }).ClickAsync();
        await Expect(page.GetByText("3 datums")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "train" }).ClickAsync();
        await Expect(Names(page)).ToHaveTextAsync(["b.txt"]);
        await page.GetByLabel("Store", new() { Exact = true }).SelectOptionAsync("my-bucket");
        await Expect(Names(page)).ToHaveTextAsync(["b.txt"]);
    }

    [BrowserFact]
    public async Task A_search_that_goes_on_is_given_up_for_the_next_one()
    {
        await Service.AdoptedAsync("first.csv");
        await Service.AdoptedAsync("second.csv");
        var page = await OpenAsync(In("data"));
        await Expect(page.GetByText("2 datums")).ToBeVisibleAsync();
        var held = new TaskCompletionSource();
        var failed = new List<string>();
        page.RequestFailed += (_, request) => failed.Add(request.Url);
        await page.RouteAsync("**/api/v0/data/?*name=first.csv*", async route =>
        {
            await held.Task;
            await route.ContinueAsync();
        });
        var asked = page.WaitForRequestAsync("**/api/v0/data/?*name=first.csv*");
        await Search(page).FillAsync("first.csv");
        await asked;
        await Search(page).FillAsync("second.csv");
        await Expect(Names(page)).ToHaveTextAsync(["second.csv"]);
        Assert.Contains(failed, url => url.Contains("name=first.csv", StringComparison.Ordinal));
        held.SetResult();
        await page.UnrouteAllAsync();
        await Expect(Names(page)).ToHaveTextAsync(["second.csv"]);
    }

    [BrowserFact]
    public async Task A_lost_connection_is_said_and_goes_on_by_itself()
    {
        await Service.AdoptedAsync("a.csv");
        var page = await OpenAsync(In("data"));
        await Expect(Names(page)).ToHaveTextAsync(["a.csv"]);
        await page.Context.SetOfflineAsync(true);
        await page.GetByLabel("Sort by").SelectOptionAsync("Name");
        await Expect(page.GetByText("Connection lost. Trying again…")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("connection-lost");
        await Service.AdoptedAsync("b.csv");
        await page.Context.SetOfflineAsync(false);
        await Expect(Names(page)).ToHaveTextAsync(["a.csv", "b.csv"]);
        await Expect(page.GetByText("Connection lost. Trying again…")).ToBeHiddenAsync();
    }

    [BrowserFact]
    public async Task An_error_of_the_service_is_a_sentence_with_its_request_and_can_be_tried_again()
    {
        await Service.AdoptedAsync("a.csv");
        var page = await OpenAsync(In("stores"));
        await page.RouteAsync("**/api/v0/data/?*", route => route.FulfillAsync(new()
        {
            Status = 500,
            ContentType = "application/json",
            Headers = [new("X-Request-Id", "abc-1")],
            Body = """{"detail":"A server error occurred. The request can be repeated."}""",
        }));
        await page.GetByRole(AriaRole.Link, new() { Name = "Data", Exact = true }).ClickAsync();
        await Expect(
            page.GetByRole(AriaRole.Alert)).ToContainTextAsync(
                "The service had a problem. Try again. If this happens again, tell the service’s operator: request abc-1.");
        await page.AssertAccessibleAsync("data-error");
        await page.UnrouteAllAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await Expect(Names(page)).ToHaveTextAsync(["a.csv"]);
    }

    [BrowserFact]
    public async Task Names_that_are_markup_or_very_long_stay_text_and_in_their_place()
    {
        await Service.AdoptedAsync("<img src=x onerror=alert(1)>.csv");
        var id = await Service.AdoptedAsync(
            $"{string.Join('/', Enumerable.Repeat("a folder with a long name", 12))}/{new string('n', 300)}.parquet");
        await TagAsync(id, new string('t', 150));
        var page = await OpenAsync(In("data"));
        await Expect(Names(page).Last).ToHaveTextAsync("<img src=x onerror=alert(1)>.csv");
        await page.AssertAccessibleAsync("data-long-names");
    }

    [BrowserFact]
    public async Task Drift_shows_in_the_list_and_can_be_filtered_by()
    {
        await Service.AdoptedAsync("a.csv");
        await Service.AdoptedAsync("b.csv");
        Service.Bucket.Put("a.csv", "other bytes"u8.ToArray());
        (await Service.Http.SendAsync("POST", $"/api/v0/stores/{Service.Store.Id}/rescan/")).Dispose();
        await Service.DrainAsync();
        var page = await OpenAsync(In("data"));
        await Expect(Names(page)).ToHaveCountAsync(2);
        await Expect(page.GetByRole(AriaRole.Table)).ToContainTextAsync("Changed");
        await page.GetByLabel("Drift").SelectOptionAsync("Changed");
        await Expect(page).ToHaveURLAsync(new Regex("drift=changed"));
        await Expect(Names(page)).ToHaveTextAsync(["a.csv"]);
        await page.AssertAccessibleAsync("data-drift");
        await Names(page).First.ClickAsync();
        await Expect(page.GetByText(new Regex(@"It had \d+ B and ETag .+; now it has 11 B and ETag .+\."))).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.List, new() { Name = "From the store to the names" })).ToContainTextAsync("Drift");
        await page.AssertAccessibleAsync("datum-drift");
    }

    async Task TagAsync(string id, string tag) =>
        await TestUsers.JsonAsync(
            await Service.Http.SendAsync(
                "POST", $"/api/v0/data/{id}/metadata/",
                JsonSerializer.Serialize(new Dictionary<string, object>(StringComparer.Ordinal) { ["valohai.tags"] = new[] { tag } })));

    static ILocator Search(IPage page) => page.GetByLabel("Search");

    static ILocator Names(IPage page) => page.GetByRole(AriaRole.Table).Locator("td:first-child a");
}
