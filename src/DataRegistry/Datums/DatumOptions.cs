namespace DataRegistry.Datums;

/// <summary>Settings <c>Datums__…</c>.</summary>
public sealed class DatumOptions
{
    public const string Section = "Datums";

    /// <summary>
    /// How long a download's URL is good; less where the credentials that signed it end earlier. At most 7 days, the limit of S3's
    /// signatures.
    /// </summary>
    public int DownloadSeconds { get; set; } = 900;

    /// <summary>
    /// Bytes that a request reads for hashes while its caller waits: of one datum, or of all that it adopts. Larger objects are hashed by
    /// the queue.
    /// </summary>
    public long HashAtOnceBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// Seconds that a delivery may hash for, well within the ten minutes that a function may run; an object that takes longer has no hash.
    /// </summary>
    public int HashSeconds { get; set; } = 540;

    /// <summary>
    /// Objects that a message's delivery, a request that adopts, and all requests for single datums together read at a time.
    /// </summary>
    public int HashesInFlight { get; set; } = 4;

    /// <summary>Requests for single datums that wait for hashes at a time; more do not wait.</summary>
    public int HashWaits { get; set; } = 16;

    /// <summary>Seconds that such a request waits at most; Azure's front end ends a request after 230.</summary>
    public int HashWaitSeconds { get; set; } = 100;

    internal bool IsValid => DownloadSeconds is > 0 and <= 7 * 24 * 3600 && HashAtOnceBytes >= 0 && HashSeconds > 0
        && HashesInFlight > 0 && HashWaits > 0 && HashWaitSeconds > 0;
}
