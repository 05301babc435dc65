using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace DataRegistry.Http;

/// <summary>
/// The limits of a request's size. The server answers its own refusals without a body, so its limits are twice as high. It refuses only
/// what exceeds those, or is no HTTP, or has a NUL in its path.
/// </summary>
public static class RequestLimits
{
    /// <summary>
    /// The most bytes of path and query. It is the server's default for a request line, and enough for a cursor with the longest key.
    /// </summary>
    const int MaxTarget = 8 * 1024;

    /// <summary>The most bytes of names and values of headers, which is the server's default.</summary>
    const int MaxHeaders = 32 * 1024;

    /// <summary>The most headers, which is the server's default.</summary>
    const int MaxHeaderCount = 100;

    public static void Raise(KestrelServerOptions server)
    {
        server.Limits.MaxRequestLineSize = 2 * MaxTarget;
        server.Limits.MaxRequestHeadersTotalSize = 2 * MaxHeaders;
        server.Limits.MaxRequestHeaderCount = 2 * MaxHeaderCount;
    }

    public static IApplicationBuilder UseRequestLimits(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Length > MaxTarget)
            throw CommonErrors.AddressTooLong.With(MaxTarget);
        var headers = context.Request.Headers;
        if (headers.Count > MaxHeaderCount || headers.Sum(h => h.Key.Length + h.Value.Sum(v => v?.Length ?? 0)) > MaxHeaders)
            throw CommonErrors.HeadersTooLarge.With(MaxHeaderCount, MaxHeaders);
        return next(context);
    });

    /// <summary>
    /// Answers HEAD like GET; the server leaves the body out. It runs before routing, which knows GET only. See <see cref="IsHead"/>.
    /// </summary>
    public static IApplicationBuilder UseHeadAsGet(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (HttpMethods.IsHead(context.Request.Method))
        {
            context.Request.Method = HttpMethods.Get;
            context.Items[typeof(RequestLimits)] = HttpMethods.Head;
        }

        return next(context);
    });

    /// <summary>Whether the request came as HEAD. A handler can then skip an expensive body.</summary>
    public static bool IsHead(HttpContext context) => context.Items.ContainsKey(typeof(RequestLimits));
}
