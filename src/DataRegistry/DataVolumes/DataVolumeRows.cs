using System.Runtime.Serialization;
using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Access;
using DataRegistry.Organization;
using DataRegistry.Storage;

namespace DataRegistry.DataVolumes;

/// <summary>The phase of a data volume (contract). Names as on the wire.</summary>
public enum DataVolumePhase
{
    Ready,
    NotReady,
    Creating,
    Deleting,
    Unknown,
}

/// <summary>A scope that a data volume is shared with.</summary>
/// <param name="Department">A project's department; null for other scopes.</param>
sealed record SharedScope(ScopeKind Kind, Guid Id, Guid? Department, DateTimeOffset CreatedAt, string CreatedBy)
{
    public bool IsSame(SharedScope other) => Kind == other.Kind && Id == other.Id;
}

/// <summary>A statement of an agent, or of this service, about one aspect of a data volume.</summary>
sealed record Condition(string Type, string Status, string? Message, string? Reason, DateTimeOffset? LastTransitionTime);

/// <summary>A data volume, or its copy under a scope that it is shared with. A copy has no <see cref="Scopes"/>.</summary>
sealed record DataVolumeRow : TableRow
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public string? Description { get; init; }
    public required string OriginPvcName { get; init; }
    public required Guid Project { get; init; }
    public required Guid Department { get; init; }
    public required Guid Cluster { get; init; }
    public bool DeleteOriginal { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required string CreatedBy { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
    public required string UpdatedBy { get; init; }

    /// <summary>The phase of the agent's last report; null before its first one.</summary>
    public DataVolumePhase? Reported { get; init; }
    public string? PhaseMessage { get; init; }

    /// <summary>A JSON array of <see cref="Condition"/>; null if none.</summary>
    public string? Conditions { get; init; }
    public string? PvcName { get; init; }
    public string? PvName { get; init; }

    /// <summary>The time of the agent's last report, by the agent's clock; null if no report had one.</summary>
    public DateTimeOffset? ObservedAt { get; init; }
    public bool InUse { get; init; }

    /// <summary>When its deletion was requested; null if it was not.</summary>
    public DateTimeOffset? DeletingSince { get; init; }

    /// <summary>
    /// Number of the last change for the agent: 1 for the creation, one more for each change of the shared scopes.
    /// </summary>
    public int Generation { get; init; }

    /// <summary>The generation of the agent's last report.</summary>
    public int ObservedGeneration { get; init; }

    /// <summary>A JSON array of <see cref="SharedScope"/>; null if none, and in copies.</summary>
    public string? Scopes { get; init; }

    /// <summary>In a copy that is about to be deleted: only the volume itself shows whether it is still shared there.</summary>
    public bool Leaving { get; init; }

    /// <summary>Row key of its create's Idempotency-Key; null if it had none.</summary>
    public string? Repetition { get; init; }

    /// <summary>Whether it is a copy under a scope that the volume is shared with.</summary>
    [IgnoreDataMember] public bool IsCopy => RowKey.StartsWith("s-", StringComparison.Ordinal);

    [IgnoreDataMember] public Scope Origin => Scope.Of(new Project(Project, "", 0, Department, Cluster));

    /// <summary>Whether the agent has work on it, or has not yet reported that it is done.</summary>
    [IgnoreDataMember]
    public bool IsPending => DeletingSince is not null || Reported != DataVolumePhase.Ready || ObservedGeneration < Generation;

    public IReadOnlyList<SharedScope> ReadScopes() =>
        Scopes is null ? [] : JsonSerializer.Deserialize(Scopes, DataVolumeRowJson.Default.SharedScopeArray)!;

    public IReadOnlyList<Condition>? ReadConditions() =>
        Conditions is null ? null : JsonSerializer.Deserialize(Conditions, DataVolumeRowJson.Default.ConditionArray)!;

    public DataVolumeRow WithScopes(IReadOnlyList<SharedScope> scopes) =>
        this with { Scopes = scopes.Count == 0 ? null : JsonSerializer.Serialize([.. scopes], DataVolumeRowJson.Default.SharedScopeArray) };

    /// <summary>The copy under a scope that it is shared with.</summary>
    public DataVolumeRow CopyFor(SharedScope scope) => this with
    {
        RowKey = DataVolumeKeys.Share(scope, Id),
        ETag = default,
        Scopes = null,
        Repetition = null,
        Generation = 0,
        ObservedGeneration = 0,
        ObservedAt = null,
        InUse = false,
    };
}

/// <summary>The volume that has a name.</summary>
sealed record DataVolumeNameRow : TableRow
{
    public required Guid Volume { get; init; }
}

/// <summary>The columns that identify a data volume's owner.</summary>
sealed record DataVolumeOwnerRow : TableRow
{
    public required Guid Project { get; init; }
}

/// <summary>The agent has work on a data volume. The volume's row has all that the agent needs.</summary>
sealed record PendingRow : TableRow
{
    public required Guid Volume { get; init; }
}

/// <summary>The answer to a create with an Idempotency-Key.</summary>
sealed record RepetitionRow : TableRow
{
    public required Guid Volume { get; init; }

    /// <summary>SHA-256 of the request's body as it was understood.</summary>
    public required string Body { get; init; }

    /// <summary>The body of the answer.</summary>
    public required string Answer { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>When a cluster's agent was last seen.</summary>
sealed record AgentRow : TableRow
{
    public required DateTimeOffset LastSeen { get; init; }
}


/// <summary>The JSON inside of rows.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SharedScope[]))]
[JsonSerializable(typeof(Condition[]))]
sealed partial class DataVolumeRowJson : JsonSerializerContext;
