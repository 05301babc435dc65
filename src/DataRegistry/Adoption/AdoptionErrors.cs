using DataRegistry.Http;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Adoption;

/// <summary>Errors of adoptions and of their jobs.</summary>
static class AdoptionErrors
{
    public static DetailError JobNotEnded { get; } = new(
        StatusCodes.Status409Conflict, "The job has not ended yet. Retry it after its end, when all failures are known.",
        "Wait for the end of the job, or cancel it.");

    public static DetailError JobStoreGone { get; } = new(
        StatusCodes.Status409Conflict, "The job's store is deleted, or allows no adoptions into this project. Adopt from another store.",
        "The store is deleted, or changed since.");

    public static DetailError NothingFailed { get; } = new(
        StatusCodes.Status409Conflict, "No URL of the job failed, so there is nothing to retry.",
        "Every URL of the job is adopted.");

    public static DetailError AdoptionNotAllowed { get; } = new(
        StatusCodes.Status403Forbidden,
        "Store '{store}' does not allow adoptions. Ask a department_admin to set 'allow_adopt' to true.",
        "The store has `allow_adopt: false`.");

    public static DetailError StoreOfAnotherProject { get; } = new(
        StatusCodes.Status403Forbidden, "Store '{store}' belongs to another project: adopt into that one.",
        "The store has `access_mode: single_project`.");

    public static FieldError EmptyList { get; } = new(
        "empty", "This list may not be empty.", "`urls` is an empty list.");

    public static DetailError BucketBusy { get; } = new(
        StatusCodes.Status503ServiceUnavailable, "{reason}", "The bucket does not answer, or throttles. Repeat the request later.");

    public static CodedError BucketRefused { get; } = new(
        StatusCodes.Status400BadRequest, code: null, "{reason}", "The bucket refuses. The message says why; the code names the fault.");

    public static CodedError NotAdopted { get; } = new(
        StatusCodes.Status400BadRequest, code: null, "{reason}",
        "The one URL was not adopted. The message and the code say why; the code is null if the URL is a datum already.");

    public static DetailError StagedTooLate { get; } = new(
        StatusCodes.Status408RequestTimeout,
        "The list was not uploaded and staged within {seconds} seconds. "
        + "Nothing was adopted: send it in several requests.",
        "The list was not uploaded and staged in time.");

    public static FieldError ManifestAlone { get; } = new(
        "invalid", "A manifest cannot be combined with 'url', 'urls' or 'dry_run'.",
        "The body names a manifest and something else to adopt.");

    public static FieldError ManifestNotAUrl { get; } = new(
        "invalid_url", S3Url.Requirement, "The value is not the URL of an object.");

    public static FieldError ManifestOutside { get; } = new(
        "url_outside_store", "{reason}", "The manifest lies outside of the store.");

    public static CodedError ManifestNotReadable { get; } = new(
        StatusCodes.Status403Forbidden, "read_not_allowed",
        "Store '{store}' does not allow reads, so a manifest in it cannot be used. Send the list as 'urls', or as text/plain.",
        "The store has `allow_read: false`.");

    public static FieldError ManifestEmpty { get; } = new(
        "empty", "A file of 1 to {max} bytes is expected; this one has {size}.", "The manifest has no bytes.");

    public static FieldError ManifestTooLarge { get; } = new(
        "too_large", "A file of 1 to {max} bytes is expected; this one has {size}.", "The manifest has too many bytes.");

    public static FieldError ManifestFormat { get; } = new(
        "unsupported_format", "{reason}", "The manifest is compressed, a table such as a CSV file, JSON, or no text.");

    public static FieldError TooManyForDryRun { get; } = new(
        "too_many", "A dry run takes at most {max} URLs; these are {count}. Send fewer, or leave 'dry_run' out.",
        "A dry run checks every URL in one request.");

    public static FieldError PrefixAlone { get; } = new(
        "invalid", "A prefix cannot be combined with 'url', 'urls' or 'manifest'.", "The body names a prefix and something else to adopt.");

    public static FieldError NotAPrefix { get; } = new(
        "invalid", "A prefix is s3://<bucket>/<beginning of keys>, which may hold the wildcards *, ** and ?.",
        "The value is not a prefix.");

    public static FieldError PrefixOutside { get; } = new(
        "url_outside_store", "Outside {store}, which holds {prefix}…", "The prefix lies outside of the store.");

    public static FieldError NotAPattern { get; } = new(
        "invalid", KeyGlob.Requirement, "The value is not a pattern of keys.");

    public static FieldError TooManyPatterns { get; } = new(
        "invalid", "At most {max} patterns are expected.", "The request excludes too many patterns.");

    public static FieldError PatternsTooLong { get; } = new(
        "max_length", KeyGlobs.TooLong, "The patterns of the request are too long.");

    public static FieldError NotCharacters { get; } = new(
        "invalid", "A string contains an invalid character.", "A string is not valid Unicode.");

    public static FieldError NotATextFlag { get; } = new(
        "invalid", "'true' or 'false' is expected.", "The value is neither `true` nor `false`.");

    public static DetailError NotAListOfUrls { get; } = new(
        StatusCodes.Status415UnsupportedMediaType,
        "Unsupported media type \"{type}\" in request. Send application/json, or text/plain with one URL "
        + "a line.",
        "The body has a type that the operation does not read.");

    public static DetailError NotUtf8 { get; } = new(
        StatusCodes.Status400BadRequest, "The text is not UTF-8.", "The list of URLs is not UTF-8.");

    public static DetailError ValueTooLong { get; } = new(
        StatusCodes.Status400BadRequest, "The value after {count} URLs is over {max} bytes long. No URL, or other value, is that long.",
        "A value of the body is longer than any URL.");
}
