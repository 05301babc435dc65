using System.Globalization;
using DataRegistry.Http;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Access;

/// <summary>A unit as the lists of <c>/api/v1</c> filter and sort it.</summary>
/// <param name="Parent">A project's department; null for others.</param>
sealed record ListedUnit(Guid Id, string Name, Guid Cluster, Guid? Parent, DateTimeOffset CTime);

/// <summary>
/// <c>filterBy</c>, <c>search</c>, <c>sortBy</c>, <c>sortOrder</c>, <c>offset</c> and <c>limit</c> of those lists. A filter is a field, an
/// operator and a value; several are ANDed, whether joined by commas or given again. Text is compared ignoring case.
/// </summary>
sealed record UnitListQuery(
    IReadOnlyList<UnitListQuery.Filter> Filters, string? Search, string SortBy, bool Descending, int Offset, int Limit)
{
    const int DefaultLimit = 50;
    const int MaxLimit = 500;
    const int MaxTextLength = 1000;

    static readonly string[] Operators = ["==", "!=", "=@", "!@"];

    static readonly Dictionary<string, Func<ListedUnit, string>> Fields = new(StringComparer.Ordinal)
    {
        ["name"] = u => u.Name,
        ["id"] = u => u.Id.ToString("D"),
        ["clusterId"] = u => u.Cluster.ToString("D"),
        ["parentId"] = u => u.Parent?.ToString("D") ?? "",
        ["departmentId"] = u => u.Parent?.ToString("D") ?? "",
        ["createdAt"] = u => WireJson.Text(u.CTime),
    };

    public sealed record Filter(string Field, string Operator, string Value)
    {
        public bool Matches(ListedUnit unit)
        {
            var text = Fields[Field](unit);
            return Operator switch
            {
                "==" => text.Equals(Value, StringComparison.OrdinalIgnoreCase),
                "!=" => !text.Equals(Value, StringComparison.OrdinalIgnoreCase),
                "=@" => text.Contains(Value, StringComparison.OrdinalIgnoreCase),
                _ => !text.Contains(Value, StringComparison.OrdinalIgnoreCase),
            };
        }
    }

    public static UnitListQuery From(HttpRequest request) => new(
        [.. request.Query["filterBy"].SelectMany(f => Split(f ?? "")).Select(Parse)],
        Http.Fields.Line("search", Http.Fields.Query(request, "search"), MaxTextLength),
        Http.Fields.Query(request, "sortBy") is not { } sort
            ? "name"
            : Fields.ContainsKey(sort) ? sort : throw AccessErrors.NotASortField.On("sortBy", string.Join(", ", Fields.Keys)),
        Http.Fields.Query(request, "sortOrder") switch
        {
            null or "asc" => false,
            "desc" => true,
            _ => throw AccessErrors.NotAnOrder.On("sortOrder"),
        },
        Number(request, "offset", 0, 0, int.MaxValue),
        Number(request, "limit", DefaultLimit, 1, MaxLimit));

    /// <summary>The page, and the offset of the next one; null at the end.</summary>
    public (IReadOnlyList<ListedUnit> Page, int? Next) Of(IEnumerable<ListedUnit> units)
    {
        var found = units.Where(
            u => Filters.All(f => f.Matches(u)) && (Search is null || u.Name.Contains(Search, StringComparison.OrdinalIgnoreCase)))
            .ToList();
        var by = Fields[SortBy];
        found.Sort(
            (a, b) => StringComparer.OrdinalIgnoreCase.Compare(by(a), by(b)) is var order && order != 0
                ? (Descending ? -order : order)
                : a.Id.CompareTo(b.Id));
        var page = found.Skip(Offset).Take(Limit).ToList();
        return (page, (long)Offset + page.Count < found.Count && page.Count > 0 ? Offset + page.Count : null);
    }

    /// <summary>A value may hold a comma: only one before another filter separates.</summary>
    static IEnumerable<string> Split(string text)
    {
        var start = 0;
        for (var comma = text.IndexOf(',', StringComparison.Ordinal); comma >= 0; comma = text.IndexOf(',', comma + 1))
        {
            if (!IsFilter(text[(comma + 1)..]))
                continue;
            yield return text[start..comma];
            start = comma + 1;
        }

        yield return text[start..];
    }

    static Filter Parse(string text)
    {
        var field = Fields.Keys.FirstOrDefault(f => StartsFilter(text, f)) ?? throw AccessErrors.NotAFilter.On(
            "filterBy", text.Length > 100 ? $"{text.AsSpan(0, 100)}…" : text, string.Join(", ", Fields.Keys), string.Join(" ", Operators));
        return new(field, text.Substring(field.Length, 2), text[(field.Length + 2)..]);
    }

    static bool IsFilter(string text) => Fields.Keys.Any(f => StartsFilter(text, f));

    static bool StartsFilter(string text, string field) =>
        text.StartsWith(field, StringComparison.Ordinal) && text.Length > field.Length + 2
        && Array.Exists(Operators, o => string.CompareOrdinal(text, field.Length, o, 0, o.Length) == 0);

    static int Number(HttpRequest request, string name, int absent, int min, int max) =>
        Http.Fields.Query(request, name) is not { } text ? absent
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max ? number
        : throw (max == int.MaxValue ? CommonErrors.TooSmallANumber.On(name, min) : CommonErrors.NotInRange.On(name, min, max));
}
