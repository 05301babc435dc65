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
            page.GetByRole(AriaRole.Region, new() { Name = "Python code" })).ToContainTextAsync("open(\"it's a file.csv\", \"wb\")");
        await page.Keyboard.PressAsync("End");
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "AWS CLI command" }))
            .ToContainTextAsync(
                $@"aws s3 cp 's3://bucket/2026/it'\''s a file.csv' 'it'\''s a file.csv' --endpoint-url '{Service.Server.Url}'");
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
                "is not in its bucket any more. Put it back, or purge the datum.");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Download" })).ToBeDisabledAsync();
        await Expect(page.GetByText("It cannot be downloaded. The file is not in the bucket any more.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("datum-download-failed");
        await page.GetByRole(AriaRole.Button, new() { Name = "Dismiss" }).ClickAsync();
        await Expect(page.Locator(".toast.bad")).ToHaveCountAsync(0);
    }

    [BrowserFact]
    public async Task The_beginning_of_text_JSON_and_CSV_is_shown_as_text_and_never_run()
    {
        var page = await OpenAsync(In("data"));
        await ShowAsync("page.html", "<script>parent.document.title = 'run'</script><img src=x onerror=\"document.title='run'\">");
        await Expect(Preview(page)).ToHaveTextAsync(
            "<script>parent.document.title = 'run'</script><img src=x onerror=\"document.title='run'\">");
        Assert.Equal(0, await Preview(page).Locator("script, img").CountAsync());
        await Expect(page).ToHaveTitleAsync("page.html · demo · Data Registry");

        await ShowAsync("labels.json", """{"a":[1,2],"b":"ü"}""");
        await Expect(Preview(page)).ToContainTextAsync("\"b\": \"ü\"");
        await page.AssertAccessibleAsync("datum-preview-json");

        await ShowAsync("rows.csv", "name;size\r\n\"a;\"\"b\"\"\";1\r\nlonger than the others;22\r\n");
        var table = page.GetByRole(AriaRole.Table, new() { Name = "Beginning of the file" });
        await Expect(table.GetByRole(AriaRole.Columnheader)).ToHaveTextAsync(["name", "size"]);
        await Expect(table.GetByRole(AriaRole.Cell)).ToHaveTextAsync(["a;\"b\"", "1", "longer than the others", "22"]);
        await page.AssertAccessibleAsync("datum-preview-csv");

        // The cut leaves out half of a letter of two bytes.
        await ShowAsync("long.txt", "x" + new string('ü', 40_000));
        await Expect(page.GetByText("Shown: the first 64 KiB of 80.0 kB.")).ToBeVisibleAsync();
        await Expect(Preview(page)).ToHaveTextAsync("x" + new string('ü', 32_767));

        await ShowAsync("empty.txt", "");
        await Expect(page.GetByText("The file is empty.")).ToBeVisibleAsync();
        await ShowAsync("photo.JPG", "\0\u0001binary");
        await Expect(page.GetByText("Images are not previewed.")).ToBeVisibleAsync();
        await ShowAsync("model.weights", "\0\u0001binary");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show the beginning as text" }).ClickAsync();
        await Expect(page.GetByText("This is not a text file.")).ToBeVisibleAsync();

        async Task ShowAsync(string key, string content)
        {
            Service.Bucket.Put(key, Encoding.UTF8.GetBytes(content));
            using var adopted = await Service.AdoptUrlAsync(Service.Url(key));
            var id = (await TestUsers.JsonAsync(adopted)).GetProperty("created").EnumerateObject().Single().Value.GetString();
            await page.GotoAsync($"{Origin}/console/{In($"datums/{id}")}");
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = key })).ToBeFocusedAsync();
        }
    }

    [BrowserFact]
    public async Task An_archived_datum_says_its_storage_class_and_that_there_is_no_preview()
    {
        var archive = true;
        Service.Server.Intercept = (http, kind) =>
        {
            if (archive && kind is "head" or "get")
                http.Response.Headers["x-amz-storage-class"] = "GLACIER";
            return Task.FromResult(false);
        };
        var id = await Service.AdoptedAsync("old.csv");
        var page = await OpenAsync(In($"datums/{id}"));
        await Expect(page.GetByText("The file is archived, so there is no preview")).ToBeVisibleAsync();
        await Expect(page.GetByText("Glacier (archived)")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("datum-archived");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Download" })).ToBeDisabledAsync();
        await Expect(page.GetByText("It cannot be downloaded. The file is archived.")).ToBeVisibleAsync();
        archive = false;
    }

    [BrowserFact]
    public async Task What_has_changed_is_tracked_by_a_new_datum_and_the_old_one_leads_there()
    {
        var id = await Service.AdoptedAsync("a.csv");
        await Service.NewAsync("/api/v0/datum-aliases/", new { name = "latest", datum = id, project = Service.Project.Id });
        Service.Bucket.Put("a.csv", Encoding.UTF8.GetBytes("what is there now"));
        var page = await OpenAsync(In($"datums/{id}"));
        var track = page.GetByRole(AriaRole.Button, new() { Name = "Track the new version" });
        // No scan has found it yet; the preview has.
        await Expect(page.GetByText("has changed since it was adopted, and the bucket has not kept")).ToBeVisibleAsync();
        await Expect(track).ToHaveCountAsync(1);
        (await Service.Http.SendAsync("POST", $"/api/v0/stores/{Service.Store.Id}/rescan/")).Dispose();
        await Service.DrainAsync();
        await page.ReloadAsync();
        await Expect(page.GetByText("It had 5 B and ETag")).ToBeVisibleAsync();
        await Expect(track).ToHaveCountAsync(1);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Download" })).ToBeDisabledAsync();
        await Expect(page.GetByText("It cannot be downloaded. The file has changed in the bucket")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("datum-changed");
        await track.First.ClickAsync();
        await Expect(page.GetByText("This is the new datum. The aliases of the old one")).ToBeVisibleAsync();
        await Expect(Preview(page)).ToHaveTextAsync("what is there now");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Download" })).ToBeEnabledAsync();
        var now = page.Url.Split('/')[^1];
        Assert.NotEqual(id, now);
        Assert.Equal("what is there now".Length, (await Service.GetAsync($"/api/v0/data/{now}/")).GetProperty("size").GetInt32());

        await page.GotoAsync($"{Origin}/console/{In($"datums/{id}")}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Show the new datum" }).ClickAsync();
        await Expect(page).ToHaveURLAsync($"{Origin}/console/{In($"datums/{now}")}");

        // A reader sees the reason, and no action.
        var reader = await OpenAsync(In($"datums/{id}"), await NewTokenAsync("viewer"));
        await Expect(reader.GetByText("The file in the bucket has changed").First).ToBeVisibleAsync();
        await Expect(reader.GetByRole(AriaRole.Button, new() { Name = "Track the new version" })).ToHaveCountAsync(0);
    }

    static ILocator Preview(IPage page) => page.GetByRole(AriaRole.Region, new() { Name = "Beginning of the file" });

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
        await Expect(dialog).ToContainTextAsync("latest points to other.csv now");
        await page.AssertAccessibleAsync("datum-move-alias");
        await page.Keyboard.PressAsync("Escape");
        Assert.Equal(other, await ResolveAsync("latest"));
        await add.ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Move it" }).ClickAsync();
        await Expect(page.GetByText("latest points to this datum now.")).ToBeVisibleAsync();
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
        await page.GetByRole(AriaRole.Link, new() { Name = "Aliases" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "a.csv" })).ToContainTextAsync("Purged");
        await page.AssertAccessibleAsync("aliases-purged");
        await page.GetByRole(AriaRole.Link, new() { Name = "v1" }).ClickAsync();
        await Expect(page.GetByText("Programs that read it by this alias fail.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("alias-purged");
        Assert.True((await Service.GetAsync($"/api/v0/data/{id}/")).GetProperty("purged").GetBoolean());
        var later = await Service.AdoptedAsync("a.csv");

        await page.GotoAsync($"{Origin}/console/{In($"datums/{id}")}");
        await Expect(page.GetByText("This datum is purged")).ToBeVisibleAsync();
        var steps = page.GetByRole(AriaRole.List, new() { Name = "From the store to the names" });
        foreach (var text in new[] { "my-bucket", "by administrator", "a.csv", "v1", "Later datum" })
            await Expect(steps).ToContainTextAsync(text);
        await page.GetByText("As a list of events").ClickAsync();
        await Expect(page.GetByText("administrator gave it the alias v1")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("datum-purged");
        await steps.GetByRole(AriaRole.Link, new() { Name = $"…{later[^12..]}" }).ClickAsync();
        await Expect(steps).ToContainTextAsync("Earlier datum");
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
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Datum not found" })).ToBeFocusedAsync();
        await page.AssertAccessibleAsync("datum-missing");
    }

    async Task SetAsync(string id, string json) =>
        await TestUsers.JsonAsync(await Service.Http.SendAsync("POST", $"/api/v0/data/{id}/metadata/", json));

    async Task<string> MetadataAsync(string id) => (await Service.GetAsync($"/api/v0/data/{id}/metadata/")).GetRawText();

    async Task<string?> ResolveAsync(string name) =>
        (await Service.GetAsync($"/api/v0/datum-aliases/resolve/?name={name}&project={Service.Project.Id}")).GetProperty("datum")
            .GetProperty("id").GetString();
}
