using System.Text.Json.Serialization;
using DataRegistry.Adoption.Input;
using DataRegistry.Datums;

namespace DataRegistry.Adoption;

/// <summary>What an adoption asks for, as it is described; it is read piece by piece (<see cref="AdoptionBody"/>).</summary>
/// <param name="Urls">Any number that fits into a body.</param>
/// <param name="Prefix"><c>s3://bucket/prefix</c>, also with wildcards.</param>
/// <param name="Manifest">URL of a file in the store with a URL or key a line.</param>
/// <param name="Exclude">Patterns of keys to leave out, together up to 8 KB.</param>
/// <param name="DryRun">To tell only what would happen to up to 10,000 URLs.</param>
/// <param name="AdoptChanged">An object that is not what the project adopted from its URL becomes a datum in the place of the old one,
/// which stays and is marked as changed. Another project's stays as it is. Costs a HEAD for each existing URL of a list, or a LIST where
/// they lie densely, and a HEAD for each changed object.</param>
/// <param name="Tags">Tags of every datum that the adoption creates, until somebody edits that datum's tags.</param>
sealed record AdoptBody(
    string? Url, IReadOnlyList<string>? Urls, string? Prefix, string? Manifest, string? Project, IReadOnlyList<string>? Exclude,
    bool? DryRun, bool? AdoptChanged, IReadOnlyList<string>? Tags);

sealed record CreatedBody(bool Ok, IReadOnlyDictionary<string, DatumId> Created);

/// <param name="Existing">Ids are null where the caller may not read the datum.</param>
sealed record AnswerBody(
    bool Ok, IReadOnlyDictionary<string, DatumId> Created, IReadOnlyDictionary<string, DatumId?> Existing,
    IReadOnlyList<UrlErrorBody> Errors)
{
    /// <summary>Those of the existing whose objects are not what was adopted any more; left out where there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Changed { get; init; }
}

/// <param name="Changed">True where the object at the URL is not what was adopted any more: <c>adopt_changed</c> adopts it anew. Else left
/// out.</param>
sealed record ExistsBody(
    string Message, string? Code, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Changed);

sealed record UrlErrorBody(string Url, string Message, string? Code);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(CreatedBody))]
[JsonSerializable(typeof(AnswerBody))]
[JsonSerializable(typeof(ExistsBody))]
[JsonSerializable(typeof(DryRunBody))]
sealed partial class AdoptionJson : JsonSerializerContext;
