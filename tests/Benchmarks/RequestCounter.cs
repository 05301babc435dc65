using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using DataRegistry.LocalHost;

namespace DataRegistry.Benchmarks;

/// <summary>
/// Counts requests to S3 and to tables by the service's own counters, and those to blobs and queues by the HTTP
/// client's. Retries count, because they are billed. All requests of this process count, except within <see
/// cref="Uncounted"/>.
/// </summary>
sealed class RequestCounter : IDisposable
{
    public const string S3 = "s3", Tables = "tables", Blobs = "blobs", Queues = "queues";

    /// <summary>Precedes a table's name in a log.</summary>
    const string TableMark = " @";

    static readonly AsyncLocal<bool> Ignored = new();

    readonly MeterListener listener = new();
    readonly ConcurrentDictionary<(string Service, string Operation), long> counts = new();
    readonly AzuritePorts ports;
    readonly StreamWriter? log;

    /// <param name="log">A file with a line per request, so that the requests of a killed process are known too; null
    /// if none.</param>
    public RequestCounter(AzuritePorts ports, string? log = null)
    {
        this.ports = ports;
        this.log = log is null
            ? null
            : new StreamWriter(new FileStream(log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0))
            {
                AutoFlush = true,
            };
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if ((instrument.Meter.Name, instrument.Name) is ("DataRegistry.Storage", "dataregistry.table.requests")
                or ("DataRegistry.Stores", "dataregistry.s3.requests") or ("System.Net.Http", "http.client.request.duration"))
                listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) =>
            Count(
                instrument.Name == "dataregistry.s3.requests" ? S3 : Tables, Tag(tags, "operation")?.ToString() ?? "?", Tag(tags, "status"),
                Tag(tags, "table")));
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) => CountHttp(tags));
        listener.Start();
    }

    /// <summary>
    /// Excludes requests of the current flow of control until disposal, because they are the benchmark's own.
    /// </summary>
    public static IDisposable Uncounted() => new Scope();

    public void Reset() => counts.Clear();

    public RequestCounts Snapshot() => new(counts.ToDictionary());

    public void Dispose()
    {
        listener.Dispose();
        log?.Dispose();
    }

    /// <summary>Reads the logs of processes.</summary>
    public static RequestCounts Read(params IEnumerable<string> logs) => Read(logs, byTable: false);

    /// <param name="byTable">Whether an operation names its table: <c>query locations</c>.</param>
    public static RequestCounts Read(IEnumerable<string> logs, bool byTable) => new(logs.SelectMany(File.ReadAllLines)
        .GroupBy(
            line => byTable ? line.Replace(TableMark, " ", StringComparison.Ordinal) : line.Split(TableMark)[0], StringComparer.Ordinal)
        .ToDictionary(g => (g.Key.Split(' ')[0], g.Key[(g.Key.IndexOf(' ') + 1)..]), g => (long)g.Count()));

    void CountHttp(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var port = Tag(tags, "server.port") as int?;
        var method = Tag(tags, "http.request.method")?.ToString() ?? "?";
        if (port == ports.Blob)
            Count(Blobs, method.ToLowerInvariant(), Tag(tags, "http.response.status_code"));
        else if (port == ports.Queue)
            Count(
                Queues, method switch { "POST" => "put", "GET" => "receive", "PUT" => "update", _ => method.ToLowerInvariant() },
                Tag(tags, "http.response.status_code"));
    }

    void Count(string service, string operation, object? status, object? table = null)
    {
        if (Ignored.Value)
            return;
        var text = Convert.ToString(status, CultureInfo.InvariantCulture) ?? "";
        if (!text.StartsWith('2'))
            operation = $"{operation} ({text})";
        counts.AddOrUpdate((service, operation), 1, static (_, n) => n + 1);
        if (log is not null)
        {
            lock (log)
                log.Write($"{service} {operation}{(table is null ? "" : $"{TableMark}{table}")}\n");
        }
    }

    static object? Tag(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach (var (key, value) in tags)
        {
            if (key == name)
                return value;
        }

        return null;
    }

    sealed class Scope : IDisposable
    {
        readonly bool before = Ignored.Value;

        public Scope() => Ignored.Value = true;

        public void Dispose() => Ignored.Value = before;
    }
}

/// <summary>Requests by service and operation. The operation's name includes a status other than 2xx.</summary>
sealed record RequestCounts(IReadOnlyDictionary<(string Service, string Operation), long> Counts)
{
    public static RequestCounts operator -(RequestCounts a, RequestCounts b) =>
        new(a.Counts.ToDictionary(c => c.Key, c => c.Value - b.Counts.GetValueOrDefault(c.Key)).Where(c => c.Value != 0).ToDictionary());

    public long Total(string service) => Counts.Where(c => c.Key.Service == service).Sum(c => c.Value);

    /// <summary>Requests per item, e.g. <c>get 1.00, query 1.00</c>.</summary>
    public string Describe(string service, double of) => string.Join(", ", Counts
        .Where(c => c.Key.Service == service)
        .OrderBy(c => c.Key.Operation, StringComparer.Ordinal)
        .Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Key.Operation} {c.Value / of:0.00}")));
}
