using Microsoft.AspNetCore.Builder;

namespace DataRegistry.Http;

/// <summary>
/// Sets the headers of every answer for browsers: no guessing of types, no frames, no loading, no referrer, no caching of the API's
/// answers, and https only, if the request came by https. Pages that load something have their own policy, which stays.
/// </summary>
public static class SecurityHeaders
{
    const string ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>Two years, the demand of the lists of browsers (hstspreload.org).</summary>
    const string StrictTransportSecurity = "max-age=63072000; includeSubDomains";

    public static IApplicationBuilder UseSecurityHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        // Set them late: a discarded answer loses its headers.
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
