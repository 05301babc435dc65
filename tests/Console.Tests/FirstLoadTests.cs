using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace DataRegistry.ConsoleTests;

public sealed class FirstLoadTests(ITestOutputHelper output) : ConsoleTest
{
    const int MostBytes = 45_000;

    [BrowserFact]
    public async Task A_first_load_is_under_45_kB_and_a_second_one_asks_for_the_page_only()
    {
        var page = await OpenAsync("", token: "", isNew: true);
        var first = await LoadAsync(page, "#/projects");
        output.WriteLine(
            $"{first.Count} files, {first.Sum(f => f.Bytes)} bytes\n{string.Join('\n', first.Select(f => $"{f.Bytes,7} {f.Path}"))}");
        Assert.InRange(first.Sum(f => f.Bytes), 1, MostBytes);
        Assert.Contains(first, f => f.Path.EndsWith("/app.js", StringComparison.Ordinal));

        await page.GotoAsync("about:blank");
        var again = await LoadAsync(page, "#/projects", clear: false);
        Assert.True(again.Sum(f => f.Bytes) < 2000, string.Join('\n', again));
    }

    /// <summary>The bytes on the wire, headers included, of the console's files.</summary>
    async Task<List<(string Path, double Bytes)>> LoadAsync(IPage page, string address, bool clear = true)
    {
        var client = await page.Context.NewCDPSessionAsync(page);
        await client.SendAsync("Network.enable");
        if (clear)
        {
            await client.SendAsync("Network.clearBrowserCache");
            await page.GotoAsync("about:blank");
        }

        var urls = new ConcurrentDictionary<string, string>();
        var ended = new ConcurrentDictionary<string, double>();
        On("Network.requestWillBeSent", (id, e) => urls[id] = e.GetProperty("request").GetProperty("url").GetString()!);
        On("Network.loadingFinished", (id, e) => ended[id] = e.GetProperty("encodedDataLength").GetDouble());
        On("Network.loadingFailed", (id, _) => ended[id] = 0);
        await page.GotoAsync($"{Origin}/console/{address}");
        await page.GetByRole(AriaRole.Heading, new() { Level = 1 }).WaitForAsync();
        // Playwright's own NetworkIdle does not always come on a slow machine.
        using var patience = new CancellationTokenSource(Chromium.Timeout);
        for (var quiet = 0; quiet < 5; quiet = Pending().Length == 0 ? quiet + 1 : 0)
        {
            Assert.False(patience.IsCancellationRequested, $"No answer yet: {string.Join(' ', Pending())}");
            await Task.Delay(100);
        }

        await client.DetachAsync();
        return [
            .. urls.Where(u => u.Value.Contains("/console/", StringComparison.Ordinal) && ended.GetValueOrDefault(u.Key) > 0)
                .Select(u => (u.Value, ended[u.Key]))];

        void On(string name, Action<string, JsonElement> handle) => client.Event(name).OnEvent +=
            (_, e) => handle(e!.Value.GetProperty("requestId").GetString()!, e.Value);

        string[] Pending() => [.. urls.Where(u => !ended.ContainsKey(u.Key)).Select(u => u.Value)];
    }
}
