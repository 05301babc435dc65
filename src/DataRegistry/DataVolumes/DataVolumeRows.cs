using System.Runtime.Serialization;
using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Access;
using DataRegistry.Organization;
using DataRegistry.Storage;

namespace DataRegistry.DataVolumes;

/// <summary>Where a data volume is (contract). Names as on the wire.</summary>
public enum DataVolumePhase
{
    Ready,
    NotReady,
    Creating,
    Deleting,
    Unknown,
}

/// <summary>A scope that a data volume is shared with.</summary>
/// <param name="Department">A project's, in which it stays; null for other scopes.</param>
sealed record SharedScope(ScopeKind Kind, Guid Id, Guid? Department, DateTimeOffset CreatedAt, string CreatedBy)
{
    public bool IsSame(SharedScope other) => Kind == other.Kind && Id == other.Id;
}

/// <summary>What an agent, or this service, has to say about a part of a data volume's making.</summary>
sealed record Condition(string Type, string Status, string? Message, string? Reason, DateTimeOffset? LastTransitionTime);

/// <summary>A data volume; also its copy under each scope that it is shared with, which lacks <see cref="Scopes"/>.</summary>
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

    /// <summary>The phase that the agent reported last; null before its first report.</summary>
    public DataVolumePhase? Reported { get; init; }
    public string? PhaseMessage { get; init; }

    /// <summary>A JSON array of <see cref="Condition"/>; null if none.</summary>
    public string? Conditions { get; init; }
    public string? PvcName { get; init; }
    public string? PvName { get; init; }

    /// <summary>By the agent's clock, what its last report was about; null if no report said.</summary>
    public DateTimeOffset? ObservedAt { get; init; }
    public bool InUse { get; init; }

    /// <summary>When its deletion was asked for; null if it was not.</summary>
    public DateTimeOffset? DeletingSince { get; init; }

    /// <summary>
    /// Number of the last change that an agent has to follow: 1 for the creation, one more for each change of the shared scopes.
    /// </summary>
    public int Generation { get; init; }

    /// <summary>The generation that the agent last reported on.</summary>
    public int ObservedGeneration { get; init; }

    /// <summary>A JSON array of <see cref="SharedScope"/>; null if none, and in copies.</summary>
    public string? Scopes { get; init; }

    /// <summary>In a copy that is about to go: only the volume itself tells whether it still is shared there.</summary>
    public bool Leaving { get; init; }

    /// <summary>Row key of what its create's Idempotency-Key is kept by; null if it had none.</summary>
    public string? Repetition { get; init; }

    /// <summary>Whether it lies under a scope that the volume is shared with.</summary>
    [IgnoreDataMember] public bool IsCopy => RowKey.StartsWith("s-", StringComparison.Ordinal);

    [IgnoreDataMember] public Scope Origin => Scope.Of(new Project(Project, "", 0, Department, Cluster));

    /// <summary>Whether an agent has something to do about it, or did not say yet that it is done.</summary>
    [IgnoreDataMember]
    public bool IsPending => DeletingSince is not null || Reported != DataVolumePhase.Ready || ObservedGeneration < Generation;

    public IReadOnlyList<SharedScope> ReadScopes() =>
        Scopes is null ? [] : JsonSerializer.Deserialize(Scopes, DataVolumeRowJson.Default.SharedScopeArray)!;

    public IReadOnlyList<Condition>? ReadConditions() =>
        Conditions is null ? null : JsonSerializer.Deserialize(Conditions, DataVolumeRowJson.Default.ConditionArray)!;

    public DataVolumeRow WithScopes(IReadOnlyList<SharedScope> scopes) =>
        this with { Scopes = scopes.Count == 0 ? null : JsonSerializer.Serialize([.. scopes], DataVolumeRowJson.Default.SharedScopeArray) };

    /// <summary>What lies beside it under a scope that it is shared with.</summary>
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

/// <summary>Whose a name is.</summary>
sealed record DataVolumeNameRow : TableRow
{
    public required Guid Volume { get; init; }
}

/// <summary>Whose a data volume is.</summary>
sealed record DataVolumeOwnerRow : TableRow
{
    public required Guid Project { get; init; }
}

/// <summary>The agent has work on a data volume; all that it needs stands in the volume's row.</summary>
sealed record PendingRow : TableRow
{
    public required Guid Volume { get; init; }
}

/// <summary>What a create answered that had an Idempotency-Key.</summary>
sealed record RepetitionRow : TableRow
{
    public required Guid Volume { get; init; }

    /// <summary>SHA-256 of the request's body as it was understood.</summary>
    public required string Body { get; init; }

    /// <summary>The body that was answered.</summary>
    public required string Answer { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>When a cluster's agent was last heard of.</summary>
sealed record AgentRow : TableRow
{
    public required DateTimeOffset LastSeen { get; init; }
}


/// <summary>What stands as JSON inside of rows.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SharedScope[]))]
[JsonSerializable(typeof(Condition[]))]
sealed partial class DataVolumeRowJson : JsonSerializerContext;
