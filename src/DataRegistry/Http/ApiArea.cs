using System.Globalization;

namespace DataRegistry.Http;

/// <summary>A part of the API: a tag of the document.</summary>
/// <param name="Paths">Beginnings of its paths. A path belongs to the area with the longest match.</param>
sealed record ApiArea(string Name, string Description, params IReadOnlyList<string> Paths)
{
    /// <summary>The areas in the order in which a newcomer needs them. The page has the same order.</summary>
    public static IReadOnlyList<ApiArea> All { get; } =
    [
        new("Signing in", "Get a token and manage your tokens.", "/api/v0/get-token/", "/api/v1/token", "/api/v0/tokens/",
            "/api/v0/users/me/"),
        new("Stores", "Register the buckets where your objects live.", "/api/v0/stores/"),
        new("Adoption", "Turn objects of a store into datums, at once or by a job.", "/api/v0/stores/{id}/adopt/", "/api/v0/adoptions/"),
        new("Data", "List, read, tag, download and trace datums.", "/api/v0/data/"),
        new("Aliases", "Give datums names that can move.", "/api/v0/datum-aliases/"),
        new("Rescans", "Compare a bucket with what was adopted from it.", "/api/v0/stores/{id}/rescan/",
            "/api/v0/rescans/"),
        new("Selections", "Freeze a set of datums, then purge, tag or export all of them.", "/api/v0/selections/",
            "/api/v0/selection-jobs/"),
        new("Datasets", "Name lists of datums, and keep every version of them.", "/api/v0/datasets/", "/api/v0/dataset-versions/",
            "/api/v0/dataset-version-aliases/"),
        new("Datavolumes", "Publish volumes of a cluster to projects, departments and clusters.", "/api/v1/datavolumes"),
        new("Agents", "Read and report on the work of an agent in a cluster.", "/api/v1/clusters/{clusterId}/"),
        new("Organization", "Manage projects, departments and clusters.", "/api/v0/projects/", "/api/v0/departments/", "/api/v0/clusters/",
            "/api/v1/org-unit/", "/api/v1/clusters"),
        new("Users", "Manage users, service accounts and their roles.", "/api/v0/users/", "/api/v0/roles/"),
        new("Audit", "Find out who changed what, and when.", "/api/v0/audit/"),
        new("Health", "Find out whether the service runs.", "/api/health/"),
    ];

    /// <summary>The area of a path; null if the document does not describe the path.</summary>
    public static ApiArea? Of(string path) => All.MaxBy(a => a.BeginningOf(path).Length) is var area && area!.BeginningOf(path)
        .Length > 0 ? area : null;

    /// <summary>The key by which the document sorts a path: its area, its place in the area's list, then the path itself.</summary>
    public static string PlaceOf(string path)
    {
        var area = Of(path)!;
        var (first, second) = (All.ToList().IndexOf(area), area.Paths.ToList().IndexOf(area.BeginningOf(path)));
        return string.Create(CultureInfo.InvariantCulture, $"{first:d2} {second:d2} {path}");
    }

    /// <summary>The longest of the area's beginnings that the path begins with; empty for none.</summary>
    string BeginningOf(string path) =>
        Paths.Where(p => path.StartsWith(p, StringComparison.Ordinal)).MaxBy(p => p.Length) ?? "";
}
