using System.Security.Cryptography;
using System.Text;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class DatumTests : ConsoleTest
{
    [BrowserFact]
    public async Task A_datum_shows_what_it_is_and_how_to_use_it_elsewhere()
    {
        var id = await Service.AdoptedAsync("2026/it's a file.csv");
        await SetAsync(
            id, """{"site":"berlin","frames":1200,"valohai.tags":["train","a tag that is long enough to need the whole width of a card, """
                + """and then some more"]}""");
        await Service.NewAsync("/api/v0/datum-aliases/", new { name = "latest", datum = id, project = Service.Project.Id });
        var page = await OpenAsync(In($"datums/{id}"));
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "it's a file.csv" })).ToBeFocusedAsync();
        await Expect(page).ToHaveTitleAsync("it's a file.csv · demo · Data Registry");
        await Expect(
            page.GetByText(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("2026/it's a file.csv"))))).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("datum");

        await page.GetByRole(AriaRole.Button, new() { Name = "Copy datum://" }).ClickAsync();
        await Expect(page.GetByText("Copied.")).ToBeVisibleAsync();
        Assert.Equal($"datum://{id}", await page.EvaluateAsync<string>("() => navigator.clipboard.readText()"));
        await Expect(
            page.GetByRole(AriaRole.Region, new() { Name = "curl commands" })).ToContainTextAsync($"{Origin}/api/v0/data/{id}/download/");
        await page.GetByRole(AriaRole.Tab, new() { Name = "curl" }).FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await Expect(
            page.GetByRole(AriaRole.Region, new() { Name = "Python code" })).ToContainTextAsync("with open(\"it's a file.csv\", \"wb\")");
        await page.Keyboard.PressAsync("End");
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "AWS CLI command" }))
            .ToContainTextAsync(
                $@"aws s3 cp --endpoint-url '{Service.Server.Url}' 's3://bucket/2026/it'\''s a file.csv' 'it'\''s a file.csv'");
    }

    [BrowserFact]
    public async Task A_datum_is_downloaded_from_the_bucket_and_one_that_is_gone_says_so()
    {
        var id = await Service.AdoptedAsync("a.csv");
        var page = await OpenAsync(In($"datums/{id}"));
        var answer = await page.RunAndWaitForResponseAsync(
            () => page.GetByRole(AriaRole.Button, new() { Name = "Download" }).ClickAsync(), $"**/api/v0/data/{id}/download/");
        var url = (await answer.JsonAsync())!.Value.GetProperty("url").GetString()!;
        Assert.StartsWith(Service.Server.Url, url, StringComparison.Ordinal);
        using var http = new HttpClient();
        Assert.Equal("a.csv", await http.GetStringAsync(new Uri(url)));

        Service.Bucket.Delete("a.csv");
        await page.GetByRole(AriaRole.Button, new() { Name = "Download" }).ClickAsync();
        await Expect(
            page.Locator(".toast.bad")).ToContainTextAsync(
                "is not in its bucket any more. Put it back into the bucket, or purge the datum.");
        await page.AssertAccessibleAsync("datum-download-failed");
        await page.GetByRole(AriaRole.Button, new() { Name = "Dismiss" }).ClickAsync();
        await Expect(page.Locator(".toast.bad")).ToHaveCountAsync(0);
    }

    [BrowserFact]
    public async Task An_alias_is_added_and_taken_from_another_datum_only_after_asking()
    {
        var other = await Service.AdoptedAsync("other.csv");
        await Service.NewAsync("/api/v0/datum-aliases/", new { name = "latest", datum = other, project = Service.Project.Id });
        var id = await Service.AdoptedAsync("a.csv");
        var page = await OpenAsync(In($"datums/{id}"));
        var add = page.GetByRole(AriaRole.Button, new() { Name = "Add alias" });
        await page.GetByLabel("New alias").FillAsync("a/b");
        await add.ClickAsync();
        await Expect(page.GetByText("An alias name is 1 to 200 bytes")).ToBeVisibleAsync();
        await page.GetByLabel("New alias").FillAsync("v1");
        await add.ClickAsync();
        await Expect(page.GetByRole(AriaRole.List, new() { Name = "Aliases" })).ToHaveTextAsync("v1");

        await page.GetByLabel("New alias").FillAsync("latest");
        await add.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog).ToContainTextAsync("latest names other.csv now");
        await page.AssertAccessibleAsync("datum-move-alias");
        await page.Keyboard.PressAsync("Escape");
        Assert.Equal(other, await ResolveAsync("latest"));
        await add.ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Move it" }).ClickAsync();
        await Expect(page.GetByText("latest names this datum now.")).ToBeVisibleAsync();
        Assert.Equal(id, await ResolveAsync("latest"));
    }

    [BrowserFact]
    public async Task Tags_and_properties_are_edited_without_losing_what_others_set()
    {
        var id = await Service.AdoptedAsync("a.csv");
        await SetAsync(id, """{"site":"berlin","valohai.tags":["train"]}""");
        var page = await OpenAsync(In($"datums/{id}"));
        await page.GetByLabel("New tag").FillAsync("night");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add tag" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.List, new() { Name = "Tags" }).GetByRole(AriaRole.Listitem)).ToHaveCountAsync(2);
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove the tag train" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.List, new() { Name = "Tags" }).GetByRole(AriaRole.Listitem)).ToHaveCountAsync(1);
        Assert.Equal("""{"site":"berlin","valohai.tags":["night"]}""", await MetadataAsync(id));

        // Tags have changed since the page read the properties. This is no conflict with another editor.
        await page.GetByRole(AriaRole.Button, new() { Name = "Edit properties" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Edit properties" });
        await dialog.GetByLabel("Properties").FillAsync("{nonsense");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(dialog.GetByText("This is not JSON")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("datum-properties-wrong");
        await dialog.GetByLabel("Properties").FillAsync("""{"site":"hamburg"}""");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(page.GetByText("Saved.")).ToBeVisibleAsync();
        Assert.Equal("""{"site":"hamburg","valohai.tags":["night"]}""", await MetadataAsync(id));

        await page.GetByRole(AriaRole.Button, new() { Name = "Edit properties" }).ClickAsync();
        await dialog.GetByLabel("Properties").FillAsync("""{"site":"münchen"}""");
        await SetAsync(id, """{"site":"theirs"}""");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        var question = page.GetByRole(AriaRole.Dialog, new() { Name = "Somebody changed the properties meanwhile" });
        await page.AssertAccessibleAsync("datum-properties-conflict");
        await question.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Expect(dialog.GetByText("Not saved.")).ToBeVisibleAsync();
        Assert.Equal("""{"site":"theirs"}""", await MetadataAsync(id));
    }

    [BrowserFact]
    public async Task The_trace_leads_from_the_store_to_the_names_and_to_what_came_later()
    {
        var id = await Service.AdoptedAsync("a.csv");
        await Service.NewAsync("/api/v0/datum-aliases/", new { name = "v1", datum = id, project = Service.Project.Id });
        var page = await OpenAsync(In($"datums/{id}"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Purge…" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Purge" }).ClickAsync();
        await Expect(page.GetByText("Nothing is adopted yet")).ToBeVisibleAsync();
        Assert.True((await Service.GetAsync($"/api/v0/data/{id}/")).GetProperty("purged").GetBoolean());
        var later = await Service.AdoptedAsync("a.csv");

        await page.GotoAsync($"{Origin}/console/{In($"datums/{id}")}");
        await Expect(page.GetByText("This datum is purged")).ToBeVisibleAsync();
        var steps = page.GetByRole(AriaRole.List, new() { Name = "From the store to the names" });
        foreach (var text in new[] { "my-bucket", "by administrator", "a.csv", "v1", "Later version" })
            await Expect(steps).ToContainTextAsync(text);
        await page.GetByText("As a list of events").ClickAsync();
        await Expect(page.GetByText("administrator gave it the alias v1")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("datum-purged");
        await steps.GetByRole(AriaRole.Link, new() { Name = later[..13] }).ClickAsync();
        await Expect(steps).ToContainTextAsync("Earlier version");
        await page.AssertAccessibleAsync("datum-later");
    }

    [BrowserFact]
    public async Task Who_may_only_read_is_offered_no_changes_and_an_unknown_datum_is_a_sentence()
    {
        var id = await Service.AdoptedAsync("a.csv");
        var page = await OpenAsync(In($"datums/{id}"), await NewTokenAsync("viewer"));
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Download" })).ToBeVisibleAsync();
        await Expect(page.GetByText("None yet. Properties are JSON")).ToBeVisibleAsync();
        foreach (var name in new[] { "Edit properties", "Add alias", "Add tag", "Purge…" })
            await Expect(page.GetByRole(AriaRole.Button, new() { Name = name })).ToHaveCountAsync(0);

        await page.GotoAsync($"{Origin}/console/{In($"datums/{Guid.NewGuid()}")}");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("This is not there.");
        await page.AssertAccessibleAsync("datum-missing");
    }

    async Task SetAsync(string id, string json) =>
        await TestUsers.JsonAsync(await Service.Http.SendAsync("POST", $"/api/v0/data/{id}/metadata/", json));

    async Task<string> MetadataAsync(string id) => (await Service.GetAsync($"/api/v0/data/{id}/metadata/")).GetRawText();

    async Task<string?> ResolveAsync(string name) =>
        (await Service.GetAsync($"/api/v0/datum-aliases/resolve/?name={name}&project={Service.Project.Id}")).GetProperty("datum")
            .GetProperty("id").GetString();
}
