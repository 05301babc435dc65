using System.IO.Enumeration;

namespace DataRegistry.Stores;

/// <summary>The setting <see cref="StoreOptions.AssumableRoles"/>.</summary>
static class AssumableRoles
{
    const string ProjectPart = "{project}";

    /// <summary>Whether the list has the role. What names a project matches for stores of that project only.</summary>
    /// <param name="list">ARNs and patterns; null or empty for none.</param>
    public static bool Has(string? list, string role, Guid? project) =>
        (list ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Any(pattern =>
            (project is not null || !pattern.Contains(ProjectPart, StringComparison.Ordinal))
            && FileSystemName.MatchesSimpleExpression(
                pattern.Replace(ProjectPart, project?.ToString("D"), StringComparison.Ordinal), role, ignoreCase: false));
}
