using System.Diagnostics;
using System.Net;
using DataRegistry.StandIn;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Host;

/// <summary>The published worker under the stand-in host.</summary>
public sealed class WorkerTests : IAsyncLifetime
{
    string connection = "";
    StandInHost host = null!;

    public async Task InitializeAsync() => host = await WorkerRun.StartAsync(connection = await AzuriteFixture.NewAccountAsync());

    public async Task DisposeAsync() => await host.DisposeAsync();

    [Theory]
    [InlineData("GET", "/api/health/live", HttpStatusCode.OK)]
    [InlineData("HEAD", "/api/health/live", HttpStatusCode.OK)]
    [InlineData("GET", "/api/v0/projects/", HttpStatusCode.Unauthorized)]
    [InlineData("GET", "/RescanStores", HttpStatusCode.NotFound)]
    public async Task A_proxied_request_is_answered_by_the_app(string method, string path, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await host.Client.SendAsync(request);
        Assert.Equal(status, response.StatusCode);
        Assert.False(response.Headers.Contains("Server"));
    }

    [Fact]
    public async Task A_timer_function_succeeds() => Assert.Null(await host.TickAsync("RescanStores"));

    [Theory]
    [InlineData("AdoptRange")]
    [InlineData("AdoptPoison")]
    [InlineData("HashDatum")]
    [InlineData("HashPoison")]
    public async Task A_message_that_cannot_be_read_is_kept_at_its_first_delivery(string function)
    {
        Assert.Null(await host.InvokeAsync(function, "not a message"));
        var kept = await StorageAccount.FromConnectionString(connection).Queues.GetQueueClient("unreadable-poison").ReceiveMessagesAsync(32);
        Assert.Equal("not a message", Assert.Single(kept.Value).Body.ToString());
        Assert.Single(host.Logs, l => l.Text.Contains("cannot be read", StringComparison.Ordinal));
        Assert.DoesNotContain(host.Logs, l => l.Text.Contains("   at ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_worker_that_was_killed_is_started_again()
    {
        await host.KillWorkerAsync();
        await host.StartWorkerAsync();
        using var response = await host.Client.GetAsync(new Uri("/api/health/live", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task It_ends_in_order_when_it_is_told_to() => Assert.Equal(0, await host.TerminateAsync());

    [Theory]
    [InlineData("dotnet-isolated", "dotnet run --project src/LocalHost")]
    [InlineData("custom", "Set FUNCTIONS_WORKER_RUNTIME to dotnet-isolated.")]
    public async Task A_wrong_start_says_in_one_line_what_to_change(string runtime, string advice)
    {
        var start = new ProcessStartInfo(await PublishedApp.ExecutableAsync()) { UseShellExecute = false, RedirectStandardError = true };
        start.Environment["FUNCTIONS_WORKER_RUNTIME"] = runtime;
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WithinDeadlineAsync();
        Assert.Equal(1, process.ExitCode);
        Assert.Contains(advice, Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
    }
}
