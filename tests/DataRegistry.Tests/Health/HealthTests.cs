using System.Net;
using Azure;
using DataRegistry.Health;
using DataRegistry.Telemetry;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Health;

public sealed class HealthTests : IAsyncLifetime
{
    static readonly string Ready = $$"""{"detail":"ready","version":"{{Product.Version}}"}""";
    static readonly string NotReady = $$"""{"detail":"not ready","version":"{{Product.Version}}"}""";
    static readonly string Both = $$"""{"detail":"ready","dependencies":{"tables":true,"queues":true},"version":"{{Product.Version}}"}""";

    readonly FakeClock clock = new();
    TestService service = null!;
    HttpClient stranger = null!;

    public async Task InitializeAsync()
    {
        service = await TestService.StartAsync(null, clock);
        stranger = service.NewClient();
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
            Assert.Equal((HttpStatusCode.OK, Ready), await ReadyAsync(http));
        Assert.Equal((HttpStatusCode.OK, Both), await ReadyAsync(service.Http));
    }

    [Fact]
    public async Task A_queue_that_is_missing_is_told_to_administrators_only()
    {
        await service.Storage.Queues.DeleteQueueAsync("hash");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, NotReady), await ReadyAsync(stranger));
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable,
            $$"""{"detail":"not ready","dependencies":{"tables":true,"queues":false},"version":"{{Product.Version}}"}"""),
            await ReadyAsync(service.Http));
    }

    [Fact]
    public async Task Storage_that_is_away_is_asked_once_in_a_while_and_nothing_of_its_error_is_told()
    {
        service.Transport.Fault = new RequestFailedException(403, "The account of somebody is locked.");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, NotReady), await ReadyAsync(stranger));
        var before = service.Transport.Requests;
        for (var i = 0; i < 20; i++)
            Assert.Equal((HttpStatusCode.ServiceUnavailable, NotReady), await ReadyAsync(stranger));
        Assert.Equal(before, service.Transport.Requests);
        Assert.Contains("The account of somebody is locked.", service.Logs, StringComparison.Ordinal);

        service.Transport.Fault = null;
        clock.Move(TimeSpan.FromSeconds(5));
        Assert.Equal((HttpStatusCode.OK, Ready), await ReadyAsync(stranger));
    }

    [Fact]
    public async Task While_the_tables_are_away_no_token_is_looked_up_and_nobody_is_told_what_is_missing()
    {
        var (_, administrator) = await service.NewCallerAsync(("system_admin", "system", null));
        Assert.Equal((HttpStatusCode.OK, Both), await ReadyAsync(administrator));
        service.Transport.Fault = new InvalidOperationException("No identity.");
        clock.Move(TimeSpan.FromSeconds(5));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, NotReady), await ReadyAsync(stranger));
        var before = service.Transport.Requests;
        foreach (var http in new[] { administrator, service.Http })
            Assert.Equal((HttpStatusCode.ServiceUnavailable, NotReady), await ReadyAsync(http));
        Assert.Equal(before, service.Transport.Requests);
    }

    [Fact]
    public async Task A_token_that_cannot_be_looked_up_in_time_or_at_all_is_a_strangers()
    {
        var (_, administrator) = await service.NewCallerAsync(("system_admin", "system", null));
        Assert.Equal((HttpStatusCode.OK, Both), await ReadyAsync(service.Http));
        var readiness = service.Services.GetRequiredService<Readiness>();
        (service.Transport.Hangs, readiness.Timeout) = (true, TimeSpan.FromMilliseconds(100));
        Assert.Equal((HttpStatusCode.OK, Ready), await ReadyAsync(administrator));
        (service.Transport.Hangs, readiness.Timeout) = (false, TimeSpan.FromSeconds(30));
        service.Transport.Fault = new InvalidOperationException("No identity.");
        Assert.Equal((HttpStatusCode.OK, Ready), await ReadyAsync(administrator));
        service.Transport.Fault = null;
        Assert.Equal((HttpStatusCode.OK, Both), await ReadyAsync(administrator));
    }

    [Fact]
    public async Task The_process_is_live_whatever_storage_does()
    {
        service.Transport.Fault = new RequestFailedException(403, "Not now.");
        Assert.Equal(
            $$"""{"detail":"live","version":"{{Product.Version}}"}""",
            await stranger.GetStringAsync(new Uri("/api/health/live", UriKind.Relative)));
    }

    static async Task<(HttpStatusCode, string)> ReadyAsync(HttpClient http)
    {
        using var response = await http.GetAsync(new Uri("/api/health/ready", UriKind.Relative));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
