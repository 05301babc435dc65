using System.Net;
using DataRegistry.Tests.Fixtures;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Datums;

public sealed class PurgeTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_purged_datum_stays_readable_its_object_stays_and_its_url_can_be_adopted_again()
    {
        var first = await service.AdoptedAsync("a");
        for (var i = 0; i < 2; i++)
        {
            using var purged = await service.Http.SendAsync("POST", $"/api/v0/data/{first}/purge/");
            Assert.Equal("""{"ok":true}""", await purged.Content.ReadAsStringAsync());
        }

        Assert.True((await service.GetAsync($"/api/v0/data/{first}/")).GetProperty("purged").GetBoolean());
        Assert.Empty(await service.GetDatumsAsync());
        Assert.Equal(0, (await service.GetAsync($"/api/v0/data/?project={service.Project.Id}")).GetProperty("count").GetInt32());
        Assert.Single(await service.GetAllAsync($"/api/v0/audit/?project={service.Project.Id}&action=data.purged"));

        // The object is still there.
        using var again = await service.AdoptUrlAsync(service.Url("a"));
        var second = (await TestUsers.JsonAsync(again)).GetProperty("created").EnumerateObject().Single().Value.GetString()!;
        Assert.NotEqual(first, second);
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("POST", $"/api/v0/data/{first}/purge/"));
        using var existing = await service.AdoptUrlAsync(service.Url("a"));
        Assert.Equal(HttpStatusCode.BadRequest, existing.StatusCode);
        Assert.Equal([second], (await service.GetDatumsAsync()).Select(d => d.GetProperty("id").GetString()));
        Assert.Single(await service.LocationsAsync(service.Store.Id));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(1, true)]
    public async Task A_purge_that_died_at_any_write_is_made_whole_by_repeating_it(int write, bool after)
    {
        var id = await service.AdoptedAsync("a");
        service.Transport.DieAt(write, after);
        Assert.Equal(HttpStatusCode.InternalServerError, await service.Http.StatusAsync("POST", $"/api/v0/data/{id}/purge/"));
        service.Transport.Revive();
        Assert.Equal(HttpStatusCode.OK, await service.Http.StatusAsync("POST", $"/api/v0/data/{id}/purge/"));
        Assert.True((await service.GetAsync($"/api/v0/data/{id}/")).GetProperty("purged").GetBoolean());
        using var again = await service.AdoptUrlAsync(service.Url("a"));
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task A_late_delivery_of_its_job_does_not_bring_a_purged_datum_back()
    {
        var keys = Keys(110);
        service.Put(keys);
        var job = await service.AcceptAsync(keys);
        var message = Assert.Single(await service.ReceiveAsync("adopt"));
        // Everything is adopted, but the checkpoint is not written, so the message comes again.
        service.Transport.DieAt(33, after: false);
        try
        {
            await Registry.QueueFunctions[0].RunAsync(service.Services, new(message.MessageText, 1), default);
        }
        catch (Exception) when (service.Transport.IsDead)
        {
            // The message stays for another delivery.
        }

        service.Transport.Revive();
        var before = await service.GetDatumsAsync();
        Assert.NotEmpty(before);
        foreach (var datum in before.Take(5))
            Assert.Equal(
                HttpStatusCode.OK, await service.Http.StatusAsync("POST", $"/api/v0/data/{datum.GetProperty("id").GetString()}/purge/"));
        await Registry.QueueFunctions[0].RunAsync(service.Services, new(message.MessageText, 2), default);
        await service.Storage.Queues.GetQueueClient("adopt").DeleteMessageAsync(message.MessageId, message.PopReceipt);
        await service.DrainAsync();
        AssertCounts(await service.GetAsync(job), created: 110, existing: 0, failed: 0);
        Assert.Equal(105, (await service.GetDatumsAsync()).Count);

        // Their URLs are free.
        var purged = before.Take(5).Select(d => d.GetProperty("uri").GetString()!).ToList();
        using var again = await service.AdoptUrlsAsync(purged);
        Assert.Equal(5, (await TestUsers.JsonAsync(again)).GetProperty("created").EnumerateObject().Count());
        Assert.Equal(110, (await service.GetDatumsAsync()).Count);
    }

    [Fact]
    public async Task Of_those_who_adopt_a_freed_url_at_once_one_does()
    {
        var id = await service.AdoptedAsync("a");
        await service.Http.StatusAsync("POST", $"/api/v0/data/{id}/purge/");
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            using var response = await service.AdoptUrlAsync(service.Url("a"));
            return response.StatusCode;
        }));
        Assert.Single(answers, s => s == HttpStatusCode.OK);
        Assert.Equal(5, answers.Count(s => s == HttpStatusCode.BadRequest));
        Assert.Single(await service.GetDatumsAsync());
    }

    [Fact]
    public async Task Purging_takes_the_permission_to_edit()
    {
        var id = await service.AdoptedAsync("a");
        var (_, viewer) = await service.NewCallerAsync(("viewer", "project", service.Project.Id));
        var (_, stranger) = await service.NewCallerAsync();
        using (viewer)
        using (stranger)
        {
            Assert.Equal(HttpStatusCode.Forbidden, await viewer.StatusAsync("POST", $"/api/v0/data/{id}/purge/"));
            Assert.Equal(HttpStatusCode.NotFound, await stranger.StatusAsync("POST", $"/api/v0/data/{id}/purge/"));
            Assert.Equal(HttpStatusCode.NotFound, await stranger.StatusAsync("POST", $"/api/v0/data/{Guid.NewGuid()}/purge/"));
        }

        Assert.Single(await service.GetDatumsAsync());
    }
}
