using DataRegistry.Http;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datasets;

/// <summary>Errors of versions that jobs make, and of their jobs.</summary>
static class VersionErrors
{
    public static DetailError JobExpired { get; } = new(
        StatusCodes.Status410Gone, "A job of a version is kept for {days} days. The version stays.", "The job has expired.");

    public static DetailError NothingMade { get; } = new(
        StatusCodes.Status409Conflict, "Job {job} of the first request with this key made no version. Use another key.",
        "The version that an earlier request with this `Idempotency-Key` began was not made, or was deleted.");

    public static FieldError NoSelection { get; } = new(
        "does_not_exist", "There is no such selection in the dataset's project.",
        "The selection does not exist, belongs to another project, or is not visible to the caller.");

    public static FieldError ExpiredSelection { get; } = new(
        "expired", "The selection has expired. Make it again.", "The selection is kept no more.");

    public static FieldError EmptySelection { get; } = new(
        "invalid", "The selection has no datums.", "A version has at least one file.");

    public static FieldError SelectionTooLarge { get; } = new(
        "invalid", "The selection has over {max} datums. Make several versions of narrower selections.",
        "A version has so many files at most.");

    public static FieldError FilesAndSelection { get; } = new(
        "invalid", "A version is made of 'files' or of a 'selection', not of both.", "The body has both fields.");
}
