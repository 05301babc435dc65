using System.Text.Json.Serialization;
using DataRegistry.Adoption.Input;
using DataRegistry.Datums;
using DataRegistry.Http;

namespace DataRegistry.Adoption;

/// <summary>
/// The body of an adoption request, as the document describes it. <see cref="AdoptionBody"/> reads it in pieces.
/// </summary>
/// <param name="Urls">Any number that fits into a body.</param>
/// <param name="Prefix"><c>s3://bucket/prefix</c>, possibly with wildcards.</param>
/// <param name="Manifest">URL of a file in the store with a URL or key a line.</param>
/// <param name="Exclude">Patterns of keys to leave out, together up to 8 KB.</param>
/// <param name="DryRun">Only report the expected outcome, for up to 10,000 URLs.</param>
/// <param name="AdoptChanged">A changed object of one of the project's datums becomes a new datum that replaces it. The
/// old datum stays, marked as changed. Datums of other projects stay as they are. Costs a HEAD for each existing URL of
/// a list, or a LIST where they are dense, and a HEAD for each changed object.</param>
/// <param name="Tags">Tags of every datum that the adoption creates, until somebody edits that datum's tags.</param>
sealed record AdoptBody(
    string? Url, IReadOnlyList<string>? Urls, string? Prefix, string? Manifest, string? Project, IReadOnlyList<string>? Exclude,
    bool? DryRun, bool? AdoptChanged, IReadOnlyList<string>? Tags);

/// <summary>The answer to an adoption that needs no job. A dry run has the expected outcome in place of the outcome.</summary>
sealed record AdoptedBody
{
    /// <summary>False if a URL failed. Left out of a dry run.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Ok { get; init; }

    /// <summary>The new datums by their URLs. Left out of a dry run.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, DatumId>? Created { get; init; }

    /// <summary>
    /// URLs that were datums before. Ids are null if the caller may not read the datum. Left out if one `url` was sent.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, DatumId?>? Existing { get; init; }

    /// <summary>URLs that failed or were skipped. Left out if one `url` was sent.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<UrlErrorBody>? Errors { get; init; }

    /// <summary>The existing URLs whose object differs from the adopted one. Left out if there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Changed { get; init; }

    /// <summary>True in a dry run, else left out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? DryRun { get; init; }

    /// <summary>Whether a dry run checked the whole input.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Complete { get; init; }

    /// <summary>The counts of a dry run.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DryRunCounts? Counts { get; init; }

    /// <summary>Up to 100 URLs of a dry run. URLs that would fail come first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<DryRunItem>? Sample { get; init; }

    /// <summary>In a dry run of a prefix: objects that its patterns leave out. Left out where there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LeftOutBody? LeftOut { get; init; }

    public static AdoptedBody From(DryRunBody plan) => new()
    {
        DryRun = plan.DryRun,
        Complete = plan.Complete,
        Counts = plan.Counts,
        Sample = plan.Sample,
        LeftOut = plan.LeftOut,
    };
}

/// <summary>The answer if none of several URLs became a datum, or was one.</summary>
sealed record NothingAdoptedBody(
    bool Ok, IReadOnlyDictionary<string, DatumId> Created, IReadOnlyDictionary<string, DatumId?> Existing,
    IReadOnlyList<UrlErrorBody> Errors)
{
    /// <summary>
    /// Only if one `url` was sent: true if its object differs from the adopted one. `adopt_changed` then adopts the new
    /// object.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Changed { get; init; }
}

/// <summary>The answer to one URL that is a datum already.</summary>
/// <param name="Changed">True if the object at the URL differs from the adopted one: <c>adopt_changed</c> then adopts
/// the new object. Else left out.</param>
sealed record ExistsBody(
    string Message, string? Code, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Changed);

/// <summary>An input in a job's results: a failed or skipped one, or a created one with its datum.</summary>
/// <param name="Outcome"><c>failed</c>, <c>skipped</c> or <c>created</c>.</param>
/// <param name="Code">The error of a failed or skipped one; null if it has none.</param>
/// <param name="Message">The reason of a failed or skipped one; null for a created one.</param>
/// <param name="Id">The datum of a created one; else left out.</param>
sealed record AdoptionResult(
    string Url, string Outcome, string? Code, string? Message,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DatumId? Id);

sealed record UrlErrorBody(string Url, string Message, string? Code);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(AdoptBody))]
[JsonSerializable(typeof(AdoptedBody))]
[JsonSerializable(typeof(NothingAdoptedBody))]
[JsonSerializable(typeof(MessageBody))]
[JsonSerializable(typeof(ExistsBody))]
sealed partial class AdoptionJson : JsonSerializerContext;
