namespace DataRegistry.LocalHost.Buckets;

/// <summary>
/// Faults to inject into requests, instead of or before an answer. Probabilities are from 0 to 1, drawn in this order
/// from one seeded sequence.
/// </summary>
public sealed record FaultPlan
{
    public static readonly FaultPlan None = new();

    /// <summary>
    /// The same seed and the same sequence of requests give the same faults. Concurrent requests draw in their order of
    /// arrival.
    /// </summary>
    public int Seed { get; init; } = 1;

    /// <summary>The connection is closed without an answer.</summary>
    public double Cut { get; init; }

    /// <summary>503 <c>SlowDown</c>.</summary>
    public double SlowDown { get; init; }

    /// <summary>500 <c>InternalError</c>.</summary>
    public double InternalError { get; init; }

    /// <summary>A correct answer, but <see cref="DelayMilliseconds"/> later.</summary>
    public double Delay { get; init; }
    public int DelayMilliseconds { get; init; }

    /// <summary>Only this kind of request (see <see cref="RequestCounts"/>); null for all.</summary>
    public string? Kind { get; init; }

    /// <summary>The most faults in all (delays not counted); null for no limit.</summary>
    public int? Limit { get; init; }
}

sealed class ServerFaults
{
    readonly Lock gate = new();
    FaultPlan plan = FaultPlan.None;
    Random random = new(1);
    int injected;

    public FaultPlan Plan
    {
        get => plan;
        set
        {
            lock (gate)
                (plan, random, injected) = (value, new Random(value.Seed), 0);
        }
    }

    /// <summary>True if the request needs no further answer.</summary>
    public async Task<bool> InjectAsync(S3Request request)
    {
        double delay;
        S3Error? error = null;
        var cut = false;
        FaultPlan now;
        lock (gate)
        {
            now = plan;
            if (ReferenceEquals(now, FaultPlan.None)
                || (now.Kind is { } kind && !string.Equals(kind, request.Kind, StringComparison.Ordinal)))
                return false;
            double a = random.NextDouble(), b = random.NextDouble(), c = random.NextDouble();
            delay = random.NextDouble();
            if (now.Limit is not { } limit || injected < limit)
            {
                cut = a < now.Cut;
                error = cut ? null
                    : b < now.SlowDown ? new(503, "SlowDown", "Please reduce your request rate.")
                    : c < now.InternalError ? new(500, "InternalError", "We encountered an internal error. Please try again.")
                    : null;
                injected += cut || error is not null ? 1 : 0;
            }
        }
        if (cut)
            request.Http.Abort();
        else if (error is not null)
            throw error;
        else if (delay < now.Delay)
            await Task.Delay(now.DelayMilliseconds, request.Http.RequestAborted);
        return cut;
    }
}
