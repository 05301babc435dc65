using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Http;

/// <summary>
/// The answer to a failed request. Under <c>/api/v0</c> it has one of three shapes, under <c>/api/v1</c> always the same one
/// (<see cref="V1ErrorBody"/>). The code that makes an error does not know which API answers it.
/// </summary>
public abstract record ApiError(int Status)
{
    /// <summary><c>{"detail":"…"}</c></summary>
    public sealed record Detail(int Status, string Text) : ApiError(Status);

    /// <summary><c>{"message":"…","code":…}</c>, such as the reason why an adoption was refused.</summary>
    public sealed record Message(int Status, string Text, string? Code) : ApiError(Status);

    /// <summary><c>{"field":[{"message":"…","code":"…"}]}</c></summary>
    public sealed record Field(string Name, string Text, string Code) : ApiError(StatusCodes.Status400BadRequest);



    /// <summary>The time after which the same request may succeed, sent as <c>Retry-After</c>; null for none.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        if (RetryAfter is { } delay)
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(delay.TotalSeconds)).ToString(
                System.Globalization.CultureInfo.InvariantCulture);
        if (V1ErrorBody.IsFor(context.Request))
            return context.Response.WriteAsJsonAsync(
                V1ErrorBody.From(this), HttpJson.Default.V1ErrorBody, cancellationToken: context.RequestAborted);
        return this switch
        {
            Detail e =>
                context.Response.WriteAsJsonAsync(
                    new DetailBody(e.Text), HttpJson.Default.DetailBody, cancellationToken: context.RequestAborted),
            Message e =>
                context.Response.WriteAsJsonAsync(
                    new MessageBody(e.Text, e.Code), HttpJson.Default.MessageBody, cancellationToken: context.RequestAborted),
            Field e => context.Response.WriteAsJsonAsync(
                new Dictionary<string, MessageBody[]>(StringComparer.Ordinal) { [e.Name] = [new(e.Text, e.Code)] },
                HttpJson.Default.DictionaryStringMessageBodyArray, cancellationToken: context.RequestAborted),
            _ => throw new NotSupportedException(GetType().Name),
        };
    }
}

public sealed record DetailBody(string Detail);

public sealed record MessageBody(string Message, string? Code);

/// <summary>Ends a request with an error. Only this room and endpoints throw it; rules return outcomes.</summary>
public sealed class ApiException(ApiError error) : Exception(error.ToString())
{
    public ApiError Error { get; } = error;

    /// <summary>The same with a <c>Retry-After</c>.</summary>
    /// <param name="wait">Null for none.</param>
    public ApiException After(TimeSpan? wait) => new(Error with { RetryAfter = wait });
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DetailBody))]
[JsonSerializable(typeof(MessageBody))]
[JsonSerializable(typeof(V1ErrorBody))]
[JsonSerializable(typeof(Dictionary<string, MessageBody[]>))]
sealed partial class HttpJsonContext : JsonSerializerContext;

/// <summary>The room's JSON, with the encoder of <see cref="WireJson"/>.</summary>
static class HttpJson
{
    public static HttpJsonContext Default { get; } = new(WireJson.Options(HttpJsonContext.Default));
}
