using Azure;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Stores.S3;

/// <summary>
/// S3 or the tables still throttle after the clients' own retries. This is no failure: the work is postponed.
/// </summary>
static class Throttling
{
    public static bool Is(Exception fault) =>
        fault is BucketException { Fault: BucketFault.Throttled }
            or RequestFailedException { Status: StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable };

    /// <summary>A random delay, so that workers who were throttled together do not return together.</summary>
    public static TimeSpan Delay() => TimeSpan.FromSeconds(15 + Random.Shared.Next(30));
}
