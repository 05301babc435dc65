using System.Net;
using DataRegistry.Access;

namespace DataRegistry.Tests.Fixtures;

/// <summary>
/// Everything that the OpenAPI document leaves out on purpose, and that the tests do not see, each with its reason.
/// </summary>
static class ApiExceptions
{
    /// <summary>
    /// Statuses that no test sees at some operations. A <c>*</c> stands for every operation; at least one is seen.
    /// </summary>
    public static IReadOnlyList<(string Operation, string Status, string Reason)> Unseen { get; } =
    [
        ("*", "413", "One reader of bodies stands before all operations."),
        ("*", "415", "One reader of bodies stands before all operations."),
        ("*", "429", "One limiter stands before all operations."),
        ("*", "500", "One handler of unexpected errors stands before all operations."),
        ("*", "503", "One handler of storage that does not answer stands before all operations."),
        ("DELETE /api/v1/datavolumes/{datavolumeId}", "204", "Published, but every deletion is answered 202 with a body."),
        ("GET /api/v1/datavolumes/{datavolumeId}", "403", "Published, but a caller who may not read it is answered 404."),
    ];

    /// <summary>Pages and files for people are not part of the API.</summary>
    public static bool IsLeftOut(string path, HttpStatusCode status) =>
        !path.StartsWith("/api/", StringComparison.OrdinalIgnoreCase)
        // Neither are links to its lists, nor the always empty lists for clients of other services.
        || path.TrimEnd('/') is "/api" or "/api/v0" || IsAbsent(path.Trim('/').Split('/'))
        // The server refuses a malformed request before it reads the path.
        || status == HttpStatusCode.BadRequest && path.Contains("%00", StringComparison.Ordinal);

    static bool IsAbsent(string[] path) => path switch
    {
        ["api", "v0", "projects", "ownership_options"] or ["api", "v0", "projects", _, "commits" or "fetch"] => true,
        ["api", "v0", var last] => AbsentLists.Pages.Contains(last, StringComparer.Ordinal),
        _ => false,
    };

    /// <summary>Any request may be refused for its size before its operation is known.</summary>
    public static bool MayBeUndeclared(HttpStatusCode status) =>
        status is HttpStatusCode.RequestUriTooLong or HttpStatusCode.RequestHeaderFieldsTooLarge;

    /// <summary>The caller asked for less than the document declares.</summary>
    public static bool IsIncomplete(string operation, Uri url) =>
        operation == "GET /api/v0/data/" && url.Query.Contains("exclude=", StringComparison.Ordinal);
}
