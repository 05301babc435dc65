using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Datums;

static class TestDatums
{
    /// <summary>Puts an object and adopts it; returns the datum's id.</summary>
    public static async Task<string> AdoptedAsync(this TestService service, string key)
    {
        service.Put(key);
        using var response = await service.AdoptUrlAsync(service.Url(key));
        return (await TestUsers.JsonAsync(response)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
    }
}
