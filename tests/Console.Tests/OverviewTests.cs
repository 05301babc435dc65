using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using DataRegistry.Selections;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

public sealed class OverviewTests : ConsoleTest
{
    /// <summary>A count goes on in the queue, so that it has a middle.</summary>
    protected override void Replace(IServiceCollection services) =>
        services.AddSingleton(new SelectionLimits { AtOnce = TimeSpan.Zero });

    [BrowserFact]
    public async Task A_project_tells_its_drift_and_jobs_at_once_and_its_size_when_it_is_counted()
    {
        string[] keys = ["same.csv", "changed.csv", "missing.csv"];
        Service.Put(keys);
        (await Service.AdoptUrlsAsync(keys.Select(Service.Url))).Dispose();
        Service.Bucket.Put("changed.csv", Encoding.UTF8.GetBytes("something longer than it was"));
        Service.Bucket.Delete("missing.csv");
        (await Service.Http.SendAsync("POST", $"/api/v0/stores/{Service.Store.Id}/rescan/")).Dispose();
        await Service.DrainAsync();

        var page = await OpenAsync(In("data"));
        await Expect(Link(page, "same.csv")).ToBeVisibleAsync();
        var asked = new ConcurrentQueue<string>();
        page.Request += (_, request) =>
        {
            if (request.Url.Contains("/api/", StringComparison.Ordinal))
                asked.Enqueue($"{request.Method} {request.Url}");
        };
        await Link(page, "Overview").ClickAsync();
        await Expect(page.GetByText("Not counted yet.")).ToBeVisibleAsync();
        var drift = page.GetByRole(AriaRole.Region, new() { Name = "Drift" });
        await Expect(drift.GetByRole(AriaRole.Term)).ToHaveTextAsync(["Changed", "Missing"]);
        await Expect(drift.GetByRole(AriaRole.Definition)).ToHaveTextAsync(["1", "1"]);
        await Expect(drift.GetByRole(AriaRole.Row).Filter(new() { HasText = "my-bucket" })).ToContainTextAsync(
            "completed", new() { IgnoreCase = true });
        await Expect(Link(page, "Rescan of my-bucket")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("overview");
        // No request counts the project, and their number does not depend on what is in it.
        Assert.DoesNotContain(asked, request => !request.StartsWith("GET ", StringComparison.Ordinal));
        Assert.InRange(asked.Count, 1, 7);

        await page.GetByRole(AriaRole.Button, new() { Name = "Count now" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Stop counting" })).ToBeVisibleAsync();
        await page.AssertAccessibleAsync("overview-counting");
        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Stop counting" })).ToBeVisibleAsync();
        await Service.DrainAsync();
        var objects = page.GetByRole(AriaRole.Region, new() { Name = "Files" });
        await Expect(objects.GetByRole(AriaRole.Definition)).ToHaveTextAsync(["3", $"{keys.Sum(k => k.Length)} B"]);
        await Expect(objects).ToContainTextAsync("Counted just now");
        await page.ReloadAsync();
        await Expect(objects.GetByRole(AriaRole.Definition)).ToHaveTextAsync(["3", $"{keys.Sum(k => k.Length)} B"]);
        await page.AssertAccessibleAsync("overview-counted");

        await page.GetByRole(AriaRole.Button, new() { Name = "Count again" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop counting" }).ClickAsync();
        await Expect(page.GetByText("Counting was stopped.")).ToBeVisibleAsync();
        await drift.GetByRole(AriaRole.Link, new() { Name = "1" }).First.ClickAsync();
        await Expect(page).ToHaveURLAsync(new Regex(@"drift=changed"));
    }

    [BrowserFact]
    public async Task An_empty_project_says_what_would_be_there()
    {
        var page = await OpenAsync(In("overview"), await NewTokenAsync("viewer"));
        await Expect(page.GetByText("No store was rescanned yet.")).ToBeVisibleAsync();
        await Expect(page.GetByText("No job yet. Long adoptions, rescans, and actions on many datums are jobs.")).ToBeVisibleAsync();
        await Expect(Link(page, "Adopt files")).ToHaveCountAsync(0);
        await page.AssertAccessibleAsync("overview-empty");
    }

    static ILocator Link(IPage page, string name) => page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true });
}
