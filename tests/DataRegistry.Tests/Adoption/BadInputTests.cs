using System.Net;
using System.Net.Http.Headers;
using System.Text;
using DataRegistry.Tests.Fixtures;

namespace DataRegistry.Tests.Adoption;

/// <summary>Every wrong input is a 4xx with the reason, never a 500, and leaves nothing behind.</summary>
public sealed class BadInputTests(SharedService shared) : IClassFixture<SharedService>, IAsyncLifetime
{
    TestService service = null!;

    public async Task InitializeAsync() => service = await shared.ForTestAsync();

    public async Task DisposeAsync() => await service.DisposeAsync();

    [Theory]
    [InlineData("""{"\ud800":1,"url":"s3://bucket/a"}""")]
    [InlineData("""{"url":"s3://bucket/missing","project":"\ud800"}""")]
    [InlineData("""{"url":"s3://bucket/missing","project":"\u0000"}""")]
    [InlineData("""{"url":"s3://bucket/missing","project":["$"]}""")]
    [InlineData("""{"url":["s3://bucket/missing"],"project":"$"}""")]
    [InlineData("""{"urls":[["s3://bucket/missing"]],"project":"$"}""")]
    [InlineData("""{"urls":[null],"project":"$"}""")]
    [InlineData("""{"urls":null,"project":"$"}""")]
    [InlineData("""{"url":"","project":"$"}""")]
    [InlineData("""{"url":"s3://bucket/missing","project":"$"} x""")]
    [InlineData("""{"prefix":5,"project":"$"}""")]
    [InlineData("""{"url":"\u0000","project":"$"}""")]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("5")]
    public async Task An_odd_json_body_is_a_400(string json)
    {
        await AssertRefusedAsync(new StringContent(
            json.Replace("$", service.Project.Id.ToString(), StringComparison.Ordinal), Encoding.UTF8, "application/json"));
    }

    [Fact]
    public async Task Deep_json_huge_strings_and_other_charsets_are_400s()
    {
        await AssertRefusedAsync(new StringContent("{\"x\":" + new string('[', 10_000), Encoding.UTF8, "application/json"));
        await AssertRefusedAsync(new StringContent(
            $$"""{"url":"s3://bucket/a","project":"{{new string('p', 1_000_000)}}"}""", Encoding.UTF8, "application/json"));
        await AssertRefusedAsync(new StringContent(
            $$"""{"url":"s3://bucket/ä","project":"{{service.Project.Id}}"}""", Encoding.Latin1, "application/json"));
        await AssertRefusedAsync(new StringContent(
            $$"""{"url":"s3://bucket/ä","project":"{{service.Project.Id}}"}""", Encoding.Unicode, "application/json"));
        await AssertRefusedAsync(new StringContent("s3://bucket/ä", Encoding.Latin1, "text/plain"));
        await AssertRefusedAsync(new StringContent("s3://bucket/ä", Encoding.Unicode, "text/plain"));
    }

    [Fact]
    public async Task A_byte_order_mark_is_no_part_of_the_first_url()
    {
        service.Put("a", "b");
        byte[] mark = [0xEF, 0xBB, 0xBF];
        foreach (var (type, text) in new[]
        {
            ("text/plain", "s3://bucket/a"), ("application/json", $$"""{"url":"s3://bucket/b","project":"{{service.Project.Id}}"}"""),
        })
        {
            using var body = new ByteArrayContent(
                [.. mark, .. Encoding.UTF8.GetBytes(text)])
            { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
            using var response = await service.Http.PostAsync(
                new Uri($"{service.AdoptPath}?project={service.Project.Id}", UriKind.Relative), body);
            Assert.True(response.StatusCode == HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task A_field_that_is_given_twice_is_refused_instead_of_one_being_lost()
    {
        service.Put("a", "b");
        await AssertRefusedAsync(new StringContent(
            $$"""{"urls":["s3://bucket/a"],"urls":["s3://bucket/b"],"project":"{{service.Project.Id}}"}""", Encoding.UTF8,
            "application/json"));
    }

    [Fact]
    public async Task A_nul_in_a_key_is_no_server_error()
    {
        service.Put("a");
        using var one = await service.AdoptUrlAsync("s3://bucket/a\0b");
        Assert.True(one.StatusCode == HttpStatusCode.BadRequest, $"{one.StatusCode} {await one.Content.ReadAsStringAsync()}");
        using var both = await service.AdoptUrlsAsync(["s3://bucket/a\0b", "s3://bucket/a"]);
        Assert.True(both.StatusCode == HttpStatusCode.OK, $"{both.StatusCode} {await both.Content.ReadAsStringAsync()}");
    }

    [Theory]
    [InlineData("data")]
    [InlineData("adoptions")]
    public async Task Odd_query_parameters_are_400s(string list)
    {
        var project = service.Project.Id;
        // Datums can also be listed without a project.
        foreach (var query in (string[])
        [
            .. list == "data" ? [] : new[] { "", "project=" }, "project=%00", "project=%ED%A0%80", $"project={project}&project={project}",
            $"project={project}&limit=", $"project={project}&limit=1&limit=2",
            $"project={project}&limit=99999999999999999999", $"project={project}&limit=%D9%A3", $"project={project}&limit=+5",
            $"project={project}&cursor=", $"project={project}&cursor=A", $"project={project}&cursor=%C3%BC",
            $"project={project}&cursor={new string('A', 6000)}",
        ])
        {
            using var response = await service.Http.GetAsync(new Uri($"/api/v0/{list}/?{query}", UriKind.Relative));
            Assert.True(
                response.StatusCode == HttpStatusCode.BadRequest,
                $"{query}: {response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }
    }

    [Fact]
    public async Task The_next_link_has_one_cursor_however_the_parameter_was_spelt()
    {
        service.Put("a", "b", "c");
        (await service.AdoptUrlsAsync(["s3://bucket/a", "s3://bucket/b", "s3://bucket/c"])).EnsureSuccessStatusCode();
        var first = await service.GetAsync($"/api/v0/data/?project={service.Project.Id}&limit=1");
        var second = await service.GetAsync(first.GetProperty("next").GetString()!.Replace("cursor=", "Cursor=", StringComparison.Ordinal));
        var third = await service.GetAsync(second.GetProperty("next").GetString()!);
        Assert.Equal(1, third.GetProperty("results").GetArrayLength());
    }

    [Fact]
    public async Task A_list_that_does_not_arrive_in_time_is_given_up()
    {
        var clock = new StagingClock();
        await using var late = await TestService.StartAsync(null, clock);
        using var response = await late.Http.PostAsync(new Uri(late.AdoptPath, UriKind.Relative), new StalledList(clock));
        Assert.Equal(HttpStatusCode.RequestTimeout, response.StatusCode);
    }

    /// <summary>The time for a list is over when the test says so.</summary>
    sealed class StagingClock : TimeProvider
    {
        readonly TaskCompletionSource<Action> end = new();

        public Task<Action> End => end.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == TimeSpan.FromSeconds(200))
                end.TrySetResult(() => callback(state));
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }

    /// <summary>A body that goes on only after the time for it is over.</summary>
    sealed class StalledList : HttpContent
    {
        readonly StagingClock clock;

        public StalledList(StagingClock clock)
        {
            this.clock = clock;
            Headers.ContentType = new("application/json");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("{\"urls\":["u8.ToArray());
            await stream.FlushAsync();
            (await clock.End)();
            await stream.WriteAsync("]}"u8.ToArray());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    async Task AssertRefusedAsync(HttpContent body)
    {
        using (body)
        {
            using var response = await service.Http.PostAsync(
                new Uri($"{service.AdoptPath}?project={service.Project.Id}", UriKind.Relative), body);
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{response.StatusCode} {text}");
        }

        await service.AssertNothingLeftAsync();
    }
}
