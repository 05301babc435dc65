using System.Collections.Concurrent;
using DataRegistry.Organization;
using Microsoft.Extensions.Options;

namespace DataRegistry.DataVolumes;

/// <summary>What is known of a cluster's agent.</summary>
/// <param name="LastSeen">Null for never.</param>
/// <param name="Silence">After so long without a word nothing is known of its volumes.</param>
sealed record ClusterAgent(Cluster Cluster, DateTimeOffset? LastSeen, TimeSpan Silence)
{
    /// <summary>Of a cluster that is gone nobody reports, as of one without an agent.</summary>
    public static ClusterAgent None(Guid cluster) => new(new(cluster, cluster.ToString("D")), LastSeen: null, TimeSpan.Zero);

    /// <summary>
    /// Whether the volume's agent has not been heard of for too long. Before it ever was, the time runs from the volume's creation.
    /// </summary>
    public bool IsSilent(DataVolumeRow row, DateTimeOffset now) => Cluster.HasAgent && now - (LastSeen ?? row.CreatedAt) > Silence;
}

/// <summary>The agents of clusters: who has one, and when it was last heard of.</summary>
sealed class ClusterAgents(UnitTable units, DataVolumeTable volumes, TimeProvider clock, IOptions<DataVolumeOptions> options)
{
    /// <summary>Not every call of an agent is worth a write.</summary>
    static readonly TimeSpan NotedEvery = TimeSpan.FromSeconds(15);

    readonly ConcurrentDictionary<Guid, DateTimeOffset> noted = new();

    public async Task<ClusterAgent> OfAsync(Guid cluster, CancellationToken cancellationToken) =>
        (await OfAsync([cluster], cancellationToken))[cluster];

    /// <summary>One for each of the clusters: a request for all of them, and one more for each that has an agent.</summary>
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

    /// <summary>The cluster's agent was heard of; what it asked for need not wait for this to be known exactly.</summary>
    public async Task NoteAsync(Guid cluster, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (noted.TryGetValue(cluster, out var last) && (now - last).Duration() < NotedEvery)
            return;
        await volumes.NoteAgentAsync(cluster, cancellationToken);
        noted[cluster] = now;
    }
}
