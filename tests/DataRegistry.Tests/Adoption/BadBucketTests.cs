using DataRegistry.Tests.Fixtures;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Adoption;

/// <summary>What one key, one answer or one setting of a bucket spoils is only that.</summary>
public sealed class BadBucketTests : IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(("Adoption:WindowKeys", "40"), ("Adoption:WindowsPerRange", "3"));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_key_that_the_server_refuses_fails_alone()
    {
        service.Put(Keys(110));
        var job = await service.AcceptAsync([.. Keys(110), "0000-\0"]);
        await service.DrainAsync();
        AssertCounts(await service.GetAsync(job), created: 110, existing: 0, failed: 1);
    }

    [Fact]
    public async Task A_server_that_cannot_say_whether_it_keeps_versions_is_asked_key_by_key()
    {
        service.Put(Keys(110));
        service.Server.Faults = new() { InternalError = 1, Kind = "get_versioning" };
        var job = await service.AcceptAsync(Keys(120));
        await service.DrainAsync();
        AssertCounts(await service.GetAsync(job), created: 110, existing: 0, failed: 10);
    }
}
