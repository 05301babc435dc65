using DataRegistry.Http;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.DataVolumes;

/// <summary>A data volume as lists filter and sort it.</summary>
/// <param name="ProjectName">The present name.</param>
/// <param name="Phase">The present phase.</param>
sealed record ListedVolume(DataVolumeRow Row, string ProjectName, DataVolumePhase Phase)
{
    /// <summary>The fields of the contract. Ids ascend with the time of creation.</summary>
    public static ListGrammar<ListedVolume> Grammar { get; } = new(
        volume => volume.Row.Id,
        volume => [volume.Row.Name, volume.Row.Description, volume.Row.OriginPvcName, volume.ProjectName],
        [
            new TextField<ListedVolume>("name", volume => volume.Row.Name),
            new TextField<ListedVolume>("projectId", volume => volume.Row.Project.ToString("D")),
            new TextField<ListedVolume>("clusterId", volume => volume.Row.Cluster.ToString("D")),
            new TextField<ListedVolume>("departmentId", volume => volume.Row.Department.ToString("D")),
            new TextField<ListedVolume>("projectName", volume => volume.ProjectName),
            new TimeField<ListedVolume>("createdAt", volume => volume.Row.CreatedAt),
            new TextField<ListedVolume>("createdBy", volume => volume.Row.CreatedBy),
            new TextField<ListedVolume>("phase", volume => volume.Phase.ToString()),
        ])
    {
        AllowsEmptyFilter = true,
        SizeOf = volume => RowSize.Of(volume.Row) + RowSize.Of(volume.ProjectName),
    };
}

enum DataVolumeRequestType
{
    /// <summary>Volumes of the projects that the caller may see.</summary>
    Originated,

    /// <summary>Volumes that a project may use: its own, and those shared with it, its department or its cluster.</summary>
    UsableInProject,
}

/// <summary>The filter, the order and the part of a list of data volumes.</summary>
/// <param name="UsableInProjectId"> Null if it is not given, which is an error only for <see
/// cref="DataVolumeRequestType.UsableInProject"/>.
/// </param>
sealed record DataVolumeQuery(DataVolumeRequestType RequestType, string? UsableInProjectId, ListQuery<ListedVolume> List)
{
    /// <summary>Reads the contract's parameters; a wrong one ends the request with 400.</summary>
    public static DataVolumeQuery From(HttpRequest request)
    {
        var types = Enum.GetNames<DataVolumeRequestType>();
        var type = Fields.OneOf("requestType", Fields.Query(request, "requestType"), types)
            ?? throw CommonErrors.Required.On("requestType");
        return new(
            Enum.Parse<DataVolumeRequestType>(type), Fields.Query(request, "usableInProjectId"),
            ListQuery<ListedVolume>.From(request, ListedVolume.Grammar));
    }
}
