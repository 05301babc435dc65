using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace DataRegistry.ConsoleTests;

/// <summary>
/// The installed browser, started by the first test that asks for it and shared by all. So are its tabs, each in a context of its own: a
/// new one costs three processes. One test at a time has a tab. Storage and cache belong to an address, and each service has another.
/// </summary>
static class Chromium
{
    /// <summary>The first needs an eighth less processor time than the others, which can also show windows.</summary>
    static readonly string[] Names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

    /// <summary>Milliseconds that a page may take for an action. Only a failure takes so long.</summary>
    public const int Timeout = 120_000;

    static readonly Lazy<Task<IBrowser>> Started = new(StartAsync);

    /// <summary>Set it to 1 if the browser must exist: its tests then fail and are not skipped.</summary>
    public static bool IsRequired => Environment.GetEnvironmentVariable("DATAREGISTRY_REQUIRE_CHROMIUM") is "1";

    /// <summary>Null if its tests can run.</summary>
    public static string? SkipReason =>
        IsRequired || Path is not null
            ? null : "Chromium is not installed (Debian: chromium-headless-shell): the console was not tried in a browser.";

    static string? Path => Names.SelectMany(
        name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator)
            .Select(folder => System.IO.Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    /// <summary>A page without script, which every service has.</summary>
    public const string Blank = "/api/health/live";

    /// <summary>
    /// A page looks at a running job, a selection or a version again after 0.4 to 5 seconds. Here it does so at once. Longer timers, such
    /// as those of messages, and shorter ones, such as the pause after a key, stay.
    /// </summary>
    const string ShortPolls = """
        { const later = window.setTimeout;
          window.setTimeout = (fn, delay, ...more) => later(fn, delay > 300 && delay < 5000 ? 100 : delay, ...more); }
        """;

    static readonly ConcurrentBag<Tab> Unused = [];

    /// <summary>A tab as new.</summary>
    public static async Task<Tab> TakeAsync(bool isNew) => !isNew && Unused.TryTake(out var tab) ? tab : await NewTabAsync();

    /// <summary>Leaves the page, and takes back what a test may have set. A tab that does not answer is given up.</summary>
    /// <param name="origin">The address of the service that the tab was at.</param>
    public static async Task ReturnAsync(Tab tab, string origin)
    {
        var context = tab.Page.Context;
        try
        {
            await context.SetOfflineAsync(false);
            await tab.Page.UnrouteAllAsync(new() { Behavior = UnrouteBehavior.IgnoreErrors });
            // By now the browser has told everything that the page did.
            tab.Watcher = null;
            foreach (var other in context.Pages.Where(p => p != tab.Page).ToList())
                await other.CloseAsync();
            await tab.Page.GotoAsync($"{origin}{Blank}");
            await tab.Page.EvaluateAsync("() => { localStorage.clear(); sessionStorage.clear(); }");
            await tab.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
            Unused.Add(tab);
        }
        catch (PlaywrightException)
        {
            await context.CloseAsync();
        }
    }

    static async Task<Tab> NewTabAsync()
    {
        var context = await (await Started.Value).NewContextAsync(new()
        {
            Locale = "en-GB",
            TimezoneId = "UTC",
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(Timeout);
        await context.AddInitScriptAsync(ShortPolls);
        return new(await context.NewPageAsync());
    }

    static async Task<IBrowser> StartAsync()
    {
        var path = Path
            ?? throw new InvalidOperationException(
                "DATAREGISTRY_REQUIRE_CHROMIUM is set, but no chromium is on the PATH; install it, or unset the variable.");
        // A busy machine takes longer than the default of five seconds.
        Assertions.SetDefaultExpectTimeout(Timeout);
        // It ends with this process, whose child the driver is.
        var playwright = await Playwright.CreateAsync();
        // Its sandbox refuses to run as root, as in containers. The pages are our own, so a tab keeps its process for all addresses.
        return await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = path,
            Args = ["--no-sandbox", "--disable-dev-shm-usage", "--process-per-site", "--disable-site-isolation-trials"],
        });
    }
}

/// <summary>A page that one test after the other uses.</summary>
sealed class Tab
{
    public Tab(IPage page)
    {
        Page = page;
        page.PageError += (_, error) => Watcher?.Note($"{page.Url}: {error}");
        page.Console += (_, message) =>
        {
            // The browser reports every error status, which some tests expect.
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                Watcher?.Note($"{page.Url}: {message.Text}");
        };
        page.Request += (_, request) =>
        {
            var url = new Uri(request.Url);
            // Downloads come from the bucket, on purpose; they are navigations.
            if (url.Scheme is "http" or "https" && !request.IsNavigationRequest && Watcher is { } watcher
                && url.GetLeftPart(UriPartial.Authority) != watcher.Origin)
                watcher.Note($"{page.Url} asked {request.Url}");
        };
    }

    public IPage Page { get; }

    /// <summary>The test that has the page; null if none has.</summary>
    public Watcher? Watcher { get; set; }
}

/// <summary>Takes note of a page's faults for a test.</summary>
/// <param name="Origin">The only host that a page may ask.</param>
sealed record Watcher(string Origin, ConcurrentQueue<string> Faults)
{
    public void Note(string fault) => Faults.Enqueue(fault);
}

/// <summary>A test in a real browser; skipped, with the reason, without one.</summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = Chromium.SkipReason;
}

/// <summary>The same for theories.</summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute() => Skip = Chromium.SkipReason;
}
