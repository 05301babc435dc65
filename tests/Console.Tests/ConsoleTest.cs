using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using DataRegistry.Selections;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace DataRegistry.ConsoleTests;

/// <summary>
/// A service of the test's own (see <see cref="TestService"/>) and browser pages on it. A page's exception, a violation
/// of its content security policy, a request to another host, or an unexpected failure of the service fails the test at its end.
/// </summary>
public abstract partial class ConsoleTest : IAsyncLifetime
{
    /// <summary>The key that session.js uses.</summary>
    const string TokenKey = "data-registry.token";

    readonly ConcurrentQueue<string> faults = new();
    readonly List<Tab> tabs = [];

    public TestService Service { get; private set; } = null!;

    /// <summary>The beginning of every page's address.</summary>
    public string Origin => Service.Http.BaseAddress!.GetLeftPart(UriPartial.Authority);

    /// <summary>The address of a page in the service's project, such as <c>data/adopt</c>.</summary>
    public string In(string path) => $"#/p/{Service.Project.Id}/{path}";

    /// <summary>Settings of the service, before it starts.</summary>
    protected virtual (string Setting, string Value)[] Settings => [];

    /// <summary>The service's storage account; null for an empty one.</summary>
    protected virtual string? Connection => null;

    public virtual async Task InitializeAsync() => Service = await TestService.StartAsync(Connection, null, Replace, Settings);

    /// <summary>
    /// Adds what the service shall use instead of its own. Its requests freeze their selections themselves, however slow the machine is.
    /// </summary>
    protected virtual void Replace(IServiceCollection services) =>
        services.AddSingleton(new SelectionLimits { AtOnce = TimeSpan.FromHours(1) });

    public async Task DisposeAsync()
    {
        foreach (var tab in tabs)
            await Chromium.ReturnAsync(tab, Origin);
        await Service.DisposeAsync();
        // With its stack trace.
        if (Service.Logs.IndexOf("failed unexpectedly", StringComparison.Ordinal) is >= 0 and var at)
            faults.Enqueue(Service.Logs[at..Math.Min(at + 4000, Service.Logs.Length)]);
        Assert.True(faults.IsEmpty, string.Join('\n', faults));
    }

    /// <summary>A page in a browser context that no other test uses now, at an address (from the <c>#</c> on) of the console.</summary>
    /// <param name="token">Null for the administrator's; empty for none.</param>
    /// <param name="isNew">Whether no test has used the page before: one whose requests were changed keeps nothing in its cache.</param>
    public async Task<IPage> OpenAsync(string address, string? token = null, bool isNew = false)
    {
        var tab = await Chromium.TakeAsync(isNew);
        tabs.Add(tab);
        tab.Watcher = new(Origin, faults);
        var page = tab.Page;
        await page.SetViewportSizeAsync(Screen.Wide, Screen.HeightOf(Screen.Wide));
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"], new() { Origin = Origin });
        token ??= TestService.Token;
        if (token.Length > 0)
        {
            // A tab keeps its token for each service's address.
            await page.GotoAsync($"{Origin}{Chromium.Blank}");
            await page.EvaluateAsync($"token => sessionStorage.setItem('{TokenKey}', token)", token);
        }

        await page.GotoAsync($"{Origin}/console/{address}");
        return page;
    }

    /// <summary>Has the page's lists ask for pages of so many rows, so that few rows have several pages.</summary>
    public static Task TakePagesOfAsync(IPage page, int rows) => page.RouteAsync(
        LimitedList(),
        route => route.ContinueAsync(new() { Url = LimitedList().Replace(route.Request.Url, $"${{before}}limit={rows}${{after}}") }));

    [GeneratedRegex("^(?<before>.*/api/v0/.*[?&])limit=[0-9]+(?<after>.*)$")]
    private static partial Regex LimitedList();

    /// <summary>A token of a new service account with this role at the service's project.</summary>
    public async Task<string> NewTokenAsync(string role)
    {
        var id = await Service.NewUserAsync($"robot-{Guid.NewGuid():N}", type: "service_account");
        await Service.GiveAsync(id, role, "project", Service.Project.Id);
        return await Service.NewTokenAsync(Service.Http, new { name = "test", user = id });
    }
}
