using System.Net;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Stores;

/// <summary>Creates stores of a service under test through its API.</summary>
static class TestStores
{
    /// <summary>The configuration of a store of the bucket of a test.</summary>
    public static object Configuration(
        this TestService service, string? endpoint = null, string id = "key", string? secret = "secret") =>
        new { bucket = "bucket", endpoint_url = endpoint ?? service.Server.Url, access_key_id = id, secret_access_key = secret };

    /// <summary>The path of a new store.</summary>
    public static async Task<string> NewStoreAsync(this TestService service, object body) =>
        $"/api/v0/stores/{await service.NewAsync("/api/v0/stores/", body)}/";

    /// <summary>The answer refuses this field and no other one.</summary>
    /// <param name="code">Null for any.</param>
    public static async Task AssertFieldAsync(string field, string? code, HttpResponseMessage response)
    {
        var error = (await TestUsers.JsonAsync(response, HttpStatusCode.BadRequest)).EnumerateObject().Single();
        Assert.Equal(field, error.Name);
        if (code is not null)
            Assert.Equal(code, error.Value[0].GetProperty("code").GetString());
    }
}
