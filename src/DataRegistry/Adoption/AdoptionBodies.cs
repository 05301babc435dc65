using System.Text.Json.Serialization;
using DataRegistry.Adoption.Input;
using DataRegistry.Datums;
using DataRegistry.Http;

namespace DataRegistry.Adoption;

/// <summary>What an adoption asks for, as it is described; it is read piece by piece (<see cref="AdoptionBody"/>).</summary>
/// <param name="Urls">Any number that fits into a body.</param>
/// <param name="Prefix"><c>s3://bucket/prefix</c>, also with wildcards.</param>
/// <param name="Manifest">URL of a file in the store with a URL or key a line.</param>
/// <param name="Exclude">Patterns of keys to leave out, together up to 8 KB.</param>
/// <param name="DryRun">To tell only what would happen to up to 10,000 URLs.</param>
sealed record AdoptBody(
    string? Url, IReadOnlyList<string>? Urls, string? Prefix, string? Manifest, string? Project, IReadOnlyList<string>? Exclude,
    bool? DryRun);

sealed record CreatedBody(bool Ok, IReadOnlyDictionary<string, DatumId> Created);

/// <param name="Existing">Ids are null where the caller may not read the datum.</param>
sealed record AnswerBody(
    bool Ok, IReadOnlyDictionary<string, DatumId> Created, IReadOnlyDictionary<string, DatumId?> Existing,
    IReadOnlyList<UrlErrorBody> Errors);

sealed record UrlErrorBody(string Url, string Message, string? Code);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(AdoptBody))]
[JsonSerializable(typeof(CreatedBody))]
[JsonSerializable(typeof(AnswerBody))]
[JsonSerializable(typeof(DryRunBody))]
[JsonSerializable(typeof(MessageBody))]
sealed partial class AdoptionJson : JsonSerializerContext;
