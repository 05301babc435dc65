using System.Globalization;
using DataRegistry.Http;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datums;

/// <summary>An order of aliases other than by name, which is no key: all of a project's are read and sorted for each page.</summary>
/// <param name="ByMove">By when they were last moved, not by when they were made.</param>
readonly record struct AliasOrder(bool ByMove, bool NewestFirst)
{
    /// <summary>So many aliases are sorted at most (contract).</summary>
    public const int Max = 10_000;

    const int CursorLength = 48;

    /// <summary>The parameter <c>ordering</c>; null for the order of the names.</summary>
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
    /// A page of them, and the cursor of the next one. An alias that is moved meanwhile may be on two pages of an order by moves, or on
    /// none.
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

    /// <summary>Its time and its id, which tells aliases of the same time apart.</summary>
    public string CursorOf(AliasRow alias) =>
        string.Create(CultureInfo.InvariantCulture, $"{(ByMove ? alias.MTime : alias.CTime).UtcTicks:x16}{alias.Id:N}");
}
