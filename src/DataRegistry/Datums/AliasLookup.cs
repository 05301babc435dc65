using DataRegistry.Access;
using DataRegistry.Http;
using DataRegistry.Organization;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datums;

/// <summary>The project and name of an alias. They stay after the alias is deleted.</summary>
sealed record AliasPlace(TimedId Id, AliasIdRow Where, Project Project);

/// <summary>Finds the alias that a route names, and the project that a field or parameter names.</summary>
sealed class AliasLookup(AliasTable aliases, ProjectTable projects, Permissions permissions)
{
    /// <inheritdoc cref="Permissions.ProjectAsync"/>
    public Task<Project> ProjectAsync(HttpContext context, string? text, Permission permission) =>
        permissions.ProjectAsync(context, projects, text, permission);

    /// <summary>The alias of the route's id, if the caller has the permission; 404 or 403 for others.</summary>
    public async Task<(AliasRow Alias, Project Project)> RequiredAsync(HttpContext context, string id, Permission permission)
    {
        var place = await PlaceAsync(context, id, permission);
        var alias = await aliases.FindAsync(place.Id, place.Where, context.RequestAborted);
        return (alias ?? throw CommonErrors.NotFound.With(), place.Project);
    }

    /// <inheritdoc cref="RequiredAsync"/>
    public async Task<AliasPlace> PlaceAsync(HttpContext context, string id, Permission permission)
    {
        if (!TimedId.TryParse(id, out var aliasId) || await aliases.FindIdAsync(aliasId, context.RequestAborted) is not { } where
            || await projects.FindAsync(where.Project, context.RequestAborted) is not { } project)
        {
            throw CommonErrors.NotFound.With();
        }

        await permissions.RequireAsync(context, Permission.DataRead, permission, Scope.Of(project));
        return new(aliasId, where, project);
    }
}

/// <summary>Points aliases at datums and records each change in the audit trail.</summary>
sealed class AliasPointing(AliasTable aliases, Permissions permissions, AuditTrail trail)
{
    /// <summary>Ends the request with 403 unless the caller may point the project's aliases.</summary>
    public Task RequireAsync(HttpContext context, Project project) =>
        permissions.RequireAsync(context, Permission.AliasesEdit, Scope.Of(project));

    /// <summary>
    /// Ends the request with 400 if a new alias may not have this name. An existing alias keeps its name, and moves.
    /// </summary>
    /// <param name="field">The field that gets the error.</param>
    public async Task RequireUsableAsync(Project project, AliasName name, string field, CancellationToken cancellationToken)
    {
        if (!name.IsPlain && await aliases.FindAsync(project, name, cancellationToken) is null)
            throw DatumErrors.NotAnAliasName.On(field);
    }

    public async Task<AliasOutcome> PointAsync(HttpContext context, Project project, AliasName name, DatumId datum)
    {
        var outcome = await aliases.PointAsync(project, name, datum, Caller.Of(context).Name, context.RequestAborted);
        if (outcome is AliasOutcome.Unchanged)
            return outcome;
        await trail.RecordAsync(
            context, new(outcome is AliasOutcome.Created ? "alias.created" : "alias.moved", outcome.Alias.Id.ToString("D"))
            {
                Project = outcome.Alias.Project,
                Details = new()
                {
                    ["name"] = outcome.Alias.Name,
                    ["from"] = (outcome as AliasOutcome.Moved)?.From.ToString("D"),
                    ["to"] = outcome.Alias.Datum.ToString("D"),
                },
            });
        return outcome;
    }
}
