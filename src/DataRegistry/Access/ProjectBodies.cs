using System.ComponentModel.DataAnnotations;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Access;

/// <summary>A project to create.</summary>
/// <param name="Description">Any text on one line.</param>
/// <param name="Department">The id of a department. Without it the project belongs to the default department.</param>
sealed record NewProjectBody([property: Required] string? Name, string? Description, string? Department);

/// <summary>The fields of a project to change. A field that is left out keeps its value.</summary>
/// <param name="Description">Any text on one line.</param>
/// <param name="Department">A project keeps its department, so any value is refused.</param>
sealed record ProjectChangeBody(string? Name, string? Description, string? Department);

/// <summary>A project with its department and cluster.</summary>
/// <param name="Owner">Its department. Public clients call it the owner.</param>
/// <param name="ExecutionSummary">Always empty. Public clients read it.</param>
/// <param name="EnvironmentVariables">Always empty. Public clients read them.</param>
sealed record ProjectDetailBody(
    Guid Id, string Name, string Description, Guid Department, Guid Cluster, OwnerBody Owner, ProjectUrlsBody Urls,
    ExecutionSummaryBody ExecutionSummary, IReadOnlyDictionary<string, string> EnvironmentVariables)
{
    static readonly Dictionary<string, string> NoVariables = [];

    public static async Task<ProjectDetailBody> FromAsync(Project project, HttpContext context, UnitTable units) =>
        (await FromAsync([project], context, units))[0];

    /// <summary>Reads the names of all departments with one or two requests.</summary>
    public static async Task<IReadOnlyList<ProjectDetailBody>> FromAsync(
        IReadOnlyList<Project> projects, HttpContext context, UnitTable units)
    {
        var departments = await units.FindDepartmentsAsync(projects.Select(p => p.Department), context.RequestAborted);
        var console = $"{PublicUrl.Of(context.Request)}/console/#/p/";
        return [.. projects.Select(p => new ProjectDetailBody(
            p.Id, p.Name, p.Description, p.Department, p.Cluster,
            new(p.Department, departments.TryGetValue(p.Department, out var department) ? department.Name : ""),
            new($"{console}{p.Id}/data"), new(0), NoVariables))];
    }
}

/// <param name="Username">The department's name.</param>
sealed record OwnerBody(Guid Id, string Username);

/// <param name="Display">The project's page in the console.</param>
sealed record ProjectUrlsBody(string Display);

sealed record ExecutionSummaryBody(int Count);
