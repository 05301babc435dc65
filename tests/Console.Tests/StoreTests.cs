using System.Text.Json;
using DataRegistry.Tests.Datums;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class StoreTests : ConsoleTest
{
    [BrowserFact]
    public async Task A_store_is_added_after_its_bucket_was_tried_and_what_is_wrong_is_said_exactly()
    {
        Service.Server.CreateBucket("second");
        var page = await OpenAsync(In("stores"));
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "my-bucket" })).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("stores");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a store" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name", new() { Exact = true }).FillAsync("second");
        await dialog.GetByLabel("Bucket", new() { Exact = true }).FillAsync("secnd");
        await dialog.GetByLabel("Endpoint").FillAsync(Service.Server.Url);
        await dialog.GetByLabel("Access key id").FillAsync("key");
        await dialog.GetByLabel("Secret access key").FillAsync("the-secret-of-it");
        var send = dialog.GetByRole(AriaRole.Button, new() { Name = "Test the connection and add" });
        await send.ClickAsync();
        await Expect(dialog.GetByText("There is no bucket 'secnd' at this endpoint")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("stores-wrong");
        Assert.Single(await Service.GetAllAsync("/api/v0/stores/"));

        await dialog.GetByLabel("Bucket", new() { Exact = true }).FillAsync("second");
        await dialog.GetByLabel("Who may see it").SelectOptionAsync("single_project");
        await send.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "second" })).ToBeFocusedAsync();
        await Expect(page.GetByText("Its project only").First).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("store");
        var store = Assert.Single(await Service.GetAllAsync("/api/v0/stores/"), s => s.GetProperty("name").GetString() == "second");
        Assert.Equal("single_project", store.GetProperty("access_mode").GetString());
        Assert.Equal(Service.Project.Id, store.GetProperty("project").GetProperty("id").GetGuid());
        Assert.DoesNotContain("the-secret-of-it", await page.ContentAsync(), StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task Policies_and_the_connection_are_changed_and_a_connection_that_fails_changes_nothing()
    {
        var page = await OpenAsync(In($"stores/{Service.Store.Id}"));
        await page.GetByLabel("Objects may be adopted").UncheckAsync();
        await page.GetByLabel("Checksums of what is adopted").SelectOptionAsync("none");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save the policies" }).ClickAsync();
        await Expect(page.GetByText("The policies are saved.")).ToBeVisibleAsync();
        await Expect(page.GetByText("not allowed")).ToBeVisibleAsync();
        var store = await StoreAsync();
        Assert.False(store.GetProperty("allow_adopt").GetBoolean());
        Assert.Equal("none", store.GetProperty("hash_adopted").GetString());

        await page.GetByLabel("Endpoint").FillAsync("http://127.0.0.1:1");
        await page.GetByLabel("Secret access key").FillAsync("secret");
        await page.GetByRole(AriaRole.Button, new() { Name = "Test the connection and save" }).ClickAsync();
        await Expect(page.GetByText("Configuration:")).ToBeVisibleAsync(new() { Timeout = 30_000 });
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
    public async Task A_store_with_datums_is_deleted_only_by_who_says_so_twice()
    {
        await Service.AdoptedAsync("a");
        var page = await OpenAsync(In($"stores/{Service.Store.Id}"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete the store" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(dialog.GetByText("If it is deleted they stay")).ToBeVisibleAsync();
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
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Delete the store" })).ToHaveCountAsync(0);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Save" })).ToHaveCountAsync(0);
    }

    [BrowserFact]
    public async Task A_store_that_is_not_there_is_a_sentence_with_what_to_do()
    {
        var page = await OpenAsync(In($"stores/{Guid.NewGuid()}"));
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("This is not there.");
        await page.AssertAccessibleAsync("store-missing");
    }

    Task<JsonElement> StoreAsync() => Service.GetAsync($"/api/v0/stores/{Service.Store.Id}/");
}
