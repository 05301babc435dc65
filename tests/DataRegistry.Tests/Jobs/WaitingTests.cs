using System.Text.Json;
using DataRegistry.Tests.Fixtures;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Jobs;

/// <summary>A waiting job shows the reason, and since when it waits.</summary>
public sealed class WaitingTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(
        null, clock, ("Adoption:WindowKeys", "60"), ("Adoption:WindowsPerRange", "9"), ("Adoption:WorkersPerStore", "1"),
        ("Adoption:RequestsPerSecondOfStore", "100000"));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Theory]
    [InlineData("slow")]
    [InlineData("error")]
    [InlineData("lease")]
    public async Task It_says_so_until_it_gets_on(string cause)
    {
        service.Put(Keys(101));
        if (cause == "lease")
            await HoldTheLeaseAsync();
        var job = await service.AcceptAsync(Keys(101));
        Assert.Equal(JsonValueKind.Null, (await service.GetAsync(job)).GetProperty("waiting").ValueKind);
        if (cause != "lease")
            service.Server.Faults = cause == "slow" ? new() { SlowDown = 1 } : new() { InternalError = 1 };

        var began = clock.GetUtcNow();
        await DeliverAsync(job);
        clock.Move(TimeSpan.FromSeconds(40));
        await DeliverAsync(job);

        var waiting = (await service.GetAsync(job)).GetProperty("waiting");
        Assert.Contains(
            cause switch
            {
                "slow" => "asks us to slow down",
                "error" => "HTTP 500",
                _ => "The store's bucket has its most workers (1)",
            },
            waiting.GetProperty("for").GetString(), StringComparison.Ordinal);
        Assert.Equal(began, waiting.GetProperty("since").GetDateTimeOffset(), TimeSpan.FromMilliseconds(1));

        service.Server.Faults = new();
        clock.Move(TimeSpan.FromMinutes(6));
        await DeliverAsync(job);
        var done = await service.GetAsync(job);
        AssertCounts(done, created: 101, existing: 0, failed: 0);
        Assert.Equal(JsonValueKind.Null, done.GetProperty("waiting").ValueKind);
    }

    /// <summary>Gives the store's only lease to another worker, for five minutes.</summary>
    async Task HoldTheLeaseAsync()
    {
        var leases = service.Storage.Tables.GetTableClient("leases");
        await leases.AddEntityAsync(new Azure.Data.Tables.TableEntity($"{service.Store.Id:N}", "00")
        {
            ["Holder"] = "another",
            ["Until"] = clock.GetUtcNow().AddMinutes(5),
        });
    }

    /// <summary>Delivers its message, even if it is not visible yet.</summary>
    async Task DeliverAsync(string job)
    {
        var message = new DataRegistry.Jobs.WorkMessage(DataRegistry.Jobs.WorkMessage.Version, Guid.Parse(job.Split('/')[^2]), 0, 1);
        try
        {
            await Registry.QueueFunctions[0].RunAsync(service.Services, new(message.ToString(), 1), default);
        }
        catch (DataRegistry.Stores.S3.BucketException)
        {
            // The host sees the failure.
        }
    }
}
