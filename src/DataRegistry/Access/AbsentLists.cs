using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Http;
using DataRegistry.Organization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Access;

/// <summary>
/// Lists that public clients read and that are always empty, because this product has no such things. Clients take 404 for a wrong address
/// of the service. The OpenAPI document leaves them out. A single thing of such a list is 404, and creating one is 405.
/// </summary>
static class AbsentLists
{
    /// <summary>Pages, by the last segment of their path.</summary>
    public static IReadOnlyList<string> Pages { get; } =
    [
        "commits", "deployment-versions", "deployments", "environments", "executions", "model-versions", "models", "notebook-executions",
        "organizations", "pipelines", "registry-credentials", "repositories", "tasks", "teams",
    ];

    static readonly AbsentListJson Json = new(WireJson.Options(AbsentListJson.Default));

    public static void MapAbsentLists(this IEndpointRouteBuilder api)
    {
        foreach (var page in Pages)
            api.MapGet($"/{page}/", Empty).ExcludeFromDescription();
        // The names of owners for a new project. The department of the project is its owner, so there is nothing to choose.
        api.MapGet("/projects/ownership_options/", () => Results.Json([], Json.StringArray)).ExcludeFromDescription();
        api.MapGet("/projects/{id}/commits/", CommitsAsync).ExcludeFromDescription();
        api.MapPost("/projects/{id}/fetch/", FetchAsync).ExcludeFromDescription();
    }

    static IResult Empty() => Results.Json(new Page<JsonElement>(0, null, null, []), Json.PageJsonElement);

    /// <summary>A bare array, for a project that the caller may see.</summary>
    static async Task<IResult> CommitsAsync(string id, HttpContext context, ProjectTable projects, Permissions permissions)
    {
        await ProjectEndpoints.RequiredAsync(id, context, projects, permissions, Permission.ProjectsRead);
        return Results.Json([], Json.StringArray);
    }

    /// <summary>A project has no repository, so there is nothing to fetch.</summary>
    static async Task<IResult> FetchAsync(string id, HttpContext context, ProjectTable projects, Permissions permissions)
    {
        await ProjectEndpoints.RequiredAsync(id, context, projects, permissions, Permission.ProjectsRead);
        return Results.Json(new FetchedBody([], []), Json.FetchedBody);
    }
}

sealed record FetchedBody(IReadOnlyList<string> Commits, IReadOnlyList<string> Errors);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Page<JsonElement>))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(FetchedBody))]
sealed partial class AbsentListJson : JsonSerializerContext;
