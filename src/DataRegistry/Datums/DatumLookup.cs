using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datums;

/// <summary>
/// Finds the datum that a route or a field names, by its id or by an alias. The query parameter <c>project</c> names
/// the alias's project. Without it, the alias must exist in exactly one of the projects that the caller may read.
/// </summary>
sealed class DatumLookup(DatumTable datums, AliasTable aliases, ProjectTable projects, Permissions permissions)
{
    /// <summary>The most projects that a lookup without the parameter searches.</summary>
    const int MaxProjects = 100;

    const string Scheme = "datum://";
    // A slash stays encoded in a segment of a path.
    const string EncodedScheme = "datum:%2F%2F";

    /// <summary>The datum and its project, if the caller may read it and has the permission; 404 or 403 for others.</summary>
    public async Task<(DatumRow Row, Project Project)> RequiredAsync(
        string text, HttpContext context, Permission permission = Permission.DataRead)
    {
        var tail = text.StartsWith(Scheme, StringComparison.Ordinal) ? text[Scheme.Length..]
            : text.StartsWith(EncodedScheme, StringComparison.OrdinalIgnoreCase) ? text[EncodedScheme.Length..] : text;
        var row = DatumId.TryParse(tail, out var id) ? await datums.FindAsync(id, context.RequestAborted)
            : AliasName.TryParse(tail, out var name) ? await ByAliasAsync(name, context) : null;
        var project = row is null ? null : await projects.FindAsync(row.Project, context.RequestAborted);
        if (row is null || project is null)
            throw CommonErrors.NotFound.With();
        await permissions.RequireAsync(context, Permission.DataRead, permission, Scope.Of(project));
        return (row, project);
    }

    async Task<DatumRow?> ByAliasAsync(AliasName name, HttpContext context)
    {
        if (Fields.Query(context.Request, "project") is { } given)
        {
            var project = await permissions.ProjectAsync(context, projects, given, Permission.DataRead);
            return await aliases.FindAsync(project, name, context.RequestAborted) is { } alias
                ? await datums.FindAsync(alias.DatumId, context.RequestAborted)
                : null;
        }

        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var (readable, more) = await projects.ListAsync(
            MaxProjects, null, p => rights.Allow(Permission.DataRead, Scope.Of(p)), context.RequestAborted);
        if (more is not null)
            throw DatumErrors.AliasNeedsProject.On("project", MaxProjects);
        var found = new List<AliasRow>();
        foreach (var some in readable.Chunk(16))
            found.AddRange((await Task.WhenAll(some.Select(p => aliases.FindAsync(p, name, context.RequestAborted)))).OfType<AliasRow>());
        return found.Count > 1
            ? throw DatumErrors.AliasAmbiguous.On("project", name)
            : found.Count == 1 ? await datums.FindAsync(found[0].DatumId, context.RequestAborted) : null;
    }
}
