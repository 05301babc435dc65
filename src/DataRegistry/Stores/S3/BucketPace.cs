namespace DataRegistry.Stores.S3;

/// <summary>
/// How fast this process may ask a store's bucket, as a share of what it may otherwise: halved when S3 says that it is too much, and
/// growing
/// back evenly. Safe for concurrent use.
/// </summary>
public sealed class BucketPace(TimeProvider clock)
{
    /// <summary>From nothing to all.</summary>
    static readonly TimeSpan Recovery = TimeSpan.FromMinutes(1);

    /// <summary>What is refused together, and the retries of that, are one sign.</summary>
    static readonly TimeSpan Together = TimeSpan.FromSeconds(1);

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

    /// <summary>S3 said that it is asked too much.</summary>
    public void SlowDown()
    {
        lock (gate)
        {
            if (share < 1 && clock.GetElapsedTime(since) < Together)
                return;
            (share, since) = (Math.Max(Least, Now() / 2), clock.GetTimestamp());
        }
    }

    double Now() => share >= 1 ? 1 : Math.Min(1, share + (clock.GetElapsedTime(since) / Recovery));
}
