using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.Loader;
using Azure.Core.Pipeline;
using Azure.Monitor.OpenTelemetry.Exporter;
using DataRegistry.Telemetry;
using DataRegistry.Tests.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace DataRegistry.Tests.Telemetry;

/// <summary>The settings that start each exporter, and the exporters' data.</summary>
public sealed class ExportTests : IAsyncLifetime
{
    const string Key = "00000000-0000-0000-0000-000000000001";

    readonly ConcurrentQueue<string> posted = new();
    readonly MonitorTransport monitor = new();
    WebApplication collector = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        collector = builder.Build();
        collector.MapPost("/{**path}", (HttpRequest request) =>
        {
            posted.Enqueue(request.Path);
            return Results.Bytes([], "application/x-protobuf");
        });
        await collector.StartAsync();
    }

    public async Task DisposeAsync() => await collector.DisposeAsync();

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Each_exporter_that_is_configured_sends_all_signals_at_the_latest_at_the_end(bool otlp, bool azure)
    {
        await RunAsync([.. otlp ? Otlp("OTEL_EXPORTER_OTLP_ENDPOINT", "") : [], .. azure ? new[] { monitor.Setting } : []]);
        Assert.Equal(otlp ? ["/v1/logs", "/v1/metrics", "/v1/traces"] : [], posted.Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(azure, monitor.Items.Any(i => i.Type == "RequestData"));
        Assert.Equal(azure, monitor.Items.Any(i => i.Type == "MetricData"));
        Assert.Equal(azure, monitor.Items.Any(i => i.Type == "MessageData"));
    }

    [Fact]
    public async Task A_signal_with_an_endpoint_of_its_own_is_sent_alone()
    {
        await RunAsync(Otlp("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "/v1/traces"));
        Assert.Equal(["/v1/traces"], posted.Distinct());
    }

    [Fact]
    public async Task Azure_Monitor_gets_the_names_and_dimensions_that_OpenTelemetry_has_and_every_trace()
    {
        await RunAsync([monitor.Setting], requests: 40);
        var requests = monitor.Items.Where(
            i => i.Type == "RequestData" && i.Data.GetProperty("name").GetString() == "GET /api/v0/projects/{id}/").ToList();
        // The exporter's default samples five traces a second.
        Assert.Equal(40, requests.Count);
        Assert.All(requests, r => Assert.Equal("404", r.Data.GetProperty("responseCode").GetString()));
        var point = Assert.Single(
            monitor.Metrics,
            m => m.Name == "http.server.request.duration" && m.Dimensions.GetValueOrDefault("http.route") == "/api/v0/projects/{id}/");
        Assert.Equal("404", point.Dimensions["http.response.status_code"]);
        Assert.Contains(
            monitor.Metrics, m => m.Name == "dataregistry.table.requests" && m.Dimensions.GetValueOrDefault("table") == "organization");
        // Dependencies are the requests of this test's own client, in the same process.
        Assert.All(
            monitor.Items.Where(i => i.Type != "RemoteDependencyData"),
            i => Assert.DoesNotContain("00000000abcd", i.Data.GetRawText(), StringComparison.Ordinal));
        Assert.All(monitor.Items, i => Assert.Equal("data-registry", i.Tags["ai.cloud.role"]));
    }

    [Fact]
    public async Task The_resource_names_the_service_its_version_and_the_instance()
    {
        var service = await StartAsync([monitor.Setting, ("OTEL_SERVICE_NAME", "the-registry")]);
        var resource = service.Services.GetRequiredService<TracerProvider>().GetResource().Attributes.ToDictionary(
            a => a.Key, a => a.Value, StringComparer.Ordinal);
        await service.DisposeAsync();
        Assert.Equal(("the-registry", (object)Product.Version), (resource["service.name"], resource["service.version"]));
        Assert.EndsWith($"/{Environment.ProcessId}", (string)resource["service.instance.id"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_spans_and_metrics_have_route_templates_and_no_addresses()
    {
        var collected = new CollectedTelemetry();
        var service = await TestService.StartAsync(null, null, collected.AddTo);
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v0/projects/0198c0de-0000-7000-8000-00000000abcd/?token=secret");
        request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom().ToHexString()}-01");
        request.Headers.Add("User-Agent", "the-agent");
        using (await service.Http.SendAsync(request))
            await service.DisposeAsync();

        var span = Assert.Single(collected.Trace(trace), s => s.Kind == ActivityKind.Server);
        Assert.Equal("GET /api/v0/projects/{id}/", span.DisplayName);
        Assert.Equal(
            ["dataregistry.request.id", "http.request.method", "http.response.status_code", "http.route",
            "network.protocol.version", "url.scheme"],
            // Spans belong to the process, so Azure Monitor's exporter of a parallel test marks them, too.
            CollectedTelemetry.Tags(span).Keys.Where(t => !t.StartsWith("_MS.", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        string[] tags =
        [
            "error.type", "http.request.method", "http.response.status_code", "http.route", "network.protocol.name",
            "network.protocol.version", "url.scheme", "aspnetcore.user.is_authenticated",
        ];
        // Metrics belong to the process. Bucket servers of other tests have no routes.
        string[] withoutRoute = [.. tags, "aspnetcore.request.is_unhandled"];
        Assert.All(
            collected.Points.Where(p => p.Name.StartsWith("http.server.", StringComparison.Ordinal)),
            p => Assert.Empty(p.Tags.Keys.Except(p.Tags.ContainsKey("http.route") ? tags : withoutRoute)));
        Assert.All(
            collected.Points, p => Assert.DoesNotContain(p.Tags.Values, value => value.Contains("00000000abcd", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")]
    [InlineData(true, "APPLICATIONINSIGHTS_CONNECTION_STRING", $"InstrumentationKey={Key}")]
    [InlineData(false, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "OTEL_SDK_DISABLED", "true")]
    [InlineData(false, "APPLICATIONINSIGHTS_CONNECTION_STRING", $"InstrumentationKey={Key}", "OTEL_SDK_DISABLED", "true")]
    [InlineData(false, "OTEL_EXPORTER_OTLP_ENDPOINT", "", "APPLICATIONINSIGHTS_CONNECTION_STRING", "")]
    public void Without_an_exporter_nothing_of_OpenTelemetry_is_loaded_or_registered(bool loaded, params string[] settings)
    {
        var context = new OwnContext();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            settings.Chunk(2).Select(s => KeyValuePair.Create(s[0], (string?)s[1]))
            .Append(new("AzureWebJobsStorage", "UseDevelopmentStorage=true"))).Build();
        var services = new ServiceCollection();
        services.AddLogging().AddSingleton<IConfiguration>(configuration);
        var registry = context.LoadFromAssemblyPath(typeof(Registry).Assembly.Location).GetType(typeof(Registry).FullName!)!;
        registry.GetMethod(nameof(Registry.AddDataRegistry))!.Invoke(null, [services, configuration]);
        using (var provider = services.BuildServiceProvider())
            Assert.Equal(loaded, provider.GetServices<IHostedService>().Any(s => IsTelemetry(s.GetType().Assembly.GetName().Name!)));
        Assert.Equal(loaded, context.Assemblies.Any(a => IsTelemetry(a.GetName().Name!)));
        context.Unload();

        static bool IsTelemetry(string name) =>
            name.StartsWith("OpenTelemetry", StringComparison.Ordinal) || name.StartsWith("Azure.Monitor", StringComparison.Ordinal);
    }

    (string, string)[] Otlp(string variable, string path) =>
        [(variable, collector.Urls.Single()
            + path), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_METRIC_EXPORT_INTERVAL", "60000")];

    Task<TestService> StartAsync((string, string)[] settings) => TestService.StartAsync(
        null, null, services => services.Configure<AzureMonitorExporterOptions>(o => o.Transport = new HttpClientTransport(monitor)),
        settings);

    async Task RunAsync((string, string)[] settings, int requests = 1)
    {
        var service = await StartAsync(settings);
        for (var i = 0; i < requests; i++)
            await service.Http.StatusAsync("GET", "/api/v0/projects/0198c0de-0000-7000-8000-00000000abcd/");
        service.Services.GetRequiredService<ILoggerFactory>().CreateLogger("test").Log(
            LogLevel.Warning, default, "A line.", null, (text, _) => text);
        await service.DisposeAsync();
    }

    /// <summary>Loads its own copies of the telemetry assemblies and ours, so that those of other tests do not count.</summary>
    sealed class OwnContext() : AssemblyLoadContext("telemetry", isCollectible: true)
    {
        protected override System.Reflection.Assembly? Load(System.Reflection.AssemblyName assemblyName)
        {
            var own = assemblyName.Name is { } name
                && (name.StartsWith("OpenTelemetry", StringComparison.Ordinal)
                    || name.StartsWith("Azure.Monitor", StringComparison.Ordinal));
            return own ? LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, $"{assemblyName.Name}.dll")) : null;
        }
    }
}
