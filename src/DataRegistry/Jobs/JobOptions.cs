namespace DataRegistry.Jobs;

/// <summary>Settings <c>Adoption__…</c>.</summary>
public sealed class JobOptions
{
    public const string Section = "Adoption";

    /// <summary>As many URLs as a request may have and be answered at once; more become a job (contract).</summary>
    public const int MaxUrlsAtOnce = 100;

    /// <summary>Largest request body, in bytes; 413 beyond. The Functions host itself takes 100 MiB.</summary>
    public long MaxBodyBytes { get; set; } = 100 * 1024 * 1024;

    /// <summary>
    /// URLs in a request; 413 beyond. Enough for the largest body of URLs of 25 bytes; of shorter lines, which are no URLs, it could hold
    /// fifty million, and each is reported.
    /// </summary>
    public int MaxUrls { get; set; } = 4_000_000;

    /// <summary>Bytes of URLs that a request holds in memory before it puts them away as a sorted run.</summary>
    public int RunBytes { get; set; } = 4_000_000;

    /// <summary>URLs that it holds likewise.</summary>
    public int RunUrls { get; set; } = 100_000;

    /// <summary>
    /// Keys that a worker takes at a time, between two checkpoints: enough that 16 shards fill transactions of 100 rows. A death costs at
    /// most this much work.
    /// </summary>
    public int WindowKeys { get; set; } = 10_000;

    /// <summary>Windows in a work row, which one message works through.</summary>
    public int WindowsPerRange { get; set; } = 4;

    /// <summary>
    /// Messages that a job has on the queue at a time: who comes later has so many before it. As many as there are workers at a store: more
    /// would only wait for those.
    /// </summary>
    public int MessagesPerJob { get; set; } = 16;

    /// <summary>Jobs of a project that are under way at a time; 429 beyond.</summary>
    public int JobsPerProject { get; set; } = 100;

    /// <summary>
    /// Seconds after which a worker hands the rest of its range on in a new message, behind those that wait: so that jobs take turns.
    /// </summary>
    public int RangeSeconds { get; set; } = 60;

    /// <summary>
    /// Ranges of a prefix that are worked on at the same time, each of which is a chain of LISTs beside the writes of what was listed: two
    /// of them fill an account's tables.
    /// </summary>
    public int RangesPerJob { get; set; } = 2;

    /// <summary>Workers of all instances that ask one store's bucket at a time, at most 100; the others wait their turn.</summary>
    public int WorkersPerStore { get; set; } = 16;

    /// <summary>
    /// Requests a second to one store's bucket, of all workers together; S3 itself takes 5,500 a second of a prefix (Amazon's published
    /// figure).
    /// </summary>
    public int RequestsPerSecondOfStore { get; set; } = 1600;

    /// <summary>
    /// Seconds without a checkpoint after which a job is given new messages. Longer than the Functions host keeps a dead worker's message,
    /// which is ten minutes.
    /// </summary>
    public int StalledSeconds { get; set; } = 900;

    /// <summary>Windows that one process has in memory at a time, some 25 MB each.</summary>
    public int WindowsAtOnce { get; set; } = 4;

    /// <summary>
    /// Messages of a store that a process holds unless its windows end quickly; the others come again later. At most half of what the
    /// host hands out at a time, and so few that it still fetches others (<c>batchSize</c> and <c>newBatchThreshold</c> of host.json).
    /// </summary>
    public int MessagesPerStore { get; set; } = 4;

    /// <summary>Transactions, or table reads, that a window has under way at the same time.</summary>
    public int TableRequestsInFlight { get; set; } = 8;

    /// <summary>HEAD requests that a window has under way at the same time.</summary>
    public int HeadsInFlight { get; set; } = 32;

    /// <summary>Days after its end for which a job's failed and skipped inputs are kept.</summary>
    public int ResultDays { get; set; } = 30;

    /// <summary>The share of a lease that a window may take; the rest is for the tables.</summary>
    const double WindowShareOfLease = 0.8;

    /// <summary>
    /// Whether a window ends before its worker's lease at the store lapses. The worst window asks for each key by itself, beside as many
    /// other workers as the store allows.
    /// </summary>
    internal bool WindowsEndInTime =>
        (double)WindowKeys * WorkersPerStore / RequestsPerSecondOfStore <= WindowShareOfLease * StoreLeases.Duration.TotalSeconds;

    internal static readonly string WindowsEndInTimeRequirement =
        "The settings Adoption__WindowKeys × Adoption__WorkersPerStore ÷ Adoption__RequestsPerSecondOfStore are the seconds that a window "
            + "may take whose keys are asked one by one: "
            + $"at most {WindowShareOfLease * StoreLeases.Duration.TotalSeconds:0}, since a worker's lease at a store lasts "
            + $"{StoreLeases.Duration.TotalSeconds:0}. Set fewer keys, fewer workers or more requests.";

    internal bool IsValid =>
        MaxBodyBytes > 0 && MaxUrls > 0 && RunBytes > 0 && RunUrls >= MaxUrlsAtOnce && WindowKeys > 0 && WindowsPerRange > 0
            && MessagesPerJob > 0 && JobsPerProject > 0 && RangeSeconds >= 0 && RangesPerJob > 0 && WorkersPerStore is > 0 and <= 100
            && RequestsPerSecondOfStore > 0 && StalledSeconds > 0 && WindowsAtOnce > 0 && MessagesPerStore > 0
            && TableRequestsInFlight > 0 && HeadsInFlight > 0
            && ResultDays > 0;
}
