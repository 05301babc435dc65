using DataRegistry.Stores;

namespace DataRegistry.Rescans;

/// <summary>Settings <c>Rescans__…</c>.</summary>
public sealed class RescanOptions
{
    public const string Section = "Rescans";

    /// <summary>When stores without a schedule of their own are scanned; see <see cref="ScanSchedule"/>.</summary>
    public string Schedule { get; set; } = "24h";

    /// <summary>The number of a store's scans whose reports are kept.</summary>
    public int KeptReports { get; set; } = 30;

    internal bool IsValid => ScanSchedule.TryParse(Schedule, out _) && KeptReports > 0;
}
