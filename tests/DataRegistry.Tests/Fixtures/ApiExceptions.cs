using System.Net;
using DataRegistry.Access;

namespace DataRegistry.Tests.Fixtures;

/// <summary>All that the OpenAPI document leaves out on purpose, and all that the tests do not see, each with its reason.</summary>
static class ApiExceptions
{
    const string OneLookup = "One lookup of aliases stands before all operations of a datum; GET /api/v0/data/{id}/ shows it.";
    const string OneReader = "One reader of results stands before all operations; GET /api/v0/adoptions/{id}/results/ shows it.";

    /// <summary>
    /// Statuses that no test sees at some operations. A <c>*</c> stands for every operation, of which at least one is seen.
    /// </summary>
    public static IReadOnlyList<(string Operation, string Status, string Reason)> Unseen { get; } =
    [
        ("*", "413", "One reader of bodies stands before all operations."),
        ("*", "415", "One reader of bodies stands before all operations."),
        ("*", "429", "One limiter stands before all operations."),
        ("*", "500", "One handler of unexpected errors stands before all operations."),
        ("*", "503", "One handler of storage that does not answer stands before all operations."),
        ("POST /api/v0/stores/{id}/adopt/", "408", "It would take 200 seconds."),
        ("DELETE /api/v1/datavolumes/{datavolumeId}", "204", "Published; but a deletion is always 202, which has a body."),
        ("GET /api/v1/datavolumes/{datavolumeId}", "403", "Published; but nobody who sees a data volume may not read it."),
        ("GET /api/v0/data/{id}/download/", "400", OneLookup),
        ("GET /api/v0/data/{id}/preview/", "400", OneLookup),
        ("GET /api/v0/data/{id}/metadata/", "400", OneLookup),
        ("GET /api/v0/data/{id}/metadata/", "403", OneLookup),
        ("POST /api/v0/data/{id}/purge/", "400", OneLookup),
        ("GET /api/v0/data/{id}/trace/", "400", OneLookup),
        ("GET /api/v0/data/{id}/trace/", "403", OneLookup),
        ("GET /api/v0/rescans/{id}/results/", "410", OneReader),
        ("POST /api/v0/adoptions/{id}/retry/", "410", OneReader),
        ("POST /api/v0/rescans/{id}/cancel/", "409", "Jobs of every kind end in one place; POST /api/v0/adoptions/{id}/cancel/ shows it."),
        ("GET /api/v0/rescans/{id}/results/", "403", "One check of permissions stands before all operations of a scan; others show it."),
        ("DELETE /api/v0/users/{id}/", "400", "PATCH /api/v0/users/{id}/ shows that nobody ends the own account."),
        ("DELETE /api/v0/stores/{id}/", "400", "One reader of flags stands before all operations."),
    ];

    /// <summary>Pages and files for people are no part of the API.</summary>
    public static bool IsLeftOut(string path, HttpStatusCode status) =>
        !path.StartsWith("/api/", StringComparison.OrdinalIgnoreCase)
        // Nor are links to its lists, and lists that are always empty, which clients of others read.
        || path.TrimEnd('/') is "/api" or "/api/v0" || IsAbsent(path.Trim('/').Split('/'))
        // The server refuses what is no request at all before it looks at the path.
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
