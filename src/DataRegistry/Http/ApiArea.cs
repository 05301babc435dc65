using System.Globalization;

namespace DataRegistry.Http;

/// <summary>A part of the API: a tag of the document.</summary>
/// <param name="Paths">Beginnings of its paths. The longest one that fits decides.</param>
sealed record ApiArea(string Name, string Description, params IReadOnlyList<string> Paths)
{
    /// <summary>In the order in which a newcomer needs them, which is that of the page.</summary>
    public static IReadOnlyList<ApiArea> All { get; } =
    [
        new("Signing in", "Get a token, and manage the tokens that you have.", "/api/v0/get-token/", "/api/v1/token", "/api/v0/tokens/",
            "/api/v0/users/me/"),
        new("Stores", "Register the buckets where your objects live.", "/api/v0/stores/"),
        new("Adoption", "Turn objects of a store into datums, at once or by a job.", "/api/v0/stores/{id}/adopt/", "/api/v0/adoptions/"),
        new("Data", "List, read, tag, download and trace datums.", "/api/v0/data/"),
        new("Aliases", "Give datums names that can move.", "/api/v0/datum-aliases/"),
        new("Rescans", "Find out whether the objects in a bucket are still those that were adopted.", "/api/v0/stores/{id}/rescan/",
            "/api/v0/rescans/"),
        new("Selections", "Choose the datums of a project first, then purge, tag or export what was chosen.", "/api/v0/selections/"),
        new("Datasets", "Name lists of datums, and keep every version of them.", "/api/v0/datasets/", "/api/v0/dataset-versions/",
            "/api/v0/dataset-version-aliases/"),
        new("Datavolumes", "Publish volumes of a cluster to projects, departments and clusters.", "/api/v1/datavolumes"),
        new("Agents", "The work of the agent that runs in a cluster.", "/api/v1/clusters/{clusterId}/"),
        new("Organization", "Projects, departments and clusters.", "/api/v0/projects/", "/api/v0/departments/", "/api/v0/clusters/",
            "/api/v1/org-unit/", "/api/v1/clusters"),
        new("Users", "Users and service accounts, and their roles.", "/api/v0/users/", "/api/v0/roles/"),
        new("Audit", "Find out who changed something, and when.", "/api/v0/audit/"),
        new("Health", "Find out whether the service runs.", "/api/health/"),
    ];

    /// <summary>The area of a path; null where the document does not describe it.</summary>
    public static ApiArea? Of(string path) => All.MaxBy(a => a.BeginningOf(path).Length) is var area && area!.BeginningOf(path)
        .Length > 0 ? area : null;

    /// <summary>Where a path stands in the document: by its area, by the area's list of paths, then by itself.</summary>
    public static string PlaceOf(string path)
    {
        var area = Of(path)!;
        var (first, second) = (All.ToList().IndexOf(area), area.Paths.ToList().IndexOf(area.BeginningOf(path)));
        return string.Create(CultureInfo.InvariantCulture, $"{first:d2} {second:d2} {path}");
    }

    /// <summary>The longest of the area's beginnings that the path has; empty for none.</summary>
    string BeginningOf(string path) =>
        Paths.Where(p => path.StartsWith(p, StringComparison.Ordinal)).MaxBy(p => p.Length) ?? "";
}
