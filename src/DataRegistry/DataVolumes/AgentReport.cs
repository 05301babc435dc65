using System.Globalization;
using System.Text.Json;
using DataRegistry.Http;

namespace DataRegistry.DataVolumes;

/// <summary>An agent's checked report.</summary>
/// <param name="ObservedAt">The time that the report is about; null if unknown.</param>
/// <param name="IsInferred">Whether that time is only the last transition among its conditions.</param>
/// <param name="ObservedGeneration">Null for the current one.</param>
sealed record AgentReport(
    DataVolumePhase Phase, string? Message, string? Conditions, string? PvcName, string? PvName, bool? InUse, DateTimeOffset? ObservedAt,
    bool IsInferred, int? ObservedGeneration)
{
    const int MaxMessage = 2000;

    /// <summary>
    /// The most characters of all conditions together, as JSON. One transaction of 4 MiB copies a volume to each scope
    /// that it is shared with.
    /// </summary>
    const int MaxConditions = 8000;

    /// <summary>Clocks differ. A report from further in the future would make all later ones count as old.</summary>
    static readonly TimeSpan MaxAhead = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A wrong report ends the request with 400. Without a time of its own, the last transition among its conditions is
    /// its time.
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
        // Go's zero time, like any time before 1970, means nothing.
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
    /// The volume after the report. Unchanged if the report is about an earlier time than the last one. A repeated
    /// report changes nothing.
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
    /// Whether the report is older than the kept state. A newer report may have fewer conditions, with earlier
    /// transitions. So an inferred time is compared only if the report has all kept conditions, and then with their
    /// transitions.
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
