using System.Net;
using DataRegistry.StandIn;

namespace DataRegistry.Tests.Host;

/// <summary>The published app under the stand-in host.</summary>
static class WorkerRun
{
    /// <summary>Starts a worker, and waits until it has made its tables. A function that is called before may fail.</summary>
    public static async Task<StandInHost> StartAsync(string storage, params (string Name, string Value)[] settings)
    {
        var host = await StandInHost.StartAsync(
            await PublishedApp.FolderAsync(),
            new Dictionary<string, string>(settings.Select(s => KeyValuePair.Create(s.Name, s.Value)), StringComparer.Ordinal)
            {
                ["AzureWebJobsStorage"] = storage,
            });
        try
        {
            await IsReadyAsync(host);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the next worker of a host whose last one ended.</summary>
    public static async Task StartAgainAsync(StandInHost host)
    {
        await host.StartWorkerAsync();
        await IsReadyAsync(host);
    }

    /// <summary>A request of the API waits for the tables. With a token it also reads one.</summary>
    static Task IsReadyAsync(StandInHost host) => Eventually.IsTrueAsync(async () =>
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v0/projects/")
        {
            Headers = { { "Authorization", "Token a-token-that-is-unknown" } },
        };
        using var response = await host.Client.SendAsync(request);
        return response.StatusCode == HttpStatusCode.Unauthorized;
    }, "the worker is ready");
}
