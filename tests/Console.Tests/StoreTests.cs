using System.Text.Json;
using DataRegistry.Tests.Datums;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class StoreTests : ConsoleTest
{
    [BrowserFact]
    public async Task A_store_is_added_after_its_bucket_was_tried_and_what_is_wrong_is_said_at_its_field()
    {
        Service.Server.CreateBucket("second");
        var page = await OpenAsync(In("stores"));
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "my-bucket" })).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("stores");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a store" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(page.Locator("[aria-busy=true]")).ToHaveCountAsync(0);
        await Expect(dialog.GetByLabel("How the service signs in")).ToHaveValueAsync("key");
        var (bucket, key) = (dialog.GetByLabel("Bucket", new() { Exact = true }), dialog.GetByLabel("Access key ID"));
        await dialog.GetByLabel("Name", new() { Exact = true }).FillAsync("second");
        await bucket.FillAsync("secnd");
        await dialog.GetByLabel("Endpoint").FillAsync(Service.Server.Url);
        await key.FillAsync("key");
        var send = dialog.GetByRole(AriaRole.Button, new() { Name = "Test the connection and add" });
        await send.ClickAsync();
        await Expect(dialog.GetByText("Fill in “Secret access key”.")).ToBeVisibleAsync();
        await dialog.GetByLabel("Secret access key").FillAsync("the-secret-of-it");
        await send.ClickAsync();
        await Expect(dialog.GetByText("There is no bucket 'secnd' at this endpoint")).ToBeVisibleAsync();
        await Expect(bucket).ToBeFocusedAsync();
        await Expect(bucket).ToHaveAttributeAsync("aria-invalid", "true");
        await page.AssertAccessibleAsync("stores-wrong");
        Assert.Single(await Service.GetAllAsync("/api/v0/stores/"));

        // Words of the API become those of the form, at the field that is meant, also where that is folded.
        await bucket.FillAsync("second");
        await key.FillAsync("a key");
        await send.ClickAsync();
        await Expect(dialog.GetByText("An access key's id is expected in “Access key ID”")).ToBeVisibleAsync();
        await Expect(key).ToBeFocusedAsync();
        await key.FillAsync("key");
        await dialog.GetByText("More settings").ClickAsync();
        await dialog.GetByLabel("Prefix").FillAsync("data/");
        await send.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "second" })).ToBeFocusedAsync();
        await Expect(page.GetByText("second is added.")).ToBeVisibleAsync();
        await Expect(page.GetByText("Only its project").First).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("store");
        var store = Assert.Single(await Service.GetAllAsync("/api/v0/stores/"), s => s.GetProperty("name").GetString() == "second");
        Assert.Equal("single_project", store.GetProperty("access_mode").GetString());
        Assert.Equal("s3://second/data/", store.GetProperty("uri_prefix").GetString());
        Assert.Equal(Service.Project.Id, store.GetProperty("project").GetProperty("id").GetGuid());
        Assert.DoesNotContain("the-secret-of-it", await page.ContentAsync(), StringComparison.Ordinal);

        // A message ends with its page.
        await page.GetByRole(AriaRole.Link, new() { Name = "Stores" }).First.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "second" })).ToBeVisibleAsync();
        await Expect(page.GetByText("second is added.")).ToHaveCountAsync(0);
    }

    [BrowserFact]
    public async Task Each_way_to_sign_in_shows_its_own_fields_and_no_others()
    {
        var page = await OpenAsync(In("stores"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a store" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        foreach (var (way, hasKey, hasRole) in new[]
        {
            ("role", true, true), ("identity", false, true), ("none", false, false), ("key", true, false),
        })
        {
            await dialog.GetByLabel("How the service signs in").SelectOptionAsync(way);
            await Expect(dialog.GetByLabel("Access key ID")).ToBeVisibleAsync(new() { Visible = hasKey });
            await Expect(dialog.GetByLabel("Secret access key")).ToBeVisibleAsync(new() { Visible = hasKey });
            await Expect(dialog.Locator("[name=role_arn]")).ToBeVisibleAsync(new() { Visible = hasRole });
            if (way == "role")
                await page.AssertAccessibleAsync("stores-role");
        }

        // A bucket that everybody may read needs nothing; a store of no project cannot be a project's own.
        await dialog.GetByLabel("How the service signs in").SelectOptionAsync("none");
        await dialog.GetByLabel("Bucket", new() { Exact = true }).FillAsync("bucket");
        await dialog.GetByLabel("Name", new() { Exact = true }).FillAsync("open");
        await dialog.GetByLabel("Endpoint").FillAsync(Service.Server.Url);
        await dialog.GetByText("More settings").ClickAsync();
        await dialog.GetByLabel("Belongs to").SelectOptionAsync("");
        await Expect(dialog.GetByLabel("Who may see it")).ToHaveValueAsync("public");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Test the connection and add" }).ClickAsync();
        await Expect(page.GetByText("No credentials: the bucket is public")).ToBeVisibleAsync();
        var store = Assert.Single(await Service.GetAllAsync("/api/v0/stores/"), s => s.GetProperty("name").GetString() == "open");
        Assert.True(store.GetProperty("configuration").GetProperty("anonymous").GetBoolean());
    }

    [BrowserFact]
    public async Task A_store_is_viewed_on_one_page_and_changed_on_another_and_a_connection_that_fails_changes_nothing()
    {
        var page = await OpenAsync(In($"stores/{Service.Store.Id}"));
        await Expect(page.GetByRole(AriaRole.Textbox)).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "Edit" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Edit my-bucket" })).ToBeFocusedAsync();
        await page.AssertAccessibleAsync("store-edit");
        await page.GetByLabel("Files may be adopted").UncheckAsync();
        await page.GetByLabel("Checksums of adopted files").SelectOptionAsync("none");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save name and access" }).ClickAsync();
        await Expect(page.GetByText("Name and access are saved.")).ToBeVisibleAsync();
        await Expect(page.GetByText("Not allowed")).ToBeVisibleAsync();
        var store = await StoreAsync();
        Assert.False(store.GetProperty("allow_adopt").GetBoolean());
        Assert.Equal("none", store.GetProperty("hash_adopted").GetString());

        await page.GetByRole(AriaRole.Link, new() { Name = "Edit" }).ClickAsync();
        await page.GetByLabel("Endpoint").FillAsync("http://127.0.0.1:1");
        await page.GetByLabel("Secret access key").FillAsync("secret");
        await page.GetByRole(AriaRole.Button, new() { Name = "Test the connection and save" }).ClickAsync();
        await Expect(page.GetByLabel("Endpoint")).ToHaveAttributeAsync("aria-invalid", "true");
        Assert.Equal(Service.Server.Url, (await StoreAsync()).GetProperty("configuration").GetProperty("endpoint_url").GetString());

        // The secret stays if neither key nor endpoint changes.
        await page.GetByLabel("Endpoint").FillAsync(Service.Server.Url);
        await page.GetByLabel("Secret access key").FillAsync("");
        await page.GetByLabel("Region").FillAsync("eu-west-1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Test the connection and save" }).ClickAsync();
        await Expect(page.GetByText("The connection is saved.")).ToBeVisibleAsync();
        Assert.Equal("eu-west-1", (await StoreAsync()).GetProperty("configuration").GetProperty("region").GetString());
    }

    [BrowserFact]
    public async Task A_message_stays_for_some_seconds_and_then_until_the_user_does_something()
    {
        var page = await OpenAsync(In($"stores/{Service.Store.Id}/edit"));
        var save = page.GetByRole(AriaRole.Button, new() { Name = "Save name and access" });
        await Expect(save).ToBeVisibleAsync();
        // The test ends the five seconds.
        await page.EvaluateAsync(
            "() => { const later = setTimeout; window.setTimeout = (fn, ms) => ms === 5000 ? window.end = fn : later(fn, ms); }");
        await save.ClickAsync();
        var message = page.GetByText("Name and access are saved.");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "my-bucket" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal(1, await message.CountAsync());
        await page.EvaluateAsync("() => window.end()");
        Assert.Equal(1, await message.CountAsync());
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal(0, await message.CountAsync());
    }

    [BrowserFact]
    public async Task A_store_with_datums_is_deleted_only_by_who_says_so_twice()
    {
        await Service.AdoptedAsync("a");
        var page = await OpenAsync(In($"stores/{Service.Store.Id}/edit"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete the store" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(dialog.GetByText("If you delete it, they stay")).ToBeVisibleAsync();
        Assert.False((await StoreAsync()).GetProperty("deleted").GetBoolean());
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Delete all the same" }).ClickAsync();
        await Expect(page.GetByText("No store yet")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("stores-empty");
    }

    [BrowserFact]
    public async Task Who_may_not_change_stores_only_sees_them()
    {
        var token = await NewTokenAsync("editor");
        var page = await OpenAsync(In("stores"), token);
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "my-bucket" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Add a store" })).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "my-bucket" }).ClickAsync();
        await Expect(page.GetByText("s3://bucket/")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Edit" })).ToHaveCountAsync(0);

        await page.GotoAsync($"{Origin}/console/{In($"stores/{Service.Store.Id}/edit")}");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No access" })).ToBeFocusedAsync();
        await Expect(page.GetByText("you need a role that manages stores: department_admin or system_admin.")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("no-access");
    }

    Task<JsonElement> StoreAsync() => Service.GetAsync($"/api/v0/stores/{Service.Store.Id}/");
}
