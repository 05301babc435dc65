using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Access;

/// <summary>
/// The one permission check, for both APIs. A caller has a permission at a scope if its subject has a role with it there, or at a scope
/// above, and if its token is not limited to other projects. A role that was taken away loses its effect within
/// <see cref="AccessOptions.CachedFor"/>.
/// </summary>
public sealed class Permissions(RoleTable roles)
{
    public async ValueTask<bool> AllowsAsync(
        Caller caller, Permission permission, Scope scope, CancellationToken cancellationToken = default) =>
        (await OfAsync(caller, cancellationToken)).Allow(permission, scope);

    /// <summary>All permissions of a caller, for lists, which check each item.</summary>
    public async ValueTask<Rights> OfAsync(Caller caller, CancellationToken cancellationToken = default) =>
        new(await roles.OfAsync(caller.Id, cancellationToken), caller.Projects);

    /// <summary>Ends the request with 403 unless its caller has the permission.</summary>
    public async Task RequireAsync(HttpContext context, Permission permission, Scope scope)
    {
        if (!await AllowsAsync(Caller.Of(context), permission, scope, context.RequestAborted))
            throw Denied();
    }

    /// <summary>
    /// Checks the permission for a thing that an id in the path names. Ends the request with 404, as for a missing thing, unless its caller
    /// may <paramref name="see"/> it, and with 403 if the caller may only see it.
    /// </summary>
    public async Task RequireAsync(HttpContext context, Permission see, Permission permission, Scope scope)
    {
        var rights = await OfAsync(Caller.Of(context), context.RequestAborted);
        if (!rights.Allow(see, scope))
            throw CommonErrors.NotFound.With();
        if (!rights.Allow(permission, scope))
            throw Denied();
    }

    /// <summary>
    /// The project that a parameter or a field names. Without the permission, and for a missing project, the request ends with the same
    /// 403, so ids cannot be probed. A caller who sees all projects is told that there is no such project.
    /// </summary>
    public async Task<Project> ProjectAsync(HttpContext context, ProjectTable projects, string? text, Permission permission)
    {
        var id = ProjectParameter.Parse(text);
        var rights = await OfAsync(Caller.Of(context), context.RequestAborted);
        var project = await projects.FindAsync(id, context.RequestAborted);
        if (project is null && rights.Allow(Permission.ProjectsRead, Scope.System))
            throw ProjectParameter.Unknown(id);
        return project is not null && rights.Allow(permission, Scope.Of(project)) ? project : throw Denied();
    }

    public static ApiException Denied() =>
        AccessErrors.NotPermitted.With();
}

/// <summary>The permissions of a caller.</summary>
/// <param name="Projects">The only projects that count; null for all. With any, nothing outside a project is allowed.</param>
public sealed record Rights(IReadOnlyList<RoleAssignment> Roles, IReadOnlySet<Guid>? Projects)
{
    public bool Allow(Permission permission, Scope scope) =>
        (Projects is null || (scope.Kind == ScopeKind.Project && Projects.Contains(scope.Id)))
        && Roles.Any(r => Access.Roles.PermissionsOf(r.Role).Contains(permission) && scope.IsWithin(r.ScopeKind, r.ScopeId));

    /// <summary>Whether the permission is given at the scope, or at any scope in it.</summary>
    public async ValueTask<bool> AllowWithinAsync(Permission permission, Scope scope, Scopes scopes, CancellationToken cancellationToken)
    {
        if (Allow(permission, scope))
            return true;
        var places = Projects?.Select(id => (ScopeKind.Project, id)) ?? Roles.Select(r => (r.ScopeKind, r.ScopeId)).Distinct();
        foreach (var (kind, id) in places)
        {
            if (await scopes.FindAsync(kind, id, cancellationToken) is { } place && place.IsWithin(scope.Kind, scope.Id)
                && Allow(permission, place))
                return true;
        }

        return false;
    }

    /// <summary>Whether the permission is given at any scope.</summary>
    public bool AllowSomewhere(Permission permission) =>
        Projects is null && Roles.Any(r => Access.Roles.PermissionsOf(r.Role).Contains(permission));
}
