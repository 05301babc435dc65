namespace DataRegistry.Jobs;

/// <summary>How far a job's ranges are.</summary>
/// <param name="Done">What they have done.</param>
/// <param name="Recent">Inputs a second lately, see <see cref="RecentRate"/>.</param>
/// <param name="Waiting">What all of those wait for that have a message; null if one is worked on.</param>
readonly record struct JobProgress(Counts Done, double Recent, WaitingBody? Waiting);

/// <param name="For">A sentence.</param>
/// <param name="Since">When it first had to wait after its last progress.</param>
sealed record WaitingBody(string For, DateTimeOffset Since);

/// <summary>
/// Inputs a second of late: each counts the less the longer ago it was done. Kept in the ranges' rows, where it costs no request, and
/// simply added up
/// over a job's ranges; so it falls by itself while nothing is done.
/// </summary>
static class RecentRate
{
    /// <summary>After so long an input counts 1/e of what it did at first.</summary>
    static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    /// <summary>The range after it has done so many more.</summary>
    public static WorkRow CountedAt(this WorkRow range, DateTimeOffset now, long inputs) =>
        range with { Recent = range.RecentAt(now) + (inputs / Memory.TotalSeconds), RecentSince = now };

    /// <summary>What the range does lately.</summary>
    public static double RecentAt(this WorkRow range, DateTimeOffset now) =>
        range.RecentSince is { } since ? range.Recent * Remains(now - since) : 0;

    /// <summary>
    /// The rate of a job that has not run for long enough yet: as if it had done nothing else before. Null if it has not run at all.
    /// </summary>
    public static double? Of(double recent, TimeSpan? running) => running > TimeSpan.Zero ? recent / (1 - Remains(running.Value)) : null;

    // Instances' clocks differ a little.
    static double Remains(TimeSpan age) => age > TimeSpan.Zero ? Math.Exp(-age / Memory) : 1;
}
