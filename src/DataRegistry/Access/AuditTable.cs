using System.Globalization;
using System.Runtime.Serialization;
using DataRegistry.Http;
using DataRegistry.Storage;

namespace DataRegistry.Access;

/// <summary>
/// The audit trail. Rows are inserted, and never changed or removed.
/// <code>
/// table audit
///   {project id | system}-{yyyyMM} │ {inverted time, 12 hex}{16 hex}   who, what, details
/// </code>
/// Rows of a month are newest first. A list reads one month after the other, the newest first.
/// </summary>
public sealed class AuditTable(TableServiceClient tables, TimeProvider clock) : IStoredTable
{
    /// <summary>
    /// The most rows and months that a page reads. A page that finds less tells where to go on, so every page costs the same.
    /// </summary>
    const int MaxRowsAPage = 10_000;
    const int MaxMonthsAPage = 24;

    readonly TableClient table = tables.GetTableClient("audit");

    public TableClient Table => table;

    internal async Task AddAsync(AuditRow row, Guid? project, CancellationToken cancellationToken)
    {
        var id = TimedId.Create(row.Time, 0, BitConverter.ToUInt64(Guid.NewGuid().ToByteArray(), 8));
        await table.TryAddAsync(row with { PartitionKey = PartitionOf(project, MonthOf(row.Time)), RowKey = id.RowKey }, cancellationToken);
    }

    /// <summary>A page, newest first, and the cursor after it; null at the end.</summary>
    /// <param name="began">When the installation began: no row is older.</param>
    internal async Task<(IReadOnlyList<AuditRow> Rows, AuditCursor? Cursor)> ListAsync(
        AuditQuery query, DateTimeOffset began, int limit, AuditCursor? after, CancellationToken cancellationToken)
    {
        var from = query.Until is { } until && until < clock.GetUtcNow() ? until : clock.GetUtcNow();
        var to = MonthOf(query.Since is { } since && since > began ? since : began);
        var cursor = after ?? new(MonthOf(from), null);
        var rows = new List<AuditRow>();
        var budget = new PageBudget(limit);
        for (int seen = 0, months = 0; string.CompareOrdinal(cursor.Month, to) >= 0; months++)
        {
            if (months == MaxMonthsAPage)
                return (rows, cursor);
            await foreach (var row in table.ReadAsync<AuditRow>(
                RangeOf(query, cursor), Math.Min(limit + 1, 1000), cancellationToken: cancellationToken))
            {
                var matches = query.Matches(row);
                if (seen == MaxRowsAPage || (matches && !budget.TryTake(RowSize.Of(row))))
                    return (rows, cursor);
                seen++;
                cursor = cursor with { RowKey = row.RowKey };
                if (matches)
                    rows.Add(row);
            }

            cursor = new(Before(cursor.Month), null);
        }

        return (rows, null);
    }

    static TableRange RangeOf(AuditQuery query, AuditCursor cursor) => new(PartitionOf(query.Project, cursor.Month))
    {
        After = cursor.RowKey,
        From = cursor.RowKey is null && query.Until is { } until ? InvertedTime(until) : null,
        // Take the next earlier millisecond; the query has the exact bound.
        Before = query.Since is { } since && since > DateTimeOffset.UnixEpoch ? InvertedTime(since.AddMilliseconds(-1)) : null,
    };

    static string InvertedTime(DateTimeOffset time) => TimedId.Create(time, 0, 0).RowKey[..12];

    static string PartitionOf(Guid? project, string month) => $"{project?.ToString("N") ?? "system"}-{month}";

    static string MonthOf(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMM", CultureInfo.InvariantCulture);

    static string Before(string month) => MonthOf(new DateTimeOffset(
        int.Parse(month.AsSpan(0, 4), CultureInfo.InvariantCulture), int.Parse(month.AsSpan(4), CultureInfo.InvariantCulture), 1, 0, 0, 0,
        TimeSpan.Zero).AddDays(-1));
}

/// <summary>A query of the trail.</summary>
/// <param name="Project">Null for events that belong to no project.</param>
/// <param name="Actor">Name or id; null for all.</param>
/// <param name="Action">An action, or a kind for all of its actions; null for all.</param>
/// <param name="Since">Inclusive.</param>
/// <param name="Until">Exclusive.</param>
sealed record AuditQuery(Guid? Project, string? Actor, string? Action, DateTimeOffset? Since, DateTimeOffset? Until)
{
    public bool Matches(AuditRow row) =>
        (Actor is null || row.Actor == Actor || row.ActorId?.ToString("D") == Actor)
        && (Action is null || row.Action == Action || row.Kind == Action)
        && (Since is null || row.Time >= Since)
        && (Until is null || row.Time < Until);
}

/// <summary>The end of a page of the trail: a month, and a row of it; null before its first row.</summary>
sealed record AuditCursor(string Month, string? RowKey)
{
    const int RowKeyLength = 28;

    public static bool TryParse(string text, out AuditCursor? cursor)
    {
        cursor = null;
        var parts = text.Split('-');
        if (parts.Length != 2 || (parts[1].Length != 0 && (parts[1].Length != RowKeyLength || !parts[1].All(char.IsAsciiHexDigitLower)))
            || !DateTime.TryParseExact(parts[0], "yyyyMM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var month)
            || month.Year < 1970)
        {
            return false;
        }

        cursor = new(parts[0], parts[1].Length == 0 ? null : parts[1]);
        return true;
    }

    public override string ToString() => $"{Month}-{RowKey}";
}

sealed record AuditRow : TableRow
{
    public required DateTimeOffset Time { get; init; }
    public required string Actor { get; init; }
    public Guid? ActorId { get; init; }

    /// <summary>The id of the token that the actor used.</summary>
    public Guid? Token { get; init; }
    public required string Action { get; init; }
    public required string Target { get; init; }
    public Guid? Project { get; init; }
    public string? RequestId { get; init; }

    /// <summary>JSON; null for none.</summary>
    public string? Details { get; init; }

    [IgnoreDataMember] public string Kind => Action[..Action.IndexOf('.', StringComparison.Ordinal)];
}
