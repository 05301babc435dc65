using System.Net;

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
        ("*", "429", "One limiter stands before all operations."),
        ("*", "500", "One handler of unexpected errors stands before all operations."),
        ("*", "503", "One handler of storage that does not answer stands before all operations."),
        ("POST /api/v0/stores/{id}/adopt/", "408", "It would take 200 seconds."),
        ("GET /api/v1/datavolumes/{datavolumeId}", "403", "Published; but nobody who sees a data volume may not read it."),
        ("GET /api/v0/data/{id}/download/", "400", OneLookup),
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

    /// <summary>Links for those who begin at the root, and lists that are always empty here, which public clients read.</summary>
    static readonly string[] LeftOut =
    [
        "/api", "/api/v0", "/api/v0/commits", "/api/v0/deployment-versions", "/api/v0/deployments", "/api/v0/environments",
        "/api/v0/executions", "/api/v0/model-versions", "/api/v0/models", "/api/v0/notebook-executions", "/api/v0/organizations",
        "/api/v0/pipelines", "/api/v0/registry-credentials", "/api/v0/repositories", "/api/v0/tasks", "/api/v0/teams",
        "/api/v0/projects/ownership_options",
    ];

    /// <summary>The same of a project.</summary>
    static readonly string[] LeftOutOfProjects = ["/commits", "/fetch"];

    /// <summary>Pages and files for people are no part of the API.</summary>
    public static bool IsLeftOut(string path, HttpStatusCode status) =>
        !path.StartsWith("/api/", StringComparison.OrdinalIgnoreCase)
        || LeftOut.Contains(path.TrimEnd('/'), StringComparer.OrdinalIgnoreCase)
        || (path.StartsWith("/api/v0/projects/", StringComparison.Ordinal)
            && Array.Exists(LeftOutOfProjects, end => path.TrimEnd('/').EndsWith(end, StringComparison.Ordinal)))
        // The server refuses what is no request at all before it looks at the path.
        || status == HttpStatusCode.BadRequest && path.Contains("%00", StringComparison.Ordinal);

    /// <summary>Any request may be refused for its size before its operation is known.</summary>
    public static bool MayBeUndeclared(HttpStatusCode status) =>
        status is HttpStatusCode.RequestUriTooLong or HttpStatusCode.RequestHeaderFieldsTooLarge;

    /// <summary>The caller asked for less than the document declares.</summary>
    public static bool IsIncomplete(string operation, Uri url) =>
        operation == "GET /api/v0/data/" && url.Query.Contains("exclude=", StringComparison.Ordinal);
}
