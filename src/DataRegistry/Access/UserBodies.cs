using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using DataRegistry.Http;
using DataRegistry.Organization;

namespace DataRegistry.Access;

/// <summary>A user or service account, without its password.</summary>
/// <param name="Type"><c>user</c> or <c>service_account</c>.</param>
/// <param name="Ctime">The time of creation; null for the administrator that the settings define, because no row records it.</param>
sealed record UserBody(Guid Id, string Username, string Type, string? DisplayName, string? Email, bool Disabled, DateTimeOffset? Ctime)
{
    public static UserBody Administrator { get; } =
        new(Caller.AdministratorId, Caller.AdministratorName, Fields.WireName(
            SubjectKind.User), DisplayName: null, Email: null, Disabled: false, Ctime: null);

    public static UserBody From(SubjectRow row) =>
        new(row.Id, row.Username, Fields.WireName(row.Kind), row.DisplayName, row.Email, row.Disabled, row.CTime);
}

/// <summary>The account of the caller.</summary>
/// <param name="Projects">The only projects that the token allows; null for no limit.</param>
/// <param name="LatestTokenEnd">The latest end of a token that is created now; null if any end, or none, is allowed. A token with
/// <c>projects</c> creates no tokens.</param>
sealed record MeBody(
    Guid Id, string Username, string Type, string? DisplayName, string? Email, bool Disabled, DateTimeOffset? Ctime,
    IReadOnlyList<RoleBody> Roles, IReadOnlyList<Guid>? Projects, DateTimeOffset? LatestTokenEnd);

/// <param name="ScopeId">Null for the system.</param>
sealed record RoleBody(string Id, string Role, string ScopeType, Guid? ScopeId)
{
    public static RoleBody From(RoleAssignment role) =>
        new(role.Id, Fields.WireName(role.Role), Fields.WireName(role.ScopeKind), role.ScopeKind == ScopeKind.System ? null : role.ScopeId);
}

/// <summary>A role assignment with the user who holds the role.</summary>
/// <param name="ScopeId">Null for the system.</param>
/// <param name="GivenBy">The user name of the giver.</param>
sealed record HeldRoleBody(
    string Id, string Role, string ScopeType, Guid? ScopeId, string GivenBy, DateTimeOffset Ctime, RoleHolderBody User)
{
    public static HeldRoleBody From(RoleRow row, SubjectRow holder)
    {
        var role = RoleBody.From(row.Assignment);
        return new(
            role.Id, role.Role, role.ScopeType, role.ScopeId, row.GrantedBy, row.CTime,
            new(holder.Id, holder.Username, Fields.WireName(holder.Kind), holder.DisplayName, holder.Disabled));
    }
}

/// <param name="Type"><c>user</c> or <c>service_account</c>.</param>
sealed record RoleHolderBody(Guid Id, string Username, string Type, string? DisplayName, bool Disabled);

sealed record NewUserBody([property: Required] string? Username, string? Type, string? DisplayName, string? Email, string? Password);

/// <summary>The fields of a user to change. A field that is null keeps its value.</summary>
/// <param name="CurrentPassword">The current password, which a user needs to set a new one.</param>
sealed record UserChangeBody(string? DisplayName, string? Email, string? Password, string? CurrentPassword, bool? Disabled);

/// <param name="ScopeType"><c>system</c>, <c>cluster</c>, <c>department</c> or <c>project</c>.</param>
sealed record NewRoleBody([property: Required] string? Role, [property: Required] string? ScopeType, string? ScopeId);

/// <summary>A token without its secret.</summary>
sealed record TokenBody(
    Guid Id, string Name, DateTimeOffset Ctime, DateTimeOffset? Expires, IReadOnlyList<Guid>? Projects, DateTimeOffset? LastUsed)
{
    public static TokenBody From(TokenListRow row) =>
        new(Guid.Parse(row.RowKey), row.Name, row.CTime, row.Expires, row.Projects is null
            ? null
            : [.. row.Projects.Split(',').Select(Guid.Parse)], row.LastUsed);
}

/// <param name="Token">The secret, which is shown only this once.</param>
sealed record CreatedTokenBody(
    Guid Id, string Name, DateTimeOffset Ctime, DateTimeOffset? Expires, IReadOnlyList<Guid>? Projects, string Token);

/// <param name="User">The id of a service account, for administrators. Without it the token belongs to the caller.</param>
sealed record NewTokenBody([property: Required] string? Name, string? Expires, List<string?>? Projects, string? User);

/// <summary>The form of a log-in.</summary>
sealed record LogInForm(string Username, string Password);

sealed record LogInBody(string Token);

/// <param name="HasAgent">Whether an agent runs in the cluster.</param>
sealed record ClusterBody(Guid Id, string Name, bool HasAgent)
{
    public static ClusterBody From(Cluster cluster) => new(cluster.Id, cluster.Name, cluster.HasAgent);
}

sealed record DepartmentBody(Guid Id, string Name, Guid Cluster);

/// <param name="Cluster">The cluster of a department.</param>
/// <param name="HasAgent">Whether an agent runs in a cluster.</param>
sealed record NewUnitBody([property: Required] string? Name, string? Cluster, bool? HasAgent);

/// <summary>The new name of a unit. Its other fields never change, and are refused.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
sealed record UnitNameBody([property: Required] string? Name);

sealed record AuditBody(
    Guid Id, DateTimeOffset Time, string Actor, Guid? ActorId, Guid? Token, string Action, string Kind, string Target, Guid? Project,
    string? RequestId, JsonNode? Details)
{
    public static AuditBody From(AuditRow row) => new(
        Storage.TimedId.FromRowKey(0, row.RowKey).ToGuid(), row.Time, row.Actor, row.ActorId, row.Token, row.Action, row.Kind, row.Target,
        row.Project, row.RequestId,
        row.Details is null ? null : JsonNode.Parse(row.Details));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(Page<UserBody>))]
[JsonSerializable(typeof(MeBody))]
[JsonSerializable(typeof(Page<RoleBody>))]
[JsonSerializable(typeof(Page<HeldRoleBody>))]
[JsonSerializable(typeof(NewUserBody))]
[JsonSerializable(typeof(UserChangeBody))]
[JsonSerializable(typeof(NewRoleBody))]
[JsonSerializable(typeof(Page<TokenBody>))]
[JsonSerializable(typeof(CreatedTokenBody))]
[JsonSerializable(typeof(NewTokenBody))]
[JsonSerializable(typeof(LogInBody))]
[JsonSerializable(typeof(Page<ClusterBody>))]
[JsonSerializable(typeof(Page<DepartmentBody>))]
[JsonSerializable(typeof(NewUnitBody))]
[JsonSerializable(typeof(UnitNameBody))]
[JsonSerializable(typeof(NewProjectBody))]
[JsonSerializable(typeof(ProjectChangeBody))]
[JsonSerializable(typeof(Page<ProjectDetailBody>))]
[JsonSerializable(typeof(Page<AuditBody>))]
sealed partial class AccessJsonContext : JsonSerializerContext;

/// <summary>The room's JSON, with the encoder of <see cref="WireJson"/>.</summary>
static class AccessJson
{
    public const int MaxBodyBytes = 64 * 1024;
    public const int MaxNameLength = 100;
    public const int MaxDescriptionLength = 1000;

    public static AccessJsonContext Default { get; } = new(WireJson.Options(AccessJsonContext.Default));

    /// <summary>The cursor of a list in the order of ids. A malformed one ends the request with 400.</summary>
    public static Paging PagingById(Microsoft.AspNetCore.Http.HttpRequest request) =>
        Paging.From(request) is var paging && (paging.Cursor is null || Guid.TryParseExact(paging.Cursor, "D", out _))
            ? paging
            : throw Paging.BadCursor();
}
