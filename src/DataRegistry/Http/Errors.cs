using Azure;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DataRegistry.Http;

/// <summary>
/// Sends every error in the contract's shape, also for unknown routes and methods. An unexpected exception is 500 and logged with the
/// id of the request. Its text never leaves the service.
/// </summary>
public static partial class Errors
{
    public static IApplicationBuilder UseApiErrors(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        var method = context.Request.Method;
        try
        {
            await next(context);
            if (context.Response.StatusCode == StatusCodes.Status405MethodNotAllowed
                && context.Response.Headers.Allow.ToString() is var allow && allow.Contains("GET", StringComparison.Ordinal))
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
            // The caller hung up.
        }
        catch (Exception e) when (!context.Response.HasStarted && IsUnavailable(e))
        {
            // Storage was unreachable or throttled for longer than the retries take. That is no fault of this service.
            Log.StorageUnavailable(LoggerOf(context), context.TraceIdentifier, e);
            context.Response.Clear();
            await ForStatus(StatusCodes.Status503ServiceUnavailable, method).WriteAsync(context);
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            Log.Unexpected(LoggerOf(context), context.TraceIdentifier, e);
            context.Response.Clear();
            await ForStatus(StatusCodes.Status500InternalServerError, method).WriteAsync(context);
        }
    });

    static bool IsUnavailable(Exception exception) => exception switch
    {
        RequestFailedException failed => failed.Status == 0 || RequestPolicy.IsTransient(failed.Status),
        // If no try got an answer, Azure's clients throw the failures of all tries.
        AggregateException { InnerExceptions: [.., OperationCanceledException] } => true,
        AggregateException { InnerExceptions: [.., RequestFailedException last] } => IsUnavailable(last),
        _ => false,
    };

    static ILogger LoggerOf(HttpContext context) =>
        ((ILoggerFactory)context.RequestServices.GetService(typeof(ILoggerFactory))!).CreateLogger(typeof(Errors).FullName!);

    /// <summary>Keeps the status, even if the register does not have it.</summary>
    static ApiError ForStatus(int status, string method) => (status switch
    {
        StatusCodes.Status404NotFound => CommonErrors.NotFound.With(),
        StatusCodes.Status405MethodNotAllowed => CommonErrors.MethodNotAllowed.With(method),
        StatusCodes.Status413PayloadTooLarge => CommonErrors.PayloadTooLarge.With(),
        StatusCodes.Status415UnsupportedMediaType => CommonErrors.MediaTypeNotSupported.With(),
        StatusCodes.Status503ServiceUnavailable => CommonErrors.StorageUnavailable.With(),
        >= 500 => CommonErrors.ServerError.With(),
        _ => CommonErrors.BadRequest.With(),
    }).Error with
    { Status = status };

    static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Request {RequestId} failed unexpectedly")]
        public static partial void Unexpected(ILogger logger, string requestId, Exception exception);

        [LoggerMessage(LogLevel.Error, "Request {RequestId} failed: storage is not available")]
        public static partial void StorageUnavailable(ILogger logger, string requestId, Exception exception);
    }
}
