using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using DataRegistry.LocalHost.Buckets;
using DataRegistry.Tests.Fixtures;
using Xunit.Abstractions;
using static DataRegistry.Tests.Telemetry.CollectedTelemetry;

namespace DataRegistry.Tests.Telemetry;

/// <summary>The exported spans of a job are one trace, from the request for it to its last request.</summary>
public sealed class TraceTests(ITestOutputHelper output)
{
    readonly string trace = ActivityTraceId.CreateRandom().ToHexString();
    readonly string caller = ActivitySpanId.CreateRandom().ToHexString();
    readonly CollectedTelemetry collected = new();

    [Fact]
    public async Task A_bulk_job_is_one_unbroken_trace_from_its_request_over_every_delivery_to_buckets_and_tables()
    {
        var service = await StartAsync();
        await AcceptAsync(service, new { prefix = service.Url("data/"), project = service.Project.Id });
        await service.DrainAsync();
        Assert.Equal(2500, (await service.GetDatumsAsync()).Count);
        await service.DisposeAsync();

        var spans = collected.Trace(trace).ToDictionary(s => s.SpanId);
        output.WriteLine(collected.Tree(trace));
        var root = Assert.Single(spans.Values, s => s.ParentSpanId.ToHexString() == caller);
        Assert.Equal(("POST /api/v0/stores/{id}/adopt/", "202"), (root.DisplayName, Tags(root)["http.response.status_code"]));
        Assert.All(
            spans.Values,
            s => Assert.True(s == root || spans.ContainsKey(s.ParentSpanId), $"{s.DisplayName} has a parent that is not there"));
        // The range was continued after each window, and cut in between. Every delivery has a span.
        var deliveries = spans.Values.Where(s => s.DisplayName == "process adopt").ToList();
        Assert.True(
            deliveries.Count > 3 && deliveries.Select(d => Tags(d)["dataregistry.range"]).Distinct().Count() > 1
                && deliveries.Select(d => Tags(d)["dataregistry.epoch"]).Distinct().Count() > 1);
        Assert.Single(deliveries.Select(d => Tags(d)["dataregistry.job.id"]).Distinct());
        foreach (var name in new[] { "S3 list", "table transaction locations", "table transaction datums", "table update work" })
            Assert.Contains(
                spans.Values,
                s => s.DisplayName == name && Above(s).Any(p => p.DisplayName == "window")
                    && Above(s).Any(p => p.DisplayName == "process adopt") && Above(s).Last() == root);

        IEnumerable<Activity> Above(Activity span)
        {
            while (spans.TryGetValue(span.ParentSpanId, out var parent))
                yield return span = parent;
        }
    }

    [Fact]
    public async Task A_delivery_that_fails_and_its_repetition_are_in_the_trace_and_so_is_what_was_logged_of_it()
    {
        var service = await StartAsync();
        await AcceptAsync(
            service, new { urls = Enumerable.Range(0, 150).Select(i => service.Url($"data/{i:D4}")), project = service.Project.Id });
        var message = Assert.Single(await service.ReceiveAsync("adopt"));
        var function = Registry.QueueFunctions.Single(f => f.Name == "AdoptRange");
        service.Server.Faults = new() { InternalError = 1 };
        await Assert.ThrowsAnyAsync<Exception>(() => function.RunAsync(service.Services, new(message.MessageText, 1), default));
        service.Server.Faults = FaultPlan.None;
        await function.RunAsync(service.Services, new(message.MessageText, 2, DateTimeOffset.UtcNow.AddSeconds(-2)), default);
        var logs = service.Logs;
        await service.DisposeAsync();

        var deliveries = collected.Trace(trace).Where(s => s.DisplayName == "process adopt").ToList();
        Assert.Equal(
            [("1", true, "BucketException"), ("2", false, null)],
            deliveries.Select(
                d => (Tags(d)["dataregistry.delivery"], d.Status == ActivityStatusCode.Error, Tags(d).GetValueOrDefault("error.type"))));
        Assert.Single(deliveries.Select(d => d.ParentSpanId).Distinct());
        var job = Tags(deliveries[0])["dataregistry.job.id"];
        var failure = Assert.Single(
            collected.Logs, l => l.Trace == trace && l.Text.Contains("delivery 1 failed", StringComparison.Ordinal));
        Assert.Equal(job, failure.Tags["Job"]);
        // The log has the same ids.
        Assert.Contains(
            logs.Split('\n'),
            l => l.Contains("delivery 1 failed", StringComparison.Ordinal) && l.Contains($"TraceId:{trace}", StringComparison.Ordinal)
                && l.Contains($"Job:{job}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_collector_the_log_tells_the_trace_all_the_same()
    {
        await using var silent = await TestService.StartAsync();
        silent.Put("a");
        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            silent.AdoptPath)
        { Content = JsonContent.Create(new { prefix = silent.Url(""), project = silent.Project.Id }) };
        request.Headers.Add("traceparent", $"00-{trace}-{caller}-00");
        using var response = await silent.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        await silent.DrainAsync();

        Assert.Contains(
            silent.Logs.Split('\n'),
            l => l.Contains("window 0 done", StringComparison.Ordinal) && l.Contains($"TraceId:{trace}", StringComparison.Ordinal));
    }

    async Task<TestService> StartAsync()
    {
        var service = await TestService.StartAsync(
            null, null, collected.AddTo, ("Adoption:WindowKeys", "100"), ("Adoption:RangeSeconds", "0"));
        service.Put([.. Enumerable.Range(0, 2500).Select(i => $"data/{i:D4}")]);
        return service;
    }

    async Task AcceptAsync(TestService service, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, service.AdoptPath) { Content = JsonContent.Create(body) };
        request.Headers.Add("traceparent", $"00-{trace}-{caller}-01");
        using var response = await service.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }
}
