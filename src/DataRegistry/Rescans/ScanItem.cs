using System.Text.Json.Serialization;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Stores;

namespace DataRegistry.Rescans;

/// <summary>An object, or a missing one, in a scan's results.</summary>
/// <param name="Outcome"><c>changed</c>, <c>missing</c>, <c>returned</c>, <c>new</c>, <c>failed</c> or
/// <c>skipped</c>.</param>
/// <param name="Datum">The adopted datum; null for a new object.</param>
/// <param name="Adopted">The datum that a changed or new object has become; null if it was not adopted.</param>
/// <param name="Was">The adopted object; null for a new object.</param>
/// <param name="Is">The object at the URL now; null if none.</param>
/// <param name="Code">The reason why it failed or was skipped.</param>
sealed record ScanItem(
    string Url, string Outcome, DatumId? Datum, DatumId? Adopted, DriftObjectBody? Was, DriftObjectBody? Is, string? Code, string? Message)
    : IJobResult
{
    public const string Changed = "changed", Missing = "missing", Returned = "returned", New = "new", Failed = "failed", Skipped =
        "skipped";

    /// <summary>The outcomes that results can be filtered by.</summary>
    public static IReadOnlyList<string> Outcomes { get; } = [Changed, Missing, Returned, New, Failed, Skipped];

    public static ScanItem From(Finding finding, string bucket) => new(
        new S3Url(bucket, finding.Key).ToString(), finding.Outcome, finding.Datum, finding.Adopted,
        finding.Was is { } was ? DriftObjectBody.From(was) : null,
        finding.Object is { } there ? DriftObjectBody.From(DriftFacts.Of(there)) : null,
        finding.Reason?.Code, finding.Reason?.Message);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RescanJobBody))]
[JsonSerializable(typeof(Page<RescanJobBody>))]
[JsonSerializable(typeof(Page<ScanItem>))]
sealed partial class RescanJson : JsonSerializerContext;
