using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace DataRegistry.ConsoleTests;

/// <summary>Checks of a page's appearance and accessibility.</summary>
static class Screen
{
    public const int Wide = 1440, Narrow = 390;

    /// <summary>A folder for pictures; if it is not set, none are made.</summary>
    const string Pictures = "DATAREGISTRY_SCREENSHOTS";

    /// <summary>A taller page is pictured only as far as the window shows it.</summary>
    const int LongestPicture = 4000;

    /// <summary>
    /// The axe library, loaded once into a document. The package's own way to run it would load it three times for each
    /// check, once into a new page, and also return everything without faults.
    /// </summary>
    static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    /// <summary>A paragraph for each broken rule: the rule, and the elements that break it. All rules count, if none are named.</summary>
    const string Violations = """
        async only => (await axe.run(document, { resultTypes: ['violations'], ...(only && { runOnly: only }) })).violations.map(rule => [
          `${rule.id}: ${rule.help}`,
          ...rule.nodes.map(node => `  ${node.html}  ${[...node.any, ...node.all, ...node.none].map(check => check.message).join(' ')}`),
        ].join('\n'))
        """;

    /// <summary>
    /// A line for each list whose rows or cells cut what they hold, without "…" for what is missing, or are not equally high. On a wide
    /// screen a row is one line of cells.
    /// </summary>
    const string CutRows = """
        wide => [...document.querySelectorAll('.endless tbody')].flatMap(body => {
          const rows = [...body.querySelectorAll('tr[aria-rowindex]')].map(row => [row, row.getBoundingClientRect()]);
          const cut = rows.flatMap(([row, { top, bottom }]) => [...row.cells].filter(cell => {
            const { height, ...at } = cell.getBoundingClientRect().toJSON();
            const { display, textOverflow, webkitLineClamp } = getComputedStyle(cell);
            // Neither ellipsis nor clamp has an effect on the items of a flex box.
            const marks = display !== 'flex';
            const wider = cell.scrollWidth > cell.clientWidth + 1 && !(marks && textOverflow === 'ellipsis');
            const higher = cell.scrollHeight > cell.clientHeight + 1 && !(marks && webkitLineClamp !== 'none');
            return height > 0 && (wider || higher || at.top < top - 1 || at.bottom > bottom + 1 || (wide && display !== 'table-cell'));
          }));
          const heights = new Set(rows.map(([, { height }]) => Math.round(height)));
          return [...cut.map(cell => `cut: ${cell.innerText}`), ...(heights.size > 1 ? [`rows of ${[...heights]} px`] : [])];
        })
        """;

    /// <summary>
    /// The rules that another theme or width can break. The elements are the same, and a narrow page shows none that a wide one hides.
    /// </summary>
    static readonly string[] OfThemeAndWidth =
    [
        "color-contrast", "link-in-text-block", "scrollable-region-focusable", "link-name", "button-name", "label", "select-name",
        "aria-hidden-focus", "empty-heading", "empty-table-header", "page-has-heading-one",
    ];

    public static int HeightOf(int width) => width == Narrow ? 844 : 900;

    /// <summary>
    /// Checks that axe finds no barrier, in the light theme on a wide screen and in the dark theme on a phone's, where
    /// the page must not overflow sideways either, nor a row of a list cut what it holds. Takes pictures of both with
    /// that name, if wanted. Afterwards the page is wide and light again.
    /// </summary>
    public static async Task AssertAccessibleAsync(this IPage page, string name)
    {
        // Its content may not exist yet, and the page before may still be there.
        await page.Locator("main:not([aria-busy]) h1").First.WaitForAsync();
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
                var violations = await page.EvaluateAsync<string[]>(Violations, width == Wide ? null : OfThemeAndWidth);
                Assert.True(violations.Length == 0, $"{here}: {string.Join('\n', violations)}");
                var outside = await page.EvaluateAsync<int>(
                    "() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
                Assert.True(outside <= 0, $"{here}: the page is {outside} px wider than the screen.");
                var cut = await page.EvaluateAsync<string[]>(CutRows, width == Wide);
                Assert.True(cut.Length == 0, $"{here}: {string.Join('\n', cut)}");
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
