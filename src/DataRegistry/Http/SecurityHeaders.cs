using Microsoft.AspNetCore.Builder;

namespace DataRegistry.Http;

/// <summary>
/// Sets headers for browsers on every answer. Its type is as declared; no page frames it; it loads nothing and sends no
/// referrer. Answers of the API are not cached, and after https a browser uses only https. Pages that load files keep a
/// policy of their own.
/// </summary>
public static class SecurityHeaders
{
    const string ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>Two years, as browsers' own lists ask for (hstspreload.org).</summary>
    const string StrictTransportSecurity = "max-age=63072000; includeSubDomains";

    public static IApplicationBuilder UseSecurityHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        // Not before: an answer that is thrown away takes its headers with it.
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
            if (headers.ContentSecurityPolicy.Count == 0)
                headers.ContentSecurityPolicy = ContentSecurityPolicy;
            if (headers.CacheControl.Count == 0 && context.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase))
                headers.CacheControl = "no-store";
            if (PublicUrl.Of(context.Request).StartsWith("https:", StringComparison.OrdinalIgnoreCase))
                headers.StrictTransportSecurity = StrictTransportSecurity;
            return Task.CompletedTask;
        });
        return next(context);
    });
}
