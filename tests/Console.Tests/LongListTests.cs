using System.Globalization;
using System.Text.RegularExpressions;
using DataRegistry.LocalHost;
using DataRegistry.Tests.Datums;
using Microsoft.Playwright;
using Xunit.Abstractions;
using static Microsoft.Playwright.Assertions;

namespace DataRegistry.ConsoleTests;

/// <summary>
/// A list of many datums: how soon the page shows a frame after a key, the rows in it, and its requests. It has 3,000 datums, or those of
/// an emulator that a benchmark keeps (tests/README.md).
/// </summary>
public sealed class LongListTests(ITestOutputHelper output) : ConsoleTest
{
    /// <summary>The emulator's ports, as the benchmark prints them, and its project; null for datums of the test's own.</summary>
    static readonly string[]? Kept =
        Environment.GetEnvironmentVariable("DATAREGISTRY_KEPT") is { Length: > 0 } set ? set.Split(' ') : null;

    /// <summary>Milliseconds for a search. An emulator takes minutes to look through a million datums.</summary>
    static readonly int Search = Kept is null ? Chromium.Timeout : 600_000;

    /// <summary>The first row of the list that reaches into the window.</summary>
    const string TopRow =
        "() => [...document.querySelectorAll('.endless tr[aria-rowindex]')].find(row => row.getBoundingClientRect().bottom > 0)";

    /// <summary>Waits until the page has drawn what was just changed.</summary>
    const string Frames = "for (let n = 0; n < 4; n++) await new Promise(requestAnimationFrame);";

    readonly List<string> asked = [];
    int told;

    protected override string? Connection => Kept is null
        ? null
        : Azurite.ConnectionStringOf(new AzuritePorts(Number(Kept[0]), Number(Kept[1]), Number(Kept[2])));

    [BrowserFact]
    public async Task Many_datums_are_scrolled_through_searched_and_not_drawn_again_by_a_key()
    {
        if (Kept is null)
            await Service.AddDatumsAsync(
                Service.Store, Service.Project,
                // The list's order is another one in each run. Of the rows that a phone shows, some are long all the same.
                Enumerable.Range(0, 3000).Select(
                    n => $"frames/{n:D5} {(n % 300 == 7 ? "needle" : "hay")}{(n % 3 == 0 ? new string('y', 120) : "")}.jpg"));
        var page = await OpenAsync("#/projects");
        page.Request += (_, request) =>
        {
            if (request.Url.Contains("/api/", StringComparison.Ordinal))
                asked.Add(request.Url);
        };
        var status = page.Locator(".list-status");
        await page.GotoAsync($"{Origin}/console/#/p/{Kept?[3] ?? Service.Project.Id.ToString()}/data");
        await Expect(status).ToContainTextAsync("loaded");
        Tell("first page", most: 5);
        await page.AssertAccessibleAsync("data-many");

        await page.EvaluateAsync("""
            async () => {
              const words = () => document.querySelector('.list-status').textContent;
              const loaded = () => Number(/([0-9,]+) (datums )?loaded/.exec(words())[1].replaceAll(',', ''));
              while (loaded() < 2000) {
                scrollTo(0, document.body.scrollHeight);
                await new Promise(requestAnimationFrame);
              }
            }
            """);
        var rows = await page.GetByRole(AriaRole.Row).CountAsync();
        output.WriteLine($"{rows} rows in the page: {await status.InnerTextAsync()}");
        Assert.InRange(rows, 10, 100);
        Tell("2,000 rows", most: 10);

        await KeepsItsRowAsync(page);
        await page.EvaluateAsync("() => scrollTo(0, 0)");
        await page.GetByLabel("Search").ClickAsync();
        await page.EvaluateAsync("""
            () => {
              const drawn = new MutationObserver(() => {});
              drawn.observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true });
              window.drawn = [];
              addEventListener('input', () => drawn.takeRecords(), true);
              addEventListener('input', () => window.drawn.push(drawn.takeRecords().length));
              addEventListener('keydown', ({ timeStamp }) => requestAnimationFrame(() => setTimeout(
                () => window.times.push(performance.now() - timeStamp))));
              window.times = [];
            }
            """);
        await page.Keyboard.TypeAsync("a name that is not there");
        await page.WaitForFunctionAsync("() => window.times.length === 24");
        // A key press waits for no drawing, however long the list is.
        var drawn = await page.EvaluateAsync<int[]>("() => window.drawn");
        Assert.Equal(24, drawn.Length);
        Assert.All(drawn, changes => Assert.InRange(changes, 0, 3));
        var times = await page.EvaluateAsync<double[]>("() => window.times.sort((a, b) => a - b)");
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture, $"key to next frame: median {times[times.Length / 2]:F1} ms, longest {times[^1]:F1} ms"));
        await Expect(page.GetByText("No datum has exactly this name or alias")).ToBeVisibleAsync(new() { Timeout = Search });
        // The list and the alias of a name are asked for, once after the last key; slow keys may be several words.
        Tell("a word", most: Kept is null ? 48 : 1000);

        // A part of a name is a search of its own, in as many requests as for a small project.
        await page.GetByLabel("Search").FillAsync(Kept is null ? "needle" : "0001");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".card .summary")).ToHaveTextAsync(
            Kept is null ? new Regex("^10 datums, ") : new Regex("^[0-9,]+ datums, "), new() { Timeout = Search });
        await Expect(page.GetByRole(AriaRole.Table).Locator("td:first-child a").First).ToContainTextAsync(Kept is null ? "needle" : "0001");
        Tell("a search", most: Kept is null ? 6 : 1000);
        await page.AssertAccessibleAsync("search-many");
    }

    /// <summary>A phone's address bar changes the window's height, and a rotation its width, too: the row on top stays there.</summary>
    static async Task KeepsItsRowAsync(IPage page)
    {
        await ResizeAsync(page, Screen.Narrow, Screen.HeightOf(Screen.Narrow));
        // Its middle is on top, so that a rounded pixel makes no other row the first.
        await page.EvaluateAsync($$"""
            async () => {
              scrollTo(0, document.body.scrollHeight / 2);
              {{Frames}}
              const { top, height } = ({{TopRow}})().getBoundingClientRect();
              scrollBy(0, top + height / 2);
              {{Frames}}
            }
            """);
        var row = await TopRowAsync(page);
        Assert.InRange(int.Parse(row, CultureInfo.InvariantCulture), 100, 1900);
        // The highest row has made all rows higher than they are by themselves.
        if (Kept is null)
            Assert.InRange(
                await page.EvaluateAsync<double>(
                    "() => parseFloat(document.querySelector('.endless tbody').style.getPropertyValue('--row'))"),
                61, 300);
        foreach (var (width, height) in new[]
        {
            (Screen.Narrow, 700), (844, Screen.Narrow), (Screen.Narrow, 844), (Screen.Wide, Screen.HeightOf(Screen.Wide)),
        })
        {
            await ResizeAsync(page, width, height);
            Assert.Equal((width, row), (width, await TopRowAsync(page)));
        }
    }

    static async Task ResizeAsync(IPage page, int width, int height)
    {
        await page.SetViewportSizeAsync(width, height);
        await page.EvaluateAsync($"async () => {{ {Frames} }}");
    }

    /// <summary>As <c>aria-rowindex</c> tells it.</summary>
    static Task<string> TopRowAsync(IPage page) => page.EvaluateAsync<string>($"() => ({TopRow})().getAttribute('aria-rowindex')");

    void Tell(string what, int most)
    {
        output.WriteLine($"{what}: {asked.Count - told} requests");
        Assert.InRange(asked.Count - told, 1, most);
        told = asked.Count;
    }

    static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
