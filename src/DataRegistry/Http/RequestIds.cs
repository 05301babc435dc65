using System.Diagnostics;
using DataRegistry.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Http;

/// <summary>
/// Gives every request an id: its <c>X-Request-Id</c>, if that has 1 to 128 visible ASCII characters, else a new one. The id is the
/// <see cref="HttpContext.TraceIdentifier"/>. The answer, the scope of log lines, the span of the request and the audit trail have it.
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
        // Set it late: a discarded answer loses its headers.
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
        // The server does not log it by itself. The address is left out, because it may hold secrets and names.
        span?.SetTag("http.request.method", context.Request.Method).Answered(context.Response.StatusCode);
    });
}
