using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Tests.Telemetry;

/// <param name="Service">The resource's <c>service.name</c>.</param>
/// <param name="Parent">Empty for none.</param>
sealed record ExportedSpan(string Service, string Source, string Trace, string Id, string Parent, string Name, ulong Start, IReadOnlyDictionary<string, string> Tags, bool Failed);

sealed record ExportedLog(string Trace, string Text, IReadOnlyDictionary<string, string> Tags);

/// <param name="Value">Of a histogram how many values it has.</param>
sealed record ExportedPoint(string Name, IReadOnlyDictionary<string, string> Tags, double Value);

/// <summary>What takes OTLP over HTTP in protobuf, as a collector does; field numbers are those of opentelemetry-proto.</summary>
sealed class OtlpReceiver : IAsyncDisposable
{
    readonly WebApplication app;

    OtlpReceiver(WebApplication app) => this.app = app;

    public ConcurrentQueue<ExportedSpan> Spans { get; } = new();

    public ConcurrentQueue<ExportedLog> Logs { get; } = new();

    /// <summary>A cumulative counter is there once for each export.</summary>
    public ConcurrentQueue<ExportedPoint> Points { get; } = new();

    /// <summary>Every body as it came, one character a byte, to be searched.</summary>
    public ConcurrentQueue<string> Bodies { get; } = new();

    public string Url => app.Urls.Single();

    /// <summary>What a service under test is started with to send here, in the order of its life and not of a minute.</summary>
    public (string Name, string Value)[] Settings =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", Url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_BSP_SCHEDULE_DELAY", "500"), ("OTEL_METRIC_EXPORT_INTERVAL", "60000"),
    ];

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var receiver = new OtlpReceiver(builder.Build());
        receiver.app.MapPost("/v1/{signal}", receiver.ReceiveAsync);
        await receiver.app.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    /// <summary>The spans of a trace as a tree; those of one name below the same one are a line with their number.</summary>
    public string Tree(string trace)
    {
        var spans = Spans.Where(s => s.Trace == trace).OrderBy(s => s.Start).ToList();
        var tree = new StringBuilder();
        Add([.. spans.Where(s => spans.TrueForAll(p => p.Id != s.Parent))], "");
        return tree.ToString();

        void Add(List<ExportedSpan> level, string indent)
        {
            // What has nothing below it is told by number.
            foreach (var same in level.GroupBy(s => spans.Exists(c => c.Parent == s.Id) ? s.Id : s.Name).OrderBy(g => g.Min(s => s.Start)))
            {
                var first = same.First();
                var told = first.Tags.Where(t => t.Key.StartsWith("dataregistry.", StringComparison.Ordinal) && t.Key is not "dataregistry.job.id" and not "dataregistry.request.id");
                var tags = same.Count() > 1 ? "" : string.Concat(told.Select(t => $" {t.Key["dataregistry.".Length..]}={t.Value}"));
                tree.Append(CultureInfo.InvariantCulture, $"{indent}{first.Name}{(same.Count() > 1 ? $" ×{same.Count()}" : tags)}\n");
                Add([.. spans.Where(s => s.Parent == first.Id)], indent + "   ");
            }
        }
    }

    async Task<IResult> ReceiveAsync(string signal, HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        Bodies.Enqueue(Encoding.Latin1.GetString(body.ToArray()));
        foreach (var resource in new Protobuf(body.ToArray()).All(1))
        {
            var service = Tags(resource.All(1, 1)).GetValueOrDefault("service.name", "");
            foreach (var scope in resource.All(2))
                Keep(signal, service, scope);
        }

        return Results.Bytes([], "application/x-protobuf");
    }

    void Keep(string signal, string service, Protobuf scope)
    {
        foreach (var record in scope.All(2))
        {
            switch (signal)
            {
                case "traces":
                    Spans.Enqueue(new(
                        service, scope.All(1).First().Text(1), record.Hex(1), record.Hex(2), record.Hex(4), record.Text(5), record.Number(7), Tags(record.All(9)),
                        record.All(15).Any(s => s.Number(3) == 2)));
                    break;
                case "logs":
                    Logs.Enqueue(new(record.Hex(9), record.All(5).First().Text(1), Tags(record.All(6))));
                    break;
                case "metrics":
                    foreach (var point in record.All(5, 1).Concat(record.All(7, 1)))
                        Points.Enqueue(new(record.Text(1), Tags(point.All(7)), point.Number(6) is > 0 and var whole ? whole : BitConverter.UInt64BitsToDouble(point.Number(4))));
                    foreach (var point in record.All(9, 1))
                        Points.Enqueue(new(record.Text(1), Tags(point.All(9)), point.Number(4)));
                    break;
            }
        }
    }

    static Dictionary<string, string> Tags(IEnumerable<Protobuf> attributes)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var attribute in attributes)
        {
            var value = attribute.All(2).Single();
            tags[attribute.Text(1)] = value.Text(1) is { Length: > 0 } text ? text : value.Number(3).ToString(CultureInfo.InvariantCulture);
        }

        return tags;
    }
}
