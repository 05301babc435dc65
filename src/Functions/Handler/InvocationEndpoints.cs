using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace DataRegistry.Functions.Handler;

/// <summary>
/// The endpoints that only the Functions host calls, <c>POST /&lt;function&gt;</c>, one for each queue and timer function.
/// Nothing in a request proves that the host itself sent it, since proxied public requests carry the same headers. What keeps
/// the public out is that no route of an HTTP function covers these paths, and that they are compared with the request line
/// as it was sent: a path that only becomes one of them after decoding or removing dot segments is not one.
/// </summary>
sealed partial class InvocationEndpoints(IServiceProvider services, StorageReady storage, ILogger<InvocationEndpoints> logger)
{
    /// <summary>https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers#response-payload; an empty body would leave the invocation hanging.</summary>
    const string Done = """{"Outputs":{},"Logs":[],"ReturnValue":null}""";

    const string InvocationIdHeader = "X-Azure-Functions-InvocationId";

    readonly Dictionary<string, Func<JsonElement, Work>> functions = Bind();

    /// <summary>A function with its parsed message, yet to be run.</summary>
    delegate Task Work(IServiceProvider scope, CancellationToken cancellationToken);

    /// <summary>Middleware: answers an invocation, and hands everything else on.</summary>
    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        string target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        return HttpMethods.IsPost(context.Request.Method) && functions.TryGetValue(target, out var parse)
            ? RunAsync(context, target[1..], parse)
            : next(context);
    }

    static Dictionary<string, Func<JsonElement, Work>> Bind()
    {
        var bound = new Dictionary<string, Func<JsonElement, Work>>(StringComparer.Ordinal);
        foreach (QueueFunction function in Registry.QueueFunctions)
        {
            bound.Add('/' + function.Name, envelope =>
            {
                QueueDelivery delivery = Invocation.ParseQueue(envelope);
                return (scope, cancellationToken) => function.RunAsync(scope, delivery, cancellationToken);
            });
        }

        foreach (TimerFunction function in Registry.TimerFunctions)
        {
            bound.Add('/' + function.Name, envelope =>
            {
                Invocation.ParseTimer(envelope);
                return (scope, cancellationToken) => function.RunAsync(scope, cancellationToken);
            });
        }

        return bound;
    }

    async Task RunAsync(HttpContext context, string name, Func<JsonElement, Work> parse)
    {
        string? id = context.Request.Headers[InvocationIdHeader];
        Work work;
        try
        {
            context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = Invocation.MaxBytes;
            using JsonDocument envelope = await JsonDocument.ParseAsync(context.Request.Body, default, context.RequestAborted);
            work = parse(envelope.RootElement);
        }
        catch (Exception exception) when (exception is InvocationException or JsonException or BadHttpRequestException)
        {
            string reason = exception is InvocationException ? exception.Message : "The body is not JSON of an acceptable size.";
            Log.NotAnInvocation(logger, name, id, reason);
            await AnswerErrorAsync(context, StatusCodes.Status400BadRequest, $"{name}: {reason}");
            return;
        }

        if (!await storage.WaitAsync(context.RequestAborted))
        {
            Log.StorageNotReady(logger, name, id);
            await AnswerErrorAsync(context, StatusCodes.Status503ServiceUnavailable, $"{name}: Storage is not ready.");
            return;
        }

        try
        {
            await using AsyncServiceScope scope = services.CreateAsyncScope();
            await work(scope.ServiceProvider, context.RequestAborted);
        }
        catch (Exception exception)
        {
            // Whatever a function throws means the same to the host: a message comes back later.
            Log.Failed(logger, name, id, exception);
            await AnswerErrorAsync(context, StatusCodes.Status500InternalServerError, $"{name} failed: {exception.GetType().Name}.");
            return;
        }

        await AnswerAsync(context, StatusCodes.Status200OK, Done);
    }

    static Task AnswerErrorAsync(HttpContext context, int status, string message) =>
        AnswerAsync(context, status, JsonSerializer.Serialize(new Dictionary<string, string>(StringComparer.Ordinal) { ["error"] = message }));

    static Task AnswerAsync(HttpContext context, int status, string json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json, context.RequestAborted);
    }

    static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "{Function} was called with something else than an invocation (invocation {InvocationId}): {Reason}")]
        public static partial void NotAnInvocation(ILogger logger, string function, string? invocationId, string reason);

        [LoggerMessage(3, LogLevel.Warning, "{Function} was called before storage was ready (invocation {InvocationId}).")]
        public static partial void StorageNotReady(ILogger logger, string function, string? invocationId);

        [LoggerMessage(2, LogLevel.Error, "{Function} failed (invocation {InvocationId}).")]
        public static partial void Failed(ILogger logger, string function, string? invocationId, Exception exception);
    }
}
