using System.Text.Json;
using System.Text.Json.Serialization;
using DataRegistry.Jobs;
using DataRegistry.Selections.Exports;

namespace DataRegistry.Datasets;

/// <summary>A job's task for a version, as its row keeps it.</summary>
/// <param name="Version">The version's id. The row of one that a job makes names the job.</param>
sealed record VersionOrder(Guid Version)
{
    /// <summary>
    /// The id of the selection that the version is made of, which is that of the job that froze it. Null for an export.
    /// </summary>
    public Guid? Selection { get; init; }

    /// <summary>Of an export; null otherwise.</summary>
    public ExportFormat? Format { get; init; }

    /// <summary>
    /// The name of the audit event at the job's end. A job that failed or was cancelled made nothing, so it is only finished, as adoptions
    /// and scans are.
    /// </summary>
    public string EventOf(JobStatus status) => status != JobStatus.Completed ? "dataset_version.finished"
        : Format is null ? "dataset_version.created" : "dataset_version.exported";

    public string Write() => JsonSerializer.Serialize(this, VersionOrderJson.Default.VersionOrder);

    public static VersionOrder Read(string text) => JsonSerializer.Deserialize(text, VersionOrderJson.Default.VersionOrder)!;
}

/// <summary>A sorted run of entries, which counts from when a row names it.</summary>
/// <param name="Blob">Its blob.</param>
/// <param name="Entries">How many it has.</param>
sealed record EntryRun(string Blob, long Entries)
{
    public string Write() => JsonSerializer.Serialize(this, VersionOrderJson.Default.EntryRun);

    public static EntryRun Read(string text) => JsonSerializer.Deserialize(text, VersionOrderJson.Default.EntryRun)!;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(VersionOrder))]
[JsonSerializable(typeof(EntryRun))]
sealed partial class VersionOrderJson : JsonSerializerContext;
