using System.Collections.Concurrent;
using DataRegistry.Organization;
using Microsoft.Extensions.Options;

namespace DataRegistry.DataVolumes;

/// <summary>A cluster's agent.</summary>
/// <param name="LastSeen">Null if never.</param>
/// <param name="Silence">After this time without a request, the phase of its volumes is unknown.</param>
sealed record ClusterAgent(Cluster Cluster, DateTimeOffset? LastSeen, TimeSpan Silence)
{
    /// <summary>A deleted cluster counts as one without an agent.</summary>
    public static ClusterAgent None(Guid cluster) => new(new(cluster, cluster.ToString("D")), LastSeen: null, TimeSpan.Zero);

    /// <summary>
    /// Whether the volume's agent has been silent for too long. Before its first request, the time runs from the
    /// volume's creation.
    /// </summary>
    public bool IsSilent(DataVolumeRow row, DateTimeOffset now) => Cluster.HasAgent && now - (LastSeen ?? row.CreatedAt) > Silence;
}

/// <summary>The clusters' agents, and when each was last seen.</summary>
sealed class ClusterAgents(UnitTable units, DataVolumeTable volumes, TimeProvider clock, IOptions<DataVolumeOptions> options)
{
    /// <summary>The shortest time between two notes of an agent, because not every request is worth a write.</summary>
    static readonly TimeSpan NotedEvery = TimeSpan.FromSeconds(15);

    readonly ConcurrentDictionary<Guid, DateTimeOffset> noted = new();

    public async Task<ClusterAgent> OfAsync(Guid cluster, CancellationToken cancellationToken) =>
        (await OfAsync([cluster], cancellationToken))[cluster];

    /// <summary>The agents of the clusters. One request for all clusters, and one more for each that has an agent.</summary>
    public async Task<IReadOnlyDictionary<Guid, ClusterAgent>> OfAsync(
        IReadOnlyCollection<Guid> clusters, CancellationToken cancellationToken)
    {
        var found = await units.FindClustersAsync(clusters, cancellationToken);
        var agents = await Task.WhenAll(
            clusters.Distinct().Select(async id => found.GetValueOrDefault(id) is not { } cluster ? ClusterAgent.None(id)
            : new ClusterAgent(
                cluster, cluster.HasAgent ? (await volumes.FindAgentAsync(id, cancellationToken))?.LastSeen : null,
                options.Value.AgentSilence)));
        return agents.ToDictionary(a => a.Cluster.Id);
    }

    /// <summary>Notes that the cluster's agent is alive. The request itself need not wait for the write.</summary>
    public async Task NoteAsync(Guid cluster, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (noted.TryGetValue(cluster, out var last) && (now - last).Duration() < NotedEvery)
            return;
        await volumes.NoteAgentAsync(cluster, cancellationToken);
        noted[cluster] = now;
    }
}
