using DataRegistry.Http;

namespace DataRegistry.Organization;

/// <summary>A project as it stands inside other bodies.</summary>
public sealed record ProjectBody(Guid Id, string Name)
{
    public static ProjectBody From(Project project) => new(project.Id, project.Name);
}

public static class ProjectParameter
{
    /// <summary>
    /// The id that a request gives; a missing or malformed one ends the request with the error of the field <c>project</c>.
    /// </summary>
    public static Guid Parse(string? text) => string.IsNullOrEmpty(text) ? throw CommonErrors.Required.On("project")
        : Guid.TryParse(text, out var id) ? id
        : throw OrganizationErrors.NotAProjectId.On("project", text.Length > 100 ? $"{text.AsSpan(0, 100)}…" : text);

    public static ApiException Unknown(Guid id) => OrganizationErrors.NoProject.On("project", id);
}
