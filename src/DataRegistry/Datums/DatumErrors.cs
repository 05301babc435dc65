using DataRegistry.Http;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datums;

/// <summary>Errors of datums, their properties, aliases and downloads.</summary>
static class DatumErrors
{
    public static FieldError NotAUrl { get; } = new(
        "invalid", S3Url.Requirement, "The value is not the URL of an object.");

    public static FieldError NotADatumOrder { get; } = new(
        "invalid_choice", "One of ctime, id, name, size is expected, '-' before it or not.", "Datums cannot be sorted by this.");

    public static FieldError OffsetTooLarge { get; } = new(
        "invalid", "A number from 0 to {max} is expected. Follow 'next' to go further.", "The offset is not a number, or too large.");

    public static FieldError TooManyProjects { get; } = new(
        "required", "You may read over {max} projects. Add 'project' with the id of one.",
        "The list of all projects together would be too expensive.");

    public static FieldError TooManyProjectsToSort { get; } = new(
        "required", "The aliases of over {max} projects are listed by name only. Add 'project', or leave 'ordering' out.",
        "Another order than by name reads the aliases of all projects.");

    public static FieldError OffsetBeyondSearch { get; } = new(
        "invalid", "Fewer than {offset} of the datums that could be searched in time match. Begin without an offset and follow 'next'.",
        "A search for a name ends after 10 seconds.");

    public static FieldError OffsetBeyondMatches { get; } = new(
        "invalid", "Fewer than {offset} of the newest {looked} datums match. Begin without an offset and follow 'next', "
        + "or make a selection, which finds all that match.",
        "The offset is beyond the rows that one request looks at.");

    public static FieldError TooManyToSort { get; } = new(
        "too_many",
        "Over {matches} matches, or {looked} datums to look at, are listed by -ctime only. Narrow the "
        + "list down, or leave 'ordering' out. A store's tree/ lists its keys in order, "
        + "however many, and a selection finds datums by name, tag and size among all.",
        "A long list is sorted only as it is stored.");

    public static FieldError AliasNeedsProject { get; } = new(
        "required", "You may read over {max} projects. Add 'project' with the id of the alias's.",
        "The caller reads too many projects to look for an alias in all of them.");

    public static FieldError AliasAmbiguous { get; } = new(
        "required", "Several projects have an alias '{alias}'. Add 'project' with the id of one.",
        "Several projects of the caller have this alias.");

    public static DetailError StoreInUse { get; } = new(
        StatusCodes.Status409Conflict,
        "Datums refer to '{store}'. Delete it with ?force=true: they stay, and cannot be downloaded any "
        + "more.",
        "Datums refer to the store.");

    public static DetailError UrlNotValid { get; } = new(
        StatusCodes.Status403Forbidden, "This URL is not valid, or not any more. Ask for the download again.",
        "The token of the URL is wrong or expired.");

    public static DetailError RangeNotSatisfiable { get; } = new(
        StatusCodes.Status416RangeNotSatisfiable, "The object has {size} bytes.", "The range begins after the end of the object.");

    public static CodedError ChangedJustNow { get; } = new(
        StatusCodes.Status409Conflict, "datum_changed", "The object changed during this request. Repeat the request.",
        "The object in the bucket is no longer the adopted one.");

    public static CodedError CannotBeSigned { get; } = new(
        StatusCodes.Status409Conflict, "cannot_be_signed",
        "No URL that S3 understands can be signed for this key. The registry streams such objects itself "
        + "if its operator sets Stores__SecretKey.",
        "The operator has to set the key.");

    public static CodedError BucketUnavailable { get; } = new(
        StatusCodes.Status503ServiceUnavailable, code: null, "{reason}",
        "The bucket does not answer, or refuses. The message says why; the code names the fault.");

    public static CodedError Purged { get; } = new(
        StatusCodes.Status404NotFound, "datum_purged", "Datum {datum} is purged. Adopt its URL again: the new datum has another id.",
        "The datum is marked as purged, so its bytes are not given out.");

    public static CodedError ReadNotAllowed { get; } = new(
        StatusCodes.Status403Forbidden, "read_not_allowed",
        "The datum's store does not allow downloads. Ask a department_admin to set 'allow_read' to true.",
        "The store has `allow_read: false`.");

    public static CodedError StoreDeleted { get; } = new(
        StatusCodes.Status409Conflict, "store_deleted",
        "The datum's store is deleted, so the datum cannot be downloaded. Adopt the object again from another store.",
        "The store is deleted.");

    public static CodedError Changed { get; } = new(
        StatusCodes.Status409Conflict, "datum_changed", "{uri} has changed since it was adopted, and no version of it was kept. "
        + "Adopt it again with \"adopt_changed\": true, which makes a new datum.",
        "The object in the bucket is no longer the adopted one.");

    public static CodedError Archived { get; } = new(
        StatusCodes.Status409Conflict, "datum_archived", "{uri} is archived ({storage_class}): restore it first.",
        "The object lies in an archive class.");

    public static CodedError Missing { get; } = new(
        StatusCodes.Status409Conflict, "datum_missing", "{uri} is not in its bucket any more. Put it back, or purge the datum.",
        "The object is gone from the bucket.");

    public static DetailError PropertiesNotAnObject { get; } = new(
        StatusCodes.Status400BadRequest, "The properties of {datum} must be an object.", "Properties are a JSON object.");

    public static DetailError PropertyNotText { get; } = new(
        StatusCodes.Status400BadRequest, "A property of {datum} holds half of a surrogate pair, which is no text.",
        "A property is not valid Unicode.");

    public static DetailError PropertiesTooLarge { get; } = new(
        StatusCodes.Status413PayloadTooLarge, "The properties of {datum} are {bytes} bytes as JSON; up to {max} are kept.",
        "The properties are too large.");

    public static FieldError TagsTooLong { get; } = new(
        "max_length", "The tags are {bytes} bytes together; up to {max} are kept.",
        "The datum would have too many tags, or too long ones.");

    public static FieldError TooManyTags { get; } = new(
        "max_length", "At most {max} tags are expected.", "The datum would have too many tags.");

    public static FieldError TooManyAliasesToSort { get; } = new(
        "too_many", "Over {max} aliases are listed by name only. Leave 'ordering' out.", "A long list is sorted only as it is stored.");

    public static FieldError NotADatumId { get; } = new(
        "invalid", DatumId.Requirement, "The value is not the id of a datum.");

    public static FieldError NoDatumInProject { get; } = new(
        "does_not_exist", "There is no datum {datum} in this project.", "An alias names a datum of its own project.");

    public static FieldError NotAnAliasName { get; } = new(
        "invalid", AliasName.Requirement, "The name has characters that it may not have, or too many.");

    public static FieldError KeyNotADatumId { get; } = new(
        "invalid", $"'{{text}}' is no datum's id. {DatumId.Requirement}", "A key of the map is not the id of a datum.");

    public static FieldError DatumGivenTwice { get; } = new(
        "invalid", "{datum} is given more than once.", "The map names a datum twice, in two spellings of its id.");

    public static FieldError NoDatum { get; } = new(
        "does_not_exist", "There is no datum {datum}.", "The datum does not exist, or is not visible to the caller.");
}
