using System.Diagnostics;
using System.Globalization;
using System.Text;
using DataRegistry.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace DataRegistry.Tests.Telemetry;

sealed record CollectedLog(string Trace, string Text, IReadOnlyDictionary<string, string> Tags);

/// <param name="Value">A sum, a gauge's last value, or a histogram's number of values.</param>
sealed record CollectedPoint(string Name, IReadOnlyDictionary<string, string> Tags, double Value);

/// <summary>
/// The product's own collection with in-memory exporters. Dispose the service before reading, because that flushes.
/// Sources and meters belong to the process, so spans and counts of concurrent tests are included. Select spans and
/// logs by their trace.
/// </summary>
sealed class CollectedTelemetry
{
    readonly List<Activity> spans = [];
    readonly List<MetricSnapshot> metrics = [];
    readonly List<LogRecord> logs = [];

    public IReadOnlyList<Activity> Spans => spans;

    public List<CollectedPoint> Points =>
        [.. metrics.SelectMany(m => m.MetricPoints.Select(p => new CollectedPoint(m.Name, Tags(p.Tags), ValueOf(m.MetricType, p))))];

    public List<CollectedLog> Logs =>
        [.. logs.Select(l => new CollectedLog(l.TraceId.ToHexString(), $"{l.FormattedMessage} {l.Exception}".Trim(), Tags(l)))];

    /// <summary>Pass it to <c>TestService.StartAsync</c>.</summary>
    public void AddTo(IServiceCollection services) => services.AddCollection(new ConfigurationBuilder().Build())
        .WithTracing(
            b => b.AddInMemoryExporter(spans)).WithMetrics(
                b => b.AddInMemoryExporter(metrics)).WithLogging(b => b.AddInMemoryExporter(logs));

    /// <summary>In the order in which they started.</summary>
    public List<Activity> Trace(string trace) => [.. spans.Where(s => s.TraceId.ToHexString() == trace).OrderBy(s => s.StartTimeUtc)];

    /// <summary>All collected texts, to be searched.</summary>
    public IEnumerable<string> Texts() =>
        spans.Select(s => $"{s.DisplayName} {s.StatusDescription} {Text(Tags(s))} {string.Join(' ', s.Events.SelectMany(e => e.Tags))}")
            .Concat(Logs.Select(l => $"{l.Text} {Text(l.Tags)}")).Concat(Points.Select(p => $"{p.Name} {Text(p.Tags)}"));

    /// <summary>The spans of a trace as a tree. Equal leaves below one parent are one line with their number.</summary>
    public string Tree(string trace)
    {
        var all = Trace(trace);
        var children = all.ToLookup(s => s.ParentSpanId);
        var known = all.Select(s => s.SpanId).ToHashSet();
        var tree = new StringBuilder();
        Add(all.Where(s => !known.Contains(s.ParentSpanId)), "");
        return tree.ToString();

        void Add(IEnumerable<Activity> level, string indent)
        {
            foreach (var same in level.GroupBy(s => children.Contains(s.SpanId) ? s.SpanId.ToHexString() : s.DisplayName))
            {
                var first = same.First();
                var told = Tags(first).Where(
                    t => t.Key.StartsWith("dataregistry.", StringComparison.Ordinal)
                        && t.Key is not "dataregistry.job.id" and not "dataregistry.request.id");
                var tags = same.Count() > 1 ? "" : string.Concat(told.Select(t => $" {t.Key["dataregistry.".Length..]}={t.Value}"));
                tree.Append(
                    CultureInfo.InvariantCulture, $"{indent}{first.DisplayName}{(same.Count() > 1 ? $" ×{same.Count()}" : tags)}\n");
                Add(children[first.SpanId], indent + "   ");
            }
        }
    }

    public static IReadOnlyDictionary<string, string> Tags(Activity span) => Read(span.TagObjects);

    static Dictionary<string, string> Tags(LogRecord log)
    {
        var all = new List<KeyValuePair<string, object?>>(log.Attributes ?? []);
        log.ForEachScope(static (scope, all) =>
        {
            foreach (var value in scope)
                all.Add(value);
        }, all);
        return Read(all);
    }

    static Dictionary<string, string> Tags(ReadOnlyTagCollection tags)
    {
        var all = new List<KeyValuePair<string, object?>>();
        foreach (var tag in tags)
            all.Add(tag);
        return Read(all);
    }

    static Dictionary<string, string> Read(IEnumerable<KeyValuePair<string, object?>> tags)
    {
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in tags)
            read[name] = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return read;
    }

    static string Text(IReadOnlyDictionary<string, string> tags) => string.Join(' ', tags.Select(t => $"{t.Key}={t.Value}"));

    static double ValueOf(MetricType type, MetricPoint point) => type switch
    {
        MetricType.LongSum or MetricType.LongSumNonMonotonic => point.GetSumLong(),
        MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic => point.GetSumDouble(),
        MetricType.LongGauge => point.GetGaugeLastValueLong(),
        MetricType.DoubleGauge => point.GetGaugeLastValueDouble(),
        _ => point.GetHistogramCount(),
    };
}
