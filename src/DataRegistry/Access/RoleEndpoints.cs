using DataRegistry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Access;

/// <summary>Lists, gives and takes the roles of a subject.</summary>
static class RoleEndpoints
{
    public static void MapRoles(this IEndpointRouteBuilder api)
    {
        api.MapGet("/users/{id}/roles/", ListAsync).WithName("listRoles")
            .Answers<Page<RoleBody>>("List the roles of a user")
            .WithDescription("For another user, the list has only roles that you may take away.");
        api.MapPost("/users/{id}/roles/", AddAsync).WithName("giveRole").TakesJsonOrForm<NewRoleBody>()
            .Answers<RoleBody>("Give a role at a scope", StatusCodes.Status201Created)
            .OrAnswers<RoleBody>(StatusCodes.Status200OK).FailsOn("role", CommonErrors.Required, CommonErrors.NotAChoice)
            .FailsOn("scope_id", CommonErrors.NotAnId, AccessErrors.SystemHasNoId, AccessErrors.NoScope)
            .Fails(AccessErrors.TooManyRoles, AccessErrors.NotPermitted);
        api.MapDelete("/users/{id}/roles/{role}/", RemoveAsync).WithName("takeRole").AnswersNothing("Take a role away")
            .Fails(AccessErrors.NotPermitted);
    }

    /// <summary>
    /// Lists all roles of the caller, or the roles of another subject at scopes where the caller gives roles. One page holds all of them.
    /// </summary>
    static async Task<IResult> ListAsync(
        string id, HttpContext context, SubjectTable subjects, RoleTable roles, Scopes scopes, Permissions permissions)
    {
        var caller = Caller.Of(context);
        var rights = await permissions.OfAsync(caller, context.RequestAborted);
        var subject = Guid.TryParse(id, out var parsed) ? parsed : default;
        if (subject != caller.Id && !rights.AllowSomewhere(Permission.RolesManage))
            throw CommonErrors.NotFound.With();
        if (subject != Caller.AdministratorId)
            await subjects.RequiredAsync(subject, context);
        var visible = new List<RoleBody>();
        foreach (var role in subject == Caller.AdministratorId ? await roles.OfAsync(subject, context.RequestAborted)
            : await roles.ListAsync(subject).Select(r => r.Assignment).ToListAsync(context.RequestAborted))
        {
            if (subject == caller.Id || rights.Allow(Permission.RolesManage, await scopes.OfAsync(role, context.RequestAborted)))
                visible.Add(RoleBody.From(role));
        }

        return Results.Json(new Page<RoleBody>(visible.Count, null, null, visible), AccessJson.Default.PageRoleBody);
    }

    /// <summary>Answers 201, or 200 if the subject has the role there already.</summary>
    static async Task<IResult> AddAsync(string id, HttpContext context, RoleServices services)
    {
        var (subjects, roles, scopes, permissions, trail) = services;
        var caller = Caller.Of(context);
        var rights = await permissions.OfAsync(caller, context.RequestAborted);
        if (!rights.AllowSomewhere(Permission.RolesManage))
            throw Permissions.Denied();
        var body = await RequestBody.ReadJsonOrFormAsync(context, AccessJson.Default.NewRoleBody, AccessJson.MaxBodyBytes);
        var role = Fields.Choice<Role>("role", body.Role);
        var scope = await scopes.RequiredAsync(body.ScopeType, body.ScopeId, rights, context.RequestAborted);
        if (!MayGive(rights, role, scope))
            throw Permissions.Denied();
        var subject = await subjects.RequiredAsync(Guid.TryParse(id, out var parsed) ? parsed : default, context);
        if (await roles.ListAsync(subject.Id).CountAsync(context.RequestAborted) >= RoleTable.MaxRoles)
            throw AccessErrors.TooManyRoles.With(RoleTable.MaxRoles);

        var assignment = new RoleAssignment(role, scope.Kind, scope.Id);
        var added = await roles.AddAsync(subject.Id, assignment, caller.Name, context.RequestAborted);
        if (added)
            await trail.RecordAsync(context, Event("role.given", subject, assignment));
        return Results.Json(
            RoleBody.From(assignment), AccessJson.Default.RoleBody,
            statusCode: added ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    static async Task<IResult> RemoveAsync(string id, string role, HttpContext context, RoleServices services)
    {
        var (subjects, roles, scopes, permissions, trail) = services;
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        if (!rights.AllowSomewhere(Permission.RolesManage))
            throw Permissions.Denied();
        var subject = await subjects.RequiredAsync(Guid.TryParse(id, out var parsed) ? parsed : default, context);
        // Ignore an id that cannot be a row key.
        var row = role.Length <= 100 && role.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            ? await roles.FindAsync(subject.Id, role, context.RequestAborted)
            : null;
        if (row is null)
            throw CommonErrors.NotFound.With();
        var scope = await scopes.OfAsync(row.Assignment, context.RequestAborted);
        if (!rights.Allow(Permission.RolesManage, scope))
            throw CommonErrors.NotFound.With();
        if (!MayGive(rights, row.Role, scope))
            throw Permissions.Denied();
        if (!await roles.RemoveAsync(subject.Id, role, context.RequestAborted))
            throw CommonErrors.NotFound.With();
        await trail.RecordAsync(context, Event("role.taken", subject, row.Assignment));
        return Results.NoContent();
    }

    /// <summary>
    /// A caller cannot give or take permissions that it lacks. Otherwise a department's admin could create a system admin.
    /// </summary>
    static bool MayGive(Rights rights, Role role, Scope scope) =>
        rights.Allow(Permission.RolesManage, scope) && Roles.PermissionsOf(role).All(p => rights.Allow(p, scope));

    static AuditEvent Event(string action, SubjectRow subject, RoleAssignment role) => new(action, subject.RowKey)
    {
        Project = role.ScopeKind == ScopeKind.Project ? role.ScopeId : null,
        Details = new()
        {
            ["username"] = subject.Username,
            ["role"] = Fields.WireName(role.Role),
            ["scope_type"] = Fields.WireName(role.ScopeKind),
            ["scope_id"] = role.ScopeKind == ScopeKind.System ? null : role.ScopeId.ToString("D"),
        },
    };
}

/// <summary>The services that give and take roles.</summary>
sealed record RoleServices(SubjectTable Subjects, RoleTable Roles, Scopes Scopes, Permissions Permissions, AuditTrail Trail);
