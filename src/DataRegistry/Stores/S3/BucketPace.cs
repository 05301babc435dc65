namespace DataRegistry.Stores.S3;

/// <summary>
/// The rate at which this process may send requests to a store's bucket, as a share of its full rate. S3's throttling
/// halves it, and it grows back evenly. Safe for concurrent use.
/// </summary>
public sealed class BucketPace(TimeProvider clock)
{
    /// <summary>The time to grow from nothing to the full rate.</summary>
    static readonly TimeSpan Recovery = TimeSpan.FromMinutes(1);

    /// <summary>Requests that are throttled within this time, and their retries, count as one sign.</summary>
    static readonly TimeSpan SignPeriod = TimeSpan.FromSeconds(1);

    const double Least = 1.0 / 64;

    readonly Lock gate = new();
    double share = 1;
    long since = clock.GetTimestamp();

    /// <summary>Above 0, at most 1.</summary>
    public double Share
    {
        get
        {
            lock (gate)
                return Now();
        }
    }

    /// <summary>S3 has throttled a request.</summary>
    public void SlowDown()
    {
        lock (gate)
        {
            if (share < 1 && clock.GetElapsedTime(since) < SignPeriod)
                return;
            (share, since) = (Math.Max(Least, Now() / 2), clock.GetTimestamp());
        }
    }

    double Now() => share >= 1 ? 1 : Math.Min(1, share + (clock.GetElapsedTime(since) / Recovery));
}
