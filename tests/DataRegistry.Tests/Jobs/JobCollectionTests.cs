using System.Net;
using DataRegistry.Jobs;
using DataRegistry.Storage;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Adoption.AdoptionJobTests;

namespace DataRegistry.Tests.Jobs;

public sealed class JobCollectionTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() =>
        service = await TestService.StartAsync(null, clock, ("Adoption:WindowKeys", "40"), ("Adoption:RunUrls", "100"));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_jobs_input_goes_at_its_end_and_its_results_when_they_were_kept_long_enough()
    {
        service.Put(Keys(100));
        var job = await service.AcceptAsync(Keys(120));
        clock.Move(TimeSpan.FromDays(2));
        await CollectAsync();
        Assert.Equal(3, (await BlobsAsync("/input/")).Count);

        await service.DrainAsync();
        await CollectAsync();
        Assert.Equal(3, (await BlobsAsync("/input/")).Count);
        clock.Move(TimeSpan.FromHours(2));
        await CollectAsync();
        Assert.Empty(await BlobsAsync("/input/"));
        Assert.Equal(20, (await service.GetAllAsync($"{job}results/")).Count);

        clock.Move(TimeSpan.FromDays(30));
        await CollectAsync();
        await CollectAsync();
        Assert.Empty(await BlobsAsync(""));
        AssertCounts(await service.GetAsync(job), created: 100, existing: 0, failed: 20);
        Assert.Equal(
            "Results are kept for 30 days after a job's end. Of an adoption, results/?outcome=created still answers.",
            (await service.GetAsync($"{job}results/", HttpStatusCode.Gone)).GetProperty("detail").GetString());
        Assert.Equal(HttpStatusCode.Gone, await service.Http.StatusAsync("POST", $"{job}retry/"));
    }

    [Fact]
    public async Task What_a_request_leaves_that_died_at_any_of_its_writes_is_collected_after_a_day_or_is_a_job()
    {
        service.Put(Keys(250));
        var accepted = 0;
        for (var write = 0; accepted == 0; write++)
        {
            clock.Move(TimeSpan.FromDays(1));
            service.Transport.DieAt(write, after: write % 2 == 0);
            using (var response = await service.AdoptUrlsAsync(Keys(250).Select(service.Url)))
                accepted += response.StatusCode == HttpStatusCode.Accepted ? 1 : 0;
            service.Transport.Revive();
        }

        Assert.NotEmpty(await BlobsAsync(""));
        // The storage's own clock gives the age of requests' blobs.
        clock.Move(TimeSpan.FromDays(1000));
        await CollectAsync();
        Assert.Empty(await BlobsAsync(JobBlobs.StagingFolder));
        var jobs = await service.GetAllAsync($"/api/v0/adoptions/?project={service.Project.Id}");
        Assert.Equal(
            (await BlobsAsync("/input/")).Select(b => b.Split('/')[0]).Distinct(),
            jobs.Select(j => j.GetProperty("id").GetString()).Order(StringComparer.Ordinal));
        await service.DrainAsync();
        Assert.Equal(250, (await service.GetDatumsAsync()).Count);
        foreach (var job in jobs)
            Assert.Equal(
                "completed",
                (await service.GetAsync($"/api/v0/adoptions/{job.GetProperty("id").GetString()}/")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Of_a_prefix_the_rows_go_at_its_end_where_nothing_is_to_be_told_and_with_its_results_else()
    {
        service.Put(Keys(20));
        var plain = await AcceptPrefixAsync("0");
        service.Bucket.Put("marks/", []);
        var marks = await AcceptPrefixAsync("marks");
        Assert.Equal(2, (await BlobsAsync("/input/")).Count);
        await service.DrainAsync();
        await CollectAsync();
        Assert.Equal((1, 2), (await RowsAsync(plain), await RowsAsync(marks)));
        clock.Move(TimeSpan.FromHours(2));
        await CollectAsync();
        Assert.Equal((0, 2), (await RowsAsync(plain), await RowsAsync(marks)));
        Assert.Single(await service.GetAllAsync($"{marks}results/"));
        clock.Move(TimeSpan.FromDays(30));
        await CollectAsync();
        Assert.Equal((0, 0), (await RowsAsync(plain), await RowsAsync(marks)));
        Assert.Empty(await BlobsAsync(""));
        AssertCounts(await service.GetAsync(plain), created: 20, existing: 0, failed: 0);
    }

    [Fact]
    public async Task A_prefix_whose_request_died_at_any_of_its_writes_is_collected_after_a_day_or_is_a_job()
    {
        var accepted = 0;
        for (var write = 0; accepted == 0; write++)
        {
            service.Transport.DieAt(write, after: write % 2 == 0);
            using (var response = await service.AdoptAsync(new { prefix = $"s3://bucket/{write}", project = service.Project.Id }))
                accepted += response.StatusCode == HttpStatusCode.Accepted ? 1 : 0;
            service.Transport.Revive();
        }

        clock.Move(TimeSpan.FromDays(2));
        await CollectAsync();
        await service.DrainAsync();
        var jobs = await service.GetAllAsync($"/api/v0/adoptions/?project={service.Project.Id}");
        Assert.All(jobs, j => Assert.Equal("completed", j.GetProperty("status").GetString()));
        clock.Move(TimeSpan.FromHours(2));
        await CollectAsync();
        Assert.Empty(await BlobsAsync(""));
        foreach (var job in jobs)
            Assert.Equal(0, await RowsAsync($"/api/v0/adoptions/{job.GetProperty("id").GetString()}/"));
    }

    async Task<string> AcceptPrefixAsync(string prefix)
    {
        using var response = await service.AdoptAsync(new { prefix = $"s3://bucket/{prefix}", project = service.Project.Id });
        await TestUsers.JsonAsync(response, HttpStatusCode.Accepted);
        return response.Headers.Location!.AbsolutePath;
    }

    async Task<int> RowsAsync(string job) => await service.Services.GetRequiredService<WorkTable>().Table
        .ReadAsync<DataRegistry.Storage.RowKeyOnly>(new DataRegistry.Storage.TableRange(Guid.Parse(job.Split('/')[^2]).ToString("N")))
        .CountAsync();

    Task CollectAsync() => service.Services.GetRequiredService<JobCollection>().CollectAsync(default);

    async Task<List<string>> BlobsAsync(string part)
    {
        var names = new List<string>();
        await foreach (var blob in service.Storage.Blobs.GetBlobContainerClient("adoption").GetBlobsAsync())
        {
            if (blob.Name.Contains(part, StringComparison.Ordinal))
                names.Add(blob.Name);
        }

        return names;
    }
}
