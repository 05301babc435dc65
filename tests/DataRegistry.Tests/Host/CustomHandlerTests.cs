using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace DataRegistry.Tests.Host;

/// <summary>The published app, driven with the Functions host's own requests.</summary>
public sealed class CustomHandlerTests(HostStorage storage) : IClassFixture<HostStorage>, IAsyncLifetime
{
    /// <summary>Nothing can be done with it, so its function throws.</summary>
    const string Unreadable = "not a message";

    /// <summary>Nothing listens there.</summary>
    const string StorageAway = "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;BlobEndpoint=http://127.0.0.1:1/devstoreaccount1;QueueEndpoint=http://127.0.0.1:1/devstoreaccount1;TableEndpoint=http://127.0.0.1:1/devstoreaccount1;";

    CustomHandlerProcess handler = null!;

    public async Task InitializeAsync() => handler = await CustomHandlerProcess.StartAsync(storage.ConnectionString);

    public async Task DisposeAsync() => await handler.DisposeAsync();

    [Fact]
    public async Task A_proxied_request_is_answered_by_the_app()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/health/live");
        request.Headers.Add("X-Azure-Functions-InvocationId", Guid.NewGuid().ToString());
        using HttpResponseMessage response = await handler.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(response.Headers.Contains("Server"));
    }

    [Fact]
    public async Task A_timer_function_that_succeeds_answers_what_the_host_waits_for()
    {
        (HttpStatusCode status, string body) = await handler.InvokeAsync("RescanStores", CustomHandlerProcess.TimerEnvelope());

        Assert.Equal((HttpStatusCode.OK, """{"Outputs":{},"Logs":[],"ReturnValue":null}"""), (status, body));
    }

    [Fact]
    public async Task A_queue_function_that_throws_answers_500_with_a_body_that_shows_no_insides()
    {
        (HttpStatusCode status, string body) = await handler.InvokeAsync("AdoptRange", CustomHandlerProcess.QueueEnvelope(Unreadable));

        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.StartsWith("AdoptRange failed: ", JsonDocument.Parse(body).RootElement.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
        Assert.DoesNotContain(Unreadable, body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AdoptRange", "")]
    [InlineData("AdoptRange", "{")]
    [InlineData("AdoptRange", "{}")]
    [InlineData("AdoptPoison", """{"Data":{},"Metadata":{}}""")]
    [InlineData("RescanStores", """{"Data":{}}""")]
    public async Task A_malformed_invocation_answers_400_and_says_what_is_wrong(string function, string envelope)
    {
        (HttpStatusCode status, string body) = await handler.InvokeAsync(function, envelope);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith($"{function}: ", JsonDocument.Parse(body).RootElement.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "/api/v0/../../RescanStores")]
    [InlineData("POST", "/api/v0/%2e%2e/%2E%2E/RescanStores")]
    [InlineData("POST", "/api/v0/%2e%2e/RescanStores")]
    [InlineData("POST", "/console/..%2fRescanStores")]
    [InlineData("POST", "/./RescanStores")]
    [InlineData("POST", "//RescanStores")]
    [InlineData("POST", "/RescanStores/")]
    [InlineData("POST", "/RescanStores?x=1")]
    [InlineData("POST", "/%52escanStores")]
    [InlineData("POST", "/rescanstores")]
    [InlineData("POST", "http://127.0.0.1/RescanStores")]
    [InlineData("POST", "/api/v0/RescanStores")]
    [InlineData("GET", "/RescanStores")]
    [InlineData("PUT", "/RescanStores")]
    public async Task A_path_that_only_becomes_a_functions_is_not_one(string method, string target)
    {
        // The same envelope does run at the exact path, see above.
        int status = await handler.SendRawAsync(method, target, CustomHandlerProcess.TimerEnvelope());

        Assert.Contains(status, new[] { 400, 401, 404, 405 });
        Assert.DoesNotContain("RescanStores failed", handler.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_listens_while_storage_is_away_and_fails_invocations_with_a_body()
    {
        await using CustomHandlerProcess lonely = await CustomHandlerProcess.StartAsync(StorageAway);

        using HttpResponseMessage live = await lonely.Client.GetAsync(new Uri("/api/health/live", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        (HttpStatusCode status, string body) = await lonely.InvokeAsync("AdoptRange", CustomHandlerProcess.QueueEnvelope(Unreadable));
        Assert.InRange((int)status, 500, 599);
        Assert.NotEmpty(body);
    }

    [Fact]
    public async Task It_ends_in_order_when_it_is_told_to()
    {
        await using CustomHandlerProcess ending = await CustomHandlerProcess.StartAsync(storage.ConnectionString);

        Assert.Equal(0, await ending.TerminateAsync());
    }

    [Fact]
    public async Task Started_by_hand_it_says_in_one_line_what_to_run_instead()
    {
        var start = new ProcessStartInfo(await PublishedApp.ExecutableAsync()) { UseShellExecute = false, RedirectStandardError = true };
        start.Environment.Remove("FUNCTIONS_CUSTOMHANDLER_PORT");
        using Process process = Process.Start(start)!;
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WithinDeadlineAsync();

        Assert.Equal(1, process.ExitCode);
        Assert.Contains("dotnet run --project src/LocalHost", Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
    }
}
