using System.Globalization;
using System.Text;
using DataRegistry.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.WebUtilities;

namespace DataRegistry.Http;

/// <summary>A page of results.</summary>
/// <param name="Count">The number of all matches; null if counting them would cost more than the page.</param>
/// <param name="Next">The absolute URL of the next page; null on the last page. Request it with the same headers.</param>
/// <param name="Previous">Always null, because cursors only lead forward.</param>
public sealed record Page<T>(int? Count, string? Next, string? Previous, IReadOnlyList<T> Results);

/// <summary>The paging parameters of a request.</summary>
/// <param name="Limit">1..9000, the published limit of the contract, even if the request asks for more; 100 by default.</param>
/// <param name="Cursor">The value that <see cref="Next"/> put into the link; null on the first page.</param>
public sealed record Paging(int Limit, string? Cursor)
{
    public const int MaxLimit = 9000;
    public const int DefaultLimit = 100;

    /// <summary>Reads <c>limit</c> and <c>cursor</c>; a wrong one ends the request with 400.</summary>
    public static Paging From(HttpRequest request)
    {
        long wanted = DefaultLimit;
        if (request.Query.TryGetValue("limit", out var text)
            && (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out wanted) || wanted < 1))
            throw CommonErrors.TooSmallANumber.On("limit", 1);

        // Public clients ask for 10,000, and a refusal would break them. They get the largest page, with a link to the next one.
        var limit = (int)Math.Min(wanted, MaxLimit);
        if (!request.Query.TryGetValue("cursor", out var cursor))
            return new(limit, null);
        try
        {
            return new(limit, Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(cursor.ToString())));
        }
        catch (FormatException)
        {
            throw BadCursor();
        }
    }

    public static ApiException BadCursor() => CommonErrors.NotACursor.On("cursor");

    /// <summary>The URL of the request with another cursor; null without a cursor.</summary>
    public static string? Next(HttpContext context, string? cursor)
    {
        if (cursor is null)
            return null;
        var query = new QueryBuilder(context.Request.Query.Where(p => !p.Key.Equals("cursor", StringComparison.OrdinalIgnoreCase)))
        {
            { "cursor", WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(cursor)) },
        };
        return PublicUrl.Of(context.Request) + context.Request.Path + query;
    }
}

/// <summary>A page of a list, with the count of the list.</summary>
/// <param name="Next">The next page's cursor; null at the end.</param>
/// <param name="Count">Of the whole list; null if it is not counted.</param>
/// <param name="CursorOf">The cursor of a page that begins after a result.</param>
sealed record CountedPage<T>(IReadOnlyList<T> Rows, string? Next, int? Count, Func<T, string> CursorOf)
{
    /// <summary>Shortens the page if it is too large with the parts that a result shows beside its row.</summary>
    public CountedPage<T> Within(Func<T, int> sizeOf)
    {
        var budget = new PageBudget(Rows.Count);
        var rows = Rows.TakeWhile(row => budget.TryTake(sizeOf(row))).ToList();
        return rows.Count == Rows.Count ? this : this with { Rows = rows, Next = CursorOf(rows[^1]) };
    }
}

/// <summary>Ends a page after a number of results, or before it gets too large. The first result always fits.</summary>
/// <param name="limit">The most results.</param>
sealed class PageBudget(int limit)
{
    /// <summary>The most bytes of results as JSON. Rows tell their sizes.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    int count;
    long bytes;

    /// <summary>Takes the next result. False if the page ends before it.</summary>
    public bool TryTake(int size)
    {
        if (count == limit || (count > 0 && bytes + size > MaxBytes))
            return false;
        count++;
        bytes += size;
        return true;
    }
}

/// <summary>Pages of rows that are read one after the other.</summary>
static class RowPaging
{
    /// <summary>
    /// The first rows, at most <see cref="PageBudget.MaxBytes"/>, and the cursor after the last of them; null if no more follow.
    /// </summary>
    /// <param name="limit">At least 1.</param>
    public static Task<(IReadOnlyList<T> Rows, string? Cursor)> PageAsync<T>(
        this IAsyncEnumerable<T> rows, int limit, Func<T, string> cursorOf, CancellationToken cancellationToken) where T : ITableEntity =>
        rows.PageAsync(limit, RowSize.Of, cursorOf, cancellationToken);

    /// <param name="sizeOf">The bytes of a row as JSON.</param>
    /// <inheritdoc cref="PageAsync{T}(IAsyncEnumerable{T}, int, Func{T, string}, CancellationToken)"/>
    public static async Task<(IReadOnlyList<T> Rows, string? Cursor)> PageAsync<T>(
        this IAsyncEnumerable<T> rows, int limit, Func<T, int> sizeOf, Func<T, string> cursorOf, CancellationToken cancellationToken)
    {
        var taken = new List<T>();
        var budget = new PageBudget(limit);
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            // One more row tells whether there is a next page.
            if (!budget.TryTake(sizeOf(row)))
                return (taken, cursorOf(taken[^1]));
            taken.Add(row);
        }

        return (taken, null);
    }
}
