using DataRegistry.Http;
using DataRegistry.Stores;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Selections;

/// <summary>Errors of selections, and of what is done with them.</summary>
static class SelectionErrors
{
    public static FieldError EmptyFilter { get; } = new(
        "required", "A filter needs at least one of {names}; 'purged' alone is not enough.", "The filter restricts nothing.");

    public static FieldError UnknownFilter { get; } = new(
        "unknown", "A filter has only {names}.", "The filter has an unknown field. Without it, the filter would match more than intended.");

    public static FieldError NothingBetween { get; } = new(
        "invalid", "Nothing can match: this value leaves no room after '{from}'.",
        "The bounds leave nothing.");

    public static FieldError NotASelectedPrefix { get; } = new(
        "invalid", "A prefix is the beginning of a key, or s3://<bucket>/<beginning of keys>.", "The value is not a prefix.");

    public static FieldError PrefixOfAnotherBucket { get; } = new(
        "invalid", "The store's bucket is '{bucket}'.", "The prefix is a URL of another bucket than the store's.");

    public static FieldError NotASelectedGlob { get; } = new(
        "invalid", KeyGlob.Requirement, "The pattern is malformed.");

    public static FieldError NoSelectedStore { get; } = new(
        "does_not_exist", "There is no such store.", "The store does not exist, or is not visible to the caller.");

    public static FieldError NoSelectedJob { get; } = new(
        "does_not_exist", "This project has no adoption or rescan with this id.", "The job belongs to another project, or does not adopt.");

    public static DetailError JobStillRuns { get; } = new(
        StatusCodes.Status409Conflict, "The job has not ended. Select its datums when it has.",
        "A running job would add datums after the selection.");

    public static DetailError SelectionExpired { get; } = new(
        StatusCodes.Status410Gone, "A selection is kept for {days} days. Make it again.", "The selection has expired.");

    public static DetailError SelectionNotFrozen { get; } = new(
        StatusCodes.Status409Conflict,
        "The selection is {status}. Wait until it is completed; make it again if it failed or was cancelled.",
        "The selection is not complete yet, was cancelled, or failed.");

    public static DetailError ActionRuns { get; } = new(
        StatusCodes.Status409Conflict, "Job {job} acts on the selection. Wait for its end, or cancel it.",
        "One job at a time acts on a selection.");

    public static DetailError ActionBegins { get; } = new(
        StatusCodes.Status409Conflict, "A job is just starting to act on the selection. Try again soon.",
        "One job at a time acts on a selection.");

    public static FieldError NoTags { get; } = new(
        "required", "At least one tag is expected.", "The list of tags is empty.");
}
