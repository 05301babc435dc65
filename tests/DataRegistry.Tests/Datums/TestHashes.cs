using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Datums;

/// <summary>Helpers of the tests of hashes.</summary>
static class TestHashes
{
    /// <summary>
    /// Adopts an object at once and returns its datum's id. Counts of the bucket's requests start afterwards.
    /// </summary>
    public static async Task<string> AdoptObjectAsync(this TestService service, string key)
    {
        service.Server.Requests.Reset();
        using var response = await service.AdoptUrlAsync(service.Url(key));
        return (await TestUsers.JsonAsync(response)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
    }

    public static Task<JsonElement> DatumAsync(this TestService service, string id) => service.GetAsync($"/api/v0/data/{id}/");

    /// <summary>The datum in its present state, without a wait. Its hashes are left to the queue.</summary>
    public static async Task<JsonElement> DatumAtOnceAsync(this TestService service, string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"/api/v0/data/{id}/", UriKind.Relative));
        request.Headers.Add("Prefer", "wait=0");
        using var response = await service.Http.SendAsync(request);
        return await TestUsers.JsonAsync(response);
    }

    /// <summary>Runs <c>HashDatum</c> on a message.</summary>
    public static Task DeliverHashAsync(this TestService service, string message) =>
        Registry.QueueFunctions.Single(f => f.Name == "HashDatum").RunAsync(service.Services, new(message, 1), default);

    /// <summary>Sets the store's policy.</summary>
    public static async Task HashAdoptedAsync(this TestService service, string policy) =>
        Assert.Equal(
            HttpStatusCode.OK,
            await service.Http.StatusAsync("PATCH", $"/api/v0/stores/{service.Store.Id}/", $$"""{"hash_adopted":"{{policy}}"}"""));

    public static void AssertHashes(byte[] bytes, JsonElement datum)
    {
#pragma warning disable CA5350 // The tests only compare these hashes.
        Assert.Equal(
            (Sha256(bytes), Convert.ToHexStringLower(SHA1.HashData(bytes)), Md5(bytes)),
            (datum.GetProperty("sha256").GetString(), datum.GetProperty("sha1").GetString(), datum.GetProperty("md5").GetString()));
#pragma warning restore CA5350
        Assert.False(datum.TryGetProperty("checksum_error", out _));
    }

    public static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

#pragma warning disable CA5351 // S3 defines the ETag as an MD5.
    public static string Md5(byte[] bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));
#pragma warning restore CA5351
}
