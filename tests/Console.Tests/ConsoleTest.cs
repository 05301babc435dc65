using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using DataRegistry.Selections;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace DataRegistry.ConsoleTests;

/// <summary>
/// A service of the test's own (see <see cref="TestService"/>) and browser pages on it. A page's exception, a violation
/// of its content security policy, or a request to another host fails the test at its end.
/// </summary>
public abstract partial class ConsoleTest : IAsyncLifetime
{
    /// <summary>The key that session.js uses.</summary>
    const string TokenKey = "data-registry.token";

    /// <summary>
    /// A page looks at a running job, a selection or a version again after 0.4 to 5 seconds. Here it does so at once. Longer timers, such as
    /// those of messages, and shorter ones, such as the pause after a key, stay.
    /// </summary>
    const string ShortPolls = """
        { const later = window.setTimeout;
          window.setTimeout = (fn, delay, ...more) => later(fn, delay > 300 && delay < 5000 ? 100 : delay, ...more); }
        """;

    readonly ConcurrentQueue<string> faults = new();
    readonly List<IBrowserContext> contexts = [];

    public TestService Service { get; private set; } = null!;

    /// <summary>The beginning of every page's address.</summary>
    public string Origin => Service.Http.BaseAddress!.GetLeftPart(UriPartial.Authority);

    /// <summary>The address of a page in the service's project, such as <c>data/adopt</c>.</summary>
    public string In(string path) => $"#/p/{Service.Project.Id}/{path}";

    /// <summary>Settings of the service, before it starts.</summary>
    protected virtual (string Setting, string Value)[] Settings => [];

    public virtual async Task InitializeAsync() => Service = await TestService.StartAsync(null, null, Replace, Settings);

    /// <summary>
    /// Adds what the service shall use instead of its own. Its requests freeze their selections themselves, however slow the machine is.
    /// </summary>
    protected virtual void Replace(IServiceCollection services) =>
        services.AddSingleton(new SelectionLimits { AtOnce = TimeSpan.FromHours(1) });

    public async Task DisposeAsync()
    {
        foreach (var context in contexts)
            await context.CloseAsync();
        await Service.DisposeAsync();
        Assert.True(faults.IsEmpty, string.Join('\n', faults));
    }

    /// <summary>A page in a browser context of its own, at an address (from the <c>#</c> on) of the console.</summary>
    /// <param name="token">Null for the administrator's; empty for none.</param>
    public async Task<IPage> OpenAsync(string address, string? token = null, int width = Screen.Wide)
    {
        var context = await (await Chromium.BrowserAsync()).NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = Screen.HeightOf(width) },
            Locale = "en-GB",
            TimezoneId = "UTC",
            ReducedMotion = ReducedMotion.Reduce,
        });
        contexts.Add(context);
        await context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"], new() { Origin = Origin });
        context.SetDefaultTimeout(Chromium.Timeout);
        await context.AddInitScriptAsync(ShortPolls);
        token ??= TestService.Token;
        // Only if it has none: a page that signs out stays signed out when it is reloaded.
        if (token.Length > 0)
            await context.AddInitScriptAsync(
                $"if (!sessionStorage.getItem('test.begun')) {{ sessionStorage.setItem('test.begun', '1'); "
                    + $"sessionStorage.setItem('{TokenKey}', '{token}'); }}");
        var page = await context.NewPageAsync();
        Watch(page);
        await page.GotoAsync($"{Origin}/console/{address}");
        return page;
    }

    /// <summary>Has the page's lists ask for pages of so many rows, so that few rows have several pages.</summary>
    public static Task TakePagesOfAsync(IPage page, int rows) => page.RouteAsync(
        LimitedList(), route => route.ContinueAsync(new() { Url = LimitedList().Replace(route.Request.Url, $"$1limit={rows}$2") }));

    [GeneratedRegex("^(.*/api/v0/.*[?&])limit=[0-9]+(.*)$", RegexOptions.None, 1000)]
    private static partial Regex LimitedList();

    /// <summary>A token of a new service account with this role at the service's project.</summary>
    public async Task<string> NewTokenAsync(string role)
    {
        var id = await Service.NewUserAsync($"robot-{Guid.NewGuid():N}", type: "service_account");
        await Service.GiveAsync(id, role, "project", Service.Project.Id);
        return await Service.NewTokenAsync(Service.Http, new { name = "test", user = id });
    }

    void Watch(IPage page)
    {
        page.PageError += (_, error) => faults.Enqueue($"{page.Url}: {error}");
        page.Console += (_, message) =>
        {
            // The browser reports every error status, which some tests expect.
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                faults.Enqueue($"{page.Url}: {message.Text}");
        };
        page.Request += (_, request) =>
        {
            var url = new Uri(request.Url);
            // Downloads come from the bucket, on purpose; they are navigations.
            if (url.Scheme is "http" or "https" && url.GetLeftPart(UriPartial.Authority) != Origin && !request.IsNavigationRequest)
                faults.Enqueue($"{page.Url} asked {request.Url}");
        };
    }
}
