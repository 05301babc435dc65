using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using DataRegistry.Datums;
using DataRegistry.Tests.Fixtures;
using static DataRegistry.Tests.Datums.TestHashes;

namespace DataRegistry.Tests.Datums;

/// <summary>A caller who asks for a datum by its id waits for its hashes, for any size.</summary>
public sealed class HashWaitTests : IAsyncLifetime
{
    static readonly byte[] Large = RandomNumberGenerator.GetBytes(300_000);

    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(
        ("Datums:HashAtOnceBytes", "1000"), ("Datums:HashWaits", "2"), ("Datums:HashWaitSeconds", "60"));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_large_datum_has_its_hashes_when_it_is_first_asked_for()
    {
        service.Bucket.Put("large", Large);
        AssertHashes(Large, await service.DatumAsync(await service.AdoptObjectAsync("large")));
        Assert.Equal(1, service.Server.Requests["get"]);
        Assert.Empty(await service.ReceiveAsync(HashQueue.Name));
    }

    [Fact]
    public async Task So_has_one_that_is_resolved_by_its_alias_and_one_that_was_uploaded_in_parts()
    {
        service.Bucket.Put("large", Large, sha256: Convert.ToBase64String(SHA256.HashData("parts"u8)) + "-2", composite: true);
        var datum = await service.AdoptObjectAsync("large");
        await service.NewAsync("/api/v0/datum-aliases/", new { name = "current", datum, project = service.Project.Id });
        var resolved = await service.GetAsync($"/api/v0/datum-aliases/resolve/?name=current&project={service.Project.Id}");
        AssertHashes(Large, resolved.GetProperty("datum"));
    }

    [Theory]
    [InlineData("wait=0")]
    [InlineData("respond-async, Wait = 0")]
    [InlineData("wait=\"0\"; x=1")]
    public async Task Who_prefers_not_to_wait_does_not_and_the_queue_hashes_it(string prefer)
    {
        service.Bucket.Put("large", Large);
        var id = await service.AdoptObjectAsync("large");
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"/api/v0/data/{id}/", UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Prefer", prefer);
        using var answer = await service.Http.SendAsync(request);
        Assert.Equal(JsonValueKind.Null, (await TestUsers.JsonAsync(answer)).GetProperty("sha256").ValueKind);
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("HEAD", $"/api/v0/data/{id}/"));
        Assert.Equal(0, service.Server.Requests["get"]);
        var message = Assert.Single(await service.ReceiveAsync(HashQueue.Name));

        // The next waiting request needs no queue, and the late message costs one read.
        AssertHashes(Large, await service.DatumAsync(id));
        await service.DeliverHashAsync(message.MessageText);
        Assert.Equal(1, service.Server.Requests["get"]);
    }

    [Fact]
    public async Task More_than_may_wait_are_answered_at_once_and_the_object_is_read_once()
    {
        service.Bucket.Put("large", Large);
        var id = await service.AdoptObjectAsync("large");
        var reading = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        service.Server.Intercept = async (_, kind) =>
        {
            if (kind == "get")
            {
                reading.TrySetResult();
                await go.Task;
            }

            return false;
        };
        var first = service.DatumAsync(id);
        await reading.Task;
        // Another datum takes the second slot, and is read at the same time.
        service.Bucket.Put("other", Large);
        var other = service.DatumAsync(await service.AdoptObjectAsync("other"));
        while (service.Server.Requests["get"] < 1)
            await Task.Yield();
        var third = await service.DatumAsync(id);
        Assert.Equal(JsonValueKind.Null, third.GetProperty("sha256").ValueKind);
        go.SetResult();
        AssertHashes(Large, await first);
        AssertHashes(Large, await other);
    }

    [Fact]
    public async Task What_takes_longer_than_a_request_waits_is_hashed_by_the_queue_for_who_asks_again()
    {
        await using var hasty = await TestService.StartAsync(("Datums:HashAtOnceBytes", "1000"), ("Datums:HashWaitSeconds", "8"));
        hasty.Bucket.Put("slow", Large);
        var id = await hasty.AdoptObjectAsync("slow");
        hasty.Server.Intercept = async (http, kind) =>
        {
            if (kind == "get")
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return false;
        };
        var datum = await hasty.DatumAsync(id);
        Assert.Equal(JsonValueKind.Null, datum.GetProperty("sha256").ValueKind);
        Assert.False(datum.TryGetProperty("checksum_error", out _));
        hasty.Server.Intercept = null;
        var message = Assert.Single(await hasty.ReceiveAsync(HashQueue.Name));
        var reads = hasty.Server.Requests["get"];
        // Further requests do not read it again: they wait for the queue.
        var waiting = hasty.DatumAsync(id);
        await hasty.DeliverHashAsync(message.MessageText);
        AssertHashes(Large, await waiting);
        Assert.Equal(reads + 1, hasty.Server.Requests["get"]);
    }

    [Fact]
    public async Task What_nothing_has_the_time_to_hash_says_so()
    {
        await using var hurried = await TestService.StartAsync(
            ("Datums:HashAtOnceBytes", "0"), ("Datums:HashSeconds", "1"), ("Datums:HashWaitSeconds", "60"));
        hurried.Bucket.Put("slow", Large);
        var id = await hurried.AdoptObjectAsync("slow");
        hurried.Server.Intercept = async (http, kind) =>
        {
            if (kind == "get")
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return false;
        };
        var datum = await hurried.DatumAsync(id);
        Assert.Equal(JsonValueKind.Null, datum.GetProperty("sha256").ValueKind);
        Assert.Contains("takes longer than the 1 seconds", datum.GetProperty("checksum_error").GetString(), StringComparison.Ordinal);
    }
}
