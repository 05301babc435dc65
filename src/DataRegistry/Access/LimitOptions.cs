namespace DataRegistry.Access;

/// <summary>Settings <c>Limits__…</c>.</summary>
public sealed class LimitOptions
{
    public const string Section = "Limits";

    /// <summary>Requests a minute of one subject, and of one client address for contents by their URLs, at all instances together; 429 beyond.</summary>
    public int RequestsPerMinute { get; set; } = 60_000;

    /// <summary>Requests of one subject that are under way at a time, at all instances together; 429 beyond.</summary>
    public int RequestsInFlight { get; set; } = 1000;

    /// <summary>Requests a minute of one client address that come without a good token, at all instances together; 429 beyond, instead of 401.</summary>
    public int RefusalsPerMinute { get; set; } = 600;

    internal bool IsValid => RequestsPerMinute > 0 && RequestsInFlight > 0 && RefusalsPerMinute > 0;
}
