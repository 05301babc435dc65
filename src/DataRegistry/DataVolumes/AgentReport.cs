using System.Globalization;
using System.Text.Json;
using DataRegistry.Http;

namespace DataRegistry.DataVolumes;

/// <summary>What an agent reported, checked.</summary>
/// <param name="ObservedAt">What time it is about; null if it does not say.</param>
/// <param name="IsInferred">Whether that is only the last of its conditions' transitions.</param>
/// <param name="ObservedGeneration">Null for the one that is current.</param>
sealed record AgentReport(
    DataVolumePhase Phase, string? Message, string? Conditions, string? PvcName, string? PvName, bool? InUse, DateTimeOffset? ObservedAt,
    bool IsInferred, int? ObservedGeneration)
{
    const int MaxMessage = 2000;

    /// <summary>
    /// All conditions together, as JSON: a volume is copied to each scope that it is shared with, in one transaction of 4 MiB.
    /// </summary>
    const int MaxConditions = 8000;

    /// <summary>Clocks differ; a report from further ahead than this would silence all that follow.</summary>
    static readonly TimeSpan MaxAhead = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A wrong report ends the request with 400. Where it does not say what time it is about, the last of its conditions' transitions is.
    /// </summary>
    public static AgentReport From(ReportBody body, DateTimeOffset now)
    {
        var phase = body.Phase is null ? throw CommonErrors.Required.On("phase")
            : Array.Find(Enum.GetValues<DataVolumePhase>(), p => p.ToString() == body.Phase) is var found && found.ToString() == body.Phase
                ? found
            : throw CommonErrors.NotAChoice.On("phase", string.Join(", ", Enum.GetNames<DataVolumePhase>()));
        var conditions = body.Conditions?.Select(Read).ToArray();
        var json = conditions is not { Length: > 0 }
            ? null
            : JsonSerializer.Serialize(conditions, DataVolumeRowJson.Default.ConditionArray);
        if (json?.Length > MaxConditions)
            throw CommonErrors.TooLong.On("conditions", MaxConditions);
        var observed = Fields.Time("observedAt", body.ObservedAt, DateTimeOffset.UnixEpoch);
        var inferred = observed is null;
        if (observed > now + MaxAhead)
            throw DataVolumeErrors.InTheFuture.On("observedAt", now.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        // Go's zero time, like all before 1970, says nothing.
        observed ??= conditions?.Max(c => c.LastTransitionTime) is { } last && last > DateTimeOffset.UnixEpoch && last <= now + MaxAhead
            ? last
            : null;
        return new(
            phase, DataVolumeFields.Text("phaseMessage", body.PhaseMessage, MaxMessage), json,
            DataVolumeFields.Text("datavolumePvcName", body.PvcName, DataVolumeFields.MaxObjectName),
            DataVolumeFields.Text("datavolumePvName", body.PvName, DataVolumeFields.MaxObjectName),
            body.InUse, observed, inferred, body.ObservedGeneration);
    }

    /// <summary>
    /// The volume as it is after the report; as it was where the report is about an earlier time than the last one. Repeating it changes
    /// nothing.
    /// </summary>
    public DataVolumeRow Apply(DataVolumeRow row) => IsLate(row) ? row : row with
    {
        Reported = Phase,
        PhaseMessage = Message,
        Conditions = Conditions,
        PvcName = PvcName ?? row.PvcName,
        PvName = PvName ?? row.PvName,
        InUse = InUse ?? row.InUse,
        ObservedAt = ObservedAt < row.ObservedAt ? row.ObservedAt : ObservedAt ?? row.ObservedAt,
        ObservedGeneration = Math.Max(row.ObservedGeneration, Math.Min(ObservedGeneration ?? row.Generation, row.Generation)),
    };

    /// <summary>
    /// A report that is newer may know fewer conditions, and with them earlier transitions: where the time is inferred it tells only if all
    /// conditions that are kept are in the report, and against their transitions.
    /// </summary>
    bool IsLate(DataVolumeRow row)
    {
        if (!(ObservedAt < row.ObservedAt))
            return false;
        if (!IsInferred || row.ReadConditions() is not { } kept)
            return true;
        var mentioned = JsonSerializer.Deserialize(
            Conditions!, DataVolumeRowJson.Default.ConditionArray)!.Select(c => c.Type).ToHashSet(StringComparer.Ordinal);
        return kept.All(c => mentioned.Contains(c.Type)) && ObservedAt < (kept.Max(c => c.LastTransitionTime) ?? row.ObservedAt);
    }

    static Condition Read(ConditionReportBody? body, int index)
    {
        var at = $"conditions[{index}]";
        return body is null ? throw CommonErrors.NotAnObject.On(at) : new(
            Text("type", body.Type) ?? throw CommonErrors.Required.On($"{at}.type"),
            Text("status", body.Status) ?? throw CommonErrors.Required.On($"{at}.status"),
            Text("message", body.Message), Text("reason", body.Reason), Fields.Time($"{at}.lastTransitionTime", body.LastTransitionTime));

        string? Text(string field, string? text) => DataVolumeFields.Text($"{at}.{field}", text, MaxMessage);
    }
}
