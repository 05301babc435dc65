using DataRegistry.Http;

namespace DataRegistry.Organization;

/// <summary>A project as it stands inside other bodies.</summary>
public sealed record ProjectBody(Guid Id, string Name)
{
    public static ProjectBody From(Project project) => new(project.Id, project.Name);
}

public static class ProjectParameter
{
    /// <summary>The project that a request names; a missing, malformed or unknown one ends the request with the error of the field <c>project</c>.</summary>
    public static async Task<Project> RequiredAsync(this ProjectTable projects, string? text, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(text))
            throw new ApiException(ApiError.Required("project"));
        if (!Guid.TryParse(text, out var id))
            throw new ApiException(new ApiError.Field("project", $"'{(text.Length > 100 ? $"{text.AsSpan(0, 100)}…" : text)}' is not a project id: a UUID is expected.", "invalid"));
        return await projects.FindAsync(id, cancellationToken)
            ?? throw new ApiException(new ApiError.Field("project", $"There is no project {id}.", "does_not_exist"));
    }
}
