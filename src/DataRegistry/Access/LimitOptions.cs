namespace DataRegistry.Access;

/// <summary>Settings <c>Limits__…</c>. Each instance counts for itself.</summary>
public sealed class LimitOptions
{
    public const string Section = "Limits";

    /// <summary>Requests a minute of one subject, and of one client address for contents by their URLs; 429 beyond.</summary>
    public int RequestsPerMinute { get; set; } = 60_000;

    /// <summary>
    /// Requests in progress of one subject, and of one client address for contents by their URLs; 429 beyond.
    /// </summary>
    public int RequestsInFlight { get; set; } = 64;

    /// <summary>
    /// Requests a minute of one client address that come without a good token, and those for the OpenAPI document; 429 beyond.
    /// </summary>
    public int RefusalsPerMinute { get; set; } = 600;

    /// <summary>The minute; tests cannot wait for one.</summary>
    internal TimeSpan Window { get; set; } = TimeSpan.FromMinutes(1);

    internal bool IsValid => RequestsPerMinute > 0 && RequestsInFlight > 0 && RefusalsPerMinute > 0;
}
