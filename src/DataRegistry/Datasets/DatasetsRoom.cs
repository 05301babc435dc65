using DataRegistry.Access;
using DataRegistry.Jobs;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Triggers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DataRegistry.Datasets;

/// <summary>The room of datasets: named, versioned lists of datums.</summary>
static class DatasetsRoom
{
    public static IServiceCollection AddDatasets(this IServiceCollection services)
    {
        services.AddTable<DatasetTable>();
        services.AddSingleton<IProjectContents, ProjectDatasets>();
        services.AddSingleton<DatasetDeletion>().AddSingleton<ICollector>(s => s.GetRequiredService<DatasetDeletion>());
        services.AddSingleton<DatasetAccess>().AddSingleton<DatasetVersions>().AddSingleton<VersionFiles>();
        services.TryAddSingleton(new DatasetLimits());
        services.AddSingleton<IJobKind, VersionKind>().AddSingleton<IJobKind, VersionExportKind>();
        services.AddSingleton<VersionRuns>().AddSingleton<VersionMerge>().AddSingleton<VersionJobs>().AddSingleton<VersionExports>();
        services.AddSingleton<VersionJobAccess>().AddSingleton<VersionsOfSelections>().AddSingleton<VersionsOfFiles>();
        services.AddSingleton<ManifestDiff>();
        return services.AddSingleton<ManifestBlobs>().AddSingleton<ManifestWriter>().AddSingleton<ManifestReader>();
    }

    public static void MapDatasets(this Api api)
    {
        api.V0.MapDatasets();
        api.V0.MapDatasetVersions();
        api.V0.MapVersionFiles();
        api.V0.MapVersionAliases();
        api.V0.MapVersionDiff();
        api.V0.MapVersionJobs();
        api.Content.MapVersionExportContent();
    }
}
