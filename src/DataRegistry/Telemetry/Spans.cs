using System.Diagnostics;

namespace DataRegistry.Telemetry;

/// <summary>
/// The service's own spans. They hold names, ids and counts, never an address, because addresses can carry signatures and tokens. Without
/// a collector they cost next to nothing.
/// </summary>
static class Spans
{
    public const string Source = "DataRegistry";

    static readonly ActivitySource Activities = new(Source);

    /// <summary>
    /// The current span as a <c>traceparent</c> of W3C Trace Context, for messages that continue its trace; null if there is none.
    /// </summary>
    public static string? Current => Activity.Current is { IdFormat: ActivityIdFormat.W3C } span ? span.Id : null;

    /// <summary>A span within the current one; null without a collector.</summary>
    public static Activity? Start(string name, ActivityKind kind = ActivityKind.Internal) => Activities.StartActivity(name, kind);

    /// <summary>
    /// Continues a trace that began elsewhere. The span exists even without a collector, because log lines have its trace id.
    /// </summary>
    /// <param name="traceparent">The kept text of the trace. If it is null or malformed, the span belongs to the current
    /// one.</param>
    public static Activity Continue(string name, ActivityKind kind, string? traceparent)
    {
        var known = ActivityContext.TryParse(traceparent, traceState: null, isRemote: true, out var parent);
        // What called us (the Functions host, with a trace of its own) is linked.
        ActivityLink[]? links = known && Activity.Current is { } caller ? [new(caller.Context)] : null;
        if (Activities.StartActivity(name, kind, parent, tags: null, links) is { } collected)
            return collected;
        var span = new Activity(name);
        return (known ? span.SetParentId(parent.TraceId, parent.SpanId, parent.TraceFlags) : span).Start();
    }

    /// <summary>Marks the span as failed. It names only the type of an exception.</summary>
    public static void Fail(this Activity span, Exception exception) =>
        span.SetTag("error.type", exception.GetType().Name).SetStatus(ActivityStatusCode.Error);

    /// <summary>Notes the status of the answer; null if there was none.</summary>
    public static void Answered(this Activity span, int? status)
    {
        if (status is { } code)
            span.SetTag("http.response.status_code", code);
        if (status is null or >= 500)
            span.SetStatus(ActivityStatusCode.Error);
    }
}
