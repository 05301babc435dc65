using System.Net;
using System.Net.Http.Json;
using DataRegistry.Datasets;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static DataRegistry.Tests.Datasets.TestDatasets;

namespace DataRegistry.Tests.Datasets;

/// <summary>Requests meet, and processes die between two writes: a version is whole or not there, and nothing stays behind.</summary>
public sealed class DatasetFaultTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    DatasetTable Table => service.Services.GetRequiredService<DatasetTable>();

    public async Task InitializeAsync() => service = await TestService.StartAsync(connection: null, clock);

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_version_whose_maker_dies_is_whole_or_not_there_and_its_name_comes_back()
    {
        var datum = await service.AdoptedAsync("a");
        var dataset = await service.NewDatasetAsync();
        var published = 0;
        var died = true;
        for (var writes = 0; died; writes++)
        {
            var name = $"v{writes}";
            // Versions of the same tenth of a microsecond have no order.
            clock.Move(TimeSpan.FromMilliseconds(1));
            service.Transport.DieAfter(writes);
            using (var answer = await service.PostVersionAsync(dataset, name, datum))
                died = service.Transport.IsDead;
            service.Transport.Revive();
            var version = (await service.GetAllAsync($"{VersionsPath}?dataset={dataset}"))
                .SingleOrDefault(v => v.GetProperty("name").GetString() == name);
            var isThere = version.ValueKind != default;
            if (isThere)
                Assert.Equal("a", Assert.Single(await service.PathsAsync($"{TestUsers.Id(version)}")));
            else if (writes > 0)
                // Its name is taken as long as its maker may live.
                Assert.Equal(HttpStatusCode.BadRequest, await PostStatusAsync(dataset, name, datum));

            clock.Move(TimeSpan.FromMinutes(6));
            Assert.Equal(isThere ? HttpStatusCode.BadRequest : HttpStatusCode.Created, await PostStatusAsync(dataset, name, datum));
            Assert.Equal(name, await service.LatestAsync(dataset));
            published++;
        }

        Assert.True(published > 3, $"It died {published - 1} times only");
        await AssertOnlyAsync(published);
    }

    [Fact]
    public async Task What_a_dead_maker_left_is_collected_and_its_name_given_back()
    {
        var datum = await service.AdoptedAsync("a");
        var dataset = await service.NewDatasetAsync();
        service.Transport.DieAfter(2);
        await PostStatusAsync(dataset, "v1", datum);
        service.Transport.Revive();
        Assert.Single(await service.BlobsAsync());
        await service.CollectAsync();
        Assert.Single(await service.BlobsAsync());
        clock.Move(TimeSpan.FromMinutes(6));
        await service.CollectAsync();
        Assert.Empty(await service.GetAllAsync($"{VersionsPath}?dataset={dataset}"));
        Assert.Equal(HttpStatusCode.Created, await PostStatusAsync(dataset, "v1", datum));
        await AssertOnlyAsync(1);
    }

    [Fact]
    public async Task A_request_that_fails_gives_its_name_back_at_once()
    {
        var datum = await service.AdoptedAsync("a");
        var dataset = await service.NewDatasetAsync();
        // The manifest cannot be written.
        service.Transport.Wrote = () => service.Transport.Fault = new InvalidOperationException("no storage");
        service.Transport.Sending = () =>
        {
            if (service.Transport.Fault is null || failures++ < 1)
                return;
            service.Transport.Fault = null;
            service.Transport.Wrote = null;
        };
        Assert.Equal(HttpStatusCode.InternalServerError, await PostStatusAsync(dataset, "v1", datum));
        (service.Transport.Fault, service.Transport.Wrote, service.Transport.Sending) = (null, null, null);
        Assert.Equal(HttpStatusCode.Created, await PostStatusAsync(dataset, "v1", datum));
    }

    int failures;

    [Fact]
    public async Task A_deletion_that_dies_at_every_write_goes_on_and_ends()
    {
        var dataset = await service.NewDatasetAsync("deleted");
        var ids = new List<string>();
        for (var n = 0; n < 27; n++)
        {
            ids.Add(await service.MadeAsync(dataset, $"v{n}"));
            clock.Move(TimeSpan.FromMilliseconds(1));
        }

        using (var alias = await service.Http.PostAsJsonAsync(AliasesPath, new { name = "stable", dataset_version = ids[3] }))
            Assert.Equal(HttpStatusCode.Created, alias.StatusCode);
        var (tries, died) = (0, true);
        for (; died && tries < 100; tries++)
        {
            // One write arrives each time.
            service.Transport.DieAfter(1);
            await service.Http.StatusAsync("DELETE", $"{DatasetsPath}{dataset}/");
            died = service.Transport.IsDead;
            service.Transport.Revive();
            if (tries > 0)
                continue;
            // From the first write on nothing of it is there, and its name is free.
            await service.GetAsync($"{DatasetsPath}{dataset}/", HttpStatusCode.NotFound);
            await service.GetAsync($"{VersionsPath}{ids[20]}/", HttpStatusCode.NotFound);
            Assert.Equal(
                HttpStatusCode.NoContent,
                await service.Http.StatusAsync("DELETE", $"{DatasetsPath}{await service.NewDatasetAsync("deleted")}/"));
        }

        Assert.True(tries is > 5 and < 100, $"{tries} tries");
        await AssertOnlyAsync(0);
    }

    [Fact]
    public async Task A_deletion_that_died_is_ended_by_the_timer()
    {
        var dataset = await service.NewDatasetAsync();
        await service.MadeAsync(dataset, "v1");
        service.Transport.DieAfter(1);
        await service.Http.StatusAsync("DELETE", $"{DatasetsPath}{dataset}/");
        service.Transport.Revive();
        Assert.Single(await service.BlobsAsync());
        await service.CollectAsync();
        await AssertOnlyAsync(0);
    }

    [Fact]
    public async Task A_deletion_with_much_history_ends_after_its_time_and_is_gone_on_with()
    {
        var dataset = DatasetId.Of(Guid.Parse(await service.NewDatasetAsync()));
        foreach (var some in Enumerable.Range(0, 250).Chunk(100))
        {
            var rows = some.Select(n => Change.Add(new OfDatasetRow
            {
                PartitionKey = dataset.Partition,
                RowKey = $"h-{dataset.Mark}-{n:d6}",
                Dataset = dataset.Value.ToGuid(),
            }));
            Assert.True((await service.Storage.Tables.GetTableClient("datasets").TrySubmitAsync([.. rows])).IsDone);
        }

        service.Transport.Wrote = () => clock.Move(TimeSpan.FromSeconds(30));
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"{DatasetsPath}{dataset}/"));
        Assert.Equal(150, (await service.RowsAsync()).Count(r => r.StartsWith("h-", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"{DatasetsPath}{dataset}/"));
        Assert.Equal(50, (await service.RowsAsync()).Count(r => r.StartsWith("h-", StringComparison.Ordinal)));
        service.Transport.Wrote = null;
        await AssertOnlyAsync(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_with_its_key_that_dies_anywhere_makes_one_version(bool purges)
    {
        var dataset = await service.NewDatasetAsync();
        var died = true;
        for (var writes = 0; died; writes++)
        {
            var (datum, name) = (await service.AdoptedAsync($"{writes}"), $"v{writes}");
            service.Transport.DieAfter(writes);
            using (var first = await service.PostVersionWithKeyAsync(name, dataset, name, datum))
                died = service.Transport.IsDead;
            service.Transport.Revive();
            var made = (await service.GetAllAsync($"{VersionsPath}?dataset={dataset}"))
                .SingleOrDefault(v => v.GetProperty("name").GetString() == name);
            if (purges && made.ValueKind != default)
                await service.Http.StatusAsync("POST", $"/api/v0/data/{datum}/purge/");
            using (var soon = await service.PostVersionWithKeyAsync(name, dataset, name, datum))
                Assert.True(soon.StatusCode is HttpStatusCode.Created or HttpStatusCode.ServiceUnavailable, $"{writes}: {soon.StatusCode}");
            clock.Move(TimeSpan.FromMinutes(6));
            using var again = await service.PostVersionWithKeyAsync(name, dataset, name, datum);
            var version = TestUsers.Id(await TestUsers.JsonAsync(again, HttpStatusCode.Created));
            if (made.ValueKind != default)
                Assert.Equal(TestUsers.Id(made), version);
            Assert.Equal($"{writes}", Assert.Single(await service.PathsAsync($"{version}")));
            Assert.Equal(writes + 1, (await service.GetAllAsync($"{VersionsPath}?dataset={dataset}")).Count);
            Assert.InRange(writes, 0, 20);
        }
    }

    [Fact]
    public async Task A_version_of_a_dataset_that_is_deleted_meanwhile_is_not_there_and_leaves_nothing()
    {
        var dataset = await service.NewDatasetAsync();
        var row = (await Table.FindAsync(DatasetId.Of(Guid.Parse(dataset)), default))!;
        Assert.True(DatasetName.TryParse("v1", out var name));
        var version = new NewVersion(name, "tester", Previous: null, Job: null);
        var begun = Assert.IsType<VersionStart.Begun>(await Table.BeginAsync(row, version, dead: null, default)).Version;
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"{DatasetsPath}{dataset}/"));
        var written = Assert.IsType<ManifestOutcome.Written>(await service.Services.GetRequiredService<ManifestWriter>()
            .WriteAsync(begun.VersionId, new[] { Entry("a", 1) }.ToAsyncEnumerable(), default));
        Assert.Null(await service.Services.GetRequiredService<DatasetVersions>()
            .PublishAsync(begun.VersionId, written.Manifest, default));
        Assert.IsType<VersionStart.DatasetGone>(await Table.BeginAsync(row, version, dead: null, default));
        await AssertOnlyAsync(0);
    }

    [Fact]
    public async Task A_request_whose_dataset_is_deleted_meanwhile_is_told_and_leaves_nothing()
    {
        var datum = await service.AdoptedAsync("a");
        var dataset = await service.NewDatasetAsync();
        // After the version's row, before its manifest.
        service.Transport.Wrote = () =>
        {
            service.Transport.Wrote = null;
            Assert.Equal(
                HttpStatusCode.NoContent, service.Http.StatusAsync("DELETE", $"{DatasetsPath}{dataset}/").GetAwaiter().GetResult());
        };
        Assert.Equal(HttpStatusCode.Conflict, await PostStatusAsync(dataset, "v1", datum));
        await AssertOnlyAsync(0);
    }

    [Fact]
    public async Task A_version_that_a_job_makes_is_shown_and_cannot_be_used()
    {
        var dataset = await service.NewDatasetAsync();
        var row = (await Table.FindAsync(DatasetId.Of(Guid.Parse(dataset)), default))!;
        Assert.True(DatasetName.TryParse("v1", out var name));
        // No such job is there, so that it is dead after a while.
        var version = new NewVersion(name, "tester", Previous: null, Job: Guid.NewGuid());
        var id = Assert.IsType<VersionStart.Begun>(await Table.BeginAsync(row, version, dead: null, default)).Version.VersionId;
        var shown = await service.VersionAsync($"{id}");
        Assert.Equal("creating", shown.GetProperty("status").GetString());
        Assert.False(shown.TryGetProperty("files", out _));
        Assert.Equal(shown.ToString(), Assert.Single(await service.GetAllAsync($"{VersionsPath}?dataset={dataset}")).ToString());
        await service.GetAsync($"{VersionsPath}{id}/files/", HttpStatusCode.Conflict);
        Assert.Null(await service.LatestAsync(dataset));
        using var pointed = await service.Http.PostAsJsonAsync(AliasesPath, new { name = "x", dataset_version = $"{id}" });
        Assert.Equal(HttpStatusCode.BadRequest, pointed.StatusCode);
        clock.Move(TimeSpan.FromMinutes(6));
        await service.CollectAsync();
        await service.GetAsync($"{VersionsPath}{id}/", HttpStatusCode.NotFound);
        await AssertOnlyAsync(0);
    }

    [Fact]
    public async Task Publishing_again_changes_nothing_and_keeps_one_manifest()
    {
        var dataset = await service.NewDatasetAsync();
        var id = await service.MadeAsync(dataset, "v1", count: 2);
        var version = DatasetVersionId.Of(Guid.Parse(id));
        var again = Assert.IsType<ManifestOutcome.Written>(await service.Services.GetRequiredService<ManifestWriter>()
            .WriteAsync(version, new[] { Entry("other", 1) }.ToAsyncEnumerable(), default));
        var published = await service.Services.GetRequiredService<DatasetVersions>().PublishAsync(version, again.Manifest, default);
        Assert.Equal(2, published!.Count);
        Assert.Equal(["images/000000.png", "images/000001.png"], await service.PathsAsync(id));
        await AssertOnlyAsync(1);
    }

    [Fact]
    public async Task Of_those_who_take_a_name_at_once_one_gets_it()
    {
        var datum = await service.AdoptedAsync("a");
        var datasets = await AtOnceAsync(
            _ => service.Http.PostAsJsonAsync(DatasetsPath, new { name = "same", project = service.Project.Id }));
        Assert.Single(datasets, s => s == HttpStatusCode.Created);
        Assert.Equal(7, datasets.Count(s => s == HttpStatusCode.BadRequest));
        var dataset = (await service.GetAllAsync($"{DatasetsPath}?name=same"))[0].GetProperty("id").GetString()!;
        var versions = await AtOnceAsync(_ => service.PostVersionAsync(dataset, "v1", datum));
        Assert.Single(versions, s => s == HttpStatusCode.Created);
        Assert.Equal(7, versions.Count(s => s == HttpStatusCode.BadRequest));
        var version = Assert.Single(await service.GetAllAsync($"{VersionsPath}?dataset={dataset}")).GetProperty("id").GetString()!;
        // A version and an alias share their names.
        var both = await AtOnceAsync(n => n % 2 == 0
            ? service.PostVersionAsync(dataset, "x", datum)
            : service.Http.PostAsJsonAsync(AliasesPath, new { name = "x", dataset_version = version }));
        Assert.Single(both, s => s == HttpStatusCode.Created);
        Assert.All(both, s => Assert.True(s is HttpStatusCode.Created or HttpStatusCode.OK or HttpStatusCode.BadRequest, $"{s}"));
        var aliases = await service.GetAllAsync($"{AliasesPath}?dataset={dataset}");
        Assert.Equal(2, aliases.Count + (await service.GetAllAsync($"{VersionsPath}?dataset={dataset}")).Count);
    }

    [Fact]
    public async Task Versions_that_are_made_at_once_are_all_there_and_the_latest_is_the_last_of_the_list()
    {
        var datum = await service.AdoptedAsync("a");
        var dataset = await service.NewDatasetAsync();
        var made = await AtOnceAsync(n =>
        {
            clock.Move(TimeSpan.FromTicks(10));
            return service.PostVersionAsync(dataset, $"v{n}", datum);
        });
        Assert.All(made, s => Assert.Equal(HttpStatusCode.Created, s));
        var listed = await service.GetAllAsync($"{VersionsPath}?dataset={dataset}");
        Assert.Equal(8, listed.Count);
        Assert.Equal(listed[^1].GetProperty("name").GetString(), await service.LatestAsync(dataset));
        // Half of them are deleted at once, the last one among them.
        var deleted = await AtOnceAsync(n => n % 2 == 0
            ? service.Http.SendAsync("GET", DatasetsPath)
            : service.Http.SendAsync("DELETE", $"{VersionsPath}{listed[n].GetProperty("id").GetString()}/"));
        Assert.Equal(4, deleted.Count(s => s == HttpStatusCode.NoContent));
        Assert.Equal(listed[6].GetProperty("name").GetString(), await service.LatestAsync(dataset));
        await AssertOnlyAsync(4);
    }

    [Fact]
    public async Task An_alias_never_names_a_version_that_is_deleted_at_the_same_time()
    {
        var dataset = await service.NewDatasetAsync();
        for (var round = 0; round < 4; round++)
        {
            var version = await service.MadeAsync(dataset, "v");
            await AtOnceAsync(n => n == 4
                ? service.Http.SendAsync("DELETE", $"{VersionsPath}{version}/")
                : service.Http.PostAsJsonAsync(AliasesPath, new { name = $"a{n}", dataset_version = version }));
            Assert.Empty(await service.GetAllAsync($"{VersionsPath}?dataset={dataset}"));
            Assert.Empty(await service.GetAllAsync($"{AliasesPath}?dataset={dataset}"));
        }
    }

    [Fact]
    public async Task A_lost_answer_is_no_refusal()
    {
        var datum = await service.AdoptedAsync("a");
        LoseNextAnswer();
        var dataset = await service.NewDatasetAsync();
        LoseNextAnswer();
        var version = await service.NewVersionAsync(dataset, "v1", datum);
        LoseNextAnswer();
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"{VersionsPath}{version}/"));
        LoseNextAnswer();
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"{DatasetsPath}{dataset}/"));
        await AssertOnlyAsync(0);
    }

    [Fact]
    public async Task Leftovers_of_a_deleted_project_are_collected()
    {
        var project = await service.Services.GetRequiredService<ProjectTable>().EnsureAsync(Guid.NewGuid(), "short-lived", default);
        var dataset = (await service.NewAsync(DatasetsPath, new { name = "a", project = project.Id })).ToString();
        await service.MadeAsync(dataset, "v1");
        service.Transport.DieAfter(1);
        await service.Http.StatusAsync("DELETE", $"{DatasetsPath}{dataset}/");
        service.Transport.Revive();
        Assert.Equal(HttpStatusCode.NoContent, await service.Http.StatusAsync("DELETE", $"/api/v0/projects/{project.Id}/"));
        await service.CollectAsync();
        Assert.Empty(await service.BlobsAsync());
    }

    /// <summary>The next write arrives, and is sent again since its answer is lost.</summary>
    void LoseNextAnswer() => service.Transport.Wrote = () =>
    {
        service.Transport.Wrote = null;
        throw new IOException("The answer is lost.");
    };

    async Task<HttpStatusCode> PostStatusAsync(string dataset, string name, string datum)
    {
        using var response = await service.PostVersionAsync(dataset, name, datum);
        return response.StatusCode;
    }

    static async Task<HttpStatusCode[]> AtOnceAsync(Func<int, Task<HttpResponseMessage>> send) =>
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async n =>
        {
            using var response = await send(n);
            return response.StatusCode;
        }));

    /// <summary>After the collector there are so many versions, each with one blob, and nothing that is left over.</summary>
    async Task AssertOnlyAsync(int versions)
    {
        clock.Move(TimeSpan.FromHours(2));
        await service.CollectAsync();
        await service.CollectAsync();
        clock.Move(TimeSpan.FromHours(2));
        await service.CollectAsync();
        var rows = await service.RowsAsync();
        Assert.Equal(versions, rows.Count(r => r.StartsWith("v-", StringComparison.Ordinal)));
        Assert.Equal(versions, rows.Count(r => r.StartsWith("t-", StringComparison.Ordinal)));
        Assert.DoesNotContain(rows, r => r.StartsWith("g-", StringComparison.Ordinal));
        Assert.Equal(versions, (await service.BlobsAsync()).Count);
        if (versions == 0 && rows.All(r => r[0] is not ('n' or 'i')))
            Assert.Empty(rows);
    }
}
