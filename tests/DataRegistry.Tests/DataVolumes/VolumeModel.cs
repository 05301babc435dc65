using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace DataRegistry.Tests.DataVolumes;

/// <summary>A data volume in a simple model of the list. Every field is text, as on the wire.</summary>
sealed record ModelVolume(string Id, Dictionary<string, string> Fields, string Description, string Pvc, HashSet<string> UsableIn);

sealed record ModelFilter(string Field, string Operator, string Value);

/// <summary>A query of a list, before it becomes a query string.</summary>
sealed record ModelQuery(
    IReadOnlyList<ModelFilter> Filters, bool Joined, string? Search, string? SortBy, string? SortOrder, int? Offset, int? Limit)
{
    public static readonly string[] TextFields = ["name", "projectId", "clusterId", "departmentId", "projectName", "createdBy", "phase"];

    static readonly string[] TextOperators = ["==", "!=", "<=", ">=", "=@", "!@", "=^", "=$"];

    /// <summary>Values are parts of existing ones, in any case, and texts that look like the grammar itself.</summary>
    public static Gen<ModelQuery> Of(IReadOnlyList<ModelVolume> volumes)
    {
        var text =
            from field in Gen.Elements(TextFields)
            from comparison in Gen.Elements(TextOperators)
            from volume in Gen.Elements(volumes.AsEnumerable())
            let whole = volume.Fields[field]
            from start in Gen.Choose(0, whole.Length - 1)
            from length in Gen.Choose(1, whole.Length - start)
            from shape in Gen.Choose(0, 9)
            select new ModelFilter(
                field, comparison,
                shape switch
                {
                    0 => whole,
                    1 => whole[..length],
                    2 => whole[start..],
                    3 => whole.ToUpperInvariant(),
                    4 => "a,b",
                    5 => "=x",
                    6 => ",name=",
                    _ => whole.Substring(start, length),
                });
        var time =
            from comparison in Gen.Elements("==", "!=", "<=", ">=")
            from volume in Gen.Elements(volumes.AsEnumerable())
            select new ModelFilter("createdAt", comparison, volume.Fields["createdAt"]);
        return
            from count in Gen.Choose(0, 3)
            from filters in Gen.ListOf(Gen.Frequency((5, text), (1, time)), count)
            from joined in Gen.Elements(true, false)
            from search in Gen.Elements(null, null, null, "a", "PVC", "1", "none")
            from sortBy in Gen.Elements([null, "createdAt", .. TextFields])
            from order in Gen.Elements(null, "asc", "desc")
            from offset in Gen.Elements<int?>(null, 0, 1, 5, 1000)
            from limit in Gen.Elements<int?>(null, 1, 3, 7, 500)
            select new ModelQuery([.. filters], joined, search, sortBy, order, offset, limit);
    }

    public override string ToString()
    {
        IEnumerable<(string Name, string? Value)> parameters =
        [
            .. Joined
                ? [("filterBy", Filters.Count == 0 ? null : string.Join(',', Filters.Select(Text)))]
                : Filters.Select(f => ("filterBy", (string?)Text(f))),
            ("search", Search), ("sortBy", SortBy), ("sortOrder", SortOrder), ("offset", Offset?.ToString(CultureInfo.InvariantCulture)),
            ("limit", Limit?.ToString(CultureInfo.InvariantCulture)),
        ];
        return string.Concat(parameters.Where(p => p.Value is not null).Select(p => $"&{p.Name}={Uri.EscapeDataString(p.Value!)}"));

        static string Text(ModelFilter filter) => filter.Field + filter.Operator + filter.Value;
    }

    public (List<string> Ids, int? Next, int Count) Answer(IEnumerable<ModelVolume> volumes)
    {
        var matches = volumes.Where(
            v => Filters.All(f => Matches(v, f))
                && (Search is null
                    || new[] { v.Fields["name"], v.Description, v.Pvc, v.Fields["projectName"] }.Any(
                        t => t.Contains(Search, StringComparison.OrdinalIgnoreCase))));
        string Key(ModelVolume v) => SortBy is null ? v.Id : v.Fields[SortBy].ToUpperInvariant();
        var sorted = (SortOrder == "desc"
            ? matches.OrderByDescending(Key, StringComparer.Ordinal)
            : matches.OrderBy(Key, StringComparer.Ordinal)).ThenBy(v => v.Id, StringComparer.Ordinal).Select(v => v.Id).ToList();
        var page = sorted.Skip(Offset ?? 0).Take(Limit ?? 50).ToList();
        var end = (Offset ?? 0) + page.Count;
        return (page, end < sorted.Count ? end : null, sorted.Count);
    }

    static bool Matches(ModelVolume volume, ModelFilter filter)
    {
        // Times on the wire have one form and one length, so they compare like text.
        var (text, value) = (volume.Fields[filter.Field].ToUpperInvariant(), filter.Value.ToUpperInvariant());
        return filter.Operator switch
        {
            "==" => text == value,
            "!=" => text != value,
            "<=" => string.CompareOrdinal(text, value) <= 0,
            ">=" => string.CompareOrdinal(text, value) >= 0,
            "=@" => text.Contains(value),
            "!@" => !text.Contains(value),
            "=^" => text.StartsWith(value, StringComparison.Ordinal),
            "=$" => text.EndsWith(value, StringComparison.Ordinal),
            _ => throw new ArgumentOutOfRangeException(filter.Operator),
        };
    }
}
