using System.Text.Json.Nodes;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Access;

static class ProjectEndpoints
{
    public static void MapProjects(this IEndpointRouteBuilder api)
    {
        api.MapGet("/projects/", ListAsync).WithName("listProjects").AnswersPages<ProjectDetailBody>("List the projects that you see");
        api.MapPost("/projects/", CreateAsync).WithName("createProject").TakesJsonOrForm<NewProjectBody>()
            .Answers<ProjectDetailBody>("Create a project, in the default department unless one is named", StatusCodes.Status201Created)
            .FailsOn("name", CommonErrors.Required, CommonErrors.TooLong, CommonErrors.ControlCharacters)
            .FailsOn("department", CommonErrors.NotAnId, OrganizationErrors.NoDepartment)
            .Fails(AccessErrors.NotPermitted);
        api.MapGet("/projects/{id}/", GetAsync).WithName("getProject").Answers<ProjectDetailBody>("Get a project");
        api.MapPatch("/projects/{id}/", ChangeAsync).WithName("changeProject").TakesJsonOrForm<ProjectChangeBody>()
            .Answers<ProjectDetailBody>("Rename or describe a project")
            .FailsOn("name", CommonErrors.Required, CommonErrors.TooLong, CommonErrors.ControlCharacters)
            .FailsOn("department", AccessErrors.ProjectKeepsDepartment).Fails(AccessErrors.NotPermitted);
        api.MapDelete("/projects/{id}/", DeleteAsync).WithName("deleteProject").AnswersNothing("Delete an empty project")
            .Fails(AccessErrors.ProjectInUse, AccessErrors.NotPermitted);
    }

    /// <summary>Lists the projects that the caller may see.</summary>
    static async Task<IResult> ListAsync(HttpContext context, ProjectTable projects, UnitTable units, Permissions permissions)
    {
        var paging = AccessJson.PagingById(context.Request);
        var rights = await permissions.OfAsync(Caller.Of(context), context.RequestAborted);
        var (found, next) = await projects.ListAsync(
            paging.Limit, paging.Cursor, p => rights.Allow(Permission.ProjectsRead, Scope.Of(p)), context.RequestAborted);
        var count = next is null && paging.Cursor is null ? found.Count : (int?)null;
        return Results.Json(
            new Page<ProjectDetailBody>(
                count, Paging.Next(context, next), null, await ProjectDetailBody.FromAsync(found, context, units)),
            AccessJson.Default.PageProjectDetailBody);
    }

    static async Task<IResult> GetAsync(
        string id, HttpContext context, ProjectTable projects, UnitTable units, Permissions permissions) =>
        await AnswerAsync(await RequiredAsync(id, context, projects, permissions, Permission.ProjectsRead), context, units);

    static async Task<IResult> AnswerAsync(
        Project project, HttpContext context, UnitTable units, int status = StatusCodes.Status200OK) => Results.Json(
        await ProjectDetailBody.FromAsync(project, context, units), AccessJson.Default.ProjectDetailBody, statusCode: status);

    /// <summary>Creates a project, in the default department unless one is named.</summary>
    static async Task<IResult> CreateAsync(
        HttpContext context, ProjectTable projects, UnitTable units, Permissions permissions, AuditTrail trail)
    {
        var body = await RequestBody.ReadJsonOrFormAsync(context, AccessJson.Default.NewProjectBody, AccessJson.MaxBodyBytes);
        var departmentId = body.Department is null ? Department.DefaultId : Fields.Id("department", body.Department);
        var department = await units.FindDepartmentAsync(departmentId, context.RequestAborted);
        // Only a caller who manages all departments is told that there is no such department.
        await permissions.RequireAsync(context, Permission.ProjectsManage, department is null ? Scope.System : Scope.Of(department));
        if (department is null)
            throw NoDepartment(departmentId);
        var project = await projects.EnsureAsync(
            Guid.CreateVersion7(), Fields.Name("name", body.Name, AccessJson.MaxNameLength), department, context.RequestAborted,
            Fields.Line("description", body.Description, AccessJson.MaxDescriptionLength) ?? "");
        // Do not cancel half-way: a project without a department is useless.
        if (!await units.NoteProjectAsync(department.Id, CancellationToken.None))
        {
            await projects.MarkAsync(project.Id, deleted: true, CancellationToken.None);
            throw NoDepartment(departmentId);
        }

        await trail.RecordAsync(context, new("project.created", project.Id.ToString("D"))
        {
            Project = project.Id,
            Details = new() { ["name"] = project.Name, ["department"] = department.Id.ToString("D") },
        });
        return await AnswerAsync(project, context, units, StatusCodes.Status201Created);
    }

    static async Task<IResult> ChangeAsync(
        string id, HttpContext context, ProjectTable projects, UnitTable units, Permissions permissions, AuditTrail trail)
    {
        var project = await RequiredAsync(id, context, projects, permissions, Permission.ProjectsManage);
        var body = await RequestBody.ReadJsonOrFormAsync(context, AccessJson.Default.ProjectChangeBody, AccessJson.MaxBodyBytes);
        if (body.Department is not null)
            throw AccessErrors.ProjectKeepsDepartment.On("department");
        var description = Fields.Line("description", body.Description, AccessJson.MaxDescriptionLength);
        var name = body.Name is null && description is not null ? null : Fields.Name("name", body.Name, AccessJson.MaxNameLength);
        var (before, after) = await projects.ChangeAsync(project.Id, name, description, context.RequestAborted)
            ?? throw CommonErrors.NotFound.With();
        if (after.Name != before.Name)
            await RecordAsync("project.renamed", "name", before.Name, after.Name);
        if (after.Description != before.Description)
            await RecordAsync("project.described", "description", before.Description, after.Description);
        return await AnswerAsync(after, context, units);

        Task RecordAsync(string action, string field, string before, string after) =>
            trail.RecordAsync(context, new(action, project.Id.ToString("D"))
            {
                Project = project.Id,
                Details = new() { [field] = new JsonObject { ["before"] = before, ["after"] = after } },
            });
    }

    /// <summary>
    /// Deletes an empty project. It checks again afterwards, and contents that came meanwhile bring the project back. Another instance may
    /// cache the project for some seconds and still put contents into it: delete it again to find them.
    /// </summary>
    static async Task<IResult> DeleteAsync(
        string id, HttpContext context, ProjectTable projects, IEnumerable<IProjectContents> rooms, Permissions permissions,
        AuditTrail trail)
    {
        var known = Guid.TryParse(id, out var projectId);
        var deleted = known ? await projects.FindDeletedAsync(projectId, context.RequestAborted) : null;
        if (deleted is not null)
            await permissions.RequireAsync(context, Permission.ProjectsRead, Permission.ProjectsManage, Scope.Of(deleted));
        var project = deleted ?? await RequiredAsync(id, context, projects, permissions, Permission.ProjectsManage);
        if (deleted is null)
        {
            if (await ContentsAsync(rooms, project, context.RequestAborted) is { } contents)
                throw InUse(project, contents);
            await projects.MarkAsync(project.Id, deleted: true, context.RequestAborted);
        }

        if (await ContentsAsync(rooms, project, CancellationToken.None) is { } late)
        {
            await projects.MarkAsync(project.Id, deleted: false, CancellationToken.None);
            throw InUse(project, late);
        }

        if (deleted is not null)
            throw CommonErrors.NotFound.With();
        await trail.RecordAsync(context, new("project.deleted", project.Id.ToString("D"))
        {
            Project = project.Id,
            Details = new() { ["name"] = project.Name, ["department"] = project.Department.ToString("D") },
        });
        return Results.NoContent();
    }

    static async Task<string?> ContentsAsync(IEnumerable<IProjectContents> rooms, Project project, CancellationToken cancellationToken)
    {
        foreach (var room in rooms.OrderBy(r => r.Order))
        {
            if (await room.FindAsync(project, cancellationToken) is { } contents)
                return contents;
        }

        return null;
    }

    static ApiException InUse(Project project, string contents) =>
        AccessErrors.ProjectInUse.With(project.Name, contents);

    static ApiException NoDepartment(Guid id) => OrganizationErrors.NoDepartment.On("department", id);

    /// <summary>The project that <c>{id}</c> of the route names; 404 if the caller may not see it, 403 without the permission.</summary>
    public static async Task<Project> RequiredAsync(
        string id, HttpContext context, ProjectTable projects, Permissions permissions, Permission permission)
    {
        var project = (Guid.TryParse(id, out var projectId) ? await projects.FindAsync(projectId, context.RequestAborted) : null)
            ?? throw CommonErrors.NotFound.With();
        await permissions.RequireAsync(context, Permission.ProjectsRead, permission, Scope.Of(project));
        return project;
    }
}
