using System.Globalization;

namespace DataRegistry.DataVolumes;

/// <summary>
/// The present state of a data volume. It is computed on reading from the agent's last report, the requests and the
/// agent's own state. So no write is needed when a cluster gets or loses its agent, or an agent falls silent.
/// </summary>
static class DataVolumeState
{
    /// <summary>The condition's type for a volume whose cluster has no agent.</summary>
    public const string CatalogOnly = nameof(CatalogOnly);

    public static DataVolumePhase PhaseOf(DataVolumeRow row, ClusterAgent agent, DateTimeOffset now) =>
        agent.IsSilent(row, now) ? DataVolumePhase.Unknown
        : row.DeletingSince is not null ? DataVolumePhase.Deleting
        : !agent.Cluster.HasAgent ? DataVolumePhase.Ready
        : row.Reported ?? DataVolumePhase.Creating;

    public static DataVolumeStatusBody StatusOf(DataVolumeRow row, ClusterAgent agent, string projectName, DateTimeOffset now)
    {
        var phase = PhaseOf(row, agent, now);
        if (!agent.Cluster.HasAgent)
            return new(phase.ToString(), CatalogMessage(agent), [CatalogCondition(row, agent)], null, null);
        var conditions = row.ReadConditions();
        var message = phase switch
        {
            DataVolumePhase.Unknown when agent.IsSilent(row, now) => Silent(row, agent),
            DataVolumePhase.NotReady => row.PhaseMessage ?? NotReady(row, conditions, projectName),
            DataVolumePhase.Creating =>
                row.PhaseMessage ?? $"Waiting for the agent of cluster '{agent.Cluster.Name}' to publish the PVC '{row.OriginPvcName}'.",
            DataVolumePhase.Deleting => row.PhaseMessage ?? $"Waiting for the agent of cluster '{agent.Cluster.Name}' to remove it.",
            _ => row.PhaseMessage,
        };
        return new(
            phase.ToString(), message, conditions is null ? null : [.. conditions.Select(ConditionBody.From)], row.PvcName, row.PvName);
    }

    static string CatalogMessage(ClusterAgent agent) =>
        $"Cluster '{agent.Cluster.Name}' has no agent: the data volume is an entry of the catalog, and nothing is made in the cluster.";

    static ConditionBody CatalogCondition(DataVolumeRow row, ClusterAgent agent) => new(
        CatalogOnly, "True", $"{CatalogMessage(agent)} To have it made there, run an agent in the cluster and say so at the cluster.",
        "NoAgent", row.CreatedAt);

    static string Silent(DataVolumeRow row, ClusterAgent agent) => string.Create(
        CultureInfo.InvariantCulture,
        $"The agent of cluster '{agent.Cluster.Name}' {(agent.LastSeen is { } seen
            ? $"was last seen at {seen.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}"
            : "was never seen")}. ")
        + $"The last known phase is {(row.DeletingSince is not null
            ? DataVolumePhase.Deleting
            : row.Reported ?? DataVolumePhase.Creating)}. "
        + "Check that the agent runs, can reach this service and has a valid token.";

    /// <summary>The meaning and the remedy of a reason, for an agent that gave only a reason.</summary>
    static string NotReady(DataVolumeRow row, IReadOnlyList<Condition>? conditions, string projectName)
    {
        var failed = conditions?.FirstOrDefault(c => c.Status == "False") ?? conditions?.FirstOrDefault(c => c.Reason is not null);
        return failed?.Reason switch
        {
            "OriginalPvcNotBound" =>
                $"The PVC '{row.OriginPvcName}' of project '{projectName}' is not bound to a volume. Look at its events and bind it; the "
                    + "data volume becomes ready then.",
            "OriginalPvcNotFound" =>
                $"There is no PVC '{row.OriginPvcName}' in project '{projectName}'. Create it, or delete this data volume and publish "
                    + "another PVC.",
            { } reason => $"{reason}{(failed.Message is null ? "" : $": {failed.Message}")}. See the conditions; the agent keeps trying.",
            null => "The agent gave no reason. See its log in the cluster; it keeps trying.",
        };
    }
}
