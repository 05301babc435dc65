using Microsoft.Playwright;

namespace DataRegistry.ConsoleTests;

/// <summary>
/// The installed browser, started by the first test that asks for it and shared by all. Each test has a context of its
/// own.
/// </summary>
static class Chromium
{
    static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    /// <summary>Milliseconds that a page may take for an action.</summary>
    public const int Timeout = 20_000;

    static readonly Lazy<Task<IBrowser>> Started = new(StartAsync);

    /// <summary>Set it to 1 if the browser must exist: its tests then fail and are not skipped.</summary>
    public static bool IsRequired => Environment.GetEnvironmentVariable("DATAREGISTRY_REQUIRE_CHROMIUM") is "1";

    /// <summary>Null if its tests can run.</summary>
    public static string? SkipReason =>
        IsRequired || Path is not null ? null : "Chromium is not installed (Debian: chromium): the console was not tried in a browser.";

    static string? Path => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator)
        .SelectMany(folder => Names.Select(name => System.IO.Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    public static Task<IBrowser> BrowserAsync() => Started.Value;

    static async Task<IBrowser> StartAsync()
    {
        var path = Path
            ?? throw new InvalidOperationException(
                "DATAREGISTRY_REQUIRE_CHROMIUM is set, but no chromium is on the PATH; install it, or unset the variable.");
        // A busy machine takes longer than the default of five seconds.
        Assertions.SetDefaultExpectTimeout(Timeout);
        // It ends with this process, whose child the driver is.
        var playwright = await Playwright.CreateAsync();
        // Its sandbox refuses to run as root, as in containers. The pages are our own.
        return await playwright.Chromium.LaunchAsync(new() { ExecutablePath = path, Args = ["--no-sandbox", "--disable-dev-shm-usage"] });
    }
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
