namespace DataRegistry.Access;

/// <summary>Settings <c>Limits__…</c>. Each instance counts for itself.</summary>
public sealed class LimitOptions
{
    public const string Section = "Limits";

    /// <summary>The most requests a minute of a subject, and of a client address for contents by their URLs; 429 beyond.</summary>
    public int RequestsPerMinute { get; set; } = 60_000;

    /// <summary>
    /// The most concurrent requests of a subject, and of a client address for contents by their URLs; 429 beyond.
    /// </summary>
    public int RequestsInFlight { get; set; } = 64;

    /// <summary>
    /// The most requests a minute of a client address without a valid token, and for the OpenAPI document; 429 beyond.
    /// </summary>
    public int RefusalsPerMinute { get; set; } = 600;

    /// <summary>The window of these limits, a minute. Tests shorten it.</summary>
    internal TimeSpan Window { get; set; } = TimeSpan.FromMinutes(1);

    internal bool IsValid => RequestsPerMinute > 0 && RequestsInFlight > 0 && RefusalsPerMinute > 0;
}
