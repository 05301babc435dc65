using System.Text.Json.Serialization;
using DataRegistry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataRegistry.Organization;

static class ProjectEndpoints
{
    const int MaxBodyBytes = 64 * 1024;
    const int MaxNameLength = 100;

    static readonly ProjectJsonContext Json = new(WireJson.Options(ProjectJsonContext.Default));

    public static void MapProjects(this IEndpointRouteBuilder api)
    {
        api.MapGet("/projects/", ListAsync);
        api.MapPost("/projects/", CreateAsync);
        api.MapGet("/projects/{id}/", GetAsync);
    }

    static async Task<IResult> ListAsync(HttpContext context, ProjectTable projects)
    {
        var paging = Paging.From(context.Request);
        if (paging.Cursor is { } cursor && !Guid.TryParse(cursor, out _))
            throw new ApiException(Paging.BadCursor());
        var (found, next) = await projects.ListAsync(paging.Limit, paging.Cursor, context.RequestAborted);
        var count = next is null && paging.Cursor is null ? found.Count : (int?)null;
        return Results.Json(new Page<ProjectBody>(count, Paging.Next(context, next), null, [.. found.Select(ProjectBody.From)]), Json.PageProjectBody);
    }

    static async Task<IResult> GetAsync(string id, HttpContext context, ProjectTable projects)
    {
        var project = Guid.TryParse(id, out var projectId) ? await projects.FindAsync(projectId, context.RequestAborted) : null;
        return project is null ? throw new ApiException(ApiError.NotFound()) : Results.Json(ProjectBody.From(project), Json.ProjectBody);
    }

    static async Task<IResult> CreateAsync(HttpContext context, ProjectTable projects)
    {
        var body = await RequestBody.ReadJsonAsync(context, Json.NewProjectBody, MaxBodyBytes);
        if (string.IsNullOrWhiteSpace(body.Name))
            throw new ApiException(ApiError.Required("name"));
        if (body.Name.Length > MaxNameLength)
            throw new ApiException(new ApiError.Field("name", $"At most {MaxNameLength} characters are expected.", "max_length"));
        var project = await projects.EnsureAsync(Guid.CreateVersion7(), body.Name, context.RequestAborted);
        return Results.Json(ProjectBody.From(project), Json.ProjectBody, statusCode: StatusCodes.Status201Created);
    }
}

/// <summary>What a new project is made of.</summary>
sealed record NewProjectBody(string? Name);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(NewProjectBody))]
[JsonSerializable(typeof(Page<ProjectBody>))]
sealed partial class ProjectJsonContext : JsonSerializerContext;
