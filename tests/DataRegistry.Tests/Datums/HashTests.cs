using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

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
        AssertHashes("a"u8.ToArray(), await DatumAsync(id));
        Assert.Equal(2, service.Server.Requests.Total);
    }

    [Fact]
    public async Task Where_s3_knows_the_hash_of_the_whole_nothing_is_read()
    {
        service.Bucket.Put("a", "a"u8, sha256: Convert.ToBase64String(SHA256.HashData("a"u8)));
        var datum = await DatumAsync(await AdoptAsync("a"));
        Assert.Equal(Sha256("a"u8.ToArray()), datum.GetProperty("sha256").GetString());
        Assert.Equal(new Dictionary<string, long> { ["head"] = 1 }, service.Server.Requests.Snapshot());
    }

    [Fact]
    public async Task The_hash_of_hashes_of_an_upload_in_parts_is_not_taken_for_the_files()
    {
        service.Bucket.Put("a", "a"u8, sha256: Convert.ToBase64String(SHA256.HashData("parts"u8)) + "-2", composite: true);
        AssertHashes("a"u8.ToArray(), await DatumAsync(await AdoptAsync("a")));
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
        var id = await AdoptAsync("large");
        var asked = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => i % 2 == 0 ? DatumAsync(id) : service.GetAsync($"/api/v0/data/{id}/download/")));
        Assert.Equal(JsonValueKind.Null, asked[0].GetProperty("sha256").ValueKind);
        Assert.Equal(0, service.Server.Requests["get"]);
        var message = Assert.Single(await service.ReceiveAsync(HashQueue.Name, visibilitySeconds: 1));
        // Twice at the same time, and once more later.
        await Task.WhenAll(DeliverAsync(message.MessageText), DeliverAsync(message.MessageText));
        AssertHashes(bytes, await DatumAsync(id));
        service.Server.Requests.Reset();
        await DeliverAsync(message.MessageText);
        Assert.Equal(0, service.Server.Requests.Total);
    }

    [Fact]
    public async Task A_message_that_was_lost_is_made_good_by_who_asks_an_hour_later()
    {
        service.Bucket.Put("large", new byte[2000]);
        var id = await AdoptAsync("large");
        await DatumAsync(id);
        Assert.Single(await service.ReceiveAsync(HashQueue.Name));
        clock.Move(TimeSpan.FromMinutes(59));
        await DatumAsync(id);
        Assert.Empty(await service.ReceiveAsync(HashQueue.Name));
        clock.Move(TimeSpan.FromMinutes(1));
        await DatumAsync(id);
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
        AssertHashes(Encoding.UTF8.GetBytes(listed.GetProperty("name").GetString()!), await DatumAsync(listed.GetProperty("id").GetString()!));
    }

    [Fact]
    public async Task A_store_that_wants_all_hashed_has_a_jobs_datums_and_large_ones_hashed_by_the_queue()
    {
        await PolicyAsync("all");
        var keys = Enumerable.Range(0, 120).Select(i => $"k{i:D3}").ToArray();
        service.Put(keys);
        service.Bucket.Put("large", new byte[2000]);
        await AdoptAsync("large");
        await service.AcceptAsync(keys);
        await service.DrainAsync();
        var datums = await service.GetDatumsAsync();
        Assert.Equal(121, datums.Count);
        foreach (var datum in datums)
            AssertHashes(datum.GetProperty("name").GetString() is var name && name == "large" ? new byte[2000] : Encoding.UTF8.GetBytes(name!), datum);
    }

    [Fact]
    public async Task A_store_that_wants_none_hashed_has_them_hashed_only_when_they_are_asked_for()
    {
        await PolicyAsync("none");
        var id = await service.AdoptedAsync("a");
        Assert.Equal(0, service.Server.Requests["get"]);
        AssertHashes("a"u8.ToArray(), await DatumAsync(id));
        using var wrong = await service.Http.SendAsync("PATCH", $"/api/v0/stores/{service.Store.Id}/", """{"hash_adopted":"some"}""");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Contains("hash_adopted", await wrong.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_hash_is_of_the_adopted_version_not_of_the_newest()
    {
        service.Bucket.Versioning = EmbeddedVersioning.Enabled;
        service.Bucket.Put("a", new byte[2000]);
        var id = await AdoptAsync("a");
        service.Bucket.Put("a", new byte[2001]);
        await DatumAsync(id);
        await service.DrainAsync();
        AssertHashes(new byte[2000], await DatumAsync(id));
    }

    [Fact]
    public async Task An_object_that_changes_before_it_is_read_is_never_hashed_and_says_why()
    {
        service.Bucket.Put("a", new byte[2000]);
        var id = await AdoptAsync("a");
        await DatumAsync(id);
        // Between the look and the reading.
        service.Server.Intercept = (_, kind) =>
        {
            if (kind == "get")
                service.Bucket.Put("a", [.. Enumerable.Repeat((byte)1, 2000)]);
            return Task.FromResult(false);
        };
        await service.DrainAsync();
        service.Server.Intercept = null;
        var datum = await DatumAsync(id);
        Assert.Equal(JsonValueKind.Null, datum.GetProperty("sha256").ValueKind);
        Assert.Equal("The object has changed since it was adopted.", datum.GetProperty("checksum_error").GetString());

        // Put back as it was, it is hashed when it is asked for again after a while.
        service.Bucket.Put("a", new byte[2000]);
        clock.Move(TimeSpan.FromHours(1));
        await DatumAsync(id);
        await service.DrainAsync();
        AssertHashes(new byte[2000], await DatumAsync(id));
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
        var id = await AdoptAsync("a");
        service.Server.Intercept = null;
        Assert.Equal(JsonValueKind.Null, (await DatumAsync(id)).GetProperty("sha256").ValueKind);
    }

    [Fact]
    public async Task Other_bytes_under_the_same_etag_are_not_hashed()
    {
        service.Bucket.Put("a", new byte[500]);
        // A server, or something on the way, that gives wrong bytes; the ETag is right.
        service.Server.Intercept = async (http, kind) =>
        {
            if (kind != "get")
                return false;
            http.Response.Headers.ETag = $"\"{Md5(new byte[500])}\"";
            http.Response.ContentLength = 500;
            await http.Response.Body.WriteAsync(new byte[499].Append((byte)1).ToArray());
            return true;
        };
        var id = await AdoptAsync("a");
        Assert.Equal(JsonValueKind.Null, (await DatumAsync(id)).GetProperty("sha256").ValueKind);
        Assert.Equal(JsonValueKind.Null, (await DatumAsync(id)).GetProperty("sha256").ValueKind);
        service.Server.Intercept = null;
        await service.DrainAsync();
        AssertHashes(new byte[500], await DatumAsync(id));
    }

    [Fact]
    public async Task A_small_object_that_cannot_be_read_now_is_queued_once_and_not_tried_by_each_who_asks()
    {
        await PolicyAsync("none");
        var id = await service.AdoptedAsync("a");
        service.Server.Intercept = (http, kind) =>
        {
            if (kind == "get")
                http.Abort();
            return Task.FromResult(kind == "get");
        };
        await DatumAsync(id);
        var reads = service.Server.Requests["get"];
        Assert.NotEqual(0, reads);
        for (var i = 0; i < 3; i++)
            Assert.Equal(JsonValueKind.Null, (await DatumAsync(id)).GetProperty("sha256").ValueKind);
        Assert.Equal(reads, service.Server.Requests["get"]);
        service.Server.Intercept = null;
        var message = Assert.Single(await service.ReceiveAsync(HashQueue.Name));
        await DeliverAsync(message.MessageText);
        AssertHashes("a"u8.ToArray(), await DatumAsync(id));
    }

    [Fact]
    public async Task An_answer_that_is_cut_short_is_not_hashed_and_the_message_comes_again()
    {
        service.Bucket.Put("a", new byte[2000]);
        var id = await AdoptAsync("a");
        await DatumAsync(id);
        service.Server.Intercept = async (http, kind) =>
        {
            if (kind != "get")
                return false;
            http.Response.Headers.ETag = $"\"{Md5(new byte[2000])}\"";
            http.Response.ContentLength = 2000;
            await http.Response.Body.WriteAsync(new byte[1000]);
            await http.Response.Body.FlushAsync();
            http.Abort();
            return true;
        };
        var message = Assert.Single(await service.ReceiveAsync(HashQueue.Name));
        await Assert.ThrowsAnyAsync<Exception>(() => DeliverAsync(message.MessageText));
        Assert.Equal(JsonValueKind.Null, (await DatumAsync(id)).GetProperty("sha256").ValueKind);
        service.Server.Intercept = null;
        await DeliverAsync(message.MessageText);
        AssertHashes(new byte[2000], await DatumAsync(id));
    }

    [Fact]
    public async Task Metadata_that_is_written_at_the_same_time_is_not_lost_nor_the_hash()
    {
        service.Bucket.Put("a", new byte[2000]);
        var id = await AdoptAsync("a");
        await DatumAsync(id);
        var message = Assert.Single(await service.ReceiveAsync(HashQueue.Name));
        var step = 0;
        // Just before each of the hash's own writes.
        service.Server.Intercept = async (_, _) =>
        {
            Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("POST", $"/api/v0/data/{id}/metadata/", $$"""{"valohai.tags":["t{{++step}}"]}"""));
            return false;
        };
        await DeliverAsync(message.MessageText);
        service.Server.Intercept = null;
        var datum = await DatumAsync(id);
        AssertHashes(new byte[2000], datum);
        Assert.Equal($"t{step}", datum.GetProperty("tags")[0].GetString());
        Assert.True(step >= 2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_death_at_the_write_of_the_hash_costs_only_time(bool after)
    {
        service.Bucket.Put("a", new byte[2000]);
        var id = await AdoptAsync("a");
        await DatumAsync(id);
        var message = Assert.Single(await service.ReceiveAsync(HashQueue.Name));
        service.Transport.DieAt(0, after);
        await Assert.ThrowsAnyAsync<Exception>(() => DeliverAsync(message.MessageText));
        service.Transport.Revive();
        await DeliverAsync(message.MessageText);
        AssertHashes(new byte[2000], await DatumAsync(id));
    }

    [Fact]
    public async Task Throttling_uses_up_no_deliveries()
    {
        service.Bucket.Put("a", new byte[2000]);
        await DatumAsync(await AdoptAsync("a"));
        var message = Assert.Single(await service.ReceiveAsync(HashQueue.Name));
        service.Server.Faults = new() { SlowDown = 1, Kind = "get" };
        await DeliverAsync(message.MessageText);
        Assert.Equal(2, (await service.Storage.Queues.GetQueueClient(HashQueue.Name).GetPropertiesAsync()).Value.ApproximateMessagesCount);
    }

    [Fact]
    public async Task A_poisonous_message_is_halved_until_the_datum_that_fails_is_alone_and_told_why()
    {
        foreach (var key in new[] { "a", "b", "c" })
            service.Bucket.Put(key, new byte[2000 + key[0]]);
        var ids = new List<string>();
        foreach (var key in new[] { "a", "b", "c" })
            ids.Add(await AdoptAsync(key));
        var queue = service.Services.GetRequiredService<HashQueue>();
        await queue.SendAsync(ids.Select(i => DatumId.TryParse(i, out var id) ? id : default), default);
        service.Server.Intercept = (http, kind) =>
        {
            if (kind != "get" || !http.Request.Path.Value!.EndsWith("/b", StringComparison.Ordinal))
                return Task.FromResult(false);
            http.Abort();
            return Task.FromResult(true);
        };
        for (var round = 0; round < 3; round++)
        {
            foreach (var message in await service.ReceiveAsync(HashQueue.Name))
            {
                if (await Record.ExceptionAsync(() => DeliverAsync(message.MessageText)) is not null)
                    await Registry.QueueFunctions.Single(f => f.Name == "HashPoison").RunAsync(service.Services, new(message.MessageText, 1), default);
            }
        }

        service.Server.Intercept = null;
        Assert.Empty(await service.ReceiveAsync(HashQueue.Name));
        var datums = await Task.WhenAll(ids.Select(DatumAsync));
        Assert.Equal("Given up after many tries: its bucket could not be read.", datums[1].GetProperty("checksum_error").GetString());
        AssertHashes(new byte[2000 + 'a'], datums[0]);
        AssertHashes(new byte[2000 + 'c'], datums[2]);
        await Registry.QueueFunctions.Single(f => f.Name == "HashPoison").RunAsync(service.Services, new("no message of ours", 1), default);
    }

    async Task<string> AdoptAsync(string key)
    {
        service.Server.Requests.Reset();
        using var response = await service.AdoptUrlAsync(service.Url(key));
        return (await TestUsers.JsonAsync(response)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
    }

    Task<JsonElement> DatumAsync(string id) => service.GetAsync($"/api/v0/data/{id}/");

    Task DeliverAsync(string message) => Registry.QueueFunctions.Single(f => f.Name == "HashDatum").RunAsync(service.Services, new(message, 1), default);

    async Task PolicyAsync(string policy) =>
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("PATCH", $"/api/v0/stores/{service.Store.Id}/", $$"""{"hash_adopted":"{{policy}}"}"""));

    static void AssertHashes(byte[] bytes, JsonElement datum)
    {
#pragma warning disable CA5350 // Compared, not relied on.
        Assert.Equal(
            (Sha256(bytes), Convert.ToHexStringLower(SHA1.HashData(bytes)), Md5(bytes)),
            (datum.GetProperty("sha256").GetString(), datum.GetProperty("sha1").GetString(), datum.GetProperty("md5").GetString()));
#pragma warning restore CA5350
        Assert.False(datum.TryGetProperty("checksum_error", out _));
    }

    static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

#pragma warning disable CA5351 // S3 defines the ETag as an MD5.
    static string Md5(byte[] bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));
#pragma warning restore CA5351
}

public sealed class LongHashTests
{
    [Fact]
    public async Task An_object_that_takes_longer_than_there_is_time_says_so_and_holds_no_others_up()
    {
        await using var service = await TestService.StartAsync(("Datums:HashAtOnceBytes", "0"), ("Datums:HashSeconds", "1"), ("Datums:HashesInFlight", "2"));
        service.Bucket.Put("slow", new byte[2000]);
        service.Put("quick");
        (await service.AdoptUrlsAsync(["s3://bucket/quick", "s3://bucket/slow"])).EnsureSuccessStatusCode();
        var ids = (await service.GetDatumsAsync()).ToDictionary(d => d.GetProperty("name").GetString()!, d => d.GetProperty("id").GetString()!);
        foreach (var id in ids.Values)
            await service.GetAsync($"/api/v0/data/{id}/");
        service.Server.Intercept = async (http, kind) =>
        {
            if (kind == "get" && http.Request.Path.Value!.EndsWith("/slow", StringComparison.Ordinal))
                await Task.Delay(TimeSpan.FromSeconds(60), http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return false;
        };
        await service.DrainAsync();
        var slow = await service.GetAsync($"/api/v0/data/{ids["slow"]}/");
        Assert.Equal("Reading its 2000 bytes takes longer than the 1 seconds that there are for it.", slow.GetProperty("checksum_error").GetString());
        Assert.Equal(JsonValueKind.String, (await service.GetAsync($"/api/v0/data/{ids["quick"]}/")).GetProperty("sha256").ValueKind);
    }
}
