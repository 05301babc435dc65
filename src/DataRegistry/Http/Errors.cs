using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Http;

/// <summary>
/// Every answer that is an error leaves in the contract's shape: unknown routes and methods too, and what nobody expected
/// (500, logged with the request's id; the exception itself never leaves).
/// </summary>
public static partial class Errors
{
    public static IApplicationBuilder UseApiErrors(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        var method = context.Request.Method;
        // Not before: an answer that is thrown away takes its headers with it.
        context.Response.OnStarting(() =>
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            return Task.CompletedTask;
        });
        try
        {
            await next(context);
            if (context.Response.StatusCode == StatusCodes.Status405MethodNotAllowed && context.Response.Headers.Allow.ToString() is var allow && allow.Contains("GET", StringComparison.Ordinal))
                context.Response.Headers.Allow = $"{allow}, HEAD";
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null } response)
                await ForStatus(response.StatusCode, method).WriteAsync(context);
        }
        catch (ApiException e) when (!context.Response.HasStarted)
        {
            await e.Error.WriteAsync(context);
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await ForStatus(e.StatusCode, method).WriteAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller hung up; nobody reads an answer.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var logger = (ILoggerFactory)context.RequestServices.GetService(typeof(ILoggerFactory))!;
            Log.Unexpected(logger.CreateLogger(typeof(Errors).FullName!), context.TraceIdentifier, e);
            context.Response.Clear();
            await ForStatus(StatusCodes.Status500InternalServerError, method).WriteAsync(context);
        }
    });

    static ApiError ForStatus(int status, string method) => status switch
    {
        StatusCodes.Status404NotFound => ApiError.NotFound(),
        StatusCodes.Status405MethodNotAllowed => new ApiError.Detail(status, $"Method \"{method}\" not allowed."),
        StatusCodes.Status413PayloadTooLarge => new ApiError.Detail(status, "The request body is too large."),
        StatusCodes.Status415UnsupportedMediaType => new ApiError.Detail(status, "Unsupported media type in request."),
        >= 500 => new ApiError.Detail(status, "A server error occurred. The request can be repeated."),
        _ => new ApiError.Detail(status, "Bad request."),
    };

    static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Request {RequestId} failed unexpectedly")]
        public static partial void Unexpected(ILogger logger, string requestId, Exception exception);
    }
}
