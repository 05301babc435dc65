using DataRegistry.Access;
using DataRegistry.Organization;
using DataRegistry.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.DataVolumes;

/// <summary>The room of data volumes, their shared scopes and the agents of clusters.</summary>
static class DataVolumesRoom
{
    /// <summary>The published contract, as an embedded OpenAPI document.</summary>
    public const string Contract = "DataVolumes/openapi.json";

    public static IServiceCollection AddDataVolumes(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<DataVolumeOptions>().Bind(configuration.GetSection(DataVolumeOptions.Section))
            .Validate(o => o.IsValid, "The settings DataVolumes__… are numbers above 0.").ValidateOnStart();
        services.AddTable<DataVolumeTable>().AddSingleton<IProjectContents, ProjectDataVolumes>();
        services.AddSingleton<DataVolumeServices>().AddSingleton<SharingServices>().AddSingleton<ReportServices>();
        return services.AddSingleton<ClusterAgents>().AddSingleton<DataVolumeAccess>().AddSingleton<DataVolumeViews>();
    }

    public static void MapDataVolumes(this Api api)
    {
        api.V1.MapDataVolumes();
        api.V1.MapDataVolumeLists();
        api.V1.MapSharedScopes();
        api.V1.MapAgents();
    }
}
