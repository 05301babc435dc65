using System.Diagnostics;

namespace DataRegistry.Telemetry;

/// <summary>
/// The service's own spans. They hold names, ids and counts, never an address: addresses can carry signatures and tokens. Where nobody
/// collects them they cost next to nothing.
/// </summary>
static class Spans
{
    public const string Source = "DataRegistry";

    static readonly ActivitySource Activities = new(Source);

    /// <summary>
    /// The span under way as W3C Trace Context writes it (<c>traceparent</c>), to be kept with what somebody else goes on with; null
    /// if there is none.
    /// </summary>
    public static string? Current => Activity.Current is { IdFormat: ActivityIdFormat.W3C } span ? span.Id : null;

    /// <summary>A span within the one under way; null if nobody collects it.</summary>
    public static Activity? Start(string name, ActivityKind kind = ActivityKind.Internal) => Activities.StartActivity(name, kind);

    /// <summary>
    /// Goes on with a trace that was begun elsewhere. There is a span also where nobody collects it, so that the log tells the trace's id.
    /// </summary>
    /// <param name="traceparent">What was kept of it; null, or malformed, for none: then the span belongs to what is under way
    /// here.</param>
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

    /// <summary>The span's work failed. Of an exception only the type is told.</summary>
    public static void Fail(this Activity span, Exception exception) =>
        span.SetTag("error.type", exception.GetType().Name).SetStatus(ActivityStatusCode.Error);

    /// <summary>The span's request was answered, or was not: then the status is null.</summary>
    public static void Answered(this Activity span, int? status)
    {
        if (status is { } code)
            span.SetTag("http.response.status_code", code);
        if (status is null or >= 500)
            span.SetStatus(ActivityStatusCode.Error);
    }
}
