using System.Net;
using System.Net.Http.Json;
using DataRegistry.Selections;
using DataRegistry.Tests.Datums;
using DataRegistry.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Selections;

/// <summary>A selection, and an action on one, with an Idempotency-Key: the same request again has the same job.</summary>
public sealed class SelectionKeyTests : IAsyncLifetime
{
    const string Header = "Idempotency-Key";

    readonly FakeClock clock = new();
    TestService service = null!;

    // All is left to the queue.
    public async Task InitializeAsync() => service = await TestService.StartAsync(
        null, clock, services => services.AddSingleton(new SelectionLimits { AtOnce = TimeSpan.Zero }));

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task The_same_request_has_the_same_selection_and_another_is_refused()
    {
        await service.AdoptedAsync("k/a");
        var first = await CreateAsync("key", new { prefix = "k/" });
        Assert.Equal(first, await CreateAsync("key", new { prefix = "k/" }));
        Assert.NotEqual(first, await CreateAsync("other", new { prefix = "k/" }));
        Assert.NotEqual(first, await CreateAsync(null, new { prefix = "k/" }));
        await service.DrainAsync();
        using (var done = await SendAsync("/api/v0/selections/", "key", Body(new { prefix = "k/" })))
        {
            Assert.Equal((HttpStatusCode.Created, first), (done.StatusCode, done.Headers.Location!.AbsolutePath));
            Assert.Equal(1, (await TestUsers.JsonAsync(done, HttpStatusCode.Created)).GetProperty("count").GetInt32());
        }

        using (var other = await SendAsync("/api/v0/selections/", "key", Body(new { prefix = "k/", name = "a" })))
            await AssertRefusedAsync(other);
        using (var adoption = await SendAsync(
            $"/api/v0/stores/{service.Store.Id}/adopt/", "key", new { url = service.Url("k/a"), project = service.Project.Id }))
            await AssertRefusedAsync(adoption);
        using (var act = await SendAsync($"{first}purge/", "key", null))
            await AssertRefusedAsync(act);
        using (var tooLong = await SendAsync("/api/v0/selections/", new string('k', 256), Body(new { prefix = "k/" })))
            await AssertRefusedAsync(tooLong);
        // A key is kept for a day.
        clock.Advance(TimeSpan.FromHours(25));
        Assert.NotEqual(first, await CreateAsync("key", new { prefix = "k/" }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public async Task A_request_for_a_selection_that_dies_and_comes_again_makes_one(int write)
    {
        await service.AdoptedAsync("d/a");
        service.Transport.DieAfter(write);
        using (await SendAsync("/api/v0/selections/", "key", Body(new { prefix = "d/" })))
            Assert.True(service.Transport.IsDead);
        service.Transport.Revive();
        var path = await CreateAsync("key", new { prefix = "d/" });
        await service.DrainAsync();
        var selection = await service.GetAsync(path);
        Assert.Equal("completed", selection.GetProperty("status").GetString());
        Assert.Equal(1, selection.GetProperty("count").GetInt32());
        Assert.Equal(path, await CreateAsync("key", new { prefix = "d/" }));
    }

    [Fact]
    public async Task A_request_to_act_dies_between_each_pair_of_writes_in_turn_and_comes_again_as_one_job()
    {
        await service.AdoptedAsync("d/a");
        var selection = await service.SelectAsync(new { prefix = "d/" });
        for (var write = 0; ; write++)
        {
            var body = new { tags = new[] { $"t{write}" } };
            service.Transport.DieAfter(write);
            using var first = await SendAsync($"{TestSelections.PathOf(selection)}tag/", $"key-{write}", body);
            var died = service.Transport.IsDead;
            service.Transport.Revive();
            using var again = await SendAsync($"{TestSelections.PathOf(selection)}tag/", $"key-{write}", body);
            Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
            await service.DrainAsync();
            TestSelections.AssertCounts(await service.GetAsync(again.Headers.Location!.AbsolutePath), 1, 1, 0, 0);
            if (!died)
            {
                Assert.Equal(first.Headers.Location, again.Headers.Location);
                Assert.InRange(write, 5, 40);
                break;
            }
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task A_claim_whose_request_died_stands_in_the_way_of_others_for_five_minutes(int write)
    {
        var id = await service.AdoptedAsync("d/a");
        var selection = await service.SelectAsync(new { prefix = "d/" });
        var path = TestSelections.PathOf(selection);
        service.Transport.DieAfter(write);
        using (await SendAsync($"{path}tag/", "first", new { tags = new[] { "x" } }))
            Assert.True(service.Transport.IsDead);
        service.Transport.Revive();
        using (var other = await SendAsync($"{path}purge/", "key", null))
        {
            Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
            Assert.NotNull(other.Headers.RetryAfter);
        }

        clock.Advance(TimeSpan.FromMinutes(6));
        // The refused request has not used its key up.
        using var later = await SendAsync($"{path}tag/", "key", new { tags = new[] { "y" } });
        Assert.Equal(HttpStatusCode.Accepted, later.StatusCode);
        await service.DrainAsync();
        TestSelections.AssertCounts(await service.GetAsync(later.Headers.Location!.AbsolutePath), 1, 1, 0, 0);
        // No timer starts the dead request's job beside it, and its key is free.
        clock.Advance(TimeSpan.FromMinutes(30));
        await Registry.TimerFunctions.Single(t => t.Name == "ResumeAdoptions").RunAsync(service.Services, default);
        await service.DrainAsync();
        using (var metadata = await service.Http.SendAsync("GET", $"/api/v0/data/{id}/metadata/"))
            Assert.Equal("""{"valohai.tags":["y"]}""", await metadata.Content.ReadAsStringAsync());
        using var again = await SendAsync($"{path}purge/", "first", null);
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
    }

    [Fact]
    public async Task The_same_request_to_act_has_the_same_job_also_when_its_selection_has_expired()
    {
        await service.AdoptedAsync("e/a");
        var selection = await service.SelectAsync(new { prefix = "e/" });
        clock.Advance(TimeSpan.FromDays(6.9));
        var path = $"{TestSelections.PathOf(selection)}tag/";
        using var first = await SendAsync(path, "key", new { tags = new[] { "x" } });
        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        await service.DrainAsync();
        clock.Advance(TimeSpan.FromDays(0.5));
        using var again = await SendAsync(path, "key", new { tags = new[] { "x" } });
        Assert.Equal((HttpStatusCode.Accepted, first.Headers.Location), (again.StatusCode, again.Headers.Location));
        using var other = await SendAsync(path, "other", new { tags = new[] { "x" } });
        Assert.Equal(HttpStatusCode.Gone, other.StatusCode);
    }

    object Body(object filter) => new { project = service.Project.Id, filter };

    /// <summary>The path of the selection.</summary>
    async Task<string> CreateAsync(string? key, object filter)
    {
        using var answer = await SendAsync("/api/v0/selections/", key, Body(filter));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return answer.Headers.Location!.AbsolutePath;
    }

    async Task<HttpResponseMessage> SendAsync(string path, string? key, object? body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative))
        {
            Content = body is null ? null : JsonContent.Create(body),
        };
        if (key is not null)
            request.Headers.Add(Header, key);
        return await service.Http.SendAsync(request);
    }

    static async Task AssertRefusedAsync(HttpResponseMessage answer)
    {
        var error = await TestUsers.JsonAsync(answer, HttpStatusCode.BadRequest);
        Assert.Equal(Header, error.EnumerateObject().Single().Name);
    }
}
