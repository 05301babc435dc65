using System.IO.Enumeration;

namespace DataRegistry.Stores;

/// <summary>A setting that lists what stores may name, such as <see cref="StoreOptions.AssumableRoles"/>.</summary>
static class AllowList
{
    const string ProjectPart = "{project}";

    /// <summary>
    /// Whether the list contains the name. An entry with <c>{project}</c> matches for stores of that project only.
    /// </summary>
    /// <param name="list">Names and patterns; null or empty if there are none.</param>
    public static bool Has(string? list, string name, Guid? project) =>
        (list ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Any(pattern =>
            (project is not null || !pattern.Contains(ProjectPart, StringComparison.Ordinal))
            && FileSystemName.MatchesSimpleExpression(
                pattern.Replace(ProjectPart, project?.ToString("D"), StringComparison.Ordinal), name, ignoreCase: false));
}
