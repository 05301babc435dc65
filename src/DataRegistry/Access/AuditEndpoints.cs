using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Access;

static class AuditEndpoints
{
    const int MaxFilterLength = 200;

    public static void MapAudit(this IEndpointRouteBuilder api) => api.MapGet("/audit/", ListAsync).WithName("listAuditEvents")
        .AnswersPages<AuditBody>("List who changed what, newest first")
        .TakesQuery("project", "A project's id. Without it the list has the events that belong to no project.")
        .TakesQuery("actor", "The name or id of the subject that acted.")
        .TakesQuery("action", "An action such as `token.created`, or a kind such as `token`.")
        .TakesQuery("since", "The first time, in ISO 8601.").TakesQuery("until", "The time to stop before, in ISO 8601.")
        .FailsOn("project", OrganizationErrors.NotAProjectId, OrganizationErrors.NoProject).FailsOn("since", CommonErrors.NotATime)
        .Fails(AccessErrors.NotPermitted);

    /// <summary>
    /// The trail of a project, or without <c>project</c> the events that belong to none. A page may be short, even empty, and still have a
    /// next one, because it reads a limited number of rows.
    /// </summary>
    static async Task<IResult> ListAsync(
        HttpContext context, AuditTable audit, ProjectTable projects, UnitTable units, Permissions permissions)
    {
        var request = context.Request;
        var project = Fields.Query(request, "project") is { } named ? await ProjectAsync(context, named, projects, permissions) : null;
        if (project is null)
            await permissions.RequireAsync(context, Permission.AuditRead, Scope.System);
        var query = new AuditQuery(
            project?.Id,
            Fields.Line("actor", Fields.Query(request, "actor"), MaxFilterLength),
            Fields.Line("action", Fields.Query(request, "action"), MaxFilterLength),
            Fields.Time("since", Fields.Query(request, "since"), DateTimeOffset.UnixEpoch),
            Fields.Time("until", Fields.Query(request, "until"), DateTimeOffset.UnixEpoch));
        var paging = Paging.From(request);
        AuditCursor? after = null;
        if (paging.Cursor is not null && !AuditCursor.TryParse(paging.Cursor, out after))
            throw Paging.BadCursor();

        var (rows, next) = await audit.ListAsync(
            query, await units.BeganAsync(context.RequestAborted), paging.Limit, after, context.RequestAborted);
        var count = next is null && after is null ? rows.Count : (int?)null;
        return Results.Json(
            new Page<AuditBody>(count, Paging.Next(context, next?.ToString()), null, [.. rows.Select(AuditBody.From)]),
            AccessJson.Default.PageAuditBody);
    }

    /// <summary>The named project, even if it is deleted, if the caller may read its trail.</summary>
    static async Task<Project> ProjectAsync(HttpContext context, string named, ProjectTable projects, Permissions permissions) =>
        Guid.TryParse(named, out var id) && await projects.FindDeletedAsync(id, context.RequestAborted) is { } deleted
            && await permissions.AllowsAsync(Caller.Of(context), Permission.AuditRead, Scope.Of(deleted), context.RequestAborted)
            ? deleted
            : await permissions.ProjectAsync(context, projects, named, Permission.AuditRead);
}
