using Azure;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Stores.S3;

/// <summary>
/// S3 or the tables say that they are asked too much, after the clients' own retries. That is no failure: the work is put off.
/// </summary>
static class Throttling
{
    public static bool Is(Exception fault) =>
        fault is BucketException { Fault: BucketFault.Throttled }
            or RequestFailedException { Status: StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable };

    /// <summary>At random, so that those who were told together do not come back together.</summary>
    public static TimeSpan Delay() => TimeSpan.FromSeconds(15 + Random.Shared.Next(30));
}
