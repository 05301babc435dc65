using DataRegistry.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Datasets;

/// <summary>The room of datasets: named, versioned lists of datums.</summary>
static class DatasetsRoom
{
    public static IServiceCollection AddDatasets(this IServiceCollection services)
    {
        services.AddTable<DatasetTable>();
        return services.AddSingleton<ManifestBlobs>().AddSingleton<ManifestWriter>().AddSingleton<ManifestReader>();
    }
}
