using System.Diagnostics;

namespace DataRegistry.Telemetry;

/// <summary>
/// The service's own spans. They have names, ids and counts, never a URL, because URLs can contain signatures and
/// tokens. Without a collector they cost next to nothing.
/// </summary>
static class Spans
{
    public const string Source = "DataRegistry";

    static readonly ActivitySource Activities = new(Source);

    /// <summary>
    /// The current span in the format of W3C Trace Context (<c>traceparent</c>), to be kept with work for another
    /// process; null if there is none.
    /// </summary>
    public static string? Current => Activity.Current is { IdFormat: ActivityIdFormat.W3C } span ? span.Id : null;

    /// <summary>A span within the current one; null without a collector.</summary>
    public static Activity? Start(string name, ActivityKind kind = ActivityKind.Internal) => Activities.StartActivity(name, kind);

    /// <summary>
    /// Continues a trace that began elsewhere. The span exists even without a collector, so that the log has the
    /// trace's id.
    /// </summary>
    /// <param name="traceparent">The kept value. If it is null or malformed, the span belongs to the current
    /// one.</param>
    public static Activity Continue(string name, ActivityKind kind, string? traceparent)
    {
        var known = ActivityContext.TryParse(traceparent, traceState: null, isRemote: true, out var parent);
        // Link the span of the caller (the Functions host, with a trace of its own).
        ActivityLink[]? links = known && Activity.Current is { } caller ? [new(caller.Context)] : null;
        if (Activities.StartActivity(name, kind, parent, tags: null, links) is { } collected)
            return collected;
        var span = new Activity(name);
        return (known ? span.SetParentId(parent.TraceId, parent.SpanId, parent.TraceFlags) : span).Start();
    }

    /// <summary>The span's work failed. The span has only the exception's type.</summary>
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
