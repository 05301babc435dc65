using System.Diagnostics;
using System.Net;
using System.Text;
using DataRegistry.StandIn;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Host;

/// <summary>The published worker under the stand-in host. One worker is enough for all tests but those that end it.</summary>
[Collection(PublishedApp.Collection)]
public sealed class WorkerTests(WorkerTests.SharedWorker shared) : IClassFixture<WorkerTests.SharedWorker>
{
    readonly StandInHost host = shared.Host;

    public sealed class SharedWorker : IAsyncLifetime
    {
        public string Connection { get; private set; } = "";

        public StandInHost Host { get; private set; } = null!;

        public async Task InitializeAsync() =>
            Host = await WorkerRun.StartAsync(Connection = await AzuriteFixture.NewAccountAsync());

        public async Task DisposeAsync() => await Host.DisposeAsync();
    }

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

    /// <summary>Shows the whole error, of which <c>Assert.Null</c> shows the beginning.</summary>
    static void AssertSucceeded(string? error) => Assert.True(error is null, error);

    [Fact]
    public async Task A_timer_function_succeeds() => AssertSucceeded(await host.TickAsync("RescanStores"));

    [Theory]
    [InlineData("AdoptRange")]
    [InlineData("AdoptPoison")]
    [InlineData("HashDatum")]
    [InlineData("HashPoison")]
    public async Task A_message_that_cannot_be_read_is_kept_at_its_first_delivery(string function)
    {
        var logged = host.Logs.Count;
        AssertSucceeded(await host.InvokeAsync(function, "not a message"));
        var queue = StorageAccount.FromConnectionString(shared.Connection).Queues.GetQueueClient("unreadable-poison");
        var kept = Assert.Single((await queue.ReceiveMessagesAsync(32)).Value);
        Assert.Equal("not a message", kept.Body.ToString());
        await queue.DeleteMessageAsync(kept.MessageId, kept.PopReceipt);
        Assert.Single(host.Logs.Skip(logged), l => l.Text.Contains("cannot be read", StringComparison.Ordinal));
        Assert.DoesNotContain(host.Logs.Skip(logged), l => l.Text.Contains("   at ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_large_body_arrives_whole(bool chunked)
    {
        // 20 MB of JSON: too many URLs of a missing store. The app answers with its own 404.
        var body = Encoding.UTF8.GetBytes($$"""{"urls":["{{new string('x', 20_000_000)}}"]}""");
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v0/stores/{Guid.NewGuid()}/adopt/") { Content = content };
        request.Headers.TransferEncodingChunked = chunked;
        using var response = await host.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains("detail", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_who_hangs_up_leaves_no_error_and_no_stack_trace()
    {
        var (logged, written) = (host.Logs.Count, host.Output.Length);
        for (var i = 0; i < 5; i++)
        {
            using var hangUp = new CancellationTokenSource();
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v0/get-token/") { Content = new NeverEnding(hangUp) };
            await Assert.ThrowsAnyAsync<Exception>(() => host.Client.SendAsync(request, hangUp.Token));
        }

        // The worker has handled them once it answers the next request.
        using var response = await host.Client.GetAsync(new Uri("/api/health/live", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(host.Logs.Skip(logged).All(l => l.Level is not ("Error" or "Critical")), host.Output);
        Assert.DoesNotContain("   at ", host.Output[written..], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_of_a_newer_app_is_tried_as_often_as_host_json_says_and_then_in_the_poison_queue()
    {
        const string newer = """{"v":2,"job":"01a21bd2-362f-0000-2460-f6897a4dc96a","range":0,"epoch":1}""";
        var queues = StorageAccount.FromConnectionString(shared.Connection).Queues;
        await queues.GetQueueClient("adopt").SendMessageAsync(newer);
        await host.PumpAsync(queues, new Dictionary<string, string>(StringComparer.Ordinal) { ["adopt"] = "AdoptRange" }, 10, async () =>
            (await queues.GetQueueClient("adopt").GetPropertiesAsync()).Value.ApproximateMessagesCount == 0);
        Assert.Equal(newer, (await queues.GetQueueClient("adopt-poison").ReceiveMessageAsync()).Value.MessageText);
    }

    [Fact]
    public async Task A_worker_that_was_killed_is_started_again()
    {
        await host.KillWorkerAsync();
        await WorkerRun.StartAgainAsync(host);
        using var response = await host.Client.GetAsync(new Uri("/api/health/live", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task It_ends_in_order_when_it_is_told_to()
    {
        var exit = await host.TerminateAsync();
        Assert.True(exit == 0, $"{exit}\n{host.Output}");
        await WorkerRun.StartAgainAsync(host);
    }

    /// <summary>A body that begins and does not end. Its caller then hangs up.</summary>
    sealed class NeverEnding(CancellationTokenSource hangUp) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[1000]);
            await stream.FlushAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(200));
            await hangUp.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, hangUp.Token);
        }

        protected override bool TryComputeLength(out long length) => (length = 0) > 0;
    }

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
