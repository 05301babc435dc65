using System.Globalization;
using DataRegistry.Http;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datums;

/// <summary>
/// An order of aliases other than by name. No row key has this order, so each page reads and sorts all of a project's
/// aliases.
/// </summary>
/// <param name="ByMove">Order by the time of the last move, not by the time of creation.</param>
readonly record struct AliasOrder(bool ByMove, bool NewestFirst)
{
    /// <summary>The most aliases that are sorted (contract).</summary>
    public const int Max = 10_000;

    const int CursorLength = 48;

    /// <summary>Reads the parameter <c>ordering</c>; null for the order by name.</summary>
    public static AliasOrder? From(HttpRequest request) => Fields.Query(request, "ordering") switch
    {
        null or "name" => null,
        "-ctime" => new(ByMove: false, NewestFirst: true),
        "ctime" => new(ByMove: false, NewestFirst: false),
        "-mtime" => new(ByMove: true, NewestFirst: true),
        "mtime" => new(ByMove: true, NewestFirst: false),
        _ =>
            throw CommonErrors.NotAChoice.On("ordering", "name, ctime, -ctime, mtime, -mtime"),
    };

    /// <summary>
    /// A page of aliases, and the cursor of the next one. In an order by moves, an alias that moves meanwhile may be on
    /// two pages or on none.
    /// </summary>
    /// <param name="after">The cursor; null for the first page.</param>
    public (IReadOnlyList<AliasRow> Rows, string? Cursor) Page(IReadOnlyList<AliasRow> all, int limit, string? after)
    {
        if (after is not null && !(after.Length == CursorLength && after.All(char.IsAsciiHexDigitLower)))
            throw Paging.BadCursor();
        var order = this;
        var sorted = (NewestFirst
            ? all.OrderByDescending(order.CursorOf, StringComparer.Ordinal)
            : all.OrderBy(order.CursorOf, StringComparer.Ordinal)).ToList();
        var first = after is null ? 0 : sorted.TakeWhile(r => order.IsUpTo(order.CursorOf(r), after)).Count();
        var rows = sorted.GetRange(first, Math.Min(limit, sorted.Count - first));
        return (rows, first + rows.Count < sorted.Count ? CursorOf(rows[^1]) : null);
    }

    bool IsUpTo(string cursor, string after) =>
        string.CompareOrdinal(cursor, after) is var order && (NewestFirst ? order >= 0 : order <= 0);

    /// <summary>The alias's time and its id, because several aliases may have the same time.</summary>
    public string CursorOf(AliasRow alias) =>
        string.Create(CultureInfo.InvariantCulture, $"{(ByMove ? alias.MTime : alias.CTime).UtcTicks:x16}{alias.Id:N}");
}
