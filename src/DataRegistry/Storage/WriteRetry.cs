using Azure;

namespace DataRegistry.Storage;

/// <summary>
/// Paces the tries of one conditional write to a row that other writers change, too:
/// <c>for (var retry = new WriteRetry(clock, token);; await retry.AgainAsync())</c>. Each pause is random, which keeps writers apart, and
/// up to twice as long as the one before.
/// </summary>
sealed class WriteRetry(TimeProvider clock, CancellationToken cancellationToken)
{
    /// <summary>The most tries. They suffice for 100 concurrent writers, because each round lets one through.</summary>
    public const int MaxTries = 100;

    static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(4);
    static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    int tries = 1;

    /// <summary>Waits before the next try.</summary>
    /// <exception cref="RequestFailedException">503: other writers changed the row at each of the tries. The caller may try again
    /// later.</exception>
    public Task AgainAsync()
    {
        if (tries == MaxTries)
            throw new RequestFailedException(503, $"Others changed the same row at each of {MaxTries} tries. Try again later.");
        var longest = Math.Min(FirstPause.TotalMilliseconds * Math.Pow(2, tries++ - 1), LongestPause.TotalMilliseconds);
        return Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.NextDouble() * longest), clock, cancellationToken);
    }
}
