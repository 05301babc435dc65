using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Adoption;

public sealed class DryRunTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task A_dry_run_tells_what_would_happen_and_writes_nothing()
    {
        service.Put("a", "b", "c.tmp", "d");
        (await service.AdoptUrlAsync(service.Url("a"))).EnsureSuccessStatusCode();
        var writes = service.Transport.Writes;
        using var response = await service.AdoptAsync(new
        {
            urls = new[] { "a", "b", "b", "c.tmp", "missing" }.Select(service.Url)
                .Append("nonsense"),
            url = service.Url("d"),
            project = service.Project.Id,
            dry_run = true,
            exclude = new[] { "*.tmp" },
        });
        await Wire.AssertAsync("adopt-dry-run", response);
        Assert.Equal(1, await service.CountRowsAsync("datums"));
        Assert.Equal(writes, service.Transport.Writes);
    }

    [Fact]
    public async Task A_dry_run_counts_what_the_adoption_then_does()
    {
        var keys = Enumerable.Range(0, 2000).Select(i => $"{i:D4}").ToList();
        service.Put([.. keys.Where((_, i) => i % 7 != 0)]);
        using var body = new StringContent(string.Join('\n', keys.Select(service.Url)), Encoding.UTF8, "text/plain");
        using var response = await service.Http.PostAsync(
            new Uri($"{service.AdoptPath}?project={service.Project.Id}&dry_run=true", UriKind.Relative), body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        var counts = answer.GetProperty("counts");
        Assert.Equal(
            (2000, 1714, 286),
            (counts.GetProperty("total").GetInt32(), counts.GetProperty("created").GetInt32(), counts.GetProperty("failed").GetInt32()));
        Assert.Equal(100, answer.GetProperty("sample").GetArrayLength());
        await service.AssertNothingLeftAsync();
    }

    [Fact]
    public async Task A_dry_run_of_a_prefix_tells_what_its_adoption_then_does()
    {
        service.Put([.. Enumerable.Range(0, 1500).Select(i => $"p/{i:D4}.csv"), "p/readme.txt", "q/1.csv"]);
        service.Bucket.Put("p/.csv/", []);
        (await service.AdoptUrlAsync(service.Url("p/0003.csv"))).EnsureSuccessStatusCode();
        var writes = service.Transport.Writes;
        using var response = await service.AdoptAsync(
            new { prefix = "s3://bucket/p/**.csv", exclude = new[] { "p/0007*" }, project = service.Project.Id, dry_run = true });
        var answer = await TestUsers.JsonAsync(response);
        Assert.Equal(writes, service.Transport.Writes);
        Assert.True(answer.GetProperty("complete").GetBoolean());
        Assert.Equal("""{"total":1499,"created":1498,"existing":1,"failed":0,"skipped":0}""", answer.GetProperty("counts").GetRawText());
        Assert.Equal(100, answer.GetProperty("sample").GetArrayLength());

        // An object that no pattern takes is in no count, and is listed with the pattern.
        var leftOut = answer.GetProperty("left_out");
        Assert.Equal(2, leftOut.GetProperty("count").GetInt32());
        Assert.Equal(
            [
                ("s3://bucket/p/0007.csv", "excluded", "Excluded by 'p/0007*': 's3://bucket/p/0007.csv'"),
                ("s3://bucket/p/readme.txt", "unmatched", "Does not match 'p/**.csv': 's3://bucket/p/readme.txt'"),
            ],
            leftOut.GetProperty("sample").EnumerateArray().Select(
                i => (i.GetProperty("url").GetString(), i.GetProperty("code").GetString(), i.GetProperty("message").GetString())));
    }

    [Fact]
    public async Task A_dry_run_tells_how_many_objects_the_patterns_leave_out_and_names_the_first_of_them()
    {
        service.Put([.. Enumerable.Range(0, 70).Select(i => $"{i:D2}.tmp"), "a.csv"]);
        using var response = await service.AdoptAsync(
            new { prefix = "s3://bucket/", exclude = new[] { "**/*.tmp" }, project = service.Project.Id, dry_run = true });
        var answer = await TestUsers.JsonAsync(response);
        Assert.Equal(70, answer.GetProperty("left_out").GetProperty("count").GetInt32());
        Assert.Equal(50, answer.GetProperty("left_out").GetProperty("sample").GetArrayLength());
        using var all = await service.AdoptAsync(new { prefix = "s3://bucket/", project = service.Project.Id, dry_run = true });
        Assert.False((await TestUsers.JsonAsync(all)).TryGetProperty("left_out", out _));
    }

    [Fact]
    public async Task A_dry_run_of_a_large_prefix_says_that_it_looked_at_the_first_keys_only()
    {
        service.Put([.. Enumerable.Range(0, 10_500).Select(i => $"{i:D5}")]);
        using var response = await service.AdoptAsync(new { prefix = "s3://bucket/", project = service.Project.Id, dry_run = true });
        var answer = await TestUsers.JsonAsync(response);
        Assert.False(answer.GetProperty("complete").GetBoolean());
        Assert.Equal(10_000, answer.GetProperty("counts").GetProperty("created").GetInt32());
    }

    [Fact]
    public async Task A_dry_run_of_more_than_is_looked_at_is_refused()
    {
        using var response = await service.AdoptAsync(
            new { urls = Enumerable.Range(0, 10_001).Select(i => service.Url($"{i}")), project = service.Project.Id, dry_run = true });
        await Wire.AssertAsync("adopt-dry-run-too-many", response);
        await service.AssertNothingLeftAsync();
    }
}
