using DataRegistry.Http;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Jobs;

/// <summary>Errors that jobs of every kind have.</summary>
static class JobErrors
{
    public static DetailError ResultsGone { get; } = new(
        StatusCodes.Status410Gone,
        "Results are kept for {days} days after a job's end. Of an adoption, results/?outcome=created still answers.",
        "The results are deleted.");

    public static DetailError Ended { get; } = new(
        StatusCodes.Status409Conflict, "The job has {status} already; it cannot be cancelled.", "The job has ended.");

    public static DetailError TooManyJobs { get; } = new(
        StatusCodes.Status429TooManyRequests, "The project has the most running jobs that it may have. Try again when one has ended.",
        "The project has too many jobs. `Retry-After` says when to come again.");

    public static DetailError FirstNotDone { get; } = new(
        StatusCodes.Status503ServiceUnavailable, "The first request with this key is not done yet.",
        "Another delivery of the request is being accepted. Repeat the request.");
}
