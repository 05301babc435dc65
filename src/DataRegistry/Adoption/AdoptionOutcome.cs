using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using DataRegistry.Datums;
using DataRegistry.Http;
using DataRegistry.Jobs;
using DataRegistry.Stores;
using DataRegistry.Stores.S3;

namespace DataRegistry.Adoption;

/// <summary>The outcome of one object.</summary>
public abstract record AdoptionOutcome
{
    AdoptionOutcome() { }

    /// <summary>This job made it a datum.</summary>
    public sealed record Created(DatumId Datum) : AdoptionOutcome
    {
        /// <summary>It replaced a datum whose object had changed.</summary>
        public bool Replaces { get; init; }
    }

    /// <summary>It was a datum before, of this project or another.</summary>
    public sealed record AlreadyTracked(DatumId Datum, Guid Project) : AdoptionOutcome
    {
        /// <summary>The adoption saw that the object differs from the adopted one. False if it did not check.</summary>
        public bool IsChanged { get; init; }
    }

    /// <summary>There is no such object in the bucket.</summary>
    public sealed record ObjectMissing : AdoptionOutcome;

    /// <summary>The object could not be read; <paramref name="Message"/> gives the reason and the remedy.</summary>
    public sealed record Refused(string Code, string Message) : AdoptionOutcome;
}

/// <summary>An input that did not become a datum, as results list it.</summary>
/// <param name="Outcome"><c>failed</c> or <c>skipped</c>.</param>
public sealed record AdoptionFailure(string Url, string Outcome, string? Code, string Message) : IJobResult
{
    /// <summary>Characters of a malformed URL that its message repeats. The URL may be as long as the request.</summary>
    const int MaxShown = 200;

    /// <summary>The format in blobs of results.</summary>
    internal static JsonTypeInfo<AdoptionFailure> Stored { get; } = new AdoptionFailureJson(
        WireJson.Options(AdoptionFailureJson.Default)).AdoptionFailure;

    public const string Failed = "failed";
    public const string Skipped = "skipped";
    public const string DuplicateCode = "duplicate";
    public const string MissingCode = "adoptable_file_not_found";

    /// <summary>Null for an object that is a datum.</summary>
    public static AdoptionFailure? Of(AdoptionOutcome outcome, string url, Store store) => outcome switch
    {
        AdoptionOutcome.ObjectMissing => Missing(url, store),
        AdoptionOutcome.Refused refused => new(url, Failed, refused.Code, refused.Message),
        _ => null,
    };

    public static AdoptionFailure Missing(string url, Store store) =>
        new(url, Failed, MissingCode, $"Not found in {store.Name}: '{url}'{PrefixHint(url)}");

    /// <summary>A hint for a URL that names a folder, or has wildcards: each is a prefix.</summary>
    static string PrefixHint(string url) =>
        url.EndsWith('/') ? ". To adopt all objects below a folder, send its URL as 'prefix' in place of 'url'"
        : url.AsSpan().ContainsAny('*', '?') ? ". To adopt all objects that match, send this as 'prefix' in place of 'url'"
        : HasBrackets(url, '[', ']') || HasBrackets(url, '{', '}')
            ? ". To adopt several objects, send their common beginning, or a pattern with *, ** and ?, as 'prefix' in place of 'url'; "
                + "brackets are no wildcards"
        : "";

    static bool HasBrackets(string url, char open, char close) => url.IndexOf(open) is >= 0 and var at && url.IndexOf(close, at) > at;

    /// <summary>The same, for a URL without an object but with objects below it.</summary>
    public AdoptionFailure AsFolder() => this with
    {
        Message = $"{Message}. There are objects below it: to adopt them, send '{Url}/' as 'prefix' in place of 'url'",
    };

    /// <summary>A hint for <c>s3://bucket</c>, with or without a slash, which names no object.</summary>
    static string BucketHint(string url) =>
        url.StartsWith("s3://", StringComparison.Ordinal) && url.Length > 5 && url.IndexOf('/', 5) is var slash
            && (slash < 0 || (slash > 5 && slash == url.Length - 1))
            ? " To adopt all objects of a bucket, send 's3://<bucket>/' as 'prefix' in place of 'url'." : "";

    public static AdoptionFailure Exists(string url, Store store) => new(url, Failed, null, $"{url} already exists in {store.Name}");

    public static AdoptionFailure Malformed(string url) => new(
        url, Failed, "invalid_url",
        $"Not an S3 URL: '{(url.Length > MaxShown ? $"{url.AsSpan(0, MaxShown)}…" : url)}'. {S3Url.Requirement}{BucketHint(url)}"
            + SchemeHint(url));

    /// <summary>A hint for the schemes that Hadoop uses.</summary>
    static string SchemeHint(string url) =>
        url.StartsWith("s3a://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("s3n://", StringComparison.OrdinalIgnoreCase)
            ? $" Write s3:// in place of {url[..6]}" : "";

    public static AdoptionFailure Outside(string url, Store store) =>
        new(url, Failed, "url_outside_store", $"Outside {store.Name}, which holds {store.UriPrefix}…: '{url}'");

    /// <summary>A folder marker: an empty object whose key ends with a slash.</summary>
    public static AdoptionFailure Directory(string url) => new(url, Skipped, "directory", $"Not a file but a folder marker: '{url}'");

    /// <summary>A listing's entry without a usable key.</summary>
    public static AdoptionFailure Damaged(string url, string reason) => new(url, Failed, DamagedEntry.Code, $"{reason} Rename the object.");

    public static AdoptionFailure Excluded(string url, KeyGlob pattern) =>
        new(url, Skipped, "excluded", $"Excluded by '{pattern.Pattern}': '{url}'");

    /// <summary>Of a key that the pattern of a prefix does not match.</summary>
    public static AdoptionFailure Unmatched(string url, KeyGlob pattern) =>
        new(url, Skipped, "unmatched", $"Does not match '{pattern.Pattern}': '{url}'");

    public static AdoptionFailure Duplicate(string url) => new(url, Skipped, DuplicateCode, $"Given more than once: '{url}'");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AdoptionFailure))]
sealed partial class AdoptionFailureJson : JsonSerializerContext;
