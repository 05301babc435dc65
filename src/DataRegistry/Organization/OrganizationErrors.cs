using DataRegistry.Http;

namespace DataRegistry.Organization;

/// <summary>Errors about projects, departments and clusters.</summary>
static class OrganizationErrors
{
    public static FieldError NotAProjectId { get; } = new(
        "invalid", "'{text}' is not a project id: a UUID is expected.", "The value is not the id of a project.");

    public static FieldError NoProject { get; } = new(
        "does_not_exist", "There is no project {project}.", "The project does not exist, or is not visible to the caller.");

    public static FieldError NoCluster { get; } = new(
        "does_not_exist", "There is no cluster {cluster}.", "The cluster does not exist.");

    public static FieldError NoDepartment { get; } = new(
        "does_not_exist", "There is no department {department}.", "The department does not exist.");
}
