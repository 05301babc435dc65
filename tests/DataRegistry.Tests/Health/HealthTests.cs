using System.Net;
using Azure;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Health;

public sealed class HealthTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;
    HttpClient stranger = null!;

    public async Task InitializeAsync()
    {
        service = await TestService.StartAsync(null, clock);
        stranger = new HttpClient { BaseAddress = service.Http.BaseAddress };
    }

    public async Task DisposeAsync()
    {
        stranger.Dispose();
        await service.DisposeAsync();
    }

    [Fact]
    public async Task A_stranger_is_told_that_it_is_ready_and_an_administrator_what_of_it_is()
    {
        var (_, viewer) = await service.NewCallerAsync(("viewer", "system", null));
        foreach (var http in new[] { stranger, viewer, service.As("dr_nonsense") })
            Assert.Equal((HttpStatusCode.OK, """{"detail":"ready"}"""), await ReadyAsync(http));
        Assert.Equal((HttpStatusCode.OK, """{"detail":"ready","dependencies":{"tables":true,"queues":true}}"""), await ReadyAsync(service.Http));
    }

    [Fact]
    public async Task A_queue_that_is_missing_is_told_to_administrators_only()
    {
        await service.Storage.Queues.DeleteQueueAsync("hash");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"detail":"not ready"}"""), await ReadyAsync(stranger));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"detail":"not ready","dependencies":{"tables":true,"queues":false}}"""), await ReadyAsync(service.Http));
    }

    [Fact]
    public async Task Storage_that_is_away_is_asked_once_in_a_while_and_nothing_of_its_error_is_told()
    {
        service.Transport.Fault = new RequestFailedException(403, "The account of somebody is locked.");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"detail":"not ready"}"""), await ReadyAsync(stranger));
        var before = service.Transport.Requests;
        for (var i = 0; i < 20; i++)
            Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"detail":"not ready"}"""), await ReadyAsync(stranger));
        Assert.Equal(before, service.Transport.Requests);
        Assert.Contains("The account of somebody is locked.", service.Logs, StringComparison.Ordinal);

        service.Transport.Fault = null;
        clock.Move(TimeSpan.FromSeconds(5));
        Assert.Equal((HttpStatusCode.OK, """{"detail":"ready"}"""), await ReadyAsync(stranger));
    }

    [Fact]
    public async Task The_process_is_live_whatever_storage_does()
    {
        service.Transport.Fault = new RequestFailedException(403, "Not now.");
        Assert.Equal("""{"detail":"live"}""", await stranger.GetStringAsync(new Uri("/api/health/live", UriKind.Relative)));
    }

    static async Task<(HttpStatusCode, string)> ReadyAsync(HttpClient http)
    {
        using var response = await http.GetAsync(new Uri("/api/health/ready", UriKind.Relative));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
