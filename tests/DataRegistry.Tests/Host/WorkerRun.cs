using DataRegistry.StandIn;

namespace DataRegistry.Tests.Host;

/// <summary>The published app under the stand-in host.</summary>
static class WorkerRun
{
    public static async Task<StandInHost> StartAsync(string storage, params (string Name, string Value)[] settings) =>
        await StandInHost.StartAsync(
        await PublishedApp.FolderAsync(),
        new Dictionary<string, string>(
            settings.Select(s => KeyValuePair.Create(s.Name, s.Value)), StringComparer.Ordinal)
        { ["AzureWebJobsStorage"] = storage });
}
