using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using static DataRegistry.Tests.Datums.TestHashes;

namespace DataRegistry.Tests.Datums;

public sealed class HashTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(null, clock, ("Datums:HashAtOnceBytes", "1000"));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_small_object_that_is_adopted_at_once_has_its_hashes_for_one_get_more()
    {
        service.Server.Requests.Reset();
        var id = await service.AdoptedAsync("a");
        Assert.Equal(new Dictionary<string, long> { ["get"] = 1, ["head"] = 1 }, service.Server.Requests.Snapshot());
        AssertHashes("a"u8.ToArray(), await service.DatumAsync(id));
        Assert.Equal(2, service.Server.Requests.Total);
    }

    [Fact]
    public async Task Where_s3_knows_the_hash_of_the_whole_nothing_is_read()
    {
        service.Bucket.Put("a", "a"u8, sha256: Convert.ToBase64String(SHA256.HashData("a"u8)));
        var datum = await service.DatumAsync(await service.AdoptObjectAsync("a"));
        Assert.Equal(Sha256("a"u8.ToArray()), datum.GetProperty("sha256").GetString());
        Assert.Equal(new Dictionary<string, long> { ["head"] = 1 }, service.Server.Requests.Snapshot());
    }

    [Fact]
    public async Task The_hash_of_hashes_of_an_upload_in_parts_is_not_taken_for_the_files()
    {
        service.Bucket.Put("a", "a"u8, sha256: Convert.ToBase64String(SHA256.HashData("parts"u8)) + "-2", composite: true);
        AssertHashes("a"u8.ToArray(), await service.DatumAsync(await service.AdoptObjectAsync("a")));
    }

    [Fact]
    public async Task What_a_request_adopts_is_read_up_to_the_limit_together()
    {
        foreach (var key in new[] { "a", "b", "c" })
            service.Bucket.Put(key, new byte[400]);
        (await service.AdoptUrlsAsync(["s3://bucket/a", "s3://bucket/b", "s3://bucket/c"])).EnsureSuccessStatusCode();
        Assert.Equal(2, (await service.GetDatumsAsync()).Count(d => d.GetProperty("sha256").ValueKind == JsonValueKind.String));
        Assert.Equal(2, service.Server.Requests["get"]);
        Assert.Empty(await service.ReceiveAsync(HashQueue.Name));
    }

    [Fact]
    public async Task A_large_object_is_queued_by_the_first_who_asks_for_it_and_by_nobody_else()
    {
        var bytes = RandomNumberGenerator.GetBytes(300_000);
        service.Bucket.Put("large", bytes);
        var id = await service.AdoptObjectAsync("large");
        var asked = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(
                i => i % 2 == 0 ? service.DatumAtOnceAsync(id) : service.GetAsync($"/api/v0/data/{id}/download/")));
        Assert.Equal(JsonValueKind.Null, asked[0].GetProperty("sha256").ValueKind);
        Assert.Equal(0, service.Server.Requests["get"]);
        var message = Assert.Single(await service.ReceiveAsync(HashQueue.Name, visibilitySeconds: 1));
        // Twice at the same time, and once more later.
        await Task.WhenAll(service.DeliverHashAsync(message.MessageText), service.DeliverHashAsync(message.MessageText));
        AssertHashes(bytes, await service.DatumAsync(id));
        service.Server.Requests.Reset();
        await service.DeliverHashAsync(message.MessageText);
        Assert.Equal(0, service.Server.Requests.Total);
    }

    [Fact]
    public async Task A_message_that_was_lost_is_made_good_by_who_asks_an_hour_later()
    {
        service.Bucket.Put("large", new byte[2000]);
        var id = await service.AdoptObjectAsync("large");
        await service.DatumAtOnceAsync(id);
        Assert.Single(await service.ReceiveAsync(HashQueue.Name));
        clock.Move(TimeSpan.FromMinutes(59));
        await service.DatumAtOnceAsync(id);
        Assert.Empty(await service.ReceiveAsync(HashQueue.Name));
        clock.Move(TimeSpan.FromMinutes(1));
        await service.DatumAtOnceAsync(id);
        Assert.Single(await service.ReceiveAsync(HashQueue.Name));
    }

    [Fact]
    public async Task A_jobs_datum_is_hashed_when_it_is_first_asked_for()
    {
        var keys = Enumerable.Range(0, 101).Select(i => $"k{i:D3}").ToArray();
        service.Put(keys);
        await service.AcceptAsync(keys);
        await service.DrainAsync();
        Assert.Equal(0, service.Server.Requests["get"]);
        var listed = (await service.GetDatumsAsync())[0];
        Assert.Equal(JsonValueKind.Null, listed.GetProperty("sha256").ValueKind);
        AssertHashes(
            Encoding.UTF8.GetBytes(listed.GetProperty("name").GetString()!),
            await service.DatumAsync(listed.GetProperty("id").GetString()!));
    }

    [Fact]
    public async Task A_store_that_wants_all_hashed_has_a_jobs_datums_and_large_ones_hashed_by_the_queue()
    {
        await service.HashAdoptedAsync("all");
        var keys = Enumerable.Range(0, 120).Select(i => $"k{i:D3}").ToArray();
        service.Put(keys);
        service.Bucket.Put("large", new byte[2000]);
        await service.AdoptObjectAsync("large");
        await service.AcceptAsync(keys);
        await service.DrainAsync();
        var datums = await service.GetDatumsAsync();
        Assert.Equal(121, datums.Count);
        foreach (var datum in datums)
            AssertHashes(
                datum.GetProperty("name").GetString() is var name && name == "large" ? new byte[2000] : Encoding.UTF8.GetBytes(name!),
                datum);
    }

    [Fact]
    public async Task A_store_that_wants_none_hashed_has_them_hashed_only_when_they_are_asked_for()
    {
        await service.HashAdoptedAsync("none");
        var id = await service.AdoptedAsync("a");
        Assert.Equal(0, service.Server.Requests["get"]);
        AssertHashes("a"u8.ToArray(), await service.DatumAsync(id));
        using var wrong = await service.Http.SendAsync("PATCH", $"/api/v0/stores/{service.Store.Id}/", """{"hash_adopted":"some"}""");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Contains("hash_adopted", await wrong.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_hash_is_of_the_adopted_version_not_of_the_newest()
    {
        service.Bucket.Versioning = EmbeddedVersioning.Enabled;
        service.Bucket.Put("a", new byte[2000]);
        var id = await service.AdoptObjectAsync("a");
        service.Bucket.Put("a", new byte[2001]);
        await service.DatumAsync(id);
        await service.DrainAsync();
        AssertHashes(new byte[2000], await service.DatumAsync(id));
    }

    [Fact]
    public async Task An_object_that_changes_before_it_is_read_is_never_hashed_and_says_why()
    {
        service.Bucket.Put("a", new byte[2000]);
        var id = await service.AdoptObjectAsync("a");
        await service.DatumAtOnceAsync(id);
        // Between the HEAD and the GET.
        service.Server.Intercept = (_, kind) =>
        {
            if (kind == "get")
                service.Bucket.Put("a", [.. Enumerable.Repeat((byte)1, 2000)]);
            return Task.FromResult(false);
        };
        await service.DrainAsync();
        service.Server.Intercept = null;
        var datum = await service.DatumAsync(id);
        Assert.Equal(JsonValueKind.Null, datum.GetProperty("sha256").ValueKind);
        Assert.Equal("The object has changed since it was adopted.", datum.GetProperty("checksum_error").GetString());

        // The original object is back, so a later request hashes it.
        service.Bucket.Put("a", new byte[2000]);
        clock.Move(TimeSpan.FromHours(1));
        await service.DatumAsync(id);
        await service.DrainAsync();
        AssertHashes(new byte[2000], await service.DatumAsync(id));
    }

    [Fact]
    public async Task An_object_that_changes_while_it_is_adopted_gets_no_hash_of_the_new_bytes()
    {
        service.Put("a");
        service.Server.Intercept = (_, kind) =>
        {
            if (kind == "get")
                service.Bucket.Put("a", "b"u8);
            return Task.FromResult(false);
        };
        var id = await service.AdoptObjectAsync("a");
        service.Server.Intercept = null;
        Assert.Equal(JsonValueKind.Null, (await service.DatumAsync(id)).GetProperty("sha256").ValueKind);
    }

    [Fact]
    public async Task Other_bytes_under_the_same_etag_are_not_hashed()
    {
        service.Bucket.Put("a", new byte[500]);
        // A server, or a proxy, sends wrong bytes with the right ETag.
        service.Server.Intercept = async (http, kind) =>
        {
            if (kind != "get")
                return false;
            http.Response.Headers.ETag = $"\"{Md5(new byte[500])}\"";
            http.Response.ContentLength = 500;
            await http.Response.Body.WriteAsync(new byte[499].Append((byte)1).ToArray());
            return true;
        };
        var id = await service.AdoptObjectAsync("a");
        Assert.Equal(JsonValueKind.Null, (await service.DatumAsync(id)).GetProperty("sha256").ValueKind);
        Assert.Equal(JsonValueKind.Null, (await service.DatumAtOnceAsync(id)).GetProperty("sha256").ValueKind);
        service.Server.Intercept = null;
        await service.DrainAsync();
        AssertHashes(new byte[500], await service.DatumAsync(id));
    }
}
