using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace DataRegistry.ConsoleTests;

/// <summary>What a page looks like, for everybody.</summary>
static class Screen
{
    public const int Wide = 1440, Narrow = 390;

    /// <summary>A folder for pictures; none are made while it is not set.</summary>
    const string Pictures = "DATAREGISTRY_SCREENSHOTS";

    /// <summary>Of what is longer only what is in the window is pictured.</summary>
    const int LongestPicture = 4000;

    /// <summary>
    /// axe, which a document keeps. The package's own way to run it would load it three times for each look, once into a page of its own,
    /// and send home what is in order, too.
    /// </summary>
    static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    /// <summary>A paragraph for each rule that is broken: the rule, and the elements that break it.</summary>
    const string Violations = """
        async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.map(rule => [
          `${rule.id}: ${rule.help}`,
          ...rule.nodes.map(node => `  ${node.html}  ${[...node.any, ...node.all, ...node.none].map(check => check.message).join(' ')}`),
        ].join('\n'))
        """;

    public static int HeightOf(int width) => width == Narrow ? 844 : 900;

    /// <summary>
    /// Nothing that axe knows to be a barrier, light on a wide screen and dark on a phone's, where also nothing sticks out at the side.
    /// With
    /// pictures of both under that name, where they are wanted. The page is then wide and light again.
    /// </summary>
    public static async Task AssertAccessibleAsync(this IPage page, string name)
    {
        // Its content may not be there yet.
        await page.Locator("h1").First.WaitForAsync();
        if (!await page.EvaluateAsync<bool>("() => 'axe' in window"))
            await page.EvaluateAsync(Axe);
        try
        {
            var folder = Environment.GetEnvironmentVariable(Pictures) is { Length: > 0 } set ? set : null;
            foreach (var (scheme, width, looked) in new[]
            {
                (ColorScheme.Light, Wide, true), (ColorScheme.Dark, Wide, false), (ColorScheme.Light, Narrow, false),
                (ColorScheme.Dark, Narrow, true),
            })
            {
                if (!looked && folder is null)
                    continue;
                await page.EmulateMediaAsync(new() { ColorScheme = scheme });
                await page.SetViewportSizeAsync(width, HeightOf(width));
                // The next frame has the new size.
                await page.EvaluateAsync("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
                var here = $"{name}-{width}-{scheme.ToString().ToLowerInvariant()}";
                if (folder is not null)
                    await page.ScreenshotAsync(new()
                    {
                        Path = Path.Combine(folder, $"{here}.png"),
                        FullPage = await HeightAsync(page) < LongestPicture,
                    });
                if (!looked)
                    continue;
                var violations = await page.EvaluateAsync<string[]>(Violations);
                Assert.True(violations.Length == 0, $"{here}: {string.Join('\n', violations)}");
                var outside = await page.EvaluateAsync<int>(
                    "() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
                Assert.True(outside <= 0, $"{here}: the page is {outside} px wider than the screen.");
            }
        }
        finally
        {
            await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
            await page.SetViewportSizeAsync(Wide, HeightOf(Wide));
        }
    }

    static Task<int> HeightAsync(IPage page) => page.EvaluateAsync<int>("() => document.documentElement.scrollHeight");
}
