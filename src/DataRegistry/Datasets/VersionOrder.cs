using System.Text.Json;
using System.Text.Json.Serialization;
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
