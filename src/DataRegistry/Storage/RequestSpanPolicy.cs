using System.Diagnostics;
using Azure.Core;
using Azure.Core.Pipeline;
using DataRegistry.Telemetry;

namespace DataRegistry.Storage;

/// <summary>
/// Makes a span of every request to storage, also of each retry, and counts the retries. The policy stands below the retry policy.
/// </summary>
/// <param name="service"><c>table</c>, <c>queue</c> or <c>blob</c>.</param>
sealed class RequestSpanPolicy(string service) : HttpPipelinePolicy
{
    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        using var span = Start(message);
        try
        {
            await ProcessNextAsync(message, pipeline);
            span?.Answered(message.Response.Status);
        }
        catch (Exception e)
        {
            span?.Fail(e);
            throw;
        }
    }

    /// <summary>The clients send nothing synchronously.</summary>
    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => throw new NotSupportedException();

    Activity? Start(HttpMessage message)
    {
        if (message.ProcessingContext.RetryNumber > 0)
            Metrics.Retried(service);
        var call = service == "table" ? TableCall.Of(message) : (TableCall?)null;
        var span = Spans.Start(
            call is null ? $"{service} {message.Request.Method}" : $"{service} {call.Value.Operation} {call.Value.Table}",
            ActivityKind.Client);
        if (span is null)
            return null;
        span.SetTag("server.address", message.Request.Uri.Host);
        if (message.ProcessingContext.RetryNumber > 0)
            span.SetTag("http.request.resend_count", message.ProcessingContext.RetryNumber);
        return call is null
            ? span.SetTag("http.request.method", message.Request.Method.ToString())
            : span.SetTag(
                "db.system.name", "azure.tables").SetTag(
                    "db.operation.name", call.Value.Operation).SetTag("db.collection.name", call.Value.Table);
    }
}
