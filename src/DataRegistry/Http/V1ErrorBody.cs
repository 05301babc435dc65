using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Http;

/// <summary>An error under <c>/api/v1</c>. If the contract publishes a message for the status, it has that message for any cause.</summary>
/// <param name="Code">The HTTP status.</param>
/// <param name="Details">The cause, if the message does not tell it; else left out.</param>
public sealed record V1ErrorBody(
    int Code, string Message, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Details)
{
    /// <summary>
    /// Whether errors of the request have this shape. The path decides, so unknown routes and requests without a token have it too.
    /// </summary>
    public static bool IsFor(HttpRequest request) => request.Path.StartsWithSegments("/api/v1", StringComparison.OrdinalIgnoreCase);

    public static V1ErrorBody From(ApiError error)
    {
        var text = error switch
        {
            ApiError.Detail e => e.Text,
            ApiError.Message e => e.Text,
            ApiError.Field e => $"{e.Name}: {e.Text}",
            _ => throw new NotSupportedException(error.GetType().Name),
        };
        return error.Status switch
        {
            StatusCodes.Status401Unauthorized => new(error.Status, "Issuer is not familiar.", text),
            StatusCodes.Status403Forbidden => new(error.Status, "You do not have sufficient permissions.", null),
            StatusCodes.Status404NotFound => new(error.Status, "Resource id not found.", null),
            StatusCodes.Status500InternalServerError => new(error.Status, "Something went wrong.", text),
            StatusCodes.Status503ServiceUnavailable => new(error.Status, "Please try again in few minutes.", text),
            _ => new(error.Status, text, null),
        };
    }
}
