using System.Collections.Concurrent;
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
        var loaded = new ConcurrentDictionary<string, double>();
        client.Event(
            "Network.requestWillBeSent").OnEvent += (_, e) => urls[
                e!.Value.GetProperty("requestId").GetString()!] = e.Value.GetProperty("request").GetProperty("url").GetString()!;
        client.Event(
            "Network.loadingFinished").OnEvent += (_, e) => loaded[
                e!.Value.GetProperty("requestId").GetString()!] = e.Value.GetProperty("encodedDataLength").GetDouble();
        await page.GotoAsync($"{Origin}/console/{address}");
        await page.GetByRole(AriaRole.Heading, new() { Level = 1 }).WaitForAsync();
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        await client.DetachAsync();
        return [
            .. loaded.Where(
                l => urls.GetValueOrDefault(l.Key, "").Contains("/console/", StringComparison.Ordinal)).Select(
                    l => (urls[l.Key], l.Value)).Where(l => l.Value > 0)];
    }
}
