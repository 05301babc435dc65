using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using DataRegistry.Jobs;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Adoption;

/// <summary>A repeated adoption with an Idempotency-Key is done once, and has the first answer.</summary>
public sealed class IdempotencyTests : IAsyncLifetime
{
    readonly FakeClock clock = new();
    TestService service = null!;

    public async Task InitializeAsync() => service = await TestService.StartAsync(null, clock);

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_answered_at_once_is_answered_again_although_it_exists_by_then(bool several)
    {
        service.Put("a", "b");
        object body = several
            ? new { urls = new[] { service.Url("a"), service.Url("b"), service.Url("none") }, project = service.Project.Id }
            : new { url = service.Url("a"), project = service.Project.Id };
        var first = await SendAsync("k", body);
        Assert.Equal(HttpStatusCode.OK, first.Status);
        Assert.Equal(first, await SendAsync("k", body));
        Assert.Equal(first, await SendAsync("k", body));
        // A request with another key, or with none, is another request.
        Assert.NotEqual(first, await SendAsync("other", body));
        Assert.NotEqual(first, await SendAsync(null, body));
        Assert.Equal(several ? 2 : 1, (await service.GetDatumsAsync()).Count);
    }

    [Fact]
    public async Task A_refusal_is_answered_again_although_it_would_succeed_by_then()
    {
        var body = new { url = service.Url("late"), project = service.Project.Id };
        var first = await SendAsync("k", body);
        Assert.Equal(HttpStatusCode.BadRequest, first.Status);
        service.Put("late");
        Assert.Equal(first, await SendAsync("k", body));
        Assert.Empty(await service.GetDatumsAsync());
    }

    [Fact]
    public async Task The_answer_comes_again_although_the_store_refuses_adoption_by_then()
    {
        service.Put("a");
        var body = new { url = service.Url("a"), project = service.Project.Id };
        var first = await SendAsync("k", body);
        Assert.Equal(HttpStatusCode.OK, first.Status);
        using (var patched = await service.Http.PatchAsJsonAsync($"/api/v0/stores/{service.Store.Id}/", new { allow_adopt = false }))
            patched.EnsureSuccessStatusCode();
        Assert.Equal(first, await SendAsync("k", body));
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync("other", body)).Status);
    }

    [Fact]
    public async Task A_job_is_made_once_and_answered_as_it_is()
    {
        var body = new { urls = Enumerable.Range(0, 101).Select(i => service.Url($"k{i}")), project = service.Project.Id };
        var first = await SendAsync("k", body);
        var again = await SendAsync("k", body);
        Assert.Equal((HttpStatusCode.Accepted, first.Location, first.Body), (again.Status, again.Location, again.Body));
        await service.DrainAsync();
        var done = await SendAsync("k", body);
        Assert.Equal((HttpStatusCode.Accepted, first.Location), (done.Status, done.Location));
        Assert.Contains("\"completed\"", done.Body, StringComparison.Ordinal);
        Assert.Single(await service.GetAllAsync($"/api/v0/adoptions/?project={service.Project.Id}"));
        await AssertNothingIsUnderWayAsync();
    }

    [Fact]
    public async Task So_is_one_of_a_prefix_and_one_of_a_manifest_and_one_of_lines()
    {
        service.Put("p/a");
        service.Bucket.Put("list", Encoding.UTF8.GetBytes($"{service.Url("p/a")}\n"));
        foreach (var body in new object[]
        {
            new { prefix = service.Url("p/"), project = service.Project.Id },
                new { manifest = service.Url("list"), project = service.Project.Id },
        })
        {
            var key = Guid.NewGuid().ToString();
            Assert.Equal((await SendAsync(key, body)).Location, (await SendAsync(key, body)).Location);
        }

        var lines = string.Join('\n', Enumerable.Range(0, 101).Select(i => service.Url($"k{i}")));
        Assert.Equal((await TextAsync(lines)).Location, (await TextAsync(lines)).Location);
        Assert.Equal(3, (await service.GetAllAsync($"/api/v0/adoptions/?project={service.Project.Id}")).Count);

        Task<Answer> TextAsync(string text) => SendAsync(
            "lines", new StringContent(text, Encoding.UTF8, "text/plain"), $"{service.AdoptPath}?project={service.Project.Id}");
    }

    [Fact]
    public async Task Another_body_store_or_query_with_the_key_is_refused_another_callers_key_is_another()
    {
        service.Put("a", "b");
        Assert.Equal(HttpStatusCode.OK, (await SendAsync("k", new { url = service.Url("a"), project = service.Project.Id })).Status);
        var refused = await SendAsync("k", new { url = service.Url("b"), project = service.Project.Id });
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains("Idempotency-Key", refused.Body, StringComparison.Ordinal);
        var query = await SendAsync(
            "k", JsonContent.Create(new { url = service.Url("a"), project = service.Project.Id }), $"{service.AdoptPath}?x=1");
        Assert.Equal(HttpStatusCode.BadRequest, query.Status);
        var (_, http) = await service.NewCallerAsync(("editor", "system", null));
        using var _ = http;
        var others = await SendAsync("k", JsonContent.Create(new { url = service.Url("b"), project = service.Project.Id }),
            service.AdoptPath, http);
        Assert.Equal(HttpStatusCode.OK, others.Status);
        foreach (var bad in new[] { "", new string('k', 256) })
            Assert.Equal(HttpStatusCode.BadRequest,
                (await SendAsync(bad, new { url = service.Url("a"), project = service.Project.Id })).Status);
    }

    [Fact]
    public async Task A_key_is_kept_for_a_day_and_then_collected()
    {
        service.Put("a");
        var body = new { url = service.Url("a"), project = service.Project.Id };
        var first = await SendAsync("k", body);
        clock.Move(TimeSpan.FromHours(23.9));
        Assert.Equal(first, await SendAsync("k", body));
        clock.Move(TimeSpan.FromHours(0.2));
        var exists = await SendAsync("k", body);
        Assert.Equal(HttpStatusCode.BadRequest, exists.Status);
        Assert.Equal(exists, await SendAsync("k", body));
        var collection = Registry.TimerFunctions.Single(f => f.Name == "CollectJobs");
        await collection.RunAsync(service.Services, default);
        Assert.Equal(1, await service.CountRowsAsync("jobs"));
        clock.Move(TimeSpan.FromHours(24));
        await collection.RunAsync(service.Services, default);
        await collection.RunAsync(service.Services, default);
        Assert.Equal(0, await service.CountRowsAsync("jobs"));
    }

    [Fact]
    public async Task Whichever_write_the_process_dies_at_the_request_that_is_sent_again_answers_what_the_first_would_have()
    {
        for (var (write, more) = (0, true); more; write++)
        {
            foreach (var after in new[] { false, true })
            {
                var key = $"at-once-{write}-{after}";
                service.Put(key);
                var body = new { urls = new[] { service.Url(key), service.Url($"{key}-none") }, project = service.Project.Id };
                more = await DieAsync(write, after, () => SendAsync(key, body));
                var answer = await SendAsync(key, body);
                Assert.Equal(HttpStatusCode.OK, answer.Status);
                Assert.Single(JsonDocument.Parse(answer.Body).RootElement.GetProperty("created").EnumerateObject());
                Assert.Equal(answer, await SendAsync(key, body));
            }
        }
    }

    [Fact]
    public async Task Whichever_write_the_process_dies_at_there_is_one_job_in_the_end()
    {
        var jobs = 0;
        for (var (write, more) = (0, true); more; write++)
        {
            foreach (var after in new[] { false, true })
            {
                var key = $"job-{write}-{after}";
                service.Put(key);
                var body = new
                {
                    urls = Enumerable.Range(0, 101).Select(i => service.Url($"{key}{i}")).Append(service.Url(key)),
                    project = service.Project.Id,
                };
                more = await DieAsync(write, after, () => SendAsync(key, body));
                var answer = await SendAsync(key, body);
                Assert.Equal(HttpStatusCode.Accepted, answer.Status);
                Assert.Equal(answer.Location, (await SendAsync(key, body)).Location);
                await service.DrainAsync();
                var job = await service.GetAsync(answer.Location!);
                Assert.Equal(("completed", 1),
                    (job.GetProperty("status").GetString(), job.GetProperty("counts").GetProperty("created").GetInt32()));
                Assert.Equal(++jobs, (await service.GetAllAsync($"/api/v0/adoptions/?project={service.Project.Id}")).Count);
            }
        }
    }

    [Fact]
    public async Task Of_many_at_once_all_are_answered_the_same()
    {
        service.Put("a");
        var one = new { url = service.Url("a"), project = service.Project.Id };
        Assert.Single((await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => SendAsync("one", one)))).Distinct());
        var list = new { urls = Enumerable.Range(0, 101).Select(i => service.Url($"k{i}")), project = service.Project.Id };
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => SendAsync("list", list)));
        Assert.All(answers, a => Assert.Equal((HttpStatusCode.Accepted, answers[0].Location), (a.Status, a.Location)));
        await service.DrainAsync();
        Assert.Single(await service.GetAllAsync($"/api/v0/adoptions/?project={service.Project.Id}"));
        await AssertNothingIsUnderWayAsync();
    }

    [Fact]
    public async Task A_job_that_is_refused_leaves_no_key()
    {
        await using var small = await TestService.StartAsync(("Adoption:JobsPerProject", "1"));
        var body = new { prefix = small.Url(""), project = small.Project.Id };
        small.Put("a");
        Assert.Equal(HttpStatusCode.Accepted, (await SendAsync("first", JsonContent.Create(body), small.AdoptPath, small.Http)).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests,
            (await SendAsync("second", JsonContent.Create(body), small.AdoptPath, small.Http)).Status);
        await small.DrainAsync();
        Assert.Equal(HttpStatusCode.Accepted, (await SendAsync("second", JsonContent.Create(body), small.AdoptPath, small.Http)).Status);
    }

    async Task<bool> DieAsync(int write, bool after, Func<Task> act)
    {
        service.Transport.DieAt(write, after);
        await act();
        var died = service.Transport.IsDead;
        service.Transport.Revive();
        return died;
    }

    async Task AssertNothingIsUnderWayAsync()
    {
        Assert.Empty(await service.Services.GetRequiredService<JobTable>().ListActiveAsync(default).ToListAsync());
    }

    Task<Answer> SendAsync(string? key, object body) => SendAsync(key, JsonContent.Create(body), service.AdoptPath);

    async Task<Answer> SendAsync(string? key, HttpContent content, string path, HttpClient? http = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = content };
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        using var response = await (http ?? service.Http).SendAsync(request);
        return new(response.StatusCode, response.Headers.Location?.ToString(), await response.Content.ReadAsStringAsync());
    }

    sealed record Answer(HttpStatusCode Status, string? Location, string Body);
}
