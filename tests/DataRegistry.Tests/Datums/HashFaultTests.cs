using System.Net;
using System.Text.Json;
using Azure;
using DataRegistry.Datums;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Datums.TestHashes;

namespace DataRegistry.Tests.Datums;

/// <summary>
/// Faults of a bucket, of a queue and of concurrent writers cost time. They never lose a hash or make a wrong one.
/// </summary>
public sealed class HashFaultTests : IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(("Datums:HashAtOnceBytes", "1000"));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_small_object_that_cannot_be_read_now_is_queued_once_and_not_tried_by_each_who_asks()
    {
        await service.HashAdoptedAsync("none");
        var id = await service.AdoptedAsync("a");
        service.Server.Intercept = (http, kind) =>
        {
            if (kind == "get")
                http.Abort();
            return Task.FromResult(kind == "get");
        };
        await service.DatumAsync(id);
        var reads = service.Server.Requests["get"];
        Assert.NotEqual(0, reads);
        for (var i = 0; i < 3; i++)
            Assert.Equal(JsonValueKind.Null, (await service.DatumAtOnceAsync(id)).GetProperty("sha256").ValueKind);
        Assert.Equal(reads, service.Server.Requests["get"]);
        service.Server.Intercept = null;
        var message = Assert.Single(await service.ReceiveAsync(HashQueue.Name));
        await service.DeliverHashAsync(message.MessageText);
        AssertHashes("a"u8.ToArray(), await service.DatumAsync(id));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Tables_that_throttle_put_a_message_off_and_use_up_none_of_its_deliveries(int status)
    {
        var connection = await AzuriteFixture.NewAccountAsync();
        var tables = new FaultyTransport();
        await using var busy = await TestService.StartAsync(
            connection, null, services => services.AddSingleton(StorageAccount.FromConnectionString(connection, tables).Tables),
            ("Datums:HashAtOnceBytes", "1000"));
        busy.Bucket.Put("a", new byte[2000]);
        var id = await busy.AdoptObjectAsync("a");
        await busy.DatumAtOnceAsync(id);
        var text = Assert.Single(await busy.ReceiveAsync(HashQueue.Name)).MessageText;
        var fault = new RequestFailedException(status, "Busy.");
        foreach (var function in new[] { "HashDatum", "HashPoison" })
        {
            tables.Fault = fault;
            await RunAsync(function);
        }

        // The object is read, and then its hashes cannot be written.
        tables.Fault = null;
        busy.Server.Intercept = (_, kind) =>
        {
            tables.Fault = kind == "get" ? fault : null;
            return Task.FromResult(false);
        };
        await RunAsync("HashDatum");
        // The message itself, and its three replacements, which are visible later.
        Assert.Equal(4, (await busy.Storage.Queues.GetQueueClient(HashQueue.Name).GetPropertiesAsync()).Value.ApproximateMessagesCount);
        Assert.Empty(await busy.ReceiveAsync(HashQueue.Name));

        (busy.Server.Intercept, tables.Fault) = (null, null);
        await RunAsync("HashDatum");
        AssertHashes(new byte[2000], await busy.DatumAsync(id));

        Task RunAsync(string function) =>
            Registry.QueueFunctions.Single(f => f.Name == function).RunAsync(busy.Services, new(text, 1), default);
    }

    [Fact]
    public async Task An_answer_that_is_cut_short_is_not_hashed_and_the_message_comes_again()
    {
        service.Bucket.Put("a", new byte[2000]);
        var id = await service.AdoptObjectAsync("a");
        await service.DatumAtOnceAsync(id);
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
        await Assert.ThrowsAnyAsync<Exception>(() => service.DeliverHashAsync(message.MessageText));
        Assert.Equal(JsonValueKind.Null, (await service.DatumAtOnceAsync(id)).GetProperty("sha256").ValueKind);
        service.Server.Intercept = null;
        await service.DeliverHashAsync(message.MessageText);
        AssertHashes(new byte[2000], await service.DatumAsync(id));
    }

    [Fact]
    public async Task Metadata_that_is_written_at_the_same_time_is_not_lost_nor_the_hash()
    {
        service.Bucket.Put("a", new byte[2000]);
        var id = await service.AdoptObjectAsync("a");
        await service.DatumAtOnceAsync(id);
        var message = Assert.Single(await service.ReceiveAsync(HashQueue.Name));
        var step = 0;
        // Just before each of the hash's own writes.
        service.Server.Intercept = async (_, _) =>
        {
            Assert.Equal(
                HttpStatusCode.OK,
                await service.Http.StatusAsync("POST", $"/api/v0/data/{id}/metadata/", $$"""{"valohai.tags":["t{{++step}}"]}"""));
            return false;
        };
        await service.DeliverHashAsync(message.MessageText);
        service.Server.Intercept = null;
        var datum = await service.DatumAsync(id);
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
        var id = await service.AdoptObjectAsync("a");
        await service.DatumAtOnceAsync(id);
        var message = Assert.Single(await service.ReceiveAsync(HashQueue.Name));
        service.Transport.DieAt(0, after);
        await Assert.ThrowsAnyAsync<Exception>(() => service.DeliverHashAsync(message.MessageText));
        service.Transport.Revive();
        await service.DeliverHashAsync(message.MessageText);
        AssertHashes(new byte[2000], await service.DatumAsync(id));
    }

    [Fact]
    public async Task Throttling_uses_up_no_deliveries()
    {
        service.Bucket.Put("a", new byte[2000]);
        await service.DatumAtOnceAsync(await service.AdoptObjectAsync("a"));
        var message = Assert.Single(await service.ReceiveAsync(HashQueue.Name));
        service.Server.Faults = new() { SlowDown = 1, Kind = "get" };
        await service.DeliverHashAsync(message.MessageText);
        Assert.Equal(2, (await service.Storage.Queues.GetQueueClient(HashQueue.Name).GetPropertiesAsync()).Value.ApproximateMessagesCount);
    }

    [Fact]
    public async Task A_poisonous_message_is_halved_until_the_datum_that_fails_is_alone_and_told_why()
    {
        foreach (var key in new[] { "a", "b", "c" })
            service.Bucket.Put(key, new byte[2000 + key[0]]);
        var ids = new List<string>();
        foreach (var key in new[] { "a", "b", "c" })
            ids.Add(await service.AdoptObjectAsync(key));
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
                if (await Record.ExceptionAsync(() => service.DeliverHashAsync(message.MessageText)) is not null)
                    await Registry.QueueFunctions.Single(
                        f => f.Name == "HashPoison").RunAsync(service.Services, new(message.MessageText, 1), default);
            }
        }

        service.Server.Intercept = null;
        Assert.Empty(await service.ReceiveAsync(HashQueue.Name));
        var datums = await Task.WhenAll(ids.Select(service.DatumAsync));
        Assert.Equal("All tries failed: its bucket could not be read.", datums[1].GetProperty("checksum_error").GetString());
        AssertHashes(new byte[2000 + 'a'], datums[0]);
        AssertHashes(new byte[2000 + 'c'], datums[2]);
        await Registry.QueueFunctions.Single(f => f.Name == "HashPoison").RunAsync(service.Services, new("no message of ours", 1), default);
    }

    [Fact]
    public async Task An_object_that_takes_longer_than_there_is_time_says_so_and_holds_no_others_up()
    {
        await using var hurried = await TestService.StartAsync(
            ("Datums:HashAtOnceBytes", "0"), ("Datums:HashSeconds", "1"), ("Datums:HashesInFlight", "2"));
        hurried.Bucket.Put("slow", new byte[2000]);
        hurried.Put("quick");
        (await hurried.AdoptUrlsAsync(["s3://bucket/quick", "s3://bucket/slow"])).EnsureSuccessStatusCode();
        var ids = (await hurried.GetDatumsAsync()).ToDictionary(
            d => d.GetProperty("name").GetString()!, d => d.GetProperty("id").GetString()!);
        foreach (var id in ids.Values)
            await hurried.DatumAtOnceAsync(id);
        hurried.Server.Intercept = async (http, kind) =>
        {
            if (kind == "get" && http.Request.Path.Value!.EndsWith("/slow", StringComparison.Ordinal))
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return false;
        };
        await hurried.DrainAsync();
        var slow = await hurried.GetAsync($"/api/v0/data/{ids["slow"]}/");
        Assert.Equal(
            "Reading its 2000 bytes takes longer than the 1 seconds of the limit.",
            slow.GetProperty("checksum_error").GetString());
        Assert.Equal(JsonValueKind.String, (await hurried.GetAsync($"/api/v0/data/{ids["quick"]}/")).GetProperty("sha256").ValueKind);
    }
}
