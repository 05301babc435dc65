using DataRegistry.Jobs;
using DataRegistry.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DataRegistry.Datasets;

/// <summary>The room of datasets: named, versioned lists of datums.</summary>
static class DatasetsRoom
{
    public static IServiceCollection AddDatasets(this IServiceCollection services)
    {
        services.AddTable<DatasetTable>();
        services.TryAddSingleton(new DatasetLimits());
        services.AddSingleton<IJobKind, VersionKind>().AddSingleton<IJobKind, VersionExportKind>();
        services.AddSingleton<VersionRuns>().AddSingleton<VersionJobs>().AddSingleton<VersionExports>().AddSingleton<VersionJobAccess>();
        services.AddSingleton<ManifestDiff>();
        return services.AddSingleton<ManifestBlobs>().AddSingleton<ManifestWriter>().AddSingleton<ManifestReader>();
    }
}
