namespace DataRegistry.Jobs;

/// <summary>The progress of a job's ranges.</summary>
/// <param name="Done">Their counts so far.</param>
/// <param name="Recent">Recent inputs a second, see <see cref="RecentRate"/>.</param>
/// <param name="Waiting">The reason why every range with a message waits; null if one is worked on.</param>
readonly record struct JobProgress(Counts Done, double Recent, WaitingBody? Waiting);

/// <param name="For">A sentence.</param>
/// <param name="Since">When the wait began, after its last progress.</param>
sealed record WaitingBody(string For, DateTimeOffset Since);

/// <summary>
/// Recent inputs a second: older inputs count less. The ranges' rows keep it, where it costs no request. The sum over a
/// job's ranges is the job's rate, and it falls by itself while nothing is done.
/// </summary>
static class RecentRate
{
    /// <summary>After this time an input counts 1/e of its first weight.</summary>
    static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    /// <summary>The range after it has done <paramref name="inputs"/> more.</summary>
    public static WorkRow CountedAt(this WorkRow range, DateTimeOffset now, long inputs) =>
        range with { Recent = range.RecentAt(now) + (inputs / Memory.TotalSeconds), RecentSince = now };

    /// <summary>The range's recent rate.</summary>
    public static double RecentAt(this WorkRow range, DateTimeOffset now) =>
        range.RecentSince is { } since ? range.Recent * Remains(now - since) : 0;

    /// <summary>
    /// The rate of a job, corrected for a short running time, as if it had done nothing before. Null if it has not run
    /// at all.
    /// </summary>
    public static double? Of(double recent, TimeSpan? running) => running > TimeSpan.Zero ? recent / (1 - Remains(running.Value)) : null;

    // Instances' clocks differ a little.
    static double Remains(TimeSpan age) => age > TimeSpan.Zero ? Math.Exp(-age / Memory) : 1;
}
