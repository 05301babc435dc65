using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DataRegistry.Storage;

/// <summary>The room of the storage account.</summary>
static class StorageRoom
{
    public static IServiceCollection AddStorage(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => StorageAccount.IdentityOf(configuration));
        services.TryAddSingleton(_ => StorageAccount.FromConfiguration(configuration));
        services.TryAddSingleton(s => s.GetRequiredService<StorageAccount>().Tables);
        services.TryAddSingleton(s => s.GetRequiredService<StorageAccount>().Queues);
        services.TryAddSingleton(s => s.GetRequiredService<StorageAccount>().Blobs);
        return services;
    }

    /// <summary>A table that is created at the start.</summary>
    public static IServiceCollection AddTable<T>(this IServiceCollection services) where T : class, IStoredTable =>
        services.AddSingleton<T>().AddSingleton<IStoredTable>(s => s.GetRequiredService<T>());
}
