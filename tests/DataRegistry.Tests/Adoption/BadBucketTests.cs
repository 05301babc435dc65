using System.Net;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Storage;
using DataRegistry.Stores;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Adoption;

/// <summary>One bad key, answer or setting of a bucket damages nothing else.</summary>
public sealed class BadBucketTests : IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() =>
        service = await TestService.StartAsync(("Adoption:WindowKeys", "40"), ("Adoption:WindowsPerRange", "3"));

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

    [Fact]
    public async Task A_window_that_is_given_up_does_not_take_the_next_ones_with_it()
    {
        service.Put(Keys(120));
        var job = await service.AcceptAsync(Keys(120));
        service.Server.Faults = new() { InternalError = 1 };
        for (var poison = 0; poison < 2; poison++)
        {
            var message = Assert.Single(await service.ReceiveAsync("adopt"));
            await Assert.ThrowsAnyAsync<Exception>(
                () => Registry.QueueFunctions[0].RunAsync(service.Services, new(message.MessageText, 10), default));
            await service.Storage.Queues.GetQueueClient("adopt").DeleteMessageAsync(message.MessageId, message.PopReceipt);
            await Registry.QueueFunctions[1].RunAsync(service.Services, new(message.MessageText, 1), default);
        }

        service.Server.Faults = FaultPlan.None;
        await service.DrainAsync();
        AssertCounts(await service.GetAsync(job), created: 80, existing: 0, failed: 40);
    }

    [Fact]
    public async Task A_job_of_a_store_whose_endpoint_is_no_url_ends()
    {
        var broken = await service.Services.GetRequiredService<StoreTable>().EnsureAsync(
            service.Store with { Id = Guid.NewGuid(), Configuration = service.Store.Configuration with { EndpointUrl = "nonsense" } },
            default);
        using var response = await service.Http.PostAsync(
            new Uri($"/api/v0/stores/{broken.Id}/adopt/?project={service.Project.Id}", UriKind.Relative),
            new StringContent(string.Join('\n', Keys(120).Select(service.Url))));
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        for (var messages = await service.ReceiveAsync("adopt"); messages.Count > 0; messages = await service.ReceiveAsync("adopt"))
        {
            foreach (var message in messages)
            {
                await Assert.ThrowsAnyAsync<Exception>(
                    () => Registry.QueueFunctions[0].RunAsync(service.Services, new(message.MessageText, 10), default));
                await service.Storage.Queues.GetQueueClient("adopt").DeleteMessageAsync(message.MessageId, message.PopReceipt);
                await Registry.QueueFunctions[1].RunAsync(service.Services, new(message.MessageText, 1), default);
            }
        }

        AssertCounts(await service.GetAsync(response.Headers.Location!.AbsolutePath), created: 0, existing: 0, failed: 120);
    }

    [Fact]
    public async Task A_job_whose_store_is_gone_ends_with_the_reason()
    {
        service.Put(Keys(101));
        var job = await service.AcceptAsync(Keys(101));
        var stores = service.Services.GetRequiredService<StoreTable>().Table;
        Assert.True((await stores.TryDeleteAsync("stores", service.Store.Id.ToString(), Azure.ETag.All)).IsDone);
        await service.DrainAsync();
        var ended = await service.GetAsync(job);
        Assert.Equal("failed", ended.GetProperty("status").GetString());
        Assert.Equal("The job's store is deleted. Adopted datums stay.", ended.GetProperty("error").GetString());
    }

    [Fact]
    public async Task A_bucket_that_is_gone_fails_every_item_with_the_reason()
    {
        var gone = await service.Services.GetRequiredService<StoreTable>().EnsureAsync(
            service.Store with { Id = Guid.NewGuid(), Configuration = service.Store.Configuration with { Bucket = "gone" } }, default);
        using var response = await service.Http.PostAsync(
            new Uri($"/api/v0/stores/{gone.Id}/adopt/?project={service.Project.Id}", UriKind.Relative),
            new StringContent(string.Join('\n', Keys(120).Select(k => $"s3://gone/{k}"))));
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        await service.DrainAsync();
        var job = response.Headers.Location!.AbsolutePath;
        AssertCounts(await service.GetAsync(job), created: 0, existing: 0, failed: 120);
        Assert.All(await service.GetAllAsync($"{job}results/"), f => Assert.Equal("no_such_bucket", f.GetProperty("code").GetString()));
    }
}
