using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;

namespace DataRegistry.Tests.Telemetry;

/// <summary>Stands in for Azure Monitor's ingestion endpoint and keeps the received lines of JSON.</summary>
sealed class MonitorTransport : HttpMessageHandler
{
    public sealed record Item(string Type, JsonElement Data, IReadOnlyDictionary<string, string> Tags);

    public sealed record Metric(string Name, IReadOnlyDictionary<string, string> Dimensions);

    /// <summary>
    /// One per test: in a process the exporters of one connection string share a sender, and so its transport.
    /// </summary>
    public (string, string) Setting { get; } =
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", $"InstrumentationKey={Guid.NewGuid()};IngestionEndpoint=https://monitor.invalid/");

    public ConcurrentQueue<string> Bodies { get; } = new();

    public IEnumerable<Item> Items => Bodies.SelectMany(b => b.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Select(line =>
    {
        var item = JsonDocument.Parse(line).RootElement;
        var data = item.GetProperty("data");
        return new Item(data.GetProperty("baseType").GetString()!, data.GetProperty("baseData"), Texts(item.GetProperty("tags")));
    });

    public IEnumerable<Metric> Metrics =>
        Items.Where(i => i.Type == "MetricData").SelectMany(i => i.Data.GetProperty("metrics").EnumerateArray()
        .Select(
            m => new Metric(
                m.GetProperty("name").GetString()!,
                i.Data.TryGetProperty("properties", out var dimensions) ? Texts(dimensions) : new Dictionary<string, string>())));

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(request, cancellationToken).GetAwaiter().GetResult();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await using var body = await request.Content!.ReadAsStreamAsync(cancellationToken);
        await using var plain = request.Content.Headers.ContentEncoding.Contains("gzip")
            ? new GZipStream(body, CompressionMode.Decompress)
            : body;
        using var reader = new StreamReader(plain, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(cancellationToken);
        Bodies.Enqueue(text);
        var count = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
        return new(HttpStatusCode.OK)
        {
            Content = new StringContent(
                $$"""{"itemsReceived":{{count}},"itemsAccepted":{{count}},"errors":[]}""", Encoding.UTF8, "application/json"),
        };
    }

    static Dictionary<string, string> Texts(JsonElement values) =>
        values.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.ToString(), StringComparer.Ordinal);
}
