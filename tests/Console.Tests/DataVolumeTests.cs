using DataRegistry.Tests.DataVolumes;
using DataRegistry.Tests.Fixtures;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class DataVolumeTests : ConsoleTest
{
    [BrowserFact]
    public async Task A_data_volume_is_created_described_shared_and_deleted()
    {
        var other = await Service.NewAsync("/api/v0/projects/", new { name = "vision" });
        var page = await OpenAsync(In("volumes"));
        await Expect(page.GetByText("No data volume yet")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("volumes-empty");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create a data volume" }).First.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name").FillAsync("Street Scenes");
        await dialog.GetByLabel("Volume claim (PVC)").FillAsync("scenes");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await Expect(dialog.GetByText("A name is 1 to 63 characters")).ToBeVisibleAsync();
        await Expect(dialog.GetByText("The cluster default has no agent, so nothing is made in it")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("volumes-create");
        await dialog.GetByLabel("Name").FillAsync("street-scenes");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();

        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "street-scenes" })).ToBeFocusedAsync();
        await Expect(page.GetByText("is an entry of the catalog")).ToBeVisibleAsync();
        await page.GetByLabel("What the volume contains").FillAsync("Street scenes of four cities.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(page.Locator(".lead")).ToHaveTextAsync("Street scenes of four cities.");

        // It exists nowhere but in the catalog, and is shared with others only.
        await Expect(page.GetByText("In the catalog only")).ToBeVisibleAsync();
        await Expect(page.GetByText("Ready", new() { Exact = true })).ToHaveCountAsync(0);
        await Expect(page.GetByLabel("Share it with").Locator("option").Filter(new() { HasText = "Project: demo" })).ToHaveCountAsync(0);
        await page.GetByLabel("Share it with").SelectOptionAsync(new SelectOptionValue { Label = "Project: vision" });
        await page.GetByRole(AriaRole.Button, new() { Name = "Share", Exact = true }).ClickAsync();
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "vision" });
        await Expect(row).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "page of the cluster" })).ToHaveAttributeAsync(
            "href", new System.Text.RegularExpressions.Regex("^#/admin/clusters/"));
        await page.AssertAccessibleAsync("volume-shared");
        var id = page.Url.Split('/')[^1];
        Assert.Equal([other], await Service.SharedWithAsync(id));
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove vision" }).ClickAsync();
        await Expect(page.GetByText("Not shared. Only demo may use it.")).ToBeVisibleAsync();
        Assert.Empty(await Service.SharedWithAsync(id));

        await page.GetByRole(AriaRole.Button, new() { Name = "Delete the data volume" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(page.GetByText("No data volume yet")).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task A_name_that_is_taken_is_said_at_its_field()
    {
        await Service.NewVolumeAsync("scenes");
        var page = await OpenAsync(In("volumes"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Create a data volume" }).First.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name").FillAsync("scenes");
        await dialog.GetByLabel("Volume claim (PVC)").FillAsync("x");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await Expect(dialog.GetByText("Another data volume of the cluster has this name.")).ToBeVisibleAsync();
        await Expect(dialog.GetByLabel("Name")).ToBeFocusedAsync();
    }

    [BrowserFact]
    public async Task Lists_are_searched_and_filtered_by_phase_and_the_address_keeps_it()
    {
        for (var n = 0; n < 30; n++)
            await Service.NewVolumeAsync($"scenes-{n:D2}");
        await Service.NewVolumeAsync($"a{new string('x', 62)}");
        var page = await OpenAsync(In("volumes"));
        await Expect(page.GetByText("31 data volumes")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("volumes");
        await page.GetByLabel("Search").FillAsync("SCENES-1");
        await Expect(page.GetByText("10 data volumes")).ToBeVisibleAsync();
        await page.GetByLabel("Sort by").SelectOptionAsync("name asc");
        await Expect(page.GetByRole(AriaRole.Row).Nth(1)).ToContainTextAsync("scenes-10");
        await page.ReloadAsync();
        await Expect(page.GetByText("10 data volumes")).ToBeVisibleAsync();
        Assert.Equal("SCENES-1", await page.GetByLabel("Search").InputValueAsync());
        await page.GetByLabel("Status").SelectOptionAsync("NotReady");
        await Expect(page.GetByText("No such data volume")).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task What_the_agent_reports_is_shown_by_itself_with_cause_and_remedy()
    {
        var (cluster, project, agent) = await Service.NewAgentClusterAsync();
        using var _ = agent;
        var id = await Service.NewVolumeAsync("scenes", project.Id);
        await agent.PendingAsync(cluster);
        var page = await OpenAsync($"#/p/{project.Id}/volumes/{id}");
        await Expect(page.GetByText("Creating", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByText("Waiting for the agent of cluster 'with-agent'")).ToBeVisibleAsync();
        (await agent.ReportAsync(
            cluster, id,
            new
            {
                phase = "NotReady",
                conditions = new[] { new { type = "PvcsCreated", status = "False", reason = "OriginalPvcNotBound" } },
            })).Dispose();
        await Expect(page.GetByText("Not ready", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByText("is not bound to a volume. Look at its events and bind it")).ToBeVisibleAsync();
        await Expect(page.GetByText("OriginalPvcNotBound")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("volume-not-ready");

        await page.GetByRole(AriaRole.Button, new() { Name = "Delete the data volume" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(page.GetByText("Deleting", new() { Exact = true })).ToBeVisibleAsync();
        (await agent.ReportAsync(cluster, id, new { isDeleted = true })).Dispose();
        await Expect(page.GetByText("scenes is deleted.")).ToBeVisibleAsync();
        await Expect(page.GetByText("No data volume yet")).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task Who_may_not_share_sees_no_scopes_and_who_may_only_read_is_offered_no_change()
    {
        var id = await Service.NewVolumeAsync("scenes");
        var researcher = await OpenAsync(In($"volumes/{id}"), await NewTokenAsync("l1_researcher"));
        await Expect(researcher.GetByRole(AriaRole.Button, new() { Name = "Delete the data volume" })).ToBeVisibleAsync();
        await Expect(researcher.GetByRole(AriaRole.Heading, new() { Name = "Shared with" })).ToHaveCountAsync(0);
        var viewer = await OpenAsync(In($"volumes/{id}"), await NewTokenAsync("viewer"));
        await Expect(viewer.GetByText("is an entry of the catalog")).ToBeVisibleAsync();
        await Expect(viewer.GetByText("Ask somebody who manages the cluster.")).ToBeVisibleAsync();
        await Expect(viewer.GetByRole(AriaRole.Button, new() { Name = "Delete the data volume" })).ToHaveCountAsync(0);
        await Expect(viewer.GetByRole(AriaRole.Button, new() { Name = "Save" })).ToHaveCountAsync(0);
    }
}
