namespace DataRegistry.Adoption;

/// <summary>Settings <c>Adoption__…</c>.</summary>
public sealed class AdoptionOptions
{
    public const string Section = "Adoption";

    /// <summary>As many URLs as a request may have and be answered at once; more become a job (contract).</summary>
    public const int MaxUrlsAtOnce = 100;

    /// <summary>Largest request body, in bytes; 413 beyond. The Functions host itself takes 100 MiB.</summary>
    public long MaxBodyBytes { get; set; } = 100 * 1024 * 1024;

    /// <summary>URLs in a request; 413 beyond. Enough for the largest body of URLs of 25 bytes; of shorter lines, which are no URLs, it could hold fifty million, and each is reported.</summary>
    public int MaxUrls { get; set; } = 4_000_000;

    /// <summary>Bytes of URLs that a request holds in memory before it puts them away as a sorted run.</summary>
    public int RunBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>URLs that it holds likewise.</summary>
    public int RunUrls { get; set; } = 150_000;

    /// <summary>Keys that a worker takes at a time, between two checkpoints: enough that 16 shards fill transactions of 100 rows. A death costs at most this much work.</summary>
    public int WindowKeys { get; set; } = 10_000;

    /// <summary>Windows in a work row, which one message works through.</summary>
    public int WindowsPerRange { get; set; } = 4;

    /// <summary>Messages that a job has on the queue at a time: a queue with a long backlog gets slow, and other jobs want their turn.</summary>
    public int MessagesPerJob { get; set; } = 64;

    /// <summary>Seconds after which a worker hands the rest of its range on in a new message, well within the ten minutes that a function may run.</summary>
    public int RangeSeconds { get; set; } = 240;

    /// <summary>Transactions, or table reads, that a window has under way at the same time.</summary>
    public int TableRequestsInFlight { get; set; } = 8;

    /// <summary>HEAD requests that a window has under way at the same time.</summary>
    public int HeadsInFlight { get; set; } = 32;

    /// <summary>Days after its end for which a job's failed and skipped inputs are kept.</summary>
    public int ResultDays { get; set; } = 30;

    internal bool IsValid =>
        MaxBodyBytes > 0 && MaxUrls > 0 && RunBytes > 0 && RunUrls >= MaxUrlsAtOnce && WindowKeys > 0 && WindowsPerRange > 0 && MessagesPerJob > 0 && RangeSeconds >= 0 && TableRequestsInFlight > 0 && HeadsInFlight > 0 && ResultDays > 0;
}
