using Microsoft.AspNetCore.Http;

namespace DataRegistry.Http;

/// <summary>The fields by which a list of <c>/api/v1</c> is filtered, searched and sorted.</summary>
/// <param name="Id">The id of an item. Items that are equal otherwise come in the order of their ids.</param>
/// <param name="Searched">The texts in which <c>search</c> searches.</param>
sealed record ListGrammar<T>(Func<T, Guid> Id, Func<T, IEnumerable<string?>> Searched, IReadOnlyList<ListField<T>> Fields)
{
    /// <summary>The field by which a list is sorted by default; null for the order of ids.</summary>
    public string? DefaultSort { get; init; }

    /// <summary>Bytes of an item on the wire.</summary>
    public required Func<T, int> SizeOf { get; init; }

    /// <summary>Whether an empty <c>filterBy</c> is allowed.</summary>
    public bool AllowsEmptyFilter { get; init; }
}

/// <summary>
/// <c>filterBy</c>, <c>search</c>, <c>sortBy</c>, <c>sortOrder</c>, <c>offset</c> and <c>limit</c>, the parameters of
/// the filtered lists of <c>/api/v1</c>. Filters are ANDed.
/// </summary>
/// <param name="Search">Null for anything.</param>
/// <param name="SortBy">Null for the order of ids.</param>
sealed record ListQuery<T>(
    ListGrammar<T> Grammar, IReadOnlyList<ListFilter<T>> Filters, string? Search, ListField<T>? SortBy, bool Descending,
    OffsetPaging Paging)
{
    const int MaxSearchLength = 1000;

    /// <summary>Reads the parameters; a wrong one ends the request with 400.</summary>
    public static ListQuery<T> From(HttpRequest request, ListGrammar<T> grammar) => new(
        grammar,
        ListFilter<T>.ParseAll(request.Query["filterBy"].Where(f => !grammar.AllowsEmptyFilter || f is { Length: > 0 }), grammar.Fields),
        Fields.Line("search", Fields.Query(request, "search"), MaxSearchLength),
        SortOf(request, grammar),
        Fields.OneOf("sortOrder", Fields.Query(request, "sortOrder"), ["asc", "desc"]) == "desc",
        OffsetPaging.From(request));

    /// <summary>The items that match, in their order.</summary>
    public IEnumerable<T> Filter(IEnumerable<T> items) => items.Where(item => Filters.All(f => f.Matches(item)) && Finds(item));

    /// <summary>The page of the matches that the request asks for.</summary>
    public OffsetPage<T> Page(IEnumerable<T> items)
    {
        var sorted = Filter(items).ToList();
        sorted.Sort(Compare);
        return Paging.Page(sorted, Grammar.SizeOf);
    }

    static ListField<T>? SortOf(HttpRequest request, ListGrammar<T> grammar)
    {
        var named = Fields.OneOf("sortBy", Fields.Query(request, "sortBy"), [.. grammar.Fields.Select(f => f.Name)]) ?? grammar.DefaultSort;
        return named is null ? null : grammar.Fields.First(f => f.Name == named);
    }

    int Compare(T a, T b)
    {
        var order = SortBy?.Compare(a, b) ?? CompareIds(a, b);
        return order == 0 ? CompareIds(a, b) : Descending ? -order : order;
    }

    int CompareIds(T a, T b) => Grammar.Id(a).CompareTo(Grammar.Id(b));

    bool Finds(T item) =>
        Search is null || Grammar.Searched(item).Any(text => text?.Contains(Search, StringComparison.OrdinalIgnoreCase) == true);
}
