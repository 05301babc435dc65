using System.Text.Json.Serialization;
using DataRegistry.Http;

namespace DataRegistry.DataVolumes;

/// <summary>A data volume on the wire.</summary>
/// <param name="SharedScopes">Null if the operation does not show them, or the caller may not see them.</param>
sealed record DataVolumeBody(
    Guid Id, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, string CreatedBy, string UpdatedBy, string Name, string? Description,
    string OriginPvcName, string ProjectId,
    bool ShouldDeleteOriginalVolume, string ProjectName, string DepartmentId, Guid ClusterId, IReadOnlyList<SharedScopeBody>? SharedScopes,
    DataVolumeStatusBody Status)
{
    public static DataVolumeBody From(
        DataVolumeRow row, string projectName, DataVolumeStatusBody status, IReadOnlyList<SharedScopeBody>? sharedScopes = null) => new(
        row.Id, row.CreatedAt, row.UpdatedAt, row.CreatedBy, row.UpdatedBy, row.Name, row.Description, row.OriginPvcName,
        row.Project.ToString("D"),
        row.DeleteOriginal, projectName, row.Department.ToString("D"), row.Cluster, sharedScopes, status);
}

sealed record DataVolumeStatusBody(
    string Phase, string? PhaseMessage, IReadOnlyList<ConditionBody>? Conditions,
    [property: JsonPropertyName("datavolumePvcName")] string? PvcName, [property: JsonPropertyName("datavolumePvName")] string? PvName);

sealed record ConditionBody(string? Type, string? Status, string? Message, string? Reason, DateTimeOffset? LastTransitionTime)
{
    public static ConditionBody From(Condition condition) =>
        new(condition.Type, condition.Status, condition.Message, condition.Reason, condition.LastTransitionTime);
}

/// <param name="ScopeName">The present name; the id of a deleted unit.</param>
sealed record SharedScopeBody(string ScopeType, string ScopeId, string ScopeName, DateTimeOffset CreatedAt, string CreatedBy);

sealed record DataVolumeListBody(int? Next, [property: JsonPropertyName("datavolumes")] IReadOnlyList<DataVolumeBody> DataVolumes);

sealed record CountBody(int Count);

sealed record AcceptedBody(int Code, string Message);

sealed record NewDataVolumeBody(
    string? Name, string? Description, string? OriginPvcName, string? ProjectId, bool? ShouldDeleteOriginalVolume);

/// <summary>The only field of a data volume that can be changed. Other properties are ignored.</summary>
sealed record DataVolumePatchBody(string? Description);

sealed record SharedScopesPatchBody(List<ScopeNameBody?>? Add, List<ScopeNameBody?>? Remove);

sealed record ScopeNameBody(string? ScopeType, string? ScopeId);

/// <summary>The work of a cluster's agent.</summary>
/// <param name="Next">The offset of the next page; null if there is none.</param>
sealed record PendingListBody(int? Next, [property: JsonPropertyName("datavolumes")] IReadOnlyList<PendingBody> DataVolumes);

/// <param name="Action"><c>create</c>, <c>update</c> (its shared scopes have changed) or <c>delete</c>.</param>
/// <param name="Generation">The agent returns it in its report.</param>
sealed record PendingBody(
    Guid Id, string Action, int Generation, string Name, string OriginPvcName, string ProjectId, string ProjectName, string DepartmentId,
    bool ShouldDeleteOriginalVolume,
    IReadOnlyList<ScopeNameBody> SharedScopes)
{
    public static PendingBody From(DataVolumeRow row, string projectName) => new(
        row.Id, row.DeletingSince is not null ? "delete" : row.Reported == DataVolumePhase.Ready ? "update" : "create", row.Generation,
        row.Name, row.OriginPvcName,
        row.Project.ToString("D"), projectName, row.Department.ToString("D"), row.DeleteOriginal,
        [.. row.ReadScopes().Select(s => new ScopeNameBody(Fields.WireName(s.Kind), s.Id.ToString("D")))]);
}

/// <summary>An agent's report on a data volume.</summary>
/// <param name="ObservedAt">By the agent's clock. Of two reports, the one with the later time counts.</param>
/// <param name="ObservedGeneration">The <see cref="PendingBody.Generation"/> of the work; null for the current
/// one.</param>
sealed record ReportBody(
    string? Phase, string? PhaseMessage, List<ConditionReportBody?>? Conditions,
    [property: JsonPropertyName("datavolumePvcName")] string? PvcName, [property: JsonPropertyName("datavolumePvName")] string? PvName,
    bool? InUse, bool? IsDeleted, string? ObservedAt, int? ObservedGeneration);

sealed record ConditionReportBody(string? Type, string? Status, string? Message, string? Reason, string? LastTransitionTime);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(DataVolumeBody))]
[JsonSerializable(typeof(DataVolumeListBody))]
[JsonSerializable(typeof(IReadOnlyList<SharedScopeBody>))]
[JsonSerializable(typeof(CountBody))]
[JsonSerializable(typeof(AcceptedBody))]
[JsonSerializable(typeof(NewDataVolumeBody))]
[JsonSerializable(typeof(DataVolumePatchBody))]
[JsonSerializable(typeof(SharedScopesPatchBody))]
[JsonSerializable(typeof(PendingListBody))]
[JsonSerializable(typeof(ReportBody))]
sealed partial class DataVolumeJsonContext : JsonSerializerContext;

/// <summary>The room's JSON, with the encoder of <see cref="WireJson"/>.</summary>
static class DataVolumeJson
{
    public const int MaxBodyBytes = 64 * 1024;

    public static DataVolumeJsonContext Default { get; } = new(WireJson.Options(DataVolumeJsonContext.Default));
}
