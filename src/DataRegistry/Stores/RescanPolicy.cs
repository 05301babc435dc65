using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using NCrontab;

namespace DataRegistry.Stores;

/// <summary>When a store is scanned, and what the scan adopts.</summary>
/// <param name="Schedule">Null for the schedule of the settings.</param>
/// <param name="AdoptChanged">Whether a changed object becomes a new datum, to which its location then points.</param>
/// <param name="AdoptNew">Whether new objects are adopted into the store's project.</param>
/// <param name="Include">Patterns; a new object's key must match one of them. Empty for any key.</param>
/// <param name="Exclude">Patterns; a new object's key must match none of them.</param>
public sealed record RescanPolicy(
    ScanSchedule? Schedule, bool AdoptChanged, bool AdoptNew, IReadOnlyList<string> Include, IReadOnlyList<string> Exclude)
{
    public static readonly RescanPolicy Default = new(null, AdoptChanged: false, AdoptNew: false, [], []);

    // The generated equality compares lists by reference.
    public bool Equals(RescanPolicy? other) =>
        other is not null && Schedule == other.Schedule && AdoptChanged == other.AdoptChanged && AdoptNew == other.AdoptNew
        && Include.SequenceEqual(other.Include, StringComparer.Ordinal) && Exclude.SequenceEqual(other.Exclude, StringComparer.Ordinal);

    public override int GetHashCode() => HashCode.Combine(Schedule, AdoptChanged, AdoptNew, Include.Count, Exclude.Count);

    /// <summary>Patterns as a row keeps them; null if there are none.</summary>
    public static string? Write(IReadOnlyList<string> patterns) =>
        patterns.Count == 0 ? null : JsonSerializer.Serialize(patterns, StoreJsonContext.Default.IReadOnlyListString);

    public static IReadOnlyList<string> Read(string? patterns) =>
        patterns is null ? [] : JsonSerializer.Deserialize(patterns, StoreJsonContext.Default.IReadOnlyListString)!;
}

/// <summary>
/// When a scan is due: <c>off</c>, an interval after the last one (<c>30m</c>, <c>24h</c>, <c>7d</c>), or times of a
/// calendar (NCRONTAB of five or six fields, in UTC).
/// </summary>
public sealed partial record ScanSchedule
{
    public const string Requirement =
        "A schedule is 'off', an interval of 5m or more such as 30m, 24h or 7d, or a cron expression of five or six fields in UTC.";

    /// <summary>The interval of the timer that starts due scans.</summary>
    static readonly TimeSpan Shortest = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A scan begins a little after the timer's tick. Without this slack the next scan would be due just after a tick,
    /// and start a tick late.
    /// </summary>
    static readonly TimeSpan Slack = TimeSpan.FromMinutes(1);

    static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    readonly TimeSpan? interval;
    readonly CrontabSchedule? calendar;

    ScanSchedule(string text, TimeSpan? interval, CrontabSchedule? calendar) =>
        (Text, this.interval, this.calendar) = (text, interval, calendar);

    public string Text { get; }

    public bool Equals(ScanSchedule? other) => Text == other?.Text;

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Text);

    public override string ToString() => Text;

    public static bool TryParse(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ScanSchedule? schedule)
    {
        schedule = null;
        if (text is null or { Length: > 100 })
            return false;
        if (text == "off")
        {
            schedule = new(text, null, null);
        }
        else if (Interval().Match(text) is { Success: true } match)
        {
            var count = int.Parse(match.Groups["count"].ValueSpan, CultureInfo.InvariantCulture);
            var span = match.Groups["unit"].ValueSpan[0] switch
            {
                'm' => TimeSpan.FromMinutes(count),
                'h' => TimeSpan.FromHours(count),
                _ => TimeSpan.FromDays(count),
            };
            schedule = span >= Shortest && span <= Longest ? new(text, span, null) : null;
        }
        else if (CrontabSchedule.TryParse(
            text, new() { IncludingSeconds = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 6 }) is { } calendar)
        {
            schedule = new(text, null, calendar);
        }

        return schedule is not null;
    }

    /// <summary>The next time after the last one; null if never. Missed times count as one.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset last)
    {
        if (interval is { } span)
            return last + span - Slack;
        // 29 February is at most eight years away. For 30 February the search takes longer with each year.
        var end = last.UtcDateTime.AddYears(9);
        return calendar?.GetNextOccurrence(last.UtcDateTime, end) is { } next && next < end
            ? new DateTimeOffset(next, TimeSpan.Zero)
            : null;
    }

    [GeneratedRegex(@"^(?<count>[0-9]{1,6})(?<unit>[mhd])\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Interval();
}
