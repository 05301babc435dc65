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

/// <summary>The rate of a job, in inputs a second, and its estimated end.</summary>
/// <param name="Rate">Null if nothing is done yet.</param>
/// <param name="Eta">Null if it is unknown, or the job has ended.</param>
readonly record struct JobPace(double? Rate, DateTimeOffset? Eta)
{
    /// <summary>The longest estimate, for a job that nearly stands still.</summary>
    const double MaxSeconds = 10.0 * 365 * 24 * 3600;

    /// <param name="left">Inputs that are not done; null if unknown.</param>
    public static JobPace Of(JobRow job, double? rate, long? left, DateTimeOffset now)
    {
        if (rate is { } exact)
            rate = Math.Round(exact, 1);
        return new(
            rate,
            rate > 0 && left > 0 && !job.Status.IsTerminal() ? now.AddSeconds(Math.Min(left.Value / rate.Value, MaxSeconds)) : null);
    }

    /// <summary>The pace of a job that goes on as it has done on average.</summary>
    public static JobPace Average(JobRow job, Counts counts, DateTimeOffset now)
    {
        var seconds = ((job.Finished ?? now) - job.Started)?.TotalSeconds;
        return Of(job, seconds > 0 && counts.Total > 0 ? counts.Total / seconds : null, job.Total - counts.Total, now);
    }
}
