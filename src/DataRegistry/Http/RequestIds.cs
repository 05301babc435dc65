using System.Diagnostics;
using DataRegistry.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Http;

/// <summary>
/// Every request has an id: the <c>X-Request-Id</c> that it came with, if that is 1 to 128 visible ASCII characters, else one of our own.
/// It is the <see cref="HttpContext.TraceIdentifier"/>, stands in the answer, in the scope of all that is logged (the server's own), in the
/// request's span, and in the audit trail.
/// </summary>
public static class RequestIds
{
    const string Header = "X-Request-Id";
    const int MaxLength = 128;

    public static IApplicationBuilder UseRequestIds(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        var id = context.Request.Headers[Header] is [{ Length: > 0 and <= MaxLength } given] && given.All(c => c is > ' ' and <= '~')
            ? given
            : Guid.CreateVersion7().ToString("N");
        context.TraceIdentifier = id;
        // Not before: an answer that is thrown away takes its headers with it.
        context.Response.OnStarting(() =>
        {
            context.Response.Headers[Header] = id;
            return Task.CompletedTask;
        });
        var span = Activity.Current;
        span?.SetTag("dataregistry.request.id", id);
        await next(context);
        if (span is not null && context.GetEndpoint() is RouteEndpoint endpoint)
            span.SetTag(
                "http.route", endpoint.RoutePattern.RawText).DisplayName = $"{context.Request.Method} {endpoint.RoutePattern.RawText}";
        // The server tells none of it by itself. The address is left out: it may hold what is nobody's business.
        span?.SetTag("http.request.method", context.Request.Method).Answered(context.Response.StatusCode);
    });
}
