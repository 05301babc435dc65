using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Http;

/// <summary>
/// Every request has an id: the <c>X-Request-Id</c> that it came with, if that is 1 to 128 visible ASCII characters, else one of our own.
/// It is the <see cref="HttpContext.TraceIdentifier"/>, stands in the answer, in the scope of all that is logged, and in the audit trail.
/// </summary>
public static class RequestIds
{
    const string Header = "X-Request-Id";
    const int MaxLength = 128;

    public static IApplicationBuilder UseRequestIds(this IApplicationBuilder app)
    {
        var logger = app.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(RequestIds).FullName!);
        return app.Use(async (context, next) =>
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
            using (logger.BeginScope(new KeyValuePair<string, object>[] { new("RequestId", id) }))
                await next(context);
        });
    }
}
