using DataRegistry.Access;
using DataRegistry.Jobs;
using DataRegistry.Selections.Exports;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DataRegistry.Selections;

/// <summary>The room of selections: choose datums first, then act on what was shown.</summary>
static class SelectionsRoom
{
    public static IServiceCollection AddSelections(this IServiceCollection services)
    {
        services.TryAddSingleton(new SelectionLimits());
        services.AddSingleton<IJobKind, FreezeKind>().AddSingleton<IJobKind, ActionKind>();
        services.AddSingleton<FreezeSources>().AddSingleton<DatumChanges>().AddSingleton<DatumExport>();
        services.AddSingleton<ExportFiles>().AddSingleton<ExportLinks>();
        return services.AddSingleton<SelectionAccess>().AddSingleton<SelectionRequests>().AddSingleton<SelectionActions>();
    }

    public static void MapSelections(this Api api)
    {
        api.Content.MapGet("/selections/{id}/jobs/{job}/files/{name}/content/", ExportContent.SendAsync)
            .WithName("getExportedFile").SendsExport();
        api.V0.MapSelections();
        api.V0.MapSelectionActions();
    }
}
