namespace DataRegistry.Jobs;

/// <summary>Settings <c>Adoption__…</c>.</summary>
public sealed class JobOptions
{
    public const string Section = "Adoption";

    /// <summary>The most URLs that a request may have to be answered at once. More become a job (contract).</summary>
    public const int MaxUrlsAtOnce = 100;

    /// <summary>The largest request body, in bytes; 413 beyond. The Functions host itself accepts 100 MiB.</summary>
    public long MaxBodyBytes { get; set; } = 100 * 1024 * 1024;

    /// <summary>
    /// URLs in a request; 413 beyond. Enough for the largest body of URLs of 25 bytes. Without this limit a body of
    /// shorter lines, which are no URLs, could have fifty million, each with an error.
    /// </summary>
    public int MaxUrls { get; set; } = 4_000_000;

    /// <summary>Bytes of URLs that a request holds in memory before it writes them as a sorted run.</summary>
    public int RunBytes { get; set; } = 4_000_000;

    /// <summary>The most URLs that a request holds in memory likewise.</summary>
    public int RunUrls { get; set; } = 100_000;

    /// <summary>
    /// Keys between two checkpoints of a worker: enough for 16 shards to fill transactions of 100 rows. A death costs
    /// at most this much work.
    /// </summary>
    public int WindowKeys { get; set; } = 10_000;

    /// <summary>Windows in a work row, which one message works through.</summary>
    public int WindowsPerRange { get; set; } = 4;

    /// <summary>
    /// Messages of one job on the queue at a time; a later job waits behind at most this many. As many as there are
    /// workers at a store, because more would only wait for those.
    /// </summary>
    public int MessagesPerJob { get; set; } = 16;

    /// <summary>Jobs of a project in progress at a time; 429 beyond.</summary>
    public int JobsPerProject { get; set; } = 100;

    /// <summary>
    /// Seconds after which a worker sends the rest of its range as a new message, behind the waiting ones. So jobs take
    /// turns.
    /// </summary>
    public int RangeSeconds { get; set; } = 60;

    /// <summary>
    /// Ranges of a prefix in progress at a time. Each is a chain of LISTs with the writes of the listed keys: two of
    /// them use the full rate of an account's tables.
    /// </summary>
    public int RangesPerJob { get; set; } = 2;

    /// <summary>Workers of all instances at one store's bucket at a time, at most 100. The others wait.</summary>
    public int WorkersPerStore { get; set; } = 16;

    /// <summary>
    /// Requests a second to one store's bucket, of all workers together. S3 accepts 5,500 a second for a prefix
    /// (Amazon's published figure).
    /// </summary>
    public int RequestsPerSecondOfStore { get; set; } = 1600;

    /// <summary>
    /// Seconds without a checkpoint after which a job gets new messages. It is longer than the ten minutes for which
    /// the Functions host hides a dead worker's message.
    /// </summary>
    public int StalledSeconds { get; set; } = 900;

    /// <summary>Windows in one process's memory at a time, some 25 MB each.</summary>
    public int WindowsAtOnce { get; set; } = 4;

    /// <summary>
    /// Messages of a store that a process holds unless its windows end quickly; the others come again later. At most
    /// half of the messages that the host hands out at a time, so that it still fetches others (<c>batchSize</c> and
    /// <c>newBatchThreshold</c> of host.json).
    /// </summary>
    public int MessagesPerStore { get; set; } = 4;

    /// <summary>Concurrent transactions, or table reads, of a window.</summary>
    public int TableRequestsInFlight { get; set; } = 8;

    /// <summary>Concurrent HEAD requests of a window.</summary>
    public int HeadsInFlight { get; set; } = 32;

    /// <summary>Days for which a job's failed and skipped inputs are kept after its end.</summary>
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
        "A window with a request for each key takes Adoption__WindowKeys × Adoption__WorkersPerStore ÷ Adoption__RequestsPerSecondOfStore"
            + $" seconds. These must be at most {WindowShareOfLease * StoreLeases.Duration.TotalSeconds:0}, because a worker's lease at a "
            + $"store lasts {StoreLeases.Duration.TotalSeconds:0}. Set fewer keys, fewer workers or more requests.";

    internal bool IsValid =>
        MaxBodyBytes > 0 && MaxUrls > 0 && RunBytes > 0 && RunUrls >= MaxUrlsAtOnce && WindowKeys > 0 && WindowsPerRange > 0
            && MessagesPerJob > 0 && JobsPerProject > 0 && RangeSeconds >= 0 && RangesPerJob > 0 && WorkersPerStore is > 0 and <= 100
            && RequestsPerSecondOfStore > 0 && StalledSeconds > 0 && WindowsAtOnce > 0 && MessagesPerStore > 0
            && TableRequestsInFlight > 0 && HeadsInFlight > 0
            && ResultDays > 0;
}
