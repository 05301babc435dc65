using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Azure.Core.Pipeline;
using Azure.Monitor.OpenTelemetry.Exporter;
using DataRegistry.Tests.Fixtures;
using DataRegistry.Tests.Rescans;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Tests.Telemetry;

/// <summary>
/// The metrics of infra's alerts exist with these names, dimensions and values, in Azure Monitor and in OTLP.
/// </summary>
public sealed partial class AlertTests
{
    [Fact]
    public async Task Every_metric_that_an_alert_asks_for_is_emitted_with_its_dimension_and_values()
    {
        var collected = new CollectedTelemetry();
        var monitor = new MonitorTransport();
        var service = await TestService.StartAsync(
            null, null,
            services =>
            {
                collected.AddTo(services);
                services.Configure<AzureMonitorExporterOptions>(o => o.Transport = new HttpClientTransport(monitor));
            },
            monitor.Setting);
        await DriftAsync(service);
        service.Transport.Fault = new InvalidOperationException("Nobody expects this.");
        Assert.Equal(HttpStatusCode.InternalServerError, await service.Http.StatusAsync("GET", "/api/v0/projects/"));
        service.Transport.Fault = null;
        await service.DisposeAsync();

        var queries = Query().Matches(
            await File.ReadAllTextAsync(Path.Combine(AzuriteFixture.RepositoryRoot(), "infra", "modules", "alerts.bicep")))
            .Select(m => m.Groups["query"].Value).Where(q => q.StartsWith("customMetrics", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(queries);
        foreach (var query in queries)
        {
            var name = Name().Match(query).Groups["name"].Value;
            var dimension = Dimension().Match(query);
            Assert.True(dimension.Success, query);
            foreach (var source in new[]
            {
                collected.Points.Where(p => p.Name == name).Select(p => p.Tags),
                monitor.Metrics.Where(m => m.Name == name).Select(m => m.Dimensions),
            })
            {
                var emitted = source.Select(tags => tags.GetValueOrDefault(dimension.Groups["name"].Value)).ToHashSet();
                if (dimension.Groups["least"] is { Success: true } least)
                    Assert.Contains(
                        emitted,
                        value => int.Parse(value!, CultureInfo.InvariantCulture) >= int.Parse(least.Value, CultureInfo.InvariantCulture));
                else
                    Assert.All(dimension.Groups["value"].Captures, value => Assert.Contains(value.Value, emitted));
            }
        }
    }

    static async Task DriftAsync(TestService service)
    {
        await service.AdoptAllAsync("a", "b", "c");
        service.Bucket.Put("a", "other"u8);
        service.Bucket.Delete("b");
        Assert.Equal("unchanged 1, changed 1, missing 1", TestScans.Counts(await service.ScanAsync()));
    }

    [GeneratedRegex("query: '(?<query>[^']+)'", RegexOptions.ExplicitCapture)]
    private static partial Regex Query();

    [GeneratedRegex("name == \"(?<name>[^\"]+)\"", RegexOptions.ExplicitCapture)]
    private static partial Regex Name();

    // A set of texts, or a minimum.
    [GeneratedRegex(
        "customDimensions\\[\"(?<name>[^\"]+)\"\\](\\) >= (?<least>\\d+)| in \\((\"(?<value>[^\"]+)\"(, )?)+\\))",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Dimension();
}
