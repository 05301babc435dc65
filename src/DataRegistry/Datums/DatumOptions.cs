namespace DataRegistry.Datums;

/// <summary>Settings <c>Datums__…</c>.</summary>
public sealed class DatumOptions
{
    public const string Section = "Datums";

    /// <summary>
    /// How long a download's URL is valid. It ends earlier if the credentials that signed it do. At most 7 days, the
    /// limit of S3's signatures.
    /// </summary>
    public int DownloadSeconds { get; set; } = 900;

    /// <summary>
    /// Bytes that a request reads for hashes while its caller waits, of one datum or of all that it adopts. The queue
    /// hashes larger objects.
    /// </summary>
    public long HashAtOnceBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// Seconds that a delivery may hash, well within the ten minutes of a function. An object that takes longer gets no
    /// hash.
    /// </summary>
    public int HashSeconds { get; set; } = 540;

    /// <summary>
    /// Objects that are read at a time: by a message's delivery, by a request that adopts, and by all requests for
    /// single datums together.
    /// </summary>
    public int HashesInFlight { get; set; } = 4;

    /// <summary>Requests for single datums that may wait for hashes at a time; further ones do not wait.</summary>
    public int HashWaits { get; set; } = 16;

    /// <summary>Seconds that such a request waits at most. Azure's front end ends a request after 230.</summary>
    public int HashWaitSeconds { get; set; } = 100;

    internal bool IsValid => DownloadSeconds is > 0 and <= 7 * 24 * 3600 && HashAtOnceBytes >= 0 && HashSeconds > 0
        && HashesInFlight > 0 && HashWaits > 0 && HashWaitSeconds > 0;
}
