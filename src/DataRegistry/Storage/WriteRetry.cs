using Azure;

namespace DataRegistry.Storage;

/// <summary>
/// Paces the tries of one conditional write whose row others change, too: <c>for (var retry = new WriteRetry(clock, token);; await
/// retry.AgainAsync())</c>. Each pause is random, so that writers who met once do not meet again, and up to twice as long as the one
/// before.
/// </summary>
sealed class WriteRetry(TimeProvider clock, CancellationToken cancellationToken)
{
    /// <summary>Of 100 writers at once the last one is done within this many tries, as long as each try lets one of them through.</summary>
    public const int MaxTries = 100;

    static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(4);
    static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    int tries = 1;

    /// <summary>Waits before the next try.</summary>
    /// <exception cref="RequestFailedException">503: the row was changed by others at each of the tries. The caller may try again
    /// later.</exception>
    public Task AgainAsync()
    {
        if (tries == MaxTries)
            throw new RequestFailedException(503, $"Others changed the same row at each of {MaxTries} tries. Try again later.");
        var longest = Math.Min(FirstPause.TotalMilliseconds * Math.Pow(2, tries++ - 1), LongestPause.TotalMilliseconds);
        return Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.NextDouble() * longest), clock, cancellationToken);
    }
}
