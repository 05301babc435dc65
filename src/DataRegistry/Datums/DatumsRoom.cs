using DataRegistry.Access;
using DataRegistry.Organization;
using DataRegistry.Storage;
using DataRegistry.Triggers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace DataRegistry.Datums;

/// <summary>The room of datums: an object's record, its tags, metadata and aliases, and its download.</summary>
static class DatumsRoom
{
    public static IReadOnlyList<QueueFunction> QueueFunctions { get; } =
    [
        QueueFunction.Of<HashDatum>("HashDatum", HashQueue.Name, (function, delivery, token) => function.RunAsync(delivery, token)),
        QueueFunction.Of<HashPoison>("HashPoison", HashQueue.PoisonName, (function, delivery, token) => function.RunAsync(delivery, token)),
    ];

    public static IServiceCollection AddDatums(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<DatumOptions>().Bind(configuration.GetSection(DatumOptions.Section)).Validate(
            o => o.IsValid,
            "The settings Datums__… are numbers above 0 (Datums__HashAtOnceBytes: or 0), Datums__DownloadSeconds at most 604800.")
            .ValidateOnStart();
        services.AddTable<LocationTable>().AddTable<DatumTable>().AddTable<AliasTable>();
        services.AddSingleton<IProjectContents, ProjectDatums>();
        services.AddSingleton<DatumLookup>().AddSingleton<ScannedStores>().AddSingleton<DatumPurge>().AddSingleton<TreePages>();
        services.AddSingleton<AdoptedObjects>().AddSingleton<ContentTokens>().AddSingleton<DatumDownloads>();
        services.AddSingleton<DatumViews>().AddSingleton<DatumSearch>().AddSingleton<AliasLookup>().AddSingleton<AliasPointing>();
        return services.AddSingleton<HashQueue>().AddSingleton<DatumHashing>().AddSingleton<HashDatum>().AddSingleton<HashPoison>();
    }

    public static void MapDatums(this Api api)
    {
        api.Content.MapContent();
        api.V0.MapStoreDeletion();
        api.V0.MapTree();
        api.V0.MapDatums();
        api.V0.MapDownloads();
        api.V0.MapPreviews();
        api.V0.MapDatumLists();
        api.V0.MapMetadata();
        api.V0.MapAliasLists();
        api.V0.MapAliases();
    }
}
