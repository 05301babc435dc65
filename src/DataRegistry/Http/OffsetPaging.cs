using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Http;

/// <summary>A page of a list of <c>/api/v1</c>.</summary>
/// <param name="Next">The next page's offset; null at the end.</param>
sealed record OffsetPage<T>(IReadOnlyList<T> Items, int? Next);

/// <summary>The part of a list of <c>/api/v1</c> that a request asks for.</summary>
/// <param name="Limit">At least 1.</param>
sealed record OffsetPaging(int Offset, int Limit)
{
    public const int MaxLimit = 500;
    public const int DefaultLimit = 50;

    /// <summary>Reads <c>offset</c> and <c>limit</c>; a wrong one ends the request with 400.</summary>
    public static OffsetPaging From(HttpRequest request, int defaultLimit = DefaultLimit) =>
        new(Number(request, "offset", 0, int.MaxValue, 0), Number(request, "limit", 1, MaxLimit, defaultLimit));

    /// <param name="sizeOf">The bytes of an item on the wire. <see cref="PageBudget"/> ends a page by them.</param>
    public OffsetPage<T> Page<T>(IReadOnlyList<T> all, Func<T, int> sizeOf)
    {
        var budget = new PageBudget(Limit);
        var page = all.Skip(Offset).TakeWhile(item => budget.TryTake(sizeOf(item))).ToList();
        return new(page, page.Count > 0 && Offset + page.Count < all.Count ? Offset + page.Count : null);
    }

    static int Number(HttpRequest request, string name, int min, int max, int absent) =>
        Fields.Query(request, name) is not { } text ? absent
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
        : throw CommonErrors.NotInRange.On(name, min, max);
}
